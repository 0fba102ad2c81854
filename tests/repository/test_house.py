"""The house stands: each contract of import-linter falls when it is broken, and what is heavy is loaded by what needs it only."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("equivalence", "proofs")

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


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_loads_no_jax(package: str) -> None:
    assert loading(package, "jax", ROOT) == ""


HEAVY = {"sympy", "numpy", "flint", "rich", "jax", "hypothesis", "matplotlib", "safetensors"}
HELP = """
import runpy, sys
sys.argv[1:] = ["--help"]
try:
    runpy.run_module("equivalence", run_name="__main__")
except SystemExit:
    pass
"""


def loaded(program: str) -> set[str]:
    """The packages that a program loads in a fresh process."""
    told = f"{program}\nimport json, sys; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("program", ["import equivalence", HELP], ids=["import", "help"])
def test_names_are_loaded_when_they_are_asked_for(program: str) -> None:
    assert "equivalence" in loaded(program)
    assert loaded(program) & HEAVY == set()


def test_what_is_asked_for_is_loaded() -> None:
    assert loaded("import equivalence; equivalence.gd_layer") & HEAVY == {"sympy", "numpy", "flint"}


House = Callable[[dict[str, str]], Path]
BREACHES = {
    "files import from floors below": ("equivalence/algebras/exact.py", "import equivalence.statements"),
    "rooms of one floor do not know each other": ("equivalence/loading/files.py", "import equivalence.falsification"),
    "a room that has no floor": ("equivalence/attic.py", ""),
    "Attention and descent never meet": ("equivalence/models/attention/linear.py", "import equivalence.models.descent"),
    "The toolkit does not know its proofs": ("equivalence/cli/main.py", "import proofs"),
    "Chapters do not know each other": ("proofs/ch03_depth/__init__.py", "import proofs.ch04_tokens"),
    "No circles": ("equivalence/statements/claims.py", "import equivalence.statements.registry"),
}
"""Of each contract: a file, and a line that breaks it."""
NAMED = {
    "rooms of one floor do not know each other": "files import from floors below",
    "a room that has no floor": "files import from floors below",
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the contracts, to be broken."""
    root = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environment = os.environ | {"COLUMNS": "300"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def statuses(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """By the names of the contracts."""
    return dict(re.findall(r"^(\w.*?) (KEPT|BROKEN)$", done.stdout, flags=re.MULTILINE))


def test_the_contracts_are_kept(copied: Path) -> None:
    done = linted(copied)
    assert done.returncode == 0, done.stdout
    assert set(statuses(done).values()) == {"KEPT"}
    assert len(statuses(done)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("broken", BREACHES)
def test_a_contract_that_is_broken_falls_by_name(copied: Path, broken: str) -> None:
    name, line = BREACHES[broken]
    file = copied / name
    before = file.read_text(encoding="utf-8") if file.exists() else None
    try:
        file.write_text((before or "") + f"\n{line}\n", encoding="utf-8")
        done = linted(copied)
    finally:
        file.unlink() if before is None else file.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    fallen = [contract for contract, status in statuses(done).items() if status == "BROKEN"]
    assert any(NAMED.get(broken, broken) in contract for contract in fallen), done.stdout + done.stderr


def test_an_exception_that_nothing_needs_falls(copied: Path) -> None:
    file = copied / "pyproject.toml"
    before = file.read_text(encoding="utf-8")
    unmatched = 'ignore_imports = ["equivalence.checks -> equivalence.cli"]\nid = "circles"'
    try:
        file.write_text(before.replace('id = "circles"', unmatched), encoding="utf-8")
        done = linted(copied)
    finally:
        file.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert "No matches for ignored import equivalence.checks -> equivalence.cli." in done.stdout


def test_the_graph_of_imports_has_every_file() -> None:
    names = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
    }
    assert grimp.build_graph(*PACKAGES, cache_dir=None).modules == names


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


def test_what_loads_a_banned_module_is_named(house: House) -> None:
    files = {"proofs/__init__.py": "from proofs import tokens", "proofs/tokens.py": "\nimport jax.numpy", "jax/__init__.py": ""}
    root = house({**files, "jax/numpy.py": ""})
    assert loading("proofs", "jax", root) == f"{root / 'proofs/tokens.py'}, line 2 imports jax"


def test_a_package_that_does_not_import_is_no_pass(house: House) -> None:
    root = house({"proofs/__init__.py": "raise OSError('broken')"})
    assert "broken" in loading("proofs", "jax", root)
