"""What the recognition of a stack finds, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy

from equivalence.checks import checked_rate
from equivalence.models.heads import Layer
from equivalence.recognition import Recognition, Witness
from equivalence.recognition.result import NONE
from equivalence.recognition.stacks.composition import StackNorms, composed_bound, stack_norms

SHOWN_TERMS = 8
"""Up to this many coefficients p is written out."""


@dataclass(frozen=True, eq=False)
class StackRecognition:
    """What a stack is.

    Attributes:
        family: "gradient descent", "GD++" or "none", end to end: what the last layer does to the context is left out of account. "None"
            is said of the W₀ that is shown.
        layers: the verdict on each layer by itself, all at that W₀.
        initial: W₀, d_y x d_x.
        step_sizes: s_k = η_k/N of the K steps, in the order of the layers where each is a step by itself; else in ascending order, exact
            real numbers. Empty for "none".
        reason: why the family is none; empty otherwise.
        polynomial: for exact rational weights that predict ``W₀q + (Y − W₀X)Xᵀp(XXᵀ)q`` the polynomial p(λ), of K steps or not; K
            steps have ``1 − λp(λ) = Π(1 − s_kλ)``. None where there is no such p, or it was not computed: see `recognise_stack`.
        certificate: for exact weights, how probable it is, at most, that the stack is not the function that is reported (the steps, or
            p) although it agreed with it at random points of a prime field; None where nothing was run end to end.
        witness: for rational weights, where no p does: a context, a query, the stack's prediction, and as the expected one that of
            the only p that is right on the contexts of one token x = t e₁.
        weights: the layers, of floats, for `error_bound`; empty for exact ones.
    """

    family: str
    layers: tuple[Recognition, ...]
    initial: Any
    step_sizes: tuple[Any, ...] = ()
    reason: str = ""
    polynomial: sympy.Poly | None = None
    certificate: float | None = None
    witness: Witness | None = None
    weights: tuple[Layer, ...] = ()

    def error_bound(self, token_norm: Any, query_norm: Any) -> float:
        """How far the prediction is, at most, from that of the recognised steps: for all contexts with Σ‖eᵢ‖² ≤ ρ² and ‖q‖ ≤ r.

        By composition over the layers, rounding included; see `composition`. It grows fast with depth: the price of holding for every
        context. 0 for exact weights.

        Args:
            token_norm: ρ.
            query_norm: r, of q without its y-part.

        Raises:
            ValueError, TypeError: the stack is not recognised, or a norm is negative, not finite or no number.
        """
        if self.family == NONE:
            raise ValueError(f"error_bound: the stack is none of the families, {self.reason}")
        for name, value in (("token_norm", token_norm), ("query_norm", query_norm)):
            if checked_rate(name, value) < 0:
                raise ValueError(f"{name}: expected a number that is not negative, got {value}")
        return composed_bound(self.norms, float(token_norm), float(query_norm)) if self.weights else 0.0

    @cached_property
    def norms(self) -> StackNorms:
        """Of the layers and of their distances from the steps, for floats."""
        return stack_norms(self.weights, self.layers)

    def __str__(self) -> str:
        lines = [f"{len(self.layers)} layers: {self.family}" + (f" ({self.reason})" if self.reason else "")]
        for number, layer in enumerate(self.layers, 1):
            lines.append(f"  layer {number}: {layer.family}, s = {layer.step_size}, γ = {layer.gamma or 0}")
            if self.family == NONE and layer.witness is not None:
                lines.append(f"    witness: {layer.witness}")
        return "\n".join([*lines, *self._end_to_end()])

    __repr__ = __str__

    def _end_to_end(self) -> list[str]:
        lines = []
        if self.witness is not None:
            at = ", ".join(f"{name} = {getattr(self.witness, field).tolist()}" for name, field in WITNESS.items())
            lines.append(f"  witness end to end: {at}")
        if self.polynomial is not None:
            terms = len(self.polynomial.all_coeffs())
            written = self.polynomial.as_expr() if terms <= SHOWN_TERMS else f"of degree {terms - 1}, see polynomial"
            lines.append(f"  end to end: W₀q + (Y − W₀X)Xᵀp(XXᵀ)q with p(λ) = {written}")
        if self.step_sizes and not all(layer.step_size == s for layer, s in zip(self.layers, self.step_sizes, strict=True)):
            lines.append(f"  end to end: steps with s = {', '.join(map(str, self.step_sizes))}")
        if self.certificate is not None:
            lines.append(f"  end to end: agrees over a prime field, error at most {self.certificate:.1e}")
        elif self.family != NONE and not self.weights:
            lines.append("  end to end: nothing was run; it follows from the exact verdicts on the layers")
        return lines


WITNESS = {"X": "context_x", "Y": "context_y", "q": "query", "prediction": "prediction", "by the p of one token": "expected"}
