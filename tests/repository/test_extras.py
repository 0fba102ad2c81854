"""What only some users need is optional: imported where it is used, and where it is missing an error names the extra and the command."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from equivalence.extras import DISTRIBUTION, EXTRAS, MissingExtraError, extra

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = {package for packages in EXTRAS.values() for package in packages}
EXTRA_OF = {package: name for name, packages in EXTRAS.items() for package in packages}

HIDE = """
import sys

hidden, program = sys.argv[1].split(","), sys.argv[2]

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
sys.argv = ["program", *sys.argv[3:]]
exec(program)
"""
COMMAND = "import runpy; runpy.run_module('equivalence', run_name='__main__', alter_sys=True)"
LOADING = (
    "open('w.safetensors', 'wb').write(bytes(8)); from equivalence import load_layers; load_layers('w.safetensors', convention='rows')"
)
ASSERTED = "from equivalence.testing import assert_gradient_descent as check; from equivalence import gd_layer; check({}, d_x=2, d_y=1)"
USES = {
    "jax": [
        "from equivalence.tasks import regression",
        "import equivalence.alignment",
        "import equivalence.statements.sampling",
        "from equivalence import gd_layer; gd_layer(2, 1, learning_rate=1, context=3).to_jax()",
    ],
    "loading": [LOADING],
    "plots": ["import equivalence.plots"],
    "testing": [
        "import equivalence.strategies",
        "from equivalence import falsify",
        ASSERTED.format("lambda X, Y, q: Y @ X.T @ q, max_context=1"),
    ],
}


def without(packages: set[str], program: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A program in a fresh process in which these packages are not installed."""
    command = [sys.executable, "-c", HIDE, ",".join(sorted(packages)), program, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def requirements(name: str) -> set[str]:
    """The names of an extra's packages in pyproject.toml, as they are imported."""
    return {re.split(r"[<>=\[]", requirement)[0].replace("-", "_") for requirement in PROJECT["optional-dependencies"][name]}


@pytest.mark.parametrize("name", EXTRAS)
def test_the_extras_are_those_of_the_project(name: str) -> None:
    assert requirements(name) == set(EXTRAS[name])


def test_all_is_every_extra() -> None:
    assert PROJECT["optional-dependencies"]["all"] == [f"{DISTRIBUTION}[{','.join(EXTRAS)}]"]
    assert PROJECT["name"] == DISTRIBUTION


@pytest.mark.parametrize(("name", "program"), [(name, program) for name, programs in USES.items() for program in programs])
def test_an_extra_that_is_missing_is_named_with_the_command(name: str, program: str, tmp_path: Path) -> None:
    done = without(set(EXTRAS[name]), program, folder=tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    said = rf"equivalence\.extras\.MissingExtraError: (\w+) is not installed; it comes with the extra '{name}': (.*)"
    assert (found := re.fullmatch(said, last)), done.stderr
    assert found[1] in EXTRAS[name]
    assert found[2] == f"python -m pip install '{DISTRIBUTION}[{name}]'"


def test_every_extra_is_tested() -> None:
    assert set(USES) == set(EXTRAS)


@pytest.mark.parametrize(("name", "program"), [(name, program) for name, programs in USES.items() for program in programs])
def test_an_extra_suffices_for_what_names_it(name: str, program: str, tmp_path: Path) -> None:
    done = without(OPTIONAL - closure(name), program, folder=tmp_path)
    assert "MissingExtraError" not in done.stderr
    assert "No module named" not in done.stderr
    assert done.returncode == 0 or program == LOADING  # the file is none


def closure(name: str) -> set[str]:
    """What installing an extra brings along; JAX needs ml_dtypes itself."""
    return set(EXTRAS[name]) | ({"jaxlib", "ml_dtypes"} if name == "jax" else set())


def test_a_command_says_it_in_one_line_with_status_2(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(bytes(8))
    arguments = ["recognise", "w.safetensors", "--d-x", "2", "--d-y", "1", "--convention", "rows"]
    done = without(set(EXTRAS["loading"]), COMMAND, *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: \w+ is not installed; it comes with the extra 'loading': .*\n", done.stderr)


BARE = {
    "exact risks": ("from equivalence.tasks import Uniform, optimal_rate; optimal_rate(Uniform(1), d_x=2, context=3)", []),
    "the type of predictors": ("from equivalence.predictors import Predictor", []),
    "what a search found": ("from equivalence.falsification import Report", []),
    "an assertion on a layer": (ASSERTED.format("gd_layer(2, 1, learning_rate=1, context=3)"), []),
    "the toolkit": (
        "import equivalence; [getattr(equivalence, name) for name in set(equivalence.__all__) - {'falsify', 'Falsification'}]",
        [],
    ),
    "the proofs": ("import runpy; runpy.run_module('proofs', run_name='__main__', alter_sys=True)", ["1.2", "--seed", "0"]),
    "the weights": (COMMAND, ["weights", "--d-x", "2", "--d-y", "1", "--learning-rate", "1/10", "--context", "5"]),
    "recognition": (COMMAND, ["recognise", "examples/trained_linear_head.npz", "--d-x", "10", "--d-y", "1", "--convention", "rows"]),
    "softmax recognition": (
        "from equivalence.models.constructions import softmax_pair; from equivalence.recognition.softmax import recognise_softmax as f; "
        "f(softmax_pair(2, 1, learning_rate=1).layer(1), d_x=2, d_y=1, context=3)",
        [],
    ),
}


@pytest.mark.parametrize(("program", "arguments"), BARE.values(), ids=BARE)
def test_these_need_no_extra(program: str, arguments: list[str]) -> None:
    done = without(OPTIONAL, program, *arguments, folder=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_package_of_no_extra_that_is_missing_is_no_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_package'") as caught, extra("jax"):
        import no_such_package  # type: ignore[import-not-found]  # noqa: F401
    assert not isinstance(caught.value, MissingExtraError)


def unguarded(path: Path, tree: ast.Module) -> Iterator[str]:
    """Imports of packages of an extra that are outside ``with extra(...)`` of that name."""
    allowed = {node: name for block in ast.walk(tree) if (name := guard(block)) is not None for node in ast.walk(block)}
    for node in ast.walk(tree):
        for package in packages_of(node):
            if package in EXTRA_OF and allowed.get(node) not in (EXTRA_OF[package], "types"):
                yield f"{path.name}, line {node.lineno}: {package} outside of with extra({EXTRA_OF[package]!r})"


def guard(node: ast.AST) -> str | None:
    """The extra that a block imports, "types" if it is for type checkers only."""
    match node:
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id="extra"), args=[ast.Constant(value=str(name))]))]):
            return name
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return "types"
    return None


def packages_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name.partition(".")[0] for name in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.partition(".")[0]]
    return []


@pytest.mark.parametrize("package", ["equivalence", "proofs"])
def test_no_import_of_an_extra_is_unguarded(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    assert [message for path in files for message in unguarded(path, ast.parse(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("with extra('jax'):\n    import jax.numpy as jnp", []),
        ("if TYPE_CHECKING:\n    from jax import Array", []),
        ("def drawn():\n    import jax", ["x.py, line 2: jax outside of with extra('jax')"]),
        ("with extra('plots'):\n    from jax import numpy", ["x.py, line 2: jax outside of with extra('jax')"]),
        ("with open('x'):\n    from matplotlib.figure import Figure", ["x.py, line 2: matplotlib outside of with extra('plots')"]),
    ],
)
def test_an_unguarded_import_is_named(text: str, messages: list[str]) -> None:
    assert list(unguarded(Path("x.py"), ast.parse(text))) == messages
