"""How commands end: one table of exit statuses for all of them, their help and the README."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Status(IntEnum):
    """An exit status. 2, 70 and 130 come with one line on stderr, which begins with "error: "."""

    HOLDS = 0
    REFUTED = 1
    BAD_INPUT = 2
    NOT_DECIDED = 3
    DEFECT = 70
    INTERRUPTED = 130


MEANINGS = {
    Status.HOLDS: "what was asked holds or was done, or no counterexample was found",
    Status.REFUTED: "refuted, of no family, or not the same",
    Status.BAD_INPUT: "bad input, or an output that cannot be written",
    Status.NOT_DECIDED: "not decided, as where a difference may be rounding",
    Status.DEFECT: "a defect of ours",
    Status.INTERRUPTED: "interrupted",
}
ORDER = (Status.DEFECT, Status.REFUTED, Status.NOT_DECIDED, Status.HOLDS)
"""Of several answers the first of these is the exit status."""
OF_OUTCOMES = {"holds": Status.HOLDS, "refuted": Status.REFUTED, "none": Status.REFUTED, "not decided": Status.NOT_DECIDED}
"""Outcomes of checks and searches, and the two families of a recognition that are none; every other family was recognised, and what is
not refuted counts as what holds."""

OF_SAMENESS = {"same": Status.HOLDS, "differ": Status.REFUTED, "not decided": Status.NOT_DECIDED}
"""Whether two layers are the same function."""

EPILOG = "\b\nExit status:\n" + "\n".join(f"  {status:<4} {meaning}" for status, meaning in MEANINGS.items())
"""For the end of every command's help. The first character keeps the lines apart."""


def first_of(statuses: Iterable[Status]) -> Status:
    """The exit status of several answers; that of none is that nothing is decided."""
    return min(statuses, key=ORDER.index, default=Status.NOT_DECIDED)


def of_outcome(outcome: str) -> Status:
    """The exit status of one answer: the outcome of a check, or the family of a recognition."""
    return OF_OUTCOMES.get(outcome, Status.HOLDS)
