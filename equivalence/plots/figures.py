"""What all figures share: an empty one, made without pyplot, and numbers that increase."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from equivalence.checks import checked_positive
from equivalence.extras import extra

with extra("plots"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (6.4, 4.0)


def empty(title: str, across: str, up: str, *, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """A figure with one set of axes."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.add_subplot(title=title, xlabel=across, ylabel=up)


def increasing(name: str, values: Sequence[float]) -> list[float]:
    """At least two positive numbers, each larger than the one before. Raises ValueError or TypeError naming the argument."""
    numbers = [float(checked_positive(name, value)) for value in values]
    if len(numbers) < 2 or any(after <= before for before, after in pairwise(numbers)):
        raise ValueError(f"{name}: expected at least two numbers, increasing, got {numbers}")
    return numbers
