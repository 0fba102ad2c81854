"""What recognition finds, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from equivalence.checks import checked_rate

Matrix = Any

DESCENT = "gradient descent"
PRECONDITIONED = "preconditioned gradient descent"
GDPP = "GD++"
NONE = "none"


@dataclass(frozen=True, eq=False)
class Witness:
    """One context token and a query on which a layer is not the nearest GD step. SymPy matrices for exact weights, else arrays.

    Attributes:
        context_x: d_x x 1.
        context_y: d_y x 1.
        query: d_x x 1.
        prediction: the layer's, d_y x 1, from running it.
        expected: that of the nearest GD step at the W₀ that is reported.
    """

    context_x: Matrix
    context_y: Matrix
    query: Matrix
    prediction: Matrix
    expected: Matrix

    def __str__(self) -> str:
        data = f"x = {_written(self.context_x)}, y = {_written(self.context_y)}, query {_written(self.query)}"
        return f"{data}: predicts {_written(self.prediction)}, the nearest step {_written(self.expected)}"


@dataclass(frozen=True, eq=False, repr=False)
class Recognition:
    """What a layer is. Numbers are SymPy's for exact weights, else floats.

    The prediction of a member is ``(W₀ + s D (Y − W₀X) Xᵀ C) q``. For family "none" the numbers are those of the nearest GD step.

    Attributes:
        family: "gradient descent", "preconditioned gradient descent", "GD++" or "none": of the query token's update.
        exact: whether this is a decision; otherwise it is the simplest family whose relative distance is below the tolerance.
        step_size: s = η/N.
        learning_rate: η = s·context, or s where no context size was given.
        gamma: γ of GD++, else None.
        preconditioner: C, d_x x d_x, of mean diagonal 1 where its trace is not 0; None where it is I by the family.
        left_factor: D, d_y x d_y, likewise.
        initial: W₀, d_y x d_x.
        gauge: c with ``A_y = c s D[W₀, −I]``, ``B[I; −W₀] = (1/c)[C; 0]``, for one head; None where there is none.
        relative_distance: ‖T − T*‖/‖T‖ for the prediction, T* the member; None for exact weights with symbols left in it.
        context_update: the family that the context tokens' own update is of, with the same numbers, or "none".
        witness: for family "none", else None.
        note: what the decision leaves open, or empty.
        tolerance: for floats, the relative distance up to which a layer is said to belong to a family; None for a decision.
    """

    family: str
    exact: bool
    step_size: Any
    learning_rate: Any
    gamma: Any
    preconditioner: Matrix | None
    left_factor: Matrix | None
    initial: Matrix
    gauge: Any
    relative_distance: float | None
    context_update: str
    witness: Witness | None
    note: str = ""
    tolerance: float | None = None
    norm: Callable[[], float] = field(default=lambda: 0.0)

    @cached_property
    def certified_norm(self) -> float:
        """An upper bound on ‖T − T*‖, rounding included; 0 for a decision that it is the member."""
        return self.norm()

    def error_bound(self, token_norm: Any, query_norm: Any) -> float:
        """How far the layer's prediction is from the member's at most: on every context with ``Σ‖e_i‖² <= token_norm²``, e_i = [x_i; y_i],
        and every query with ``‖q‖ <= query_norm``, in real arithmetic.

        Raises:
            ValueError, TypeError: a norm that is negative, not finite or no number; or exact weights with symbols left in the distance.
        """
        for name, value in (("token_norm", token_norm), ("query_norm", query_norm)):
            if checked_rate(name, value) < 0:
                raise ValueError(f"{name}: expected a number that is not negative, got {value}")
        if not self.certified_norm:
            return 0.0
        product = self.certified_norm * float(token_norm) ** 2 * float(query_norm)
        return float(np.nextafter(product * (1 + 4 * np.finfo(float).eps), np.inf))

    def __repr__(self) -> str:
        return f"<Recognition: {self.family}>"

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.lines())

    def _repr_markdown_(self) -> str:
        rows = [f"| {name} | {_escaped(value)} |" for name, value in self.lines()]
        return "\n".join([f"| **{self.family}** | |", "|---|---|", *rows[1:]])

    @property
    def _how(self) -> str:
        """How the family was found."""
        if self.exact:
            return "decided exactly"
        return f"{'none is' if self.family == NONE else 'nearest,'} within a relative distance of {self.tolerance:g}"

    def lines(self) -> list[tuple[str, str]]:
        """What is known, as names and texts."""
        nearest = " (of the nearest step)" if self.family == NONE else ""
        shown = [
            ("family", f"{self.family} ({self._how})"),
            (f"step size s = η/N{nearest}", _written(self.step_size)),
            ("learning rate η", "" if self.learning_rate == self.step_size else _written(self.learning_rate)),
            ("γ", _written(self.gamma)),
            ("preconditioner C", _written(self.preconditioner)),
            ("left factor D", _written(self.left_factor)),
            ("initial model W₀", _written(self.initial)),
            ("gauge c", _written(self.gauge)),
            ("relative distance", _written(self.relative_distance)),
            ("update of the context tokens", self.context_update),
            ("witness", str(self.witness or "")),
            ("note", self.note),
        ]
        return [(name, text) for name, text in shown if text]


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, sympy.MatrixBase):
        return str(value.tolist())
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, suppress_small=True, threshold=60, separator=", ").replace("\n", "")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")
