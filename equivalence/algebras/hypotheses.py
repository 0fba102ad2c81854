"""What a program's identities hold under: that what it inverts has an inverse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class SingularError(ValueError):
    """What is to be inverted has no inverse, at the sizes and values at hand."""


@dataclass(frozen=True)
class Hypothesis:
    """That an expression is invertible.

    Attributes:
        expression: as the reading writes it.
        singular_at: sizes at which it is singular at every draw, each by the names of the sizes; those that were tried.
    """

    expression: str
    singular_at: tuple[Mapping[str, int], ...] = ()

    def __str__(self) -> str:
        places = "; ".join(", ".join(f"{name} = {size}" for name, size in sizes.items()) for sizes in self.singular_at)
        return f"{self.expression} is invertible{f' (which it never is at {places})' if places else ''}"
