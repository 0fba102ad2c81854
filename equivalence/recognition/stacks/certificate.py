"""A stack of exact weights run end to end against what it is said to be, at random points of prime fields.

Contexts of d = d_x + d_y tokens decide for any number of them. What a stack predicts is a polynomial in q and the entries of ``CCᵀ``, C
being the context: each layer takes ``C ↦ M C`` and the query token ``u ↦ M u`` with one matrix ``M = I + Σ A CCᵀ B``, and ``CCᵀ``
becomes ``M CCᵀ Mᵀ``. So are the steps, which depend on ``XXᵀ`` and ``YXᵀ``. With d tokens ``CCᵀ`` is any positive semidefinite matrix, and
on these a polynomial vanishes only if it is 0 (informal: they contain an open set of the symmetric matrices).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf

import sympy
from sympy.polys.polyerrors import BasePolynomialError

from equivalence.algebras.degree import DegreeAlgebra
from equivalence.algebras.protocol import Algebra, Matrix, Part, Scalar
from equivalence.models.attention.linear import stack
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import trajectory
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Result, Statement, claim_of, verify
from equivalence.statements.steps import Items
from equivalence.statements.verification import chain_error_bound

Number = Callable[[sympy.Expr], Scalar]
"""A SymPy number or Laurent polynomial as a scalar of the algebra."""
Expected = Callable[[Algebra, Number, Matrix, Matrix, Matrix, Matrix], Matrix]
"""The prediction, d_y x M, from the algebra, its numbers, W₀, X, Y and Q."""
Terms = Sequence[tuple[tuple[int, ...], sympy.Rational]]
"""Exponents of the symbols, and a coefficient."""


def descent_steps(step_sizes: Sequence[sympy.Expr]) -> Expected:
    """K steps of gradient descent from W₀, s = η/N each."""

    def expected(algebra: Algebra, number: Number, initial: Matrix, X: Matrix, Y: Matrix, Q: Matrix) -> Matrix:
        rates = [number(s) * algebra.scalar(X.shape[1]) for s in step_sizes]
        return trajectory(initial, X, Y, rates)[-1] @ Q

    return expected


def gdpp_steps(step_sizes: Sequence[sympy.Expr], gammas: Sequence[sympy.Expr]) -> Expected:
    """K steps of GD++ from W₀."""

    def expected(algebra: Algebra, number: Number, initial: Matrix, X: Matrix, Y: Matrix, Q: Matrix) -> Matrix:
        state = Preconditioned(initial, algebra.eye(X.shape[0]))
        for s, gamma in zip(step_sizes, gammas, strict=True):
            state = gdpp_step(state, X, Y, number(s) * algebra.scalar(X.shape[1]), number(gamma))
        return state.weights @ Q

    return expected


def preconditioned_steps(
    step_sizes: Sequence[sympy.Expr], factors: Sequence[tuple[sympy.MatrixBase | None, sympy.MatrixBase | None]]
) -> Expected:
    """K steps ``W ← W + s D (Y − WX) Xᵀ C`` from W₀; a factor that is None is I."""

    def expected(algebra: Algebra, number: Number, initial: Matrix, X: Matrix, Y: Matrix, Q: Matrix) -> Matrix:
        weights = initial
        for s, (D, C) in zip(step_sizes, factors, strict=True):
            update = number(s) * ((Y - weights @ X) @ X.T)
            left = update if D is None else _constant(algebra, number, D) @ update
            weights = weights + (left if C is None else left @ _constant(algebra, number, C))
        return weights @ Q

    return expected


def polynomial_step(coefficients: Sequence[sympy.Expr]) -> Expected:
    """``W₀Q + (Y − W₀X) Xᵀ p(XXᵀ) Q``, p by its coefficients, the constant one first."""

    def expected(algebra: Algebra, number: Number, initial: Matrix, X: Matrix, Y: Matrix, Q: Matrix) -> Matrix:
        images = algebra.zeros(X.shape[0], Q.shape[1])
        for coefficient in reversed(coefficients):
            images = X @ (X.T @ images) + number(coefficient) * Q
        return initial @ Q + (Y - initial @ X) @ (X.T @ images)

    return expected


def certified(layers: Sequence[Layer], initial: sympy.MatrixBase, expected: Expected, name: str) -> Result | None:
    """Whether the layers predict what is expected, for every context; that they do with an error bound, that they do not exactly.

    Args:
        layers: of SymPy matrices.
        initial: W₀, a SymPy matrix.
        expected: what they are to predict.
        name: what that is called in messages.

    Returns:
        The result of `verify`; None if nothing was run: a weight is no Laurent polynomial with rational coefficients in the symbols, or
        the degree, which a layer of dense weights triples, is so high that agreement at random points would show nothing.
    """
    d_y, d_x = (int(size) for size in initial.shape)
    entries = [entry for matrix in (initial, *(weight for layer in layers for head in layer.heads for weight in head)) for entry in matrix]
    letters = {symbol: f"v{i}" for i, symbol in enumerate(sorted(set().union(*(entry.free_symbols for entry in entries)), key=str))}
    if any(_laurent(entry, letters) is None for entry in set(entries)):
        return None

    def program(algebra: Algebra, N: Part, M: Part) -> Items:
        number = partial(_number, algebra, letters)
        heads = [Layer(tuple(Head(*(_constant(algebra, number, weight) for weight in head)) for head in layer.heads)) for layer in layers]
        W0, X, Y, Q = (
            _constant(algebra, number, initial),
            *(_rows(algebra, *shape) for shape in (("X", d_x, N), ("Y", d_y, N), ("Q", d_x, M))),
        )
        yield "prediction of the stack", prediction(stack(heads, tokens(X, Y), query_tokens(W0, Q))[1], (1,) * d_x, (1,) * d_y)
        yield name, expected(algebra, number, W0, X, Y, Q)

    N, M = d_x + d_y, 1
    if 1 <= chain_error_bound(program(DegreeAlgebra(), N, M)) < inf:
        return None
    title = f"{len(layers)} layers against {name}"
    claim = Statement("stack", title, "identity", "recognise_stack", title, [claim_of(title, "identity", program)])
    return verify(claim, algebras=("finite field",), sizes=[{"N": N, "M": M}])


def _rows(algebra: Algebra, name: str, count: int, columns: Part) -> Matrix:
    return algebra.block([[algebra.generator(f"{name}_{i}", 1, columns)] for i in range(count)])


def _constant(algebra: Algebra, number: Number, matrix: sympy.MatrixBase) -> Matrix:
    unit, nothing = algebra.eye(1), algebra.zeros(1, 1)
    return algebra.block([[number(entry) * unit if entry != 0 else nothing for entry in row] for row in matrix.tolist()])


def _number(algebra: Algebra, letters: Mapping[sympy.Symbol, str], entry: sympy.Expr) -> Scalar:
    parts = _laurent(entry, letters)
    if parts is None:
        raise ValueError(f"number: expected a Laurent polynomial with rational coefficients, got {entry}")
    above, below = (_sum(algebra, letters, part) for part in parts)
    return above / below


def _sum(algebra: Algebra, letters: Mapping[sympy.Symbol, str], terms: Terms) -> Scalar:
    products = []
    for exponents, coefficient in terms:
        product = algebra.scalar(coefficient)
        for name, exponent in zip(letters.values(), exponents, strict=True):
            for _ in range(exponent):
                product = product * algebra.symbol(name)
        products.append(product)
    return sum(products[1:], products[0])


def _laurent(entry: sympy.Expr, letters: Mapping[sympy.Symbol, str]) -> list[Terms] | None:
    """The terms above the line, and the single one below it; None for what is no Laurent polynomial over the rationals."""
    if not letters or not entry.free_symbols:
        nothing = (0,) * len(letters)
        return [[(nothing, entry)], [(nothing, sympy.Integer(1))]] if entry.is_Rational else None
    try:
        above, below = (sympy.Poly(part, *letters, domain=sympy.QQ) for part in sympy.fraction(sympy.cancel(entry)))
    except BasePolynomialError:
        return None
    return [above.terms(), below.terms()] if below.is_monomial else None
