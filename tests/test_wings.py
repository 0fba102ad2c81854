"""The house stands: files import from floors below only, the two wings never meet, and the proofs do not load JAX."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("equivalence", "proofs")
WINGS = ("equivalence.attention", "equivalence.descent")

FLOORS = (
    ("equivalence.algebras",),
    WINGS,
    ("equivalence.construction", "equivalence.conversion", "equivalence.printing"),
    ("equivalence.softmax_construction",),
    ("equivalence.statements",),
    ("equivalence.laws", "equivalence.arrayfiles", "equivalence.lowrank"),
    ("equivalence.canonical_tensor",),
    ("equivalence.callables",),
    ("equivalence.counterexamples",),
    (
        "equivalence.recognition",
        "equivalence.loading",
        "equivalence.falsification",
        "equivalence.alignment",
        "equivalence.tasks",
        "equivalence.strategies",
        "equivalence.plots",
        "equivalence.commandline",
    ),
    ("equivalence.softmax_recognition", "equivalence.stacks"),
    ("equivalence.testing",),
    ("equivalence",),
    ("equivalence.__main__",),
    ("proofs",),
)
"""From the ground up. A name is a file, or a folder whose files may import one another; `equivalence` itself is its `__init__.py` alone."""

LOCAL_EXCEPTIONS = {
    ("equivalence.attention", "equivalence.conversion"): "Layer.to_numpy and to_jax: a method for convenience, loaded when called",
    ("equivalence.attention", "equivalence.printing"): "Layer shows as LaTeX in a notebook, loaded when shown",
    ("equivalence.algebras.notation", "equivalence.printing"): "an expression shows as text and LaTeX, loaded when shown",
}
"""Imports of a higher floor that are allowed inside a function, with the reason."""


@dataclass(frozen=True)
class Import:
    """One import of a module of ours: who, whom, where, and whether inside a function."""

    importer: str
    imported: str
    place: str
    local: bool

    def __str__(self) -> str:
        return f"{self.place} imports {self.imported}"


def module_name(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(root: Path) -> list[Import]:
    """All imports among the packages below root, wherever in a file they stand."""
    files = {module_name(file, root): file for package in PACKAGES for file in sorted((root / package).rglob("*.py"))}
    found = []
    for importer, file in files.items():
        tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
        inside = {id(node) for function in functions for node in ast.walk(function)}
        package = importer if file.name == "__init__.py" else importer.rpartition(".")[0]
        for node in ast.walk(tree):
            for imported in sorted(named(node, package, set(files))):
                place = f"{file.relative_to(root).as_posix()}, line {node.lineno}"
                found.append(Import(importer, imported, place, id(node) in inside))
    return found


def named(node: ast.AST, package: str, modules: set[str]) -> set[str]:
    """The modules of ours that an import statement names; ``from a import b`` names a.b if that is a module, else a."""
    if isinstance(node, ast.Import):
        names = {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        names = {full if (full := f"{base}.{alias.name}") in modules else base for alias in node.names}
    else:
        return set()
    return {name for name in names if name.split(".")[0] in PACKAGES}


def unit(module: str) -> tuple[int, str] | None:
    """The floor of a module, and the name it has in the list; None for a module that is not there."""
    for height, names in enumerate(FLOORS):
        for name in names:
            if module == name or (name != "equivalence" and module.startswith(f"{name}.")):
                return height, name
    return None


def wrong_floors(root: Path, exceptions: Mapping[tuple[str, str], str]) -> list[str]:
    """Each import that does not go down, with file and line; and each file that has no floor."""
    wrong = []
    for found in imports(root):
        here, there = unit(found.importer), unit(found.imported)
        if here is None or there is None:
            wrong.append(f"{found}: {found.importer if here is None else found.imported} has no floor, add it to FLOORS")
        elif here != there and here[0] <= there[0] and not (found.local and (found.importer, found.imported) in exceptions):
            wrong.append(f"{found}, which is not on a floor below")
    return wrong


def unused_exceptions(root: Path, exceptions: Mapping[tuple[str, str], str]) -> list[str]:
    used = {(found.importer, found.imported) for found in imports(root) if found.local}
    return [f"{importer} no longer imports {imported}" for importer, imported in exceptions if (importer, imported) not in used]


def meeting(root: Path, start: str, goal: str) -> str:
    """The chain of imports, local ones too, by which one module reaches another; empty if it does not."""
    graph = imports(root)
    chains: dict[str, tuple[Import, ...]] = {start: ()}
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        for step in graph:
            if step.importer == here and step.imported not in chains:
                chains[step.imported] = (*chains[here], step)
                waiting.append(step.imported)
    return "; ".join(map(str, chains.get(goal, ())))


WATCH = """
import sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[2]:
            frame = sys._getframe(1)
            while "importlib" in frame.f_code.co_filename:
                frame = frame.f_back
            sys.exit(f"{frame.f_code.co_filename}, line {frame.f_lineno} imports {name}")

sys.meta_path.insert(0, Watch())
__import__(sys.argv[1])
sys.exit(f"{sys.argv[2]} is loaded" if sys.argv[2] in sys.modules else 0)
"""


def loading(package: str, banned: str, root: Path) -> str:
    """Which file and line loads a banned module when a package is imported in a fresh process; empty if none does."""
    done = subprocess.run([sys.executable, "-c", WATCH, package, banned], cwd=root, capture_output=True, text=True, check=False)
    return done.stderr.strip()


def test_every_import_goes_down() -> None:
    assert wrong_floors(ROOT, LOCAL_EXCEPTIONS) == []


def test_no_exception_is_left_over() -> None:
    assert unused_exceptions(ROOT, LOCAL_EXCEPTIONS) == []


@pytest.mark.parametrize(("start", "goal"), [WINGS, WINGS[::-1]])
def test_the_wings_never_meet(start: str, goal: str) -> None:
    assert (ROOT / start.replace(".", "/")).with_suffix(".py").is_file()
    assert meeting(ROOT, start, goal) == ""


def test_the_search_finds_what_there_is() -> None:
    """From the construction the attention is reached, so a search that finds nothing has looked."""
    assert "equivalence/construction.py, line " in meeting(ROOT, "equivalence.construction", "equivalence.attention")


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_loads_no_jax(package: str) -> None:
    assert loading(package, "jax", ROOT) == ""


House = Callable[[dict[str, str]], Path]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A small source tree from file names and texts."""

    def build(files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return build


@pytest.mark.parametrize(
    "text",
    [
        "from equivalence.descent import loss",
        "from equivalence import descent",
        "import equivalence.descent as d",
        "from . import descent",
        "from .descent import loss",
        "def f():\n    from equivalence.descent import loss",
    ],
)
def test_a_direct_meeting_is_named(house: House, text: str) -> None:
    root = house({"equivalence/attention.py": text, "equivalence/descent.py": ""})
    line = text.count("\n") + 1
    assert meeting(root, *WINGS) == f"equivalence/attention.py, line {line} imports equivalence.descent"
    assert meeting(root, *WINGS[::-1]) == ""


def test_a_meeting_through_another_file_is_named(house: House) -> None:
    files = {"attention.py": "", "descent.py": "import math\nfrom equivalence.algebras import bridge"}
    files["algebras/bridge.py"] = "def f():\n    from equivalence import attention"
    root = house({f"equivalence/{name}": text for name, text in files.items()})
    assert meeting(root, *WINGS[::-1]) == (
        "equivalence/descent.py, line 2 imports equivalence.algebras.bridge; "
        "equivalence/algebras/bridge.py, line 2 imports equivalence.attention"
    )


@pytest.mark.parametrize(
    ("file", "text", "imported"),
    [
        ("equivalence/algebras/exact.py", "from ..construction import tokens", "equivalence.construction"),
        ("equivalence/construction.py", "from equivalence import gd_layer", "equivalence"),
        ("equivalence/attention.py", "from equivalence.descent import loss", "equivalence.descent"),
        ("equivalence/statements/steps.py", "import proofs.tokens", "proofs.tokens"),
        ("equivalence/tasks.py", "from equivalence.strategies import layers", "equivalence.strategies"),
    ],
)
def test_an_import_that_does_not_go_down_is_named(house: House, file: str, text: str, imported: str) -> None:
    root = house({file: f"import math\n{text}", "proofs/tokens.py": ""})
    assert wrong_floors(root, {}) == [f"{file}, line 2 imports {imported}, which is not on a floor below"]


def test_imports_that_go_down_or_stay_in_a_folder_pass(house: House) -> None:
    files = {"equivalence/algebras/exact.py": "from equivalence.algebras.protocol import Size", "equivalence/algebras/protocol.py": ""}
    assert wrong_floors(house({**files, "proofs/tokens.py": "import sympy\nfrom equivalence.algebras import exact"}), {}) == []


def test_an_exception_holds_inside_a_function_only(house: House) -> None:
    root = house({"equivalence/attention.py": "import equivalence.printing\ndef f():\n    import equivalence.printing"})
    assert wrong_floors(root, LOCAL_EXCEPTIONS) == [
        "equivalence/attention.py, line 1 imports equivalence.printing, which is not on a floor below"
    ]
    assert len(wrong_floors(root, {})) == 2
    assert "equivalence.attention no longer imports equivalence.conversion" in unused_exceptions(root, LOCAL_EXCEPTIONS)
    assert "equivalence.attention no longer imports equivalence.printing" not in unused_exceptions(root, LOCAL_EXCEPTIONS)


@pytest.mark.parametrize(
    ("file", "text"),
    [("equivalence/shed.py", "import equivalence.algebras"), ("equivalence/construction.py", "import equivalence.shed")],
)
def test_a_file_without_a_floor_is_named(house: House, file: str, text: str) -> None:
    (message,) = wrong_floors(house({file: text}), {})
    assert message == f"{file}, line 1 imports {text.split()[1]}: equivalence.shed has no floor, add it to FLOORS"


def test_what_loads_a_banned_module_is_named(house: House) -> None:
    files = {"proofs/__init__.py": "from proofs import tokens", "proofs/tokens.py": "\nimport jax.numpy", "jax/__init__.py": ""}
    root = house({**files, "jax/numpy.py": ""})
    assert loading("proofs", "jax", root) == f"{root / 'proofs/tokens.py'}, line 2 imports jax"


def test_a_package_that_does_not_import_is_no_pass(house: House) -> None:
    root = house({"proofs/__init__.py": "raise OSError('broken')"})
    assert "broken" in loading("proofs", "jax", root)
