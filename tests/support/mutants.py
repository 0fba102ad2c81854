"""``make mutants``: a seeded sample of small changes to the trusted core and to recognition, each of which some test has to notice.

The changes are Cosmic Ray's, and one of our own, a transpose that is dropped. Each is tried in a copy of the working tree on the tests that
``mutants.toml`` names for its file; what no test can notice stands there too, with the reason. A change that was tried is not tried again
while its line stays as it is: what is known stands in build/mutants/, and ``--again`` tries the survivors anew.

A site in a file is drawn, and then one change of it, so that a sum is not tried eleven times as often as a comparison.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
CONFIGURATION = Path(__file__).with_suffix(".toml")
WORK = ROOT / "build/mutants"
NONSENSE = re.compile("Variable|Shift|Bit|Invert|Is|UAdd|USub_Not")
"""Changes that need arguments, and such as no one makes by mistake, which any run notices."""
LIMIT = 600
"""Seconds that tests may take; a change that makes them loop is noticed."""


class DropTranspose:
    """``A.T`` as ``A``, as an operator of Cosmic Ray's."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Where a transpose stands."""
        if node.type == "trailer" and node.get_code().strip() == ".T":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> None:
        """Drop it."""


class Mutant(NamedTuple):
    """A change: the file, its text afterwards, and the lines before and after."""

    file: str
    text: str
    line: int
    before: str
    after: str

    @property
    def key(self) -> str:
        """What it is known by, wherever its line moves."""
        return f"{self.file}: {self.before} -> {self.after}"


def operators() -> dict[str, Any]:
    """By name."""
    from cosmic_ray.plugins import get_operator, operator_names

    return {name: get_operator(name)() for name in operator_names() if not NONSENSE.search(name)} | {"DropTranspose": DropTranspose()}


def sites(text: str) -> list[list[tuple[str, int]]]:
    """Of a file: at each site the operators that change it, each with its occurrence."""
    from cosmic_ray.ast import ast_nodes, get_ast

    found: dict[Any, list[tuple[str, int]]] = {}
    nodes = [*ast_nodes(get_ast(text))]
    for name, operator in operators().items():
        positions = [position for node in nodes for position in operator.mutation_positions(node)]
        for occurrence, position in enumerate(positions):
            found.setdefault(position, []).append((name, occurrence))
    return [found[position] for position in sorted(found)]


def mutant(file: str, text: str, name: str, occurrence: int) -> Mutant | None:
    """The change; None if it is none to a program that runs: in an annotation, or no Python."""
    from cosmic_ray.mutating import mutate_code

    changed = mutate_code(text, operators()[name], occurrence)
    if changed is None or not _is_effective(text, changed):
        return None
    old, new = text.splitlines(), changed.splitlines()
    _, first, last, start, stop = next(edit for edit in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if edit[0] != "equal")
    before, after = (" ".join(map(str.strip, lines)).strip() for lines in (old[first:last], new[start:stop]))
    return Mutant(file, changed, first + 1, before, after)


def _is_effective(before: str, after: str) -> bool:
    try:
        return ast.dump(_without_annotations(before)) != ast.dump(_without_annotations(after))
    except SyntaxError:
        return False


def _without_annotations(text: str) -> ast.Module:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        match node:
            case ast.arg():
                node.annotation = None
            case ast.FunctionDef():
                node.returns = None
            case ast.AnnAssign():
                node.annotation = ast.Constant(None)
    return tree


def sampled(files: list[str], share: float, seed: int) -> Iterator[Mutant]:
    """So large a share of each file's sites, one change at each. What is drawn in a file does not depend on the others."""
    for file in files:
        text, random = (ROOT / file).read_text(encoding="utf-8"), Random(f"{seed} {file}")
        places = sites(text)
        random.shuffle(places)
        found = (mutant(file, text, *random.choice(site)) for site in places)
        yield from islice((change for change in found if change), round(share * len(places)))


class Rooms(NamedTuple):
    """Files by the tests that have to notice a change in them, and the changes that none can, with reasons."""

    tests: dict[str, list[str]]
    equivalent: dict[str, str]


def configured(path: Path = CONFIGURATION, root: Path = ROOT) -> Rooms:
    """Raises ValueError for a file or test that is not there, and for an equivalent change without a reason."""
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    tests: dict[str, list[str]] = {}
    for room in settings["room"]:
        named = sorted(file.relative_to(root).as_posix() for pattern in room["files"] for file in root.glob(pattern))
        missing = [name for name in room["tests"] if not (root / name).exists()] + ([] if named else room["files"])
        if missing:
            raise ValueError(f"{path.name}: not there: {', '.join(missing)}")
        tests |= {file: room["tests"] for file in named if file not in tests and not file.endswith("__init__.py")}
    equivalent = {f"{one['file']}: {one['before']} -> {one['after']}": one["reason"] for one in settings.get("equivalent", [])}
    if not all(equivalent.values()):
        raise ValueError(f"{path.name}: an equivalent change has no reason")
    return Rooms(tests, equivalent)


def copied(number: int) -> Path:
    """A copy of the working tree's files, to be changed."""
    copy = WORK / f"copy{number}"
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def survives(change: Mutant, tests: list[str], copy: Path, python: str) -> bool:
    """Whether the tests pass in spite of the change."""
    file = copy / change.file
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(change.text, encoding="utf-8")
        return all(passes([test], copy, python) for test in tests)
    finally:
        file.write_text(before, encoding="utf-8")


def passes(tests: list[str], copy: Path, python: str) -> bool:
    """Whether all tests that are not slow pass within the limit."""
    command = [python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", *tests]
    try:
        done = subprocess.run(command, cwd=copy, env=os.environ | {"CI": "true"}, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    """Try the sample; the exit status is 1 if too few of the changes that can be noticed are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.13, help="of the sites")
    parser.add_argument("--seed", type=int, default=2022, help="of the sample")
    parser.add_argument("--only", default="", help="the files whose names begin so")
    parser.add_argument("--again", action="store_true", help="try those anew that survived")
    parser.add_argument("--least", type=float, default=0.97, help="the share that has to be noticed")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the project's tests")
    options = parser.parse_args()
    rooms, memory = configured(), WORK / "known.json"
    WORK.mkdir(parents=True, exist_ok=True)
    known: dict[str, bool] = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
    changes = [*sampled([file for file in rooms.tests if file.startswith(options.only)], options.share, options.seed)]
    pending = [change for change in changes if known.get(change.key, True) and (options.again or change.key not in known)]
    pending = [change for change in pending if change.key not in rooms.equivalent]
    Random(options.seed).shuffle(pending)  # a run that is stopped has tried a sample of all files
    copies: SimpleQueue[Path] = SimpleQueue()
    for number in range(2):
        copies.put(copied(number))

    def tried(change: Mutant) -> tuple[Mutant, bool]:
        copy = copies.get()
        try:
            return change, survives(change, rooms.tests[change.file], copy, options.python)
        finally:
            copies.put(copy)

    tests = sorted({test for change in pending for test in rooms.tests[change.file]})
    if tests and not passes(tests, WORK / "copy0", options.python):
        print(f"error: some of these tests fail without any change: {' '.join(tests)}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(2) as workers:
        for number, (change, survived) in enumerate(workers.map(tried, pending), 1):
            known[change.key] = survived
            memory.write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")
            print(f"{number}/{len(pending)} {'SURVIVES' if survived else 'noticed'}  {change.key}", flush=True)
    return report(changes, known, rooms.equivalent, options.least)


def report(changes: list[Mutant], known: dict[str, bool], equivalent: dict[str, str], least: float) -> int:
    """Print the survivors and the score; 1 if that is too low."""
    counted = [change for change in changes if change.key not in equivalent]
    survivors = [change for change in counted if known[change.key]]
    for change in survivors:
        print(f"{change.file}:{change.line}\n  - {change.before}\n  + {change.after}")
    share = 1 - len(survivors) / len(counted)
    said = f"{len(counted) - len(survivors)} of {len(counted)} changes are noticed, {share:.1%}"
    print(f"{said}; no test can notice {len(changes) - len(counted)} more, see {CONFIGURATION.name}")
    return int(share < least)


if __name__ == "__main__":
    sys.exit(main())
