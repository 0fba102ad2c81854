from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from typer.testing import CliRunner

from equivalence import gd_layer, gdpp_layer
from equivalence.cli.falsify import falsify as falsify_command
from equivalence.cli.main import app
from equivalence.cli.options import ReadOut, WhichKeys
from equivalence.falsification.callables import EXAMPLES
from equivalence.falsification.search import falsify as falsify_in_python
from equivalence.models.heads import Layer
from equivalence.recognition.setting import Keys, Sign

BASE = ["--d-x", "3", "--d-y", "1"]
PLAIN = [*BASE, "--learning-rate", "1/10", "--context", "5"]
PRINTED = """\
W_K =
  [ 1  0  0 ]
  [ 0  1  0 ]
  [ 0  0  0 ]

W_Q =
  [ 1  0  0 ]
  [ 0  1  0 ]
  [ 0  0  0 ]

W_V =
  [ 0  0   0 ]
  [ 0  0   0 ]
  [ 0  0  -1 ]

P =
  [ eta/N      0      0 ]
  [     0  eta/N      0 ]
  [     0      0  eta/N ]
"""


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["weights", *arguments])


def test_the_four_matrices_are_printed() -> None:
    result = run("--d-x", "2", "--d-y", "1", "--learning-rate", "eta", "--context", "N")
    assert (result.exit_code, result.stdout, result.stderr) == (0, PRINTED, "")


@pytest.mark.parametrize("rate", ["1/10", "0.1", "1e-1"])
def test_rates_are_read_exactly(rate: str) -> None:
    result = run(*BASE, "--learning-rate", rate, "--context", "5")
    assert result.stdout == gd_layer(3, 1, learning_rate="1/10", context=5).to_text() + "\n"
    assert "1/50" in result.stdout


def test_gdpp() -> None:
    result = run(*PLAIN, "--gdpp", "--gamma", "1/20")
    assert result.stdout == gdpp_layer(3, 1, learning_rate="1/10", gamma="1/20", context=5).to_text() + "\n"
    assert "-1/20" in result.stdout


def test_latex() -> None:
    result = run(*PLAIN, "--format", "latex")
    assert result.stdout == gd_layer(3, 1, learning_rate="1/10", context=5).to_latex() + "\n"
    assert r"\frac{1}{50}" in result.stdout


@pytest.mark.parametrize("format", ["text", "latex"])
def test_a_file_has_what_the_screen_shows(tmp_path: Path, format: str) -> None:
    result = run(*PLAIN, "--format", format, "--out", str(tmp_path / "weights"))
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "weights").read_text(encoding="utf-8") == run(*PLAIN, "--format", format).stdout
    assert [file.name for file in tmp_path.iterdir()] == ["weights"]


def test_npz_loads_without_pickle_and_has_the_weights(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"old")
    assert run(*PLAIN, "--gdpp", "--gamma", "1/20", "--format", "npz", "--out", str(file)).exit_code == 0
    expected = gdpp_layer(3, 1, learning_rate="1/10", gamma="1/20", context=5).to_numpy().heads[0]
    with np.load(file, allow_pickle=False) as found:
        assert sorted(found) == ["key", "projection", "query", "value"]
        for name in found:
            assert found[name].dtype == np.float64
            assert np.array_equal(found[name], getattr(expected, name))
    assert [left.name for left in tmp_path.iterdir()] == ["weights.npz"]


def test_symlinks_are_followed_and_stay(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "weights")
    assert run(*PLAIN, "--out", str(tmp_path / "link")).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "weights").is_file()


RATE = "learning_rate: expected a finite number such as 1/10 or 0.1, or a symbol such as eta, got "
BAD = [
    (["--d-x", "0"], "d_x: expected a whole number, at least 1, got 0"),
    (["--d-y", "-2"], "d_y: expected a whole number, at least 1, got -2"),
    (["--d-x", "513"], "--d-x: expected at most 512, got 513; each entry is exact"),
    (["--d-y", "99999999999999999999"], "--d-y: expected at most 512, got 99999999999999999999; each entry is exact"),
    (["--d-x", "2.5"], "Invalid value for '--d-x'"),
    *((["--learning-rate", rate], RATE + repr(rate)) for rate in ("nan", "NaN", "inf", "-inf", "Infinity", "1/0", "x+", "", "0x1")),
    *(
        (["--learning-rate", rate], f"learning_rate: expected a number of at most 1000 digits, got {rate[:120]!r}")
        for rate in ("1e999999999", "1e-999_999_999", "1E1001")
    ),
    (["--learning-rate", "9" * 1001], "learning_rate: expected a number of at most 1000 digits, got '999"),
    (["--learning-rate", "x" * 1001], "learning_rate: expected a number of at most 1000 digits, got 'xxx"),
    (["--context", "1" * 5000], "context: expected a number of at most 1000 digits, got '111"),
    (["--context", "0"], "context: expected a whole number, at least 1, got 0"),
    (["--context", "-3"], "context: expected a whole number, at least 1, got -3"),
    *(
        (["--context", count], f"context: expected a positive integer or a symbol such as N, got {count!r}")
        for count in ("2.5", "1/2", "N+1")
    ),
    *((["--context", count], "context: expected a finite number") for count in ("nan", "inf")),
    (["--gdpp"], "--gdpp: expected --gamma too, such as --gamma 1/20"),
    (["--gamma", "1/20"], "--gamma: expected --gdpp too; plain gradient descent has no γ"),
    (["--gdpp", "--gamma", "nan"], "gamma: expected a finite number"),
    (["--format", "npz"], "--format npz: expected --out FILE too"),
    (["--format", "png"], "Invalid value for '--format'"),
    (["--out", "/nowhere/weights"], "--out: cannot write /nowhere/weights: No such file or directory"),
    (["--out", "/dev/null"], "--out: expected the name of a file, got /dev/null, which is something else"),
    (["--out", ""], "--out: expected the name of a file, got ., which is something else"),
    (["--colour", "red"], "No such option: --colour"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(arguments)[:40] for arguments, _ in BAD])
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = run(*PLAIN, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_a_missing_option_is_named() -> None:
    result = run(*BASE, "--context", "5")
    assert (result.exit_code, result.stderr) == (2, "error: Missing option '--learning-rate'.\n")


@pytest.mark.parametrize(("symbols", "names"), [(["--context", "N"], "N"), (["--learning-rate", "eta", "--context", "N"], "N, eta")])
def test_npz_with_symbols_is_refused_by_name(tmp_path: Path, symbols: list[str], names: str) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"old")
    result = run(*PLAIN, *symbols, "--format", "npz", "--out", str(file))
    assert result.exit_code == 2
    assert result.stderr == f"error: --format npz: projection of head 0: expected numbers, found the symbols {names}; give them values\n"
    assert file.read_bytes() == b"old"


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full halfway: the old file is whole, and no other is left."""
    file = tmp_path / "weights"
    file.write_text("old")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(content[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run(*PLAIN, "--out", str(file))
    assert (result.exit_code, result.stderr) == (2, f"error: --out: cannot write {file}: No space left on device\n")
    assert file.read_text() == "old"
    assert [left.name for left in tmp_path.iterdir()] == ["weights"]


@pytest.mark.parametrize(("arguments", "message"), [([], "error: Missing command.\n"), (["sing"], "error: No such command 'sing'.\n")])
def test_commands_that_are_not_there(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stderr) == (2, message)


def test_as_a_module_without_jax() -> None:
    code = (
        "import sys, runpy\ntry:\n    runpy.run_module('equivalence', run_name='__main__')\nfinally:\n    assert 'jax' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, "weights", *PLAIN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*PLAIN).stdout


def test_as_a_module_bad_input_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "equivalence", "weights", *PLAIN, "--d-x", "0"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: d_x: expected a whole number, at least 1, got 0\n")


# recognise: d_x = 3, d_y = 1, N = 5, η = 1/10.

D_X, D_Y = 3, 1
SIZES = ["--d-x", str(D_X), "--d-y", str(D_Y)]
COLUMNS = [*SIZES, "--convention", "columns"]
NONE = {"key": np.eye(4), "query": np.ones((4, 4)), "value": np.eye(4), "projection": np.eye(4)}


def saved(path: Path, *layers: Layer, transposed: bool = False) -> str:
    """A .npz file of layers of one head."""
    weights = {
        f"attn_{number}/{name}": weight
        for number, layer in enumerate(layers)
        for name, weight in layer.to_numpy().heads[0]._asdict().items()
    }
    np.savez(path, **{name: weight.T if transposed else weight for name, weight in weights.items()})
    return str(path)


def recognise(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["recognise", *arguments])


def recognised(*arguments: str) -> Any:
    """The JSON of a verdict, which has the exit status of its family."""
    result = recognise(*arguments, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == ({"none": 1, "not decided": 3}.get(found["family"], 0), "")
    return found


def descent_layer(rate: str = "1/10") -> Layer:
    return gd_layer(D_X, D_Y, learning_rate=rate, context=5)


@pytest.mark.parametrize("convention", ["rows", "columns"])
def test_what_weights_writes_is_recognised(tmp_path: Path, convention: str) -> None:
    file = saved(tmp_path / "weights.npz", descent_layer(), transposed=convention == "rows")
    found = recognised(file, *SIZES, "--convention", convention, "--context", "5", "--token-norm", "2", "--query-norm", "3")
    assert found["family"] == "gradient descent"
    assert found["learning_rate"] == pytest.approx(0.1, rel=1e-12)
    assert (found["gamma"], found["preconditioner"], found["witness"]) == (None, None, None)
    assert found["relative_distance"] < 1e-12
    assert (found["error_bound"]["token_norm"], found["error_bound"]["query_norm"]) == (2, 3)
    assert 0 <= found["error_bound"]["value"] < 1e-12


def test_the_bound_is_for_the_norms_that_are_asked_for(tmp_path: Path) -> None:
    layer = descent_layer().to_numpy()
    off = layer.heads[0]._replace(value=layer.heads[0].value + 1e-3 * np.ones((4, 4)))
    file = saved(tmp_path / "weights.npz", Layer((off,)))
    one, other = (recognised(file, *COLUMNS, "--token-norm", norm, "--query-norm", "3")["error_bound"]["value"] for norm in ("1", "2"))
    assert one > 0
    assert other == pytest.approx(4 * one, rel=1e-12)


def test_the_text_has_family_rate_and_bound(tmp_path: Path) -> None:
    result = recognise(saved(tmp_path / "weights.npz", descent_layer()), *COLUMNS, "--context", "5")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *_, last, assumed = result.stdout.splitlines()
    assert assumed.startswith("assumed: linear attention of 1 head of d_k = 4; keys: the context tokens only; query token [q; 0]")
    assert first == "family: gradient descent (nearest, within a relative distance of 0.1)"
    assert "learning rate η: 0.1\n" in result.stdout
    assert last.startswith("error bound: ")
    assert last.endswith(" for contexts of norm at most 1 and queries of norm at most 1, query tokens [q; 0]")


def test_gdpp_shows_its_gamma(tmp_path: Path) -> None:
    file = saved(tmp_path / "weights.npz", gdpp_layer(D_X, D_Y, learning_rate="1/10", gamma="1/20", context=5))
    found = recognised(file, *COLUMNS)
    assert found["family"] == "GD++"
    assert found["gamma"] == pytest.approx(0.05, rel=1e-12)


def test_a_layer_that_is_none_comes_with_a_witness(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", **NONE)
    found = recognised(str(tmp_path / "weights.npz"), *COLUMNS)
    assert found["family"] == "none"
    seen = {name: np.array(value) for name, value in found["witness"].items()}
    query = np.vstack([seen["query"], -np.array(found["initial"]) @ seen["query"]])
    token = np.vstack([seen["context_x"], seen["context_y"]])
    assert np.allclose(seen["prediction"], -(query + token * (token.sum() * query.sum()))[D_X:], rtol=1e-12, atol=1e-12)
    assert np.abs(seen["prediction"] - seen["expected"]).max() > 0.01


def test_a_stack_is_a_list_in_order(tmp_path: Path) -> None:
    file = saved(tmp_path / "weights.npz", descent_layer(), descent_layer("1/5"))
    found = recognised(file, *COLUMNS, "--layers", "2", "--context", "5")
    assert [layer["learning_rate"] for layer in found["layers"]] == pytest.approx([0.1, 0.2], rel=1e-12)
    assert found["family"] == "gradient descent"
    assert found["step_sizes"] == pytest.approx([0.02, 0.04], rel=1e-12)
    assert 0 <= found["error_bound"]["value"] < 1e-10
    text = recognise(file, *COLUMNS).stdout
    assert [line for line in text.splitlines() if line.startswith("layer ")] == ["layer 1", "layer 2"]


def test_a_bound_that_no_float_holds_is_no_infinity_in_json(tmp_path: Path) -> None:
    file = saved(tmp_path / "deep.npz", *[descent_layer("1")] * 12)
    words = [*COLUMNS, "--token-norm", "1e30"]
    assert recognised(file, *words)["error_bound"] == {"value": None, "token_norm": 1e30, "query_norm": 1}
    assert recognise(file, *words).stdout.endswith(
        "error bound: larger than a float can be, as it grows fast with depth; give smaller norms\n"
    )


def test_heads_and_scale(tmp_path: Path) -> None:
    """Two heads with half of the step each; scores divided by √4."""
    head = descent_layer().to_numpy().heads[0]
    fused = {name: np.concatenate([weight, weight], axis=int(name == "projection")) for name, weight in head._asdict().items()}
    np.savez(tmp_path / "weights.npz", **fused)
    found = recognised(str(tmp_path / "weights.npz"), *COLUMNS, "--context", "5", "--heads", "2", "--scale")
    assert found["family"] == "gradient descent"
    assert found["learning_rate"] == pytest.approx(2 * 0.1 / 2, rel=1e-12)


def test_what_is_left_alone_is_a_note(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", **NONE, norm=np.ones(4))
    result = recognise(str(tmp_path / "weights.npz"), *COLUMNS)
    assert result.exit_code == 1
    assert result.stderr == "note: 'weights.npz': left alone: 'norm'; the layers are taken without them\n"


def test_the_query_token_is_part_of_the_question(tmp_path: Path) -> None:
    """From W₀ the layer is a step; from 0, which is assumed if nothing is said, it is none; searched for, W₀ is found."""
    start = np.array([[1.0, -2.0, 0.5]])
    file = saved(tmp_path / "weights.npz", gd_layer(D_X, D_Y, learning_rate="1/10", context=5, initial=start_of(start)))
    np.save(tmp_path / "start.npy", start)
    given = recognised(file, *COLUMNS, "--initial", str(tmp_path / "start.npy"))
    assert (given["family"], given["query"], given["initial"]) == ("gradient descent", "given", start.tolist())
    assert (recognised(file, *COLUMNS)["family"], recognised(file, *COLUMNS)["query"]) == ("none", "zeros")
    found = recognised(file, *COLUMNS, "--initial", "unknown")
    assert (found["family"], found["query"]) == ("gradient descent", "unknown")
    assert np.allclose(found["initial"], start, atol=1e-9)
    assert [nearness["family"] for nearness in found["families"]] == ["gradient descent", "preconditioned gradient descent"]
    text = recognise(file, *COLUMNS, "--initial", "unknown").stdout
    assert "query token: [q; −W₀q] with the W₀ shown, which was searched for" in text
    assert text.splitlines()[-2].endswith("query tokens [q; −W₀q] with this W₀")


def start_of(initial: np.ndarray) -> sympy.Matrix:
    return sympy.Matrix([[sympy.Rational(entry) for entry in row] for row in initial.tolist()])


@pytest.mark.parametrize(
    ("initial", "extra", "message"),
    [
        ("zero", [], "--initial: expected zeros, unknown or a .npy file, got 'zero': "),
        ("object.npy", [], "--initial: expected zeros, unknown or a .npy file, got "),
        ("wrong.npy", [], "initial: expected W₀ of shape (d_y, d_x) = (1, 3), got (2, 2)"),
        ("unknown", ["--softmax", "--context", "5"], "--initial: expected zeros, got 'unknown'; softmax layers are compared from W₀ = 0"),
    ],
)
def test_a_bad_w0_is_one_line(tmp_path: Path, initial: str, extra: list[str], message: str) -> None:
    np.save(tmp_path / "object.npy", np.array([[None]]), allow_pickle=True)
    np.save(tmp_path / "wrong.npy", np.eye(2))
    given = str(tmp_path / initial) if initial.endswith(".npy") else initial
    result = recognise(saved(tmp_path / "weights.npz", descent_layer()), *COLUMNS, "--initial", given, *extra)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_softmax_layers_are_none(tmp_path: Path) -> None:
    file = saved(tmp_path / "weights.npz", descent_layer())
    text = recognise(file, *COLUMNS, "--softmax", "--context", "5")
    assert text.exit_code == 1
    assert text.stdout.startswith(
        "family: none; a softmax layer is gradient descent at no rate (statement 6.4)\nwitness: 5 times the token "
    )
    found = recognised(file, *COLUMNS, "--softmax", "--context", "5")
    assert (found["family"], found["error_bound"], found["gamma"], found["preconditioner"]) == ("none", None, None, None)
    assert np.array(found["witness"]["context_x"]).shape == (D_X, 5)
    assert [candidate["family"] for candidate in found["nearest"]] == ["centred gradient descent", "gradient descent"]
    assert found["nearest"][0]["relative_distance"] == found["relative_distance"] < found["nearest"][1]["relative_distance"]
    assert found["learning_rate"] == found["nearest"][0]["learning_rate"] == pytest.approx(5 * found["step_size"], rel=1e-12)
    assert found["initial"] == [[0] * D_X] * D_Y
    assert "W₀ = 0, which is assumed, not found" in found["note"]
    assert set(recognised(file, *COLUMNS)) == set(found) - {"nearest"}


BAD_FILES = [
    (["--d-y", "2"], "'attn_0/query' as query: expected shape ('any', 5), got (4, 4); check d = d_x + d_y, or try the convention 'rows'"),
    (["--d-x", "0"], "Invalid value for '--d-x': "),
    (["--heads", "3"], "heads: expected a number that divides the 4 dimensions of all heads in 'attn_0/query', got 3"),
    (["--layers", "2"], "layers: expected 2 in the file, found 1; a recurrent stack is [layer] * 2"),
    (["--convention", "diagonal"], "Invalid value for '--convention': "),
    (["--token-norm", "-1"], "token_norm: expected a number that is not negative, got -1.0"),
    (["--query-norm", "nan"], "query_norm: expected a finite number, got nan"),
    (["--d-x", "65537"], "Invalid value for '--d-x': "),
    (["--token-norm", "1e300"], "token_norm, query_norm: the bound for 1e+300 and 1.0 is larger than a float can be"),
    (["--softmax", "--context", "1000000000000"], "context: expected at most 131072, as 256 instances are drawn, got 1000000000000"),
    (["--softmax"], "--softmax: expected --context too; softmax averages over the context, so the nearest step depends on its size"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_FILES, ids=[" ".join(arguments) for arguments, _ in BAD_FILES])
def test_bad_input_of_recognise_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = recognise(saved(tmp_path / "weights.npz", descent_layer()), *COLUMNS, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x04."])
def test_files_that_are_none_are_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.npz").write_bytes(content)
    result = recognise(str(tmp_path / "weights.npz"), *COLUMNS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: path: 'weights.npz' is no whole zip archive, as numpy.savez writes: File is not a zip file\n"


# falsify

MODEL = """
import numpy as np

class models:
    @staticmethod
    def descent(X, Y, q):
        return Y @ X.T @ q / 8

def softmax(X, Y, q):
    weights = np.exp(X.T @ q)
    return Y @ weights / weights.sum()

def raising(X, Y, q):
    raise KeyError("first line\\nsecond line")

def rounded(X, Y, q):
    X, Y, q = (array.astype(np.float32) for array in (X, Y, q))
    return (Y @ X.T @ q / np.float32(7)).astype(float)
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_of_this_test.py").write_text(MODEL)
    (tmp_path / "broken_of_this_test.py").write_text("raise RuntimeError('no\\nluck')")
    monkeypatch.syspath_prepend(tmp_path)


def falsify(target: str, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["falsify", target, "--d-x", "2", "--d-y", "1", "--examples", "20", *arguments])


@pytest.mark.usefixtures("model")
def test_a_descent_is_not_refuted() -> None:
    result = falsify("model_of_this_test:models.descent")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "not refuted" in result.stdout
    assert "Step size s: 0.125 at N = 1" in result.stdout


@pytest.mark.usefixtures("model")
def test_softmax_is_refuted_by_one_token_and_status_1() -> None:
    result = falsify("model_of_this_test:softmax", "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    found = json.loads(result.stdout)
    assert found["refuted"]
    broken = {law["law"]: law["counterexample"] for law in found["laws"] if law["counterexample"]}
    assert np.shape(broken["linear in the query"]["context_x"]) == (2, 1)


@pytest.mark.usefixtures("model")
def test_what_rounding_may_hide_ends_with_status_3() -> None:
    result = falsify("model_of_this_test:rounded", "--json")
    assert (result.exit_code, result.stderr, json.loads(result.stdout)["outcome"]) == (3, "", "not decided")


def test_as_many_examples_as_in_python() -> None:
    defaults = {inspect.signature(search).parameters["examples"].default for search in (falsify_command, falsify_in_python)}
    assert defaults == {EXAMPLES}


BAD_TARGETS = [
    ("model_of_this_test", [], "target: expected module:function, such as model:predict, got 'model_of_this_test'"),
    (":f", [], "target: expected module:function, such as model:predict, got ':f'"),
    (".relative:f", [], "target: cannot import '.relative': TypeError: "),
    ("no_such_module:f", [], "target: cannot import 'no_such_module': ModuleNotFoundError: No module named 'no_such_module'"),
    ("broken_of_this_test:f", [], "target: cannot import 'broken_of_this_test': RuntimeError: no luck"),
    ("model_of_this_test:sofmax", [], "target: found no 'sofmax' in 'model_of_this_test': module"),
    ("model_of_this_test:np.pi", [], "predict: expected a callable of context_x, context_y and query, got float"),
    ("model_of_this_test:raising", [], "predict: raised KeyError"),
    ("model_of_this_test:softmax", ["--d-y", "0"], "Invalid value for '--d-y': "),
    ("model_of_this_test:softmax", ["--examples", "1_000_000"], "examples: expected at most 10000, got 1000000"),
    (
        "model_of_this_test:softmax",
        ["--max-context", "1000000000"],
        "d_x, d_y, max_context: expected instances of at most 4096 numbers, got 3",
    ),
    ("model_of_this_test:softmax", ["--d-x", "65536"], "d_x, d_y, max_context: expected instances of at most 4096 numbers, got 327683"),
    ("model_of_this_test:softmax", ["--max-context", "0"], "max_context: expected a whole number, at least 1, got 0"),
]


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("target", "arguments", "message"), BAD_TARGETS)
def test_bad_input_of_falsify_is_one_line(target: str, arguments: list[str], message: str) -> None:
    result = falsify(target, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_a_module_of_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    arguments = [sys.executable, "-m", "equivalence", "falsify", "model:softmax", "--d-x", "1", "--d-y", "1", "--examples", "5"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "linear in the query" in done.stdout


@pytest.mark.parametrize("command", ["weights", "recognise"])
def test_help_shows_brackets_as_they_are(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "[x; y]" in " ".join(result.stdout.split())


def test_the_words_for_keys_and_read_outs_are_those_of_python() -> None:
    assert [*map(str, WhichKeys)] == [*map(str, Keys)]
    assert [*map(str, ReadOut)] == [*map(str, Sign)]


def test_keys_and_read_out_are_asked_for(tmp_path: Path) -> None:
    file = saved(tmp_path / "weights.npz", gd_layer(D_X, D_Y, learning_rate="-1/10", context=5))
    assert "see prediction='plus'" in recognised(file, *COLUMNS)["note"]
    found = recognised(file, *COLUMNS, "--prediction", "plus", "--keys", "all", "--context", "5")
    assert (found["family"], found["learning_rate"]) == ("gradient descent", pytest.approx(0.1))
    assert (found["assumed"]["keys"], found["assumed"]["prediction"], found["assumed"]["context"]) == ("all", "plus", "5")


def test_rows_are_named(tmp_path: Path) -> None:
    """Tokens [1; y; x; a position], of which the layer reads the position."""
    (head,) = descent_layer().to_numpy().heads
    S = np.eye(6)[[2, 3, 4, 1]]
    moved = {"key": head.key @ S + np.eye(4, 6, 5), "query": head.query @ S, "value": head.value @ S, "projection": S.T @ head.projection}
    np.savez(tmp_path / "weights.npz", **moved)
    arguments = [str(tmp_path / "weights.npz"), *COLUMNS, "--x-rows", "2:5", "--y-rows", "1"]
    found = recognised(*arguments, "--constant-row", "0")
    assert (found["family"], found["assumed"]["x_rows"], found["assumed"]["constant_row"]) == ("gradient descent", [2, 3, 4], 0)
    assert found["assumed"]["other_rows"] == {"rows": [5], "read": True, "written": False}
    assert "rows 0 and 5 taken as 0, which the layer reads" in recognise(*arguments).stdout


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0:", "--x-rows: expected rows such as 0:10 or 0:4,6, got '0:'"),
        ("3:1", "--x-rows: expected a range with its end above its start"),
        ("0:2", r"x_rows: expected 3 different rows, got [0, 1]"),
        ("2:5", "x_rows: expected rows from 0 to 3, as the tokens of these weights have 4, got 4"),
    ],
)
def test_wrong_rows_are_one_line(tmp_path: Path, rows: str, message: str) -> None:
    result = recognise(saved(tmp_path / "weights.npz", descent_layer()), *COLUMNS, "--x-rows", rows)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr
