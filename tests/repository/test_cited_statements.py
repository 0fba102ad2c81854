"""Every statement that a text cites by its number is there: in docstrings and comments, the README, the guide and the notebooks."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import proofs  # noqa: F401  (registers the statements)
from equivalence.statements import registry

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("equivalence", "proofs", "examples", "notebooks") for path in sorted((ROOT / folder).rglob("*.py"))]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "notebooks").glob("*.ipynb")), *SOURCES]
FORMULA = re.compile(r"\$[^$]*\$|``[^`]*``|`[^`]*`|```.*?```", re.DOTALL)
NUMBER = re.compile(r"(?<![\w./−+^*=<>≈×_:‖\[-])\(?((?:[1-9]|1[0-2])\.[1-9]\d?)(?![\d\w%/]|\.\d| ?[·×*^/=<>≈])")
"""A chapter and a place in it, where no sign and no further digit makes another number of it."""

OTHERS = {("README.md", "3.11"), ("equivalence/algebras/magnitude.py", "1.6")}
"""What looks like the number of a statement and is a version, or a factor."""


def prose(path: Path) -> str:
    """What a file says in words: docstrings and comments of Python, the texts between the cells of a notebook, or all of it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")
    if path.suffix == ".md":
        return text
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    return "\n".join([*(ast.get_docstring(node) or "" for node in nodes), *re.findall(r"# (.*)", text)])


def cited(words: str) -> list[str]:
    """The numbers of statements in a text, without its formulas and code."""
    return [match[1] for match in NUMBER.finditer(FORMULA.sub(" ", words))]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_cited_is_there(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    assert [number for number in cited(prose(path)) if number not in registry and (name, number) not in OTHERS] == []


def test_statements_are_cited() -> None:
    assert len([number for path in TEXTS for number in cited(prose(path)) if number in registry]) > 200


def test_what_is_no_statement_is_still_in_its_place() -> None:
    assert {(name, number) for name, number in OTHERS if number in cited(prose(ROOT / name))} == OTHERS


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("as 8.4 has it, and (99.1)", ["8.4"]),
        ("statements 2.1 and 12.3; (6.8).", ["2.1", "12.3", "6.8"]),
        ("nearer than 0.2, off by 1.25e-3, 3.1% of `2.5` and $4.1$, x=2.2", []),
        ("version 1.2.3, 6.0606", []),
    ],
)
def test_numbers_of_statements_are_found(words: str, numbers: list[str]) -> None:
    assert cited(words) == numbers
