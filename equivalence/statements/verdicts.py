"""The three outcomes of a check. What is not decided is never called refuted, nor held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Outcome = Literal["holds", "refuted", "not decided"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Verdict:
    """What a check came to.

    Attributes:
        outcome: "holds"; "refuted", if what is claimed was shown to be false; "not decided", if it was shown neither way.
        reason: why it does not hold; empty if it does.
    """

    outcome: Outcome
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether it was shown to hold."""
        return self.outcome == "holds"


HOLDS = Verdict("holds")


def refuted(reason: str) -> Verdict:
    """What is claimed is false, and why."""
    return Verdict("refuted", reason)


def not_decided(reason: str) -> Verdict:
    """Nothing was shown, and why."""
    return Verdict("not decided", reason)


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of several: one refutation refutes, then one that is not decided leaves all open; none at all shows nothing."""
    reached = set(outcomes) or {"not decided"}
    return next(outcome for outcome in ("refuted", "not decided", "holds") if outcome in reached)
