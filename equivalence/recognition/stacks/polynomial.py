r"""What a stack of rational weights is as a function: which polynomial step, and whether that is K steps of gradient descent.

K steps from W₀ predict ``W₀q + (Y − W₀X) Xᵀ p(XXᵀ) q`` with ``1 − λp(λ) = Π(1 − s_kλ)``: the residual ``R_k = Y − W_kX`` is
``R_0 Π_{j<k}(I − s_jXᵀX)``, and ``W_K − W₀ = Σ s_k R_k Xᵀ``, whose factors telescope. Conversely a p of degree below K is that of K real
steps exactly if ``1 − λp(λ)``, which is 1 at 0, has real roots only: they are the 1/s_k, and what its degree lacks are steps of rate 0.
So which steps it is, is decided by p, up to their order.

p is read off one token: for ``x = t e₁``, ``y = W₀x + e₁`` and ``q = e₁`` the first entry of the prediction minus W₀q is ``t p(t²)``. That
the stack is this polynomial step on all contexts is then another question: see `certificate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import flint
import numpy as np
import sympy

from equivalence.models.attention.linear import linear_attention, stack
from equivalence.models.heads import Layer
from equivalence.recognition import Witness
from equivalence.recognition.entries import rational
from equivalence.recognition.tensor.lowrank import Array

DEGREE = 1000
"""Up to this degree in t the tokens are computed; each layer can multiply it by 3."""
TRIES = 20
"""Contexts of each size among which a witness is searched."""


def one_token_polynomial(layers: Sequence[Layer], initial: Array) -> list[flint.fmpq] | None:
    """The coefficients of the only p that can be right, the constant one first; none at the end is 0.

    Args:
        layers: of arrays of FLINT rationals.
        initial: W₀, d_y x d_x, likewise.

    Returns:
        None where the degree of a token is above `DEGREE`.
    """
    d_x = initial.shape[1]
    x, unit, first = _first_entry([0, 1], d_x), _first_entry([1], d_x), _first_entry([1], len(initial))
    context, query = np.concatenate([x, initial @ x + first]), np.concatenate([unit, -(initial @ unit)])
    for layer in layers:
        context, query = linear_attention(layer, context, query)
        if max(entry.degree() for entry in (*context.flat, *query.flat)) > DEGREE:
            return None
    coefficients = (-query[d_x, 0] - initial[0, 0]).coeffs()[1::2]
    while coefficients and not coefficients[-1]:
        coefficients.pop()
    return coefficients


def _first_entry(coefficients: list[int], size: int) -> Array:
    """A column of polynomials, all but the first 0. NumPy would take a polynomial for a sequence, so each is put in its place."""
    column = np.empty((size, 1), dtype=object)
    for i in range(size):
        column[i, 0] = flint.fmpq_poly(coefficients if i == 0 else [])
    return column


def real_steps(coefficients: Sequence[flint.fmpq], count: int) -> tuple[tuple[sympy.Expr, ...], str]:
    """The step sizes of `count` real steps with this p, in ascending order; or none and the reason.

    The roots of ``s^K (1 − p(1/s)/s)``, which are counted exactly.
    """
    if len(coefficients) > count:
        return (), f"1 − λp(λ) has degree {len(coefficients)}, that of {count} steps at most {count}"
    powers = [
        sympy.Integer(1),
        *(-rational(coefficient) for coefficient in coefficients),
        *[sympy.Integer(0)] * (count - len(coefficients)),
    ]
    roots = sympy.Poly(powers, sympy.Symbol("s"), domain=sympy.QQ).real_roots()
    if len(roots) < count:
        return (), f"only {len(roots) - count + len(coefficients)} of the {len(coefficients)} roots of 1 − λp(λ) are real"
    return tuple(roots), ""


def as_polynomial(coefficients: Sequence[flint.fmpq]) -> sympy.Poly:
    """As a polynomial in λ."""
    return sympy.Poly([*map(rational, reversed(coefficients))] or [0], sympy.Symbol("λ"), domain=sympy.QQ)


def find_witness(layers: Sequence[Layer], initial: Array, coefficients: Sequence[flint.fmpq]) -> Witness | None:
    """A context of small integers on which the layers do not predict what p does: as few tokens as are found to do, None if none do."""
    d_y, d_x = initial.shape
    for X, Y, query in _small_integers(d_x, d_y):
        _, after = stack(layers, np.concatenate([X, Y]), np.concatenate([query, -(initial @ query)]))
        images = 0 * query
        for coefficient in reversed(coefficients):
            images = X @ (X.T @ images) + query * coefficient
        predicted, expected = -after[d_x:], initial @ query + (Y - initial @ X) @ (X.T @ images)
        if (predicted - expected).astype(bool).any():
            return Witness(*map(_matrix, (X, Y, query, predicted, expected)))
    return None


def _small_integers(d_x: int, d_y: int) -> Iterator[tuple[Array, Array, Array]]:
    random = Random(0)

    def drawn(rows: int, columns: int) -> Array:
        return np.array([[flint.fmpq(random.randint(-2, 2)) for _ in range(columns)] for _ in range(rows)], dtype=object)

    for count in range(1, d_x + d_y + 1):
        for _ in range(TRIES):
            yield drawn(d_x, count), drawn(d_y, count), drawn(d_x, 1)


def _matrix(array: Array) -> sympy.ImmutableDenseMatrix:
    return sympy.ImmutableDenseMatrix(*array.shape, [rational(entry) for entry in array.ravel()])
