"""What changed from one formula to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

from equivalence.formulas.layout import MARKS, Bracketed, Grid, Marked, Row

MOST = 0.8
"""The largest share of a formula's letters of which it is worth a reader's while to see that they are new."""


def marked(before: str, after: str) -> str:
    """The formula, with what is new against the one before it marked."""
    if before == after:
        return after
    match before, after:
        case Row(), Row():
            return _marked_row(before, after)
        case Bracketed(), Bracketed() if (before.brackets, before.after) == (after.brackets, after.after):
            return Bracketed(after.brackets, marked(before.inner, after.inner), after.after)
        case Grid(), Grid() if [len(line) for line in before.cells] == [len(line) for line in after.cells]:
            cells = [[*map(marked, *lines)] for lines in zip(before.cells, after.cells, strict=True)]
            return Grid(cells, after.write, after.brackets)
    return Marked(after)


def stands_out(formula: str) -> bool:
    """Whether what is marked is a part that a reader looks for, and not nearly everything."""
    letters = Counter(is_marked for is_marked, piece in pieces(formula) for character in piece if character.isalnum())
    return letters[True] <= MOST * letters.total()


def pieces(written: str) -> Iterator[tuple[bool, str]]:
    """The pieces of a line, each with whether it is marked."""
    depth, start = 0, 0
    for place, character in enumerate(written):
        if character in MARKS:
            if place > start:
                yield depth > 0, written[start:place]
            depth, start = depth + (1 if character == MARKS[0] else -1), place + 1
    if start < len(written):
        yield depth > 0, written[start:]


def _marked_row(before: Row, after: Row) -> str:
    """Part by part: those that stayed, in their order, tell which others took which place."""
    old, new = _signed(before), _signed(after)
    parts: list[str] = []
    for kind, i, k, j, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        there = after.parts[j:m]
        if kind == "replace" and k - i == m - j:
            parts += map(_replaced, before.parts[i:k], there)
        else:
            parts += there if kind == "equal" else map(Marked, there)
    return Row(parts, after.joints)


def _replaced(before: str, after: str) -> str:
    """A part that took the place of another; one that looks the same has another sign."""
    return Marked(after) if before == after else marked(before, after)


def _signed(row: Row) -> list[str]:
    """The parts, each with the joint before it."""
    return [row.parts[0], *(joint.flat + part for joint, part in zip(row.joints, row.parts[1:], strict=True))]
