"""The families of steps that floating weights are held against, the simplest one first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from equivalence.recognition.floats.nearest import Candidate, Start, best_descent, best_preconditioned
from equivalence.recognition.floats.two_sided import best_two_sided
from equivalence.recognition.result import DESCENT, PRECONDITIONED


class Family(NamedTuple):
    """A family of steps.

    Attributes:
        name: as it is listed.
        best: its nearest member over several W₀.
        factors: how many of C and D are free.
    """

    name: str
    best: Callable[[Sequence[Start]], Candidate]
    factors: int


ALL = (
    Family(DESCENT, best_descent, 0),
    Family(PRECONDITIONED, best_preconditioned, 1),
    Family(f"{PRECONDITIONED} with a left factor", best_two_sided, 2),
)


def families(d_y: int) -> tuple[Family, ...]:
    """The simplest one first. For one target a left factor is a number."""
    return ALL if d_y > 1 else ALL[:2]
