"""What is said of two layers: the same function, another one, or not decided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from equivalence.checks import checked_norm
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.field import Matrix
from equivalence.recognition.result import Gap, escaped, jsonable, written
from equivalence.recognition.setting import Keys


class Outcome(StrEnum):
    """Whether two layers are the same function."""

    same = "same"
    differ = "differ"
    undecided = "not decided"


class Compared(StrEnum):
    """What of two layers is compared."""

    prediction = "prediction"
    update = "update"


WHAT = {
    Compared.prediction: "what is read out of the query token",
    Compared.update: "all rows of any query token, and so what context tokens become",
}


class Difference(NamedTuple):
    """A context and a query token on which two layers differ. SymPy matrices for exact weights, else arrays.

    Attributes:
        context_x, context_y: d_x x N and d_y x N, N being 1 or 2.
        query_x, query_y: the query token, d_x x 1 and d_y x 1.
        first, second: what the layers make of it, from running them: the prediction, or its rows x and y.
    """

    context_x: Matrix
    context_y: Matrix
    query_x: Matrix
    query_y: Matrix
    first: Matrix
    second: Matrix

    def __str__(self) -> str:
        data = f"x = {written(self.context_x)}, y = {written(self.context_y)}, query token {written(self.query_x)}, {written(self.query_y)}"
        return f"{data}: {written(self.first)} against {written(self.second)}"

    def to_json(self) -> dict[str, object]:
        """Its matrices as lists."""
        return {name: jsonable(matrix) for name, matrix in self._asdict().items()}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Sameness:
    """What is said of two layers.

    Attributes:
        outcome: "same", "differ" or "not decided".
        exact: whether this is a decision; otherwise "same" says that the relative distance is below the tolerance.
        compared: "prediction" or "update".
        relative_distance: ``‖T − T'‖ / max(‖T‖, ‖T'‖)`` of the canonical tensors of what is compared; 0 where both are 0, None for exact
            weights with symbols left in it.
        tolerance: for floats; None for a decision.
        gap: T − T', for `error_bound`.
        start: ‖W₀‖ at most, of query tokens [q; ∓W₀q]; None for any query token.
        witness: where they differ, else None.
        note: what is in the way of a decision, or empty.
        assumed, other_assumed: what is taken for granted of each layer.
    """

    outcome: Outcome
    exact: bool
    compared: Compared
    relative_distance: float | None
    tolerance: float | None
    gap: Gap
    start: float | None
    witness: Difference | None
    note: str
    assumed: Assumed
    other_assumed: Assumed

    @property
    def certified_norm(self) -> float:
        """An upper bound on ‖T − T'‖, rounding included; 0 for a decision that they are the same."""
        return self.gap.certified_norm()

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """How far apart the two are at most: on every context with ``Σ‖e_i‖² <= token_norm²`` and every query token, ‖q‖ at most the
        query norm, or of that norm itself where any query token is compared. A constant row counts as a part of e_i.

        Raises:
            ValueError, TypeError: a norm that is negative, not finite or no number; norms so large that the bound is no float; or exact
                weights with symbols left in the distance.
        """
        checked_norm("token_norm", token_norm)
        checked_norm("query_norm", query_norm)
        norm, r = self.certified_norm, Fraction(float(query_norm))
        if not norm:
            return 0.0
        constant = int(self.assumed.layout.constant is not None or self.other_assumed.layout.constant is not None)
        keys = Fraction(float(token_norm)) ** 2
        if self.assumed.keys is Keys.all:
            keys += (1 + Fraction(self.start or 0.0) ** 2) * r**2 + constant
        asked = Fraction(math.nextafter(math.hypot(float(query_norm), 1.0), math.inf)) if constant else r
        try:
            return math.nextafter(float(Fraction(norm) * keys * asked), math.inf)
        except OverflowError:
            raise ValueError(f"token_norm, query_norm: the bound for {token_norm} and {query_norm} is larger than a float can be") from None

    @property
    def how(self) -> str:
        """How the outcome was found."""
        return "decided exactly" if self.exact else f"by a relative distance of {self.tolerance:g}"

    def lines(self) -> list[tuple[str, str]]:
        """What is known, as names and texts, but for what is assumed."""
        shown = [
            ("functions", f"{self.outcome} ({self.how})"),
            ("compared", WHAT[self.compared]),
            ("relative distance", written(self.relative_distance)),
            ("witness", str(self.witness or "")),
            ("note", self.note),
        ]
        return [(name, text) for name, text in shown if text]

    def __repr__(self) -> str:
        return f"<Sameness: {self.outcome}>"

    def __str__(self) -> str:
        return "\n".join(f"{name}: {text}" for name, text in [*self.lines(), *self._assumed()])

    def _repr_markdown_(self) -> str:
        rows = [f"| {name} | {escaped(value)} |" for name, value in [*self.lines(), *self._assumed()]]
        return "\n".join([f"| **functions: {self.outcome}** | |", "|---|---|", *rows])

    def text(self, token_norm: float, query_norm: float) -> str:
        """All that is known, and the error bound for these norms; raises as `error_bound`."""
        norms = f"for contexts of norm at most {token_norm:g} and queries of norm at most {query_norm:g}"
        bound = ("error bound", f"{self.error_bound(token_norm, query_norm):.6g} {norms}")
        return "\n".join(f"{name}: {text}" for name, text in [*self.lines(), bound, *self._assumed()])

    def _assumed(self) -> list[tuple[str, str]]:
        return [("assumed", str(self.assumed)), ("assumed of the other", str(self.other_assumed))]

    def to_json(self, token_norm: float = 1.0, query_norm: float = 1.0) -> dict[str, object]:
        """The same for `json`; raises as `error_bound`."""
        return {
            "outcome": str(self.outcome),
            "exact": self.exact,
            "compared": str(self.compared),
            "relative_distance": self.relative_distance,
            "tolerance": self.tolerance,
            "error_bound": {"value": self.error_bound(token_norm, query_norm), "token_norm": token_norm, "query_norm": query_norm},
            "witness": None if self.witness is None else self.witness.to_json(),
            "note": self.note,
            "assumed": self.assumed.to_json(),
            "other_assumed": self.other_assumed.to_json(),
        }
