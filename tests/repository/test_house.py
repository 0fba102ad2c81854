"""The house stands when it runs: the proofs do not load JAX."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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


def test_what_loads_a_banned_module_is_named(house: House) -> None:
    files = {"proofs/__init__.py": "from proofs import tokens", "proofs/tokens.py": "\nimport jax.numpy", "jax/__init__.py": ""}
    root = house({**files, "jax/numpy.py": ""})
    assert loading("proofs", "jax", root) == f"{root / 'proofs/tokens.py'}, line 2 imports jax"


def test_a_package_that_does_not_import_is_no_pass(house: House) -> None:
    root = house({"proofs/__init__.py": "raise OSError('broken')"})
    assert "broken" in loading("proofs", "jax", root)
