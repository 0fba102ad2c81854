r"""Statement 9.4: canonical tensors in factored form, so that large heads are compared without a tensor of d⁴ entries.

The slice of a head's tensor (2.4) for row k of A and column j of B is ``T_kj = ½(abᵀ + baᵀ)``, a and b that row and column as columns.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import sympy

from equivalence.algebras.protocol import Algebra, M, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.statements import statement
from equivalence.statements.steps import Items

SOURCE = "this project"


def slice_of(algebra: Algebra, a: M, b: M) -> M:
    """``½(abᵀ + baᵀ)``, d x d, for columns a and b."""
    return algebra.scalar("1/2") * (a @ b.T + b @ a.T)


def factored(algebra: Algebra, A: Matrix, B: Matrix, A2: Matrix, B2: Matrix) -> Scalar:
    """``½[⟨A,A'⟩⟨B,B'⟩ + tr(AᵀA'BB'ᵀ)]``."""
    both = algebra.trace(A @ A2.T) * algebra.trace(B.T @ B2)
    return algebra.scalar("1/2") * (both + algebra.trace(A.T @ A2 @ B @ B2.T))


@statement("9.4", "Canonical tensors are compared by their factors", claim="one slice with another", source=SOURCE)
def slices(algebra: Algebra, d: Part) -> Items:
    """``⟨T,T'⟩ = ½[⟨A,A'⟩⟨B,B'⟩ + tr(AᵀA'BB'ᵀ)]`` for one head each, and T is bilinear in (A, B), so heads are summed in pairs and a
    difference is formed without cancellation as ``T(A,B) − T(A*,B*) = T(A − A*, B) + T(A*, B − B*)``.

    Slice by slice for every d. That the slices add up to the traces is the definition of a trace; it is checked in full with symbols at
    three sizes. A, A' are rows read out x d, B, B' are d x query coordinates.
    """
    a, b, a2, b2 = (algebra.generator(name, d, 1) for name in ("a", "b", "a'", "b'"))
    yield "the inner product of two slices", algebra.trace(slice_of(algebra, a, b).T @ slice_of(algebra, a2, b2))
    yield "two products of inner products", factored(algebra, a.T, b, a2.T, b2)


@slices.claim("a difference, without cancellation")
def telescoped(algebra: Algebra, d: Part) -> Items:
    a, b, a2, b2 = (algebra.generator(name, d, 1) for name in ("a", "b", "a*", "b*"))
    yield "T(A,B) − T(A*,B*), a slice", slice_of(algebra, a, b) - slice_of(algebra, a2, b2)
    yield "T(A − A*, B) + T(A*, B − B*)", slice_of(algebra, a - a2, b) + slice_of(algebra, a2, b - b2)


@slices.claim("summed over rows and columns, at three sizes", kind="characterisation")
def summed(*, inner: Callable[..., sympy.Expr] = factored) -> Items:
    for rows, d, cols in ((1, 2, 3), (2, 3, 1), (2, 2, 2)):
        A, A2 = (exact.generator(name, rows, d) for name in ("A", "C"))
        B, B2 = (exact.generator(name, d, cols) for name in ("B", "D"))
        pairs = product(range(rows), range(cols))
        total = sum(exact.trace(slice_of(exact, A[k, :].T, B[:, j]) * slice_of(exact, A2[k, :].T, B2[:, j])) for k, j in pairs)
        yield f"{rows} rows read out, d = {d}, {cols} query coordinates"
        yield "the sum over all slices", sympy.expand(total)
        yield "by the factors", sympy.expand(inner(exact, A, B, A2, B2))
