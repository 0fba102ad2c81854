"""What the recognition of a stack finds, and how it is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy

from equivalence.checks import checked_norm, several
from equivalence.recognition import Recognition, Witness
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.field import Matrix
from equivalence.recognition.query import Query, token_of
from equivalence.recognition.result import NONE, PRECONDITIONED, UNDECIDED, Accepted, Still, jsonable, rounded_up
from equivalence.recognition.setting import PLAIN, Keys, Setting
from equivalence.recognition.stacks.composition import StackNorms, composed_bound

TOO_LARGE = "larger than a float can be, as it grows fast with depth; give smaller norms"
"""Said of a bound that is infinite, and null in JSON, which knows no infinity."""
SHOWN_TERMS = 8
"""Up to this many coefficients p is written out."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StackRecognition:
    """What a stack is: `AcceptedStack`, `RefusedStack` or `UndecidedStack`.

    Attributes:
        family: "gradient descent", "preconditioned gradient descent", "GD++", "rate 0", "none" or "not decided", end to end: what the last
            layer does to the context is left out of account. "None" is said of the W₀ that is shown.
        layers: the verdict on each layer by itself, all at that W₀.
        initial: W₀, d_y x d_x.
        query: which query token was asked about, as in `Recognition`.
        step_sizes: s_k = η_k/N of the K steps, in the order of the layers where each is a step by itself; else in ascending order, exact
            real numbers. Empty for "none".
        reason: why the family is none or not decided; empty otherwise.
        polynomial: for exact rational weights that predict ``W₀q + (Y − W₀X)Xᵀp(XXᵀ)q`` the polynomial p(λ), of K steps or not; K
            steps have ``1 − λp(λ) = Π(1 − s_kλ)``. None where there is no such p, or it was not computed: see `recognise_stack`.
        certificate: for exact weights, how probable it is, at most, that the stack is not the function that is reported (the steps, or
            p) although it agreed with it at random points of a prime field; None where nothing was run end to end.
        witness: for rational weights, where no p does: a context, a query, the stack's prediction, and as the expected one that of
            the only p that is right on the contexts of one token x = t e₁.
        norms: for `error_bound`, of floats that are recognised; None otherwise.
        setting: which tokens are keys, and how the prediction is read.
        assumed: what the verdict takes for granted.
    """

    family: str
    layers: tuple[Recognition, ...]
    initial: Matrix
    query: Query
    step_sizes: tuple[sympy.Expr | float, ...] = ()
    reason: str = ""
    polynomial: sympy.Poly | None = None
    certificate: float | None = None
    witness: Witness | None = None
    norms: StackNorms | None = None
    setting: Setting = PLAIN
    assumed: Assumed | None = None

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """How far the prediction is, at most, from that of the recognised steps: for all contexts with Σ‖eᵢ‖² ≤ ρ² and ‖q‖ ≤ r.

        By composition over the layers, rounding included; see `composition`. It grows fast with depth: the price of holding for every
        context, and infinite where a float cannot hold it. 0 for exact weights.

        Args:
            token_norm: ρ.
            query_norm: r, of q without its y-part.

        Raises:
            ValueError, TypeError: the stack is not recognised, or a norm is negative, not finite or no number.
        """
        raise NotImplementedError

    def text(self, token_norm: float, query_norm: float) -> str:
        """All that is known, and the error bound for these norms; raises as `error_bound`, for the norms."""
        raise NotImplementedError

    def to_json(self, token_norm: float = 1.0, query_norm: float = 1.0) -> dict[str, object]:
        """The same for `json`, but for the layers: matrices as lists of rows, exact numbers as text; raises as `text`."""
        return {
            "family": self.family,
            "step_sizes": [jsonable(s) for s in self.step_sizes],
            "reason": self.reason,
            "initial": jsonable(self.initial),
            "query": str(self.query),
            "error_bound": None,
            "assumed": None if self.assumed is None else self.assumed.to_json(),
        }

    def __str__(self) -> str:
        lines = [f"{several(len(self.layers), 'layer')}: {self.family}" + (f" ({self.reason})" if self.reason else "")]
        lines.append(f"  query token: {token_of(self.query, self.setting.prediction)}")
        for number, layer in enumerate(self.layers, 1):
            lines += self._about(number, layer)
        return "\n".join([*lines, *self._end_to_end(), *self._last()])

    __repr__ = __str__

    def _last(self) -> list[str]:
        return [] if self.assumed is None else [f"  assumed: {self.assumed}"]

    def _about(self, number: int, layer: Recognition) -> list[str]:
        about = [f"  layer {number}: {layer.family}, s = {layer.step_size}, γ = {layer.gamma or 0}"]
        return about if layer.family != PRECONDITIONED else [*about, f"    {'; '.join(map(str, layer.families))}"]

    def _end_to_end(self) -> list[str]:
        lines = []
        if self.witness is not None:
            at = ", ".join(f"{name} = {getattr(self.witness, field).tolist()}" for name, field in WITNESS.items())
            lines.append(f"  witness end to end: {at}")
        if self.polynomial is not None:
            terms = len(self.polynomial.all_coeffs())
            written = self.polynomial.as_expr() if terms <= SHOWN_TERMS else f"of degree {terms - 1}, see polynomial"
            lines.append(f"  end to end: W₀q + (Y − W₀X)Xᵀp(XXᵀ)q with p(λ) = {written}")
        alone = all(isinstance(layer, Accepted | Still) for layer in self.layers)
        if self.step_sizes and not (alone and all(layer.step_size == s for layer, s in zip(self.layers, self.step_sizes, strict=True))):
            lines.append(f"  end to end: steps with s = {', '.join(map(str, self.step_sizes))}")
        if self.certificate is not None:
            lines.append(f"  end to end: agrees over a prime field, error at most {rounded_up(self.certificate, 2)}")
        return lines


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AcceptedStack(StackRecognition):
    """K steps."""

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """See `StackRecognition`."""
        checked_norm("token_norm", token_norm)
        checked_norm("query_norm", query_norm)
        among = self.setting.keys is Keys.all
        return 0.0 if self.norms is None else composed_bound(self.norms, float(token_norm), float(query_norm), among)

    def text(self, token_norm: float, query_norm: float) -> str:
        """See `StackRecognition`."""
        bound = self.error_bound(token_norm, query_norm)
        return f"{self}\nerror bound: {rounded_up(bound, 6) if math.isfinite(bound) else TOO_LARGE}"

    def to_json(self, token_norm: float = 1.0, query_norm: float = 1.0) -> dict[str, object]:
        """See `StackRecognition`."""
        bound = self.error_bound(token_norm, query_norm)
        told = {"value": bound if math.isfinite(bound) else None, "token_norm": float(token_norm), "query_norm": float(query_norm)}
        return {**super().to_json(token_norm, query_norm), "error_bound": told}

    def _end_to_end(self) -> list[str]:
        lines = super()._end_to_end()
        if self.certificate is None and self.norms is None:
            lines.append("  end to end: nothing was run; it follows from the exact verdicts on the layers")
        return lines


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RefusedStack(StackRecognition):
    """Of no family, at the W₀ that is shown."""

    family: str = NONE

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """There is none."""
        raise ValueError(f"error_bound: the stack is none of the families, {self.reason}")

    def text(self, token_norm: float, query_norm: float) -> str:
        """All that is known."""
        return str(self)

    def _about(self, number: int, layer: Recognition) -> list[str]:
        seen = [] if layer.witness is None else [f"    witness: {layer.witness}"]
        return super()._about(number, layer) + seen


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class UndecidedStack(RefusedStack):
    """Neither; the reason says what is in the way."""

    family: str = UNDECIDED

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """There is none."""
        raise ValueError(f"error_bound: the stack was not decided, {self.reason}")


WITNESS = {"X": "context_x", "Y": "context_y", "q": "query", "prediction": "prediction", "by the p of one token": "expected"}
