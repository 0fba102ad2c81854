"""Seeded calls of all commands: ``python -m tests.support.fuzzed_commands --number 5000 --seed 1``.

Each call is a good one with some of its words replaced, dropped, doubled or put in. Whatever is asked, a command ends with one of the exit
statuses that it documents, says on the screen which it was, and raises nothing: 0 with an answer and nothing but notes on stderr; 1 with
an answer that says what fell, 3 with one that says what is open; 2 with nothing but one line that begins with "error: ". 70, a defect of
ours, is never right. JSON is JSON, without NaN.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from typer.testing import CliRunner

import proofs  # noqa: F401  (registers the statements)
from equivalence import gd_layer, gdpp_layer, in_order
from equivalence.cli.main import app
from equivalence.models.heads import Layer

LONGEST_ERROR = 600
MODULE = "model_of_the_fuzz"
MODEL = """
import numpy as np

def descent(X, Y, q):
    return Y @ X.T @ q / 8

def softmax(X, Y, q):
    weights = np.exp(X.T @ q - np.max(X.T @ q))
    return Y @ weights / weights.sum()

def zero(X, Y, q):
    return np.zeros((Y.shape[0], 1))

def nan(X, Y, q):
    return np.full((Y.shape[0], 1), np.nan)

def wrong_shape(X, Y, q):
    return np.zeros((Y.shape[0], 2))

def raising(X, Y, q):
    raise KeyError("first line\\nsecond line")
"""
FUNCTIONS = ["descent", "softmax", "zero", "nan", "wrong_shape", "raising", "np", "none", ""]
FILES = [
    "one.npz",
    "two.npz",
    "gdpp.npz",
    "none.npz",
    "nan.npz",
    "truncated.npz",
    "empty.npz",
    "pickle.npz",
    "header.safetensors",
    "absent.npz",
    ".",
]
STARTS = ["zeros", "unknown", "start.npy", "wide.npy", "liar.npy", "objects.npy", "one.npz", "absent.npy", ".", ""]
SIZES = ["1", "2", "3", "0", "-1", "2.5", "", "x", "1e1", "99999999999999999999"]
NUMBERS = ["1/10", "0.1", "eta", "1", "0", "-3", "nan", "inf", "1/0", "1e-400", "1e400", "", "x+", "(", "é", "0x1", "\u202e", "N"]
REALS = ["1", "0", "-1", "1e300", "1e-300", "nan", "inf", "x", ""]
COUNTS = ["1", "2", "5", "0", "-2", "x", "", "1000000000000"]


class Call(NamedTuple):
    """A command line: which command, and its words."""

    command: str
    words: list[str]


class Command(NamedTuple):
    """How a command is called well, and what may stand for each of its options."""

    app: Any
    start: list[str]
    positional: list[str]
    needed: dict[str, list[str]]
    optional: dict[str, list[str]]
    flags: list[str]


def commands() -> dict[str, Command]:
    """Every command."""
    shapes = {"--d-x": SIZES, "--d-y": SIZES}
    return {
        "weights": Command(
            app,
            ["weights"],
            [],
            {**shapes, "--learning-rate": NUMBERS, "--context": ["5", "N", *NUMBERS]},
            {"--gamma": NUMBERS, "--format": ["text", "latex", "npz", "png"], "--out": ["out", "out.npz", "/nowhere/out", ".", "", "a\nb"]},
            ["--gdpp"],
        ),
        "recognise": Command(
            app,
            ["recognise"],
            FILES,
            {"--d-x": ["2", *SIZES], "--d-y": ["1", *SIZES], "--convention": ["columns", "columns", "rows", "diagonal"]},
            {
                **{"--initial": STARTS, "--heads": COUNTS, "--layers": COUNTS, "--context": COUNTS},
                **{"--token-norm": REALS, "--query-norm": REALS, "--fused": ["parts", "heads", "x"]},
                **{"--biases": ["constant", "leave out", "x"], "--names": ["key=key", "x", "=", "key=a\nb", "in_proj=\x1b[2J"]},
            },
            ["--scale", "--no-scale", "--softmax", "--json"],
        ),
        "falsify": Command(
            app,
            ["falsify"],
            [f"{MODULE}:{name}" for name in FUNCTIONS] + [":", "no_such_module:f", "os", ".x:y", "..:z", "a b:c"],
            {"--d-x": ["2", *SIZES[:6]], "--d-y": ["1", *SIZES[:6]], "--examples": ["1", "3", "0", "-1", "x", "1000000000"]},
            {"--min-context": ["1", "2", "0", "x"], "--max-context": ["1", "2", "0", "x", "1000000000"], "--seed": ["0", "7", "-1", "x"]},
            ["--json", "--quiet"],
        ),
        "proofs": Command(
            app,
            ["proofs"],
            [*(statement.number for statement in in_order()), "1", "1.9", "2.1 ", "", "x", "9.99", "१.१"],
            {"--seed": ["0", "1", "-5", "x", "", "1.5", "99999999999999999999999"]},
            {},
            ["--list", "--latex", "--json", "--details", "--quiet"],
        ),
    }


def called(random: Random, command: str, known: Command) -> Call:
    """A call that is good in most of its words, and then maybe changed."""
    words: list[str] = [random.choice(known.positional)] if known.positional else []
    for option, values in known.needed.items():
        words += [option, random.choice(values if random.random() < 0.3 else values[:2])]
    for option, values in known.optional.items():
        words += [option, random.choice(values)] if random.random() < 0.3 else []
    words += [flag for flag in known.flags if random.random() < 0.3]
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        words = changed(random, words, known)
    return Call(command, [*known.start, *words])


def changed(random: Random, words: list[str], known: Command) -> list[str]:
    """One word dropped, doubled, put in or replaced."""
    place = random.randrange(len(words) + 1)
    odd = random.choice(["--", "-", "--help", "--nothing", "\x1b[31m", "a\nb", "-x", "--d-x=2", *known.positional[:1], *known.flags])
    edits: list[Callable[[], list[str]]] = [
        lambda: words[:place] + words[place + 1 :],
        lambda: words[:place] + words[place : place + 1] * 2 + words[place + 1 :],
        lambda: [*words[:place], odd, *words[place:]],
        lambda: [*words[:place], odd, *words[place + 1 :]],
    ]
    return random.choice(edits)()


def wrong(call: Call, known: Command) -> str:
    """What a command did with a call that it must not do; empty if nothing. Run in a folder from `furnished`."""
    result = CliRunner().invoke(known.app, call.words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"raises {type(result.exception).__name__}: {result.exception}"
    if result.exit_code == 70:
        return f"ends in a defect: {result.stderr}"
    said = "".join(line for line in result.stderr.splitlines(keepends=True) if not line.startswith("note: "))
    if result.exit_code == 2:
        is_line = said.startswith("error: ") and said.count("\n") == 1 and len(said) > len("error: \n")
        return "" if is_line and not result.stdout and said[:-1].isprintable() and len(said) <= LONGEST_ERROR else f"status 2 says {said!r}"
    if said:
        return f"status {result.exit_code} with {said!r} on stderr"
    if "--help" in call.words and "Usage:" in result.stdout:
        return "" if result.exit_code == 0 else f"status {result.exit_code} for help"
    return CHECKS[call.command](result.exit_code, result.stdout, call.words)


def _object(text: str) -> Any:
    def refused(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refused)


def of_weights(status: int, said: str, words: list[str]) -> str:
    """Weights end with 0, on the screen or in a file."""
    return "" if status == 0 and ("W_K" in said or "--out" in " ".join(words)) else f"status {status} says {said!r}"


def of_recognise(status: int, said: str, words: list[str]) -> str:
    """A verdict ends with the status of its family, that of all layers together if there are several."""
    if "--json" in words:
        verdict = _object(said)
        families = [verdict["family"]] if "family" in verdict else [layer["family"] for layer in verdict["layers"]]
    else:
        whole = re.findall(r"^end to end, \d+ layers: ([a-zA-Z+0 ]+)", said, flags=re.MULTILINE)
        families = whole or re.findall(r"^family: ([a-zA-Z+0 ]+)", said, flags=re.MULTILINE)
    expected = {OF_FAMILIES.get(family.strip(), 0) for family in families}
    return "" if families and status == (1 if 1 in expected else max(expected)) else f"status {status} says {said!r}"


def of_falsify(status: int, said: str, words: list[str]) -> str:
    """1 if refuted, 3 if not decided, and 0 if neither."""
    outcome = _object(said)["outcome"] if "--json" in words else said.partition("\n")[0].rpartition("tokens: ")[2].partition(",")[0]
    return "" if OF_SEARCHES.get(outcome) == status else f"status {status} says {said!r}"


def of_proofs(status: int, said: str, words: list[str]) -> str:
    """0 if all asked for holds; no statement of ours falls."""
    if "--json" in words:
        found = _object(said)
        holds = bool(found) and all(one.get("holds", "--list" in words) for one in found)
    else:
        holds = "--list" in words or ", 0 refuted\n" in said
    return "" if status == 0 and holds else f"status {status} says {said[-300:]!r}"


OF_FAMILIES = {"none": 1, "not decided": 3}
OF_SEARCHES = {"not refuted": 0, "refuted": 1, "not decided": 3}
CHECKS = {"weights": of_weights, "recognise": of_recognise, "falsify": of_falsify, "proofs": of_proofs}


@contextmanager
def furnished(folder: Path) -> Iterator[None]:
    """The folder as the current one, with weights, broken files and a module in it."""
    folder = folder.resolve()
    (folder / f"{MODULE}.py").write_text(MODEL, encoding="utf-8")
    step, other = (gd_layer(2, 1, learning_rate=rate, context=5).to_numpy() for rate in ("1/10", "1/5"))
    none = {name: np.arange(9.0).reshape(3, 3) for name in ("key", "query", "value", "projection")}
    np.savez(folder / "one.npz", **step.heads[0]._asdict())
    np.savez(folder / "two.npz", **_numbered(step, other))
    np.savez(folder / "gdpp.npz", **gdpp_layer(2, 1, learning_rate="1/10", gamma="1/20", context=5).to_numpy().heads[0]._asdict())
    np.savez(folder / "none.npz", **none)
    np.savez(folder / "nan.npz", **{**none, "key": np.full((3, 3), np.nan)})
    np.savez(folder / "pickle.npz", **{**none, "key": np.array([object()])})
    np.save(folder / "start.npy", np.array([[1, -2]]))
    np.save(folder / "wide.npy", np.ones((3, 4)))
    np.save(folder / "objects.npy", np.array([[object()]]))
    start = (folder / "start.npy").read_bytes()
    (folder / "liar.npy").write_bytes(start.replace(b"(1, 2), }        ", b"(10000000, 2), }"))
    (folder / "truncated.npz").write_bytes((folder / "one.npz").read_bytes()[:300])
    (folder / "empty.npz").write_bytes(b"")
    (folder / "header.safetensors").write_bytes(bytes(8) + b"{}")
    before = Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(folder))
        sys.modules.pop(MODULE, None)


def _numbered(*layers: Layer) -> dict[str, np.ndarray]:
    return {f"attn_{number}/{name}": weight for number, layer in enumerate(layers) for name, weight in layer.heads[0]._asdict().items()}


def found_wrong(calls: int, seed: int) -> Iterator[tuple[Call, str]]:
    """Each call, and what is wrong with what came of it; run in a folder from `furnished`."""
    random, known = Random(seed), commands()
    for _ in range(calls):
        command = random.choice([*known])
        call = called(random, command, known[command])
        yield call, wrong(call, known[command])


def main() -> int:
    """Print what is wrong, and the count of calls; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, furnished(Path(folder)):
        for call, message in found_wrong(options.number, options.seed):
            counts[call.command] += 1
            counts["wrong"] += bool(message)
            if message:
                print(f"{call.command} {call.words}: {message}")
    print(f"{', '.join(f'{count} {name}' for name, count in sorted(counts.items()))}")
    return int(counts["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
