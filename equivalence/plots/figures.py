"""What all figures share: a kind that says in words what it shows, an empty one, made without pyplot, and numbers that increase."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise

from equivalence.checks import checked_positive
from equivalence.extras import extra

with extra("plots"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (6.4, 4.0)


class Described(Figure):
    """A figure with a text in its place, for those who do not see it: a notebook puts it beside the image."""

    @property
    def description(self) -> str:
        """For each set of axes its title, what is across and up, and what the legends name."""
        parts = [part for axes in self.axes for part in _described(axes)]
        named = [text.get_text() for legend in self.legends for text in legend.get_texts()]
        return ". ".join([*parts, *([f"shown are {', '.join(named)}"] if named else [])]) + "."

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, object], dict[str, object]]:
        image = BytesIO()
        self.savefig(image, format="png")
        return {"image/png": image.getvalue(), "text/plain": repr(self)}, {"image/png": {"alt": self.description}}


def _described(axes: Axes) -> list[str]:
    """What stands on the axes, if anything does."""
    legend = axes.get_legend()
    named = [text.get_text() for text in legend.get_texts()] if legend else []
    said = [("", axes.get_title()), ("across: ", axes.get_xlabel()), ("up: ", axes.get_ylabel()), ("shown are ", ", ".join(named))]
    return ["; ".join(before + words.replace("\n", " ") for before, words in said if words)] if any(words for _, words in said) else []


def empty(title: str, across: str, up: str, *, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """A figure with one set of axes."""
    figure = Described(figsize=size, layout="constrained")
    return figure, figure.add_subplot(title=title, xlabel=across, ylabel=up)


def increasing(name: str, values: Sequence[float]) -> list[float]:
    """At least two positive numbers, each larger than the one before. Raises ValueError or TypeError naming the argument."""
    numbers = [float(checked_positive(name, value)) for value in values]
    if len(numbers) < 2 or any(after <= before for before, after in pairwise(numbers)):
        raise ValueError(f"{name}: expected at least two numbers, increasing, got {numbers}")
    return numbers
