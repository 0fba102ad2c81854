"""The two forms of a derivation, text and LaTeX, and formulas laid out in them on lines of a width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from unicodedata import combining

from equivalence.formulas.changes import pieces
from equivalence.formulas.layout import MARKS, Line, broken
from equivalence.formulas.printers import latex_commands, latex_formula, text_formula, text_letters
from equivalence.formulas.widths import ems

CARET = "^"
"""Stands below what changed, in text."""


@dataclass(frozen=True)
class Form:
    """A form of writing.

    Attributes:
        formula: an expression as a formula that can be broken.
        words: words within a formula.
        finished: the same with the letters of the form.
        measure: how wide a finished line is.
        step: how wide one step of indentation is.
    """

    formula: Callable[[object], str]
    words: Callable[[str], str]
    finished: Callable[[str], str]
    measure: Callable[[str], float]
    step: float

    def lines(self, formula: str, width: float) -> list[Line]:
        """The formula on lines of a width, finished but for the marks of what changed."""
        found = broken(formula, width, lambda written: self.measure(self.finished(unmarked(written))), self.step)
        return [Line(line.depth, self.finished(line.written)) for line in found]


def unmarked(written: str) -> str:
    """Without the marks of what changed."""
    return written.replace(MARKS[0], "").replace(MARKS[1], "")


def underlined(written: str) -> str:
    """LaTeX with what changed underlined."""
    return written.replace(MARKS[0], r"\underline{").replace(MARKS[1], "}")


def pointed(written: str, indent: str) -> list[str]:
    """A line of text, and if some of it changed a line of carets below it."""
    line = indent + unmarked(written)
    below = "".join((CARET if is_marked else " ") * columns(piece) for is_marked, piece in pieces(written))
    return [line.rstrip(), *([indent + below.rstrip()] if below.strip() else [])]


def columns(written: str) -> int:
    """How many columns of a terminal it takes: a combining accent takes none."""
    return sum(not combining(character) for character in written)


TEXT = Form(text_formula, str, text_letters, columns, 2)
LATEX = Form(latex_formula, lambda words: rf"\text{{{words}}}", latex_commands, ems, 1)
