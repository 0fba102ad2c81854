"""What recognition says of a layer, and how that is shown: as text, in notebooks, and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import sympy

from equivalence.checks import checked_norm
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.field import Matrix
from equivalence.recognition.query import Query, token_of
from equivalence.recognition.rounding import UNIT, size
from equivalence.recognition.setting import PLAIN, TOKEN, Keys, Setting

DESCENT = "gradient descent"
PRECONDITIONED = "preconditioned gradient descent"
GDPP = "GD++"
NONE = "none"
UNDECIDED = "not decided"
STILL = "rate 0"
NOT_JUDGED = "not judged"


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
        data = f"x = {written(self.context_x)}, y = {written(self.context_y)}, query {written(self.query)}"
        return f"{data}: predicts {written(self.prediction)}, the nearest step {written(self.expected)}"

    def to_json(self) -> dict[str, object]:
        """Its matrices as lists."""
        return {name: jsonable(matrix) for name, matrix in vars(self).items()}


class Nearness(NamedTuple):
    """How near the best member of a family is.

    Attributes:
        family: its name.
        distance: ‖T − T*‖/‖T‖.
        null: that of random heads of the same shape, rank and number to the same family, at the same W₀ or, where that was searched
            for, at the best that is found (statement 9.6).
    """

    family: str
    distance: float
    null: float

    def __str__(self) -> str:
        return f"{self.family} {written(self.distance)} (random heads {self.null:.4g})"


class Gap(Protocol):
    """T − T*, for the bound."""

    def certified_norm(self) -> float:
        """An upper bound on ‖T − T*‖, rounding included."""


class NoGap:
    """A decision that T is T*."""

    def certified_norm(self) -> float:
        """0."""
        return 0.0


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Recognition:
    """What a layer is: `Accepted`, `Still`, `Refused` or `Undecided`. Numbers are SymPy's for exact weights, else floats.

    The prediction of a member is ``(W₀ + s D (Y − W₀X) Xᵀ C) q``. For family "none" the numbers are those of the nearest GD step.

    Attributes:
        family: "gradient descent", "preconditioned gradient descent", "GD++", "rate 0", "none" or "not decided": of the query token's
            update.
        exact: whether this is a decision; otherwise it is the simplest family whose relative distance is below the tolerance.
        step_size: s = η/N.
        learning_rate: η = s·context, or s where no context size was given.
        initial: W₀, d_y x d_x.
        relative_distance: ‖T − T*‖/‖T‖ for the prediction, T* the member; None for exact weights with symbols left in it. An own term of
            the query token, see `own`, is counted as one more part of T − T* and of T.
        context_update: the family that the context tokens' own update is of, with the same numbers, "none", or "not judged" where other
            rows than those of y are read out.
        tolerance: for floats, the relative distance up to which a layer is said to belong to a family; None for a decision.
        gap: T − T*, for `error_bound`.
        query: which query token was asked about: "zeros", [q; 0]; "given"; or "unknown", where W₀ was searched for.
        families: of floats, how near each family is, the simplest first, with what random heads reach; of exact weights that are
            preconditioned steps, what random heads reach.
        gamma: γ of GD++, else None.
        preconditioner: C, d_x x d_x, of mean diagonal 1 where its trace is not 0; None where it is I by the family.
        left_factor: D, d_y x d_y, likewise.
        gauge: c with ``A_y = c s D[W₀, −I]``, ``B[I; −W₀] = (1/c)[C; 0]``, for one head; None where there is none.
        witness: for family "none", else None.
        note: what the decision leaves open, what is likely to have been mistaken, or empty.
        setting: which tokens are keys, and how the prediction is read.
        own: of a member with the query among its keys, for which that is not 0, how large the term is at most that it adds to the
            prediction by itself at ‖q‖ = 1 (statement 2.9).
        assumed: what the verdict takes for granted.
    """

    family: str
    exact: bool
    step_size: sympy.Expr | float
    learning_rate: sympy.Expr | float
    initial: Matrix
    relative_distance: float | None
    context_update: str
    tolerance: float | None
    gap: Gap
    query: Query
    families: tuple[Nearness, ...] = ()
    gamma: sympy.Expr | float | None = None
    preconditioner: Matrix | None = None
    left_factor: Matrix | None = None
    gauge: sympy.Expr | float | None = None
    witness: Witness | None = None
    note: str = ""
    setting: Setting = PLAIN
    own: float = 0.0
    assumed: Assumed | None = None

    of_what: ClassVar[str] = ""
    """Of what the numbers are, if not of the layer."""

    @property
    def certified_norm(self) -> float:
        """An upper bound on ‖T − T*‖, rounding included; 0 for a decision that it is the member."""
        return self.gap.certified_norm()

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """How far the layer's prediction is from the member's at most: on every context with ``Σ‖e_i‖² <= token_norm²``, e_i = [x_i; y_i],
        and every query token [q; ∓W₀q] with ``‖q‖ <= query_norm`` and the W₀ that is reported, in real arithmetic. A constant row counts
        as a part of e_i.

        Raises:
            ValueError, TypeError: a norm that is negative, not finite or no number; norms so large that the bound is no float; or exact
                weights with symbols left in the distance.
        """
        checked_norm("token_norm", token_norm)
        checked_norm("query_norm", query_norm)
        norm = self.certified_norm
        if not norm and not self.own:
            return 0.0
        r, constant = Fraction(float(query_norm)), int(self.setting.constant)
        keys = Fraction(float(token_norm)) ** 2
        if self.setting.keys is Keys.all:
            keys += (1 + Fraction(size_of_start(self.initial)) ** 2) * r**2 + constant
        asked = Fraction(math.nextafter(math.hypot(float(query_norm), 1.0), math.inf)) if constant else r
        try:
            return math.nextafter(float(Fraction(norm) * keys * asked + Fraction(self.own) * r**3), math.inf)
        except OverflowError:
            raise ValueError(f"token_norm, query_norm: the bound for {token_norm} and {query_norm} is larger than a float can be") from None

    def __repr__(self) -> str:
        return f"<Recognition: {self.family}>"

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in [*self.lines(), *self._assumed()])

    def _repr_markdown_(self) -> str:
        rows = [f"| {name} | {escaped(value)} |" for name, value in [*self.lines(), *self._assumed()]]
        return "\n".join([f"| **{self.family}** | {escaped(self.how)} |", "|---|---|", *rows[1:]])

    def text(self, token_norm: float, query_norm: float) -> str:
        """All that is known, and the error bound for these norms; raises as `error_bound`."""
        bound = self.error_bound(token_norm, query_norm)
        norms = f"for contexts of norm at most {token_norm:g} and queries of norm at most {query_norm:g}"
        tokens = "[q; 0]" if self.query == Query.zeros else f"{TOKEN[self.setting.prediction]} with this W₀"
        lines = [*self.lines(), ("error bound", f"{rounded_up(bound, 6)} {norms}, query tokens {tokens}"), *self._assumed()]
        return "\n".join(f"{name}: {value}" for name, value in lines)

    def to_json(self, token_norm: float = 1.0, query_norm: float = 1.0) -> dict[str, object]:
        """The same for `json`: matrices as lists of rows, exact numbers as text; raises as `error_bound`."""
        return {
            **{name: jsonable(getattr(self, name)) for name in REPORTED},
            "query": str(self.query),
            "families": [nearness._asdict() for nearness in self.families],
            "error_bound": {
                "value": self.error_bound(token_norm, query_norm),
                "token_norm": float(token_norm),
                "query_norm": float(query_norm),
            },
            "witness": None if self.witness is None else self.witness.to_json(),
            "assumed": None if self.assumed is None else self.assumed.to_json(),
        }

    def _assumed(self) -> list[tuple[str, str]]:
        return [] if self.assumed is None else [("assumed", str(self.assumed))]

    @property
    def how(self) -> str:
        """How the family was found."""
        return "decided exactly" if self.exact else f"nearest, within a relative distance of {self.tolerance:g}"

    def lines(self) -> list[tuple[str, str]]:
        """What is known, as names and texts, but for what is assumed."""
        shown = [
            ("family", f"{self.family} ({self.how})"),
            (f"step size s = η/N{self.of_what}", written(self.step_size)),
            ("learning rate η", "" if self.learning_rate == self.step_size else written(self.learning_rate)),
            ("γ", written(self.gamma)),
            ("preconditioner C", written(self.preconditioner)),
            ("left factor D", written(self.left_factor)),
            ("query token", token_of(self.query, self.setting.prediction)),
            ("initial model W₀", written(self.initial)),
            ("gauge c", written(self.gauge)),
            ("relative distance", written(self.relative_distance)),
            ("nearest of each family", "; ".join(map(str, self.families))),
            ("update of the context tokens", self.context_update),
            ("witness", str(self.witness or "")),
            ("note", self.note),
        ]
        return [(name, text) for name, text in shown if text]


REPORTED = [
    "family",
    "learning_rate",
    "step_size",
    "gamma",
    "preconditioner",
    "left_factor",
    "initial",
    "relative_distance",
    "context_update",
    "note",
]
"""What JSON has of a `Recognition` as it is."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Accepted(Recognition):
    """A member of a family."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Still(Recognition):
    """The prediction never moves: W₀q for every context. A step of rate 0 of every family, and so no gradient descent to speak of."""

    family: str = STILL

    @property
    def how(self) -> str:
        """What that means."""
        return "the prediction never moves" + ("; decided exactly" if self.exact else "")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Refused(Recognition):
    """Of no family: the nearest GD step, and a witness."""

    family: str = NONE
    context_update: str = NONE
    of_what: ClassVar[str] = " (of the nearest step)"

    @property
    def how(self) -> str:
        """How that was found."""
        return super().how.replace("nearest,", "none is")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Undecided(Recognition):
    """Neither: the numbers are those of the nearest GD step, and the note says what is in the way."""

    family: str = UNDECIDED
    context_update: str = UNDECIDED
    of_what: ClassVar[str] = " (of the nearest step)"

    @property
    def how(self) -> str:
        """That it is open."""
        return "excluded exactly for the W₀ shown only" if self.exact else f"whether within a relative distance of {self.tolerance:g}"


def written(value: object) -> str:
    """A number or a matrix, shortly; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, sympy.MatrixBase):
        return str(value.tolist())
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, threshold=60, separator=", ").replace("\n", "")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def rounded_up(bound: float, digits: int) -> str:
    """A bound with so many digits that is still one."""
    return f"{float(Context(prec=digits, rounding=ROUND_CEILING).create_decimal(Decimal(bound))):.{digits}g}"


def jsonable(value: object) -> object:
    """Matrices as lists of rows, exact numbers as text; anything else as it is."""
    if isinstance(value, sympy.MatrixBase):
        return [[str(entry) for entry in row] for row in value.tolist()]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value) if isinstance(value, sympy.Basic) else value


def size_of_start(initial: Matrix) -> float:
    """‖W₀‖, rounded up. Raises ValueError for symbols."""
    if isinstance(initial, sympy.MatrixBase) and initial.free_symbols:
        raise ValueError("error_bound: expected numbers, found symbols in W₀; give them values")
    return size(np.array(initial.tolist(), dtype=float)) * (1 + 4 * UNIT)


def escaped(text: str) -> str:
    """For a cell of a table in Markdown."""
    return text.replace("|", r"\|")
