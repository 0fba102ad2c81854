"""Are these K layers K steps of gradient descent, or of GD++? Layer by layer, and end to end as a function (statements 3.1 and 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter
from typing import Any

import flint
import numpy as np
import sympy

from equivalence.attention import Head, Layer, stack
from equivalence.construction import prediction, query_tokens, tokens
from equivalence.descent import Preconditioned, gdpp_step, trajectory
from equivalence.recognition import Recognition, recognise
from equivalence.recognition.members import Member
from equivalence.recognition.result import DESCENT, GDPP, NONE
from equivalence.statements import Statement, claim_of, verify
from equivalence.statements.steps import Items


@dataclass(frozen=True, eq=False)
class StackRecognition:
    """What a stack is.

    Attributes:
        family: "gradient descent", "GD++" or "none", end to end: what the last layer does to the context is left out of account.
        layers: the verdict on each layer by itself, all at the W₀ of the first.
        initial: that W₀, d_y x d_x.
        reason: why the family is none; empty otherwise.
        certificate: for exact rational weights, how probable it is, at most, that the stack differs from the steps as a function although
            it agreed with them at random points of a prime field; None where nothing was run.
        weights: the layers, of floats, for `error_bound`; empty for exact ones.
    """

    family: str
    layers: tuple[Recognition, ...]
    initial: Any
    reason: str
    certificate: float | None
    weights: tuple[Layer, ...] = ()

    def error_bound(self, token_norm: float, query_norm: float) -> float:
        """How far the prediction is, at most, from that of the recognised steps: for all contexts with Σ‖eᵢ‖² ≤ ρ² and ‖q‖ ≤ r.

        By composition, in ball arithmetic on the floats as they are: with τ ≥ ‖T‖ and δ ≥ ‖T − T*‖ of a layer, R and r bounds on the
        context and the query token before it in both runs, ε and φ bounds on their differences,
        ``ε' = ε + δR³ + 3τR²ε``, ``φ' = φ + δR²r + τ(R²φ + 2Rεr)``, ``R' = R + τR³``, ``r' = r + τR²r``. It grows fast with depth: the
        price of holding for every context.

        Args:
            token_norm: ρ.
            query_norm: r, of q without its y-part.

        Raises:
            ValueError: the stack is not recognised, or a norm is negative or not finite.
        """
        if self.family == NONE:
            raise ValueError(f"error_bound: the stack is none of the families, {self.reason}")
        for name, value in (("token_norm", token_norm), ("query_norm", query_norm)):
            if not 0 <= value < inf:
                raise ValueError(f"{name}: expected a finite number of at least 0, got {value}")
        if not self.weights:
            return 0.0
        before, flint.ctx.prec = flint.ctx.prec, 128
        try:
            return self._composed(flint.arb(token_norm), flint.arb(query_norm))
        finally:
            flint.ctx.prec = before

    def _composed(self, R: flint.arb, query: flint.arb) -> float:
        start = np.asarray(self.initial, dtype=float)
        r = query * (1 + _size(_exactly(start)) ** 2).sqrt()
        context_error = query_error = flint.arb(0)
        for layer, found in zip(self.weights, self.layers, strict=True):
            own, ideal, apart = _sizes(layer, found)
            tau = own if own > ideal else ideal
            query_error = query_error + apart * R * R * r + tau * (R * R * query_error + 2 * R * context_error * r)
            context_error = context_error + apart * R * R * R + 3 * tau * R * R * context_error
            r, R = r + tau * R * R * r, R + tau * R * R * R
        return nextafter(float(query_error.upper()), inf)

    def __str__(self) -> str:
        lines = [f"{len(self.layers)} layers: {self.family}" + (f" ({self.reason})" if self.reason else "")]
        lines += [f"  layer {k}: {found.family}, s = {found.step_size}, γ = {found.gamma or 0}" for k, found in enumerate(self.layers, 1)]
        if self.certificate is not None:
            lines.append(f"  end to end: agrees over a prime field, error at most {self.certificate:.1e}")
        return "\n".join(lines)

    __repr__ = __str__


def recognise_stack(layers: Sequence[Layer], *, d_x: int, d_y: int, initial: Any = None, tolerance: float = 0.1) -> StackRecognition:
    """Whether K linear-attention layers with residual are K steps from one W₀, each at its own rate.

    Each layer is recognised by itself, at the W₀ of the first. All must be of the family, and all but the last must update the context
    tokens as it does; for GD++ W₀ must be 0. Exact rational weights are then run end to end against the descent over a prime field; of
    trained weights `error_bound` says how far off they are. A stack whose layers are no steps by themselves (say one that undoes what
    the one before did) is not recognised, though its function may be right.

    Args:
        layers: at least one, on tokens of d_x + d_y rows.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀; that of the first layer, as found, if not given.
        tolerance: for floats, as for `recognise`.

    Raises:
        TypeError, ValueError: as `recognise`; and for no layers.
    """
    if not layers:
        raise ValueError("layers: expected at least one, got none")
    first = recognise(layers[0], d_x=d_x, d_y=d_y, initial=initial, tolerance=tolerance)
    start = first.initial if initial is None else initial
    found = (first, *(recognise(layer, d_x=d_x, d_y=d_y, initial=start, tolerance=tolerance) for layer in layers[1:]))
    family, reason = _family(found, start)
    floats = () if first.exact else tuple(layers)
    certificate = None
    if family != NONE and first.exact and _is_rational(layers, found):
        result = verify(_end_to_end(layers, found, d_x, d_y, start), algebras=("finite field",), sizes=[{"N": d_x + d_y + 1, "M": 1}])
        certificate = result.error_bound
        if not result.holds:
            family, reason, certificate = NONE, f"it is not end to end: {result.messages[0]}", None
    return StackRecognition(family, found, start, reason, certificate, floats)


def _family(found: Sequence[Recognition], start: Any) -> tuple[str, str]:
    for number, layer in enumerate(found, 1):
        if layer.family not in (DESCENT, GDPP):
            return NONE, f"layer {number} by itself is {layer.family}"
        if layer.context_update != layer.family and number < len(found):
            return NONE, f"layer {number} does not update the context tokens as its step does"
    if all(layer.family == DESCENT for layer in found):
        return DESCENT, ""
    if any(entry != 0 for row in start.tolist() for entry in row):
        return NONE, "layers of GD++ are its steps for W₀ = 0 only (3.3)"
    return GDPP, ""


def _is_rational(layers: Sequence[Layer], found: Sequence[Recognition]) -> bool:
    entries = [entry for layer in layers for head in layer.heads for weight in head for entry in sympy.Matrix(weight.tolist())]
    numbers = [number for layer in found for number in (layer.step_size, layer.gamma or 0)]
    return all(sympy.sympify(each).is_Rational for each in (*entries, *numbers))


def _end_to_end(layers: Sequence[Layer], found: Sequence[Recognition], d_x: int, d_y: int, start: Any) -> Statement:
    """The claim that the stack predicts what the steps do, for any context of N tokens, as a statement at these sizes."""

    def program(algebra: Any, N: Any, M: Any) -> Items:
        def constant(matrix: Any) -> Any:
            rows = sympy.Matrix(matrix.tolist()).tolist()
            return algebra.block([[algebra.scalar(entry) * algebra.eye(1) for entry in row] for row in rows])

        def rows(name: str, count: int, columns: Any) -> Any:
            return algebra.block([[algebra.generator(f"{name}_{i}", 1, columns)] for i in range(count)])

        X, Y, Q, W0 = rows("X", d_x, N), rows("Y", d_y, N), rows("Q", d_x, M), constant(start)
        heads = [Layer(tuple(Head(*(constant(weight) for weight in head)) for head in layer.heads)) for layer in layers]
        yield "prediction of the stack", prediction(stack(heads, tokens(X, Y), query_tokens(W0, Q))[1], (1,) * d_x, (1,) * d_y)
        rates = [algebra.scalar(layer.step_size) * algebra.scalar(N) for layer in found]
        if all(layer.family == DESCENT for layer in found):
            yield "the weights after the steps, on the queries", trajectory(W0, X, Y, rates)[-1] @ Q
            return
        state = Preconditioned(W0, algebra.eye((1,) * d_x))
        for rate, layer in zip(rates, found, strict=True):
            state = gdpp_step(state, X, Y, rate, algebra.scalar(layer.gamma or 0))
        yield "the weights after the steps of GD++, on the queries", state.weights @ Q

    title = f"{len(layers)} layers against {len(layers)} steps"
    return Statement("stack", title, "identity", "recognise_stack", title, [claim_of(title, "identity", program)])


def _sizes(layer: Layer, found: Recognition) -> tuple[flint.arb, flint.arb, flint.arb]:
    """Bounds on ‖T‖, ‖T*‖ and ‖T − T*‖ over all rows and columns, from the floats as exact numbers.

    T − T* is written as ``T(Σ c_h A_h − A*, B*) + Σ T(A_h, B_h − c_h B*)``; ``‖T(A, B)‖ ≤ ‖A‖‖B‖`` (9.4).
    """
    start = np.asarray(found.initial, dtype=float)
    member = Member(float(found.step_size), start, np.eye(len(start)), np.eye(start.shape[1]))
    A, B = (_exactly(part) for part in member.whole(float(found.gamma or 0.0)))
    pairs = [
        (_exactly(head.projection) * _exactly(head.value), _exactly(head.key).transpose() * _exactly(head.query)) for head in layer.heads
    ]
    square = _inner(B, B)
    shares = [_inner(own, B) / square for _, own in pairs]
    left = -A
    for share, (own, _) in zip(shares, pairs, strict=True):
        left = left + share * own
    apart = sum((_size(own) * _size(right - share * B) for share, (own, right) in zip(shares, pairs, strict=True)), _size(left) * _size(B))
    return sum((_size(own) * _size(right) for own, right in pairs), flint.arb(0)), _size(A) * _size(B), apart


def _exactly(array: Any) -> flint.fmpq_mat:
    """An array of floats as the rationals that they are."""
    numbers = np.asarray(array, dtype=float)
    rows, columns = numbers.shape
    fractions = (Fraction(float(entry)) for entry in numbers.ravel())
    return flint.fmpq_mat(rows, columns, [flint.fmpq(each.numerator, each.denominator) for each in fractions])


def _inner(left: flint.fmpq_mat, right: flint.fmpq_mat) -> flint.fmpq:
    return sum((a * b for a, b in zip(left.entries(), right.entries(), strict=True)), flint.fmpq(0))


def _size(matrix: flint.fmpq_mat) -> flint.arb:
    """The Frobenius norm, enclosed."""
    return flint.arb(_inner(matrix, matrix)).sqrt()
