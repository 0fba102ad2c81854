r"""Statement 9.2, second part: from the tensor of a difference to a bound on predictions, in several norms.

T is here the tensor of a layer minus that of a member. On one context token e and a query q their predictions differ, up to sign, by
T(e, e)q, whose coordinate along u is ``Σ T[k,(p,r),j] u_k e_p e_r q_j``. If that is at most ``ν‖e‖²‖u‖‖q‖`` for every token, ν is a bound
for contexts: their tokens' shares add, and u may be the difference itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from operator import add

import sympy

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.sizes import Part
from equivalence.statements import Positive
from equivalence.statements.steps import Items
from proofs.ch09_recognition.canonical_tensors import slice_of
from proofs.ch09_recognition.nearest_members import nearest
from proofs.vocabulary import half_square, inner, wedge

UNFOLDINGS = (("pr", "kj"), ("p", "krj"), ("kp", "rj"))
"""The indices of the rows and of the columns of T[k, p, r, j] as a matrix."""

PAIRINGS = ("prst", "psrt", "ptsr")
"""What is averaged in the quartic form, which is symmetric within its first and its last two indices."""


@nearest.claim("a matrix U of spectral norm √λ at most, λI − UUᵀ = SᵀS: (aᵀUb)² ≤ λ‖a‖²‖b‖²")
def spectral(algebra: Algebra, m: Part, n: Part, *, crossed: Callable[..., Matrix] = wedge) -> Items:
    U, S = algebra.generator("U", m, n), algebra.generator("S", m, m)
    a, b, lam = algebra.generator("a", m, 1), algebra.generator("b", n, 1), algebra.symbol("lambda")
    aa, bb, across, eye = inner(algebra, a, a), inner(algebra, b, b), inner(algebra, a, U @ b), algebra.eye(m)
    squares = bb * inner(algebra, S @ a, S @ a) + half_square(algebra, crossed(U.T @ a, b))
    yield "Cauchy and Schwarz, by Lagrange's identity (2.5)"
    yield "λ‖a‖²‖b‖² − (aᵀUb)²", lam * aa * bb - across * across
    yield "squares, and what is 0 if λI − UUᵀ = SᵀS", squares + bb * inner(algebra, a, (lam * eye - U @ U.T - S.T @ S) @ a)
    shadow = (aa * eye - a @ a.T) @ U
    yield "λ = ‖U‖² will do: ‖Uᵀa‖² ≤ ‖U‖²‖a‖²"
    yield "‖a‖²(‖U‖²‖a‖² − ‖Uᵀa‖²)", aa * (inner(algebra, U, U) * aa - inner(algebra, U.T @ a, U.T @ a))
    yield "a square", inner(algebra, shadow, shadow)


@nearest.claim("what is left over when bounds are multiplied and added is not negative", kind="bound")
def put_together(*, raised: Callable[[sympy.Expr, sympy.Expr], sympy.Expr] = add) -> Items:
    x, y, g, h, rest, scale = sympy.symbols("x y g h rest scale", positive=True)
    yield "one head: uᵀT(e, e)q = (uᵀAe)(eᵀBq) (2.4), of absolute values x and y; ‖A‖‖u‖‖e‖ = x + g and ‖B‖‖e‖‖q‖ = y + h"
    yield Positive("the product of the bounds exceeds xy", raised(x, g) * raised(y, h) - x * y, (x, y, g, h))
    yield "two tokens of shares x and y, ν‖u‖r = scale, ‖e‖² = (x + g)/scale and (y + h)/scale, ρ² = their sum and a rest"
    rho_squared = raised(x, g) / scale + raised(y, h) / scale + rest
    yield Positive("scale·ρ² exceeds x + y; heads add likewise", scale * rho_squared - x - y, (x, y, g, h, rest, scale))


Index = Sequence[int]
Entries = Mapping[tuple[int, ...], sympy.Expr]


def places(letters: str, sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    """All values of some indices, in the order of a matrix's rows or columns."""
    return list(product(*(range(sizes[letter]) for letter in letters)))


def pure(letters: str, vectors: Mapping[str, Sequence[sympy.Expr]]) -> sympy.Matrix:
    """The Kronecker product of the vectors of some indices, a column."""
    sizes = {letter: len(vector) for letter, vector in vectors.items()}
    return sympy.Matrix([prod(vectors[letter][i] for letter, i in zip(letters, at, strict=True)) for at in places(letters, sizes)])


def entries(rows: int, d: int, cols: int) -> tuple[dict[str, int], Entries]:
    """The sizes of the indices, and T[k, p, r, j] as symbols, symmetric in p and r."""
    sizes = {"k": rows, "p": d, "r": d, "s": d, "t": d, "j": cols}
    return sizes, {(k, p, r, j): sympy.Symbol(f"T_{k}{min(p, r)}{max(p, r)}{j}") for k, p, r, j in places("kprj", sizes)}


def unfolded(T: Entries, order: str, rows: str, cols: str, sizes: Mapping[str, int]) -> sympy.Matrix:
    """T as a matrix; its own indices are `order`."""

    def at(down: Index, across: Index) -> sympy.Expr:
        index = dict(zip(rows + cols, (*down, *across), strict=True))
        return T[tuple(index[letter] for letter in order)]

    return sympy.Matrix([[at(down, across) for across in places(cols, sizes)] for down in places(rows, sizes)])


@nearest.claim("what an unfolding is multiplied with, at (d_y, d, d_x) = (1, 2, 3) and (2, 2, 1)", kind="characterisation")
def contracted(*, vector: Callable[..., sympy.Matrix] = pure) -> Items:
    for rows, d, cols in ((1, 2, 3), (2, 2, 1)):
        sizes, T = entries(rows, d, cols)
        u, e, q = (sympy.symbols(f"{name}_:{size}") for name, size in (("u", rows), ("e", d), ("q", cols)))
        vectors = {"k": u, "p": e, "r": e, "j": q}
        yield f"d_y = {rows}, d = {d}, d_x = {cols}: uᵀT(e, e)q"
        yield "the sum over k, p, r, j", sum(value * u[k] * e[p] * e[r] * q[j] for (k, p, r, j), value in T.items())
        for down, across in UNFOLDINGS:
            matrix = unfolded(T, "kprj", down, across, sizes)
            yield f"aᵀUb, U of rows {down} and columns {across}", (vector(down, vectors).T * matrix * vector(across, vectors))[0]
    yield "d_y = 2, d = 2, d_x = 1: norms multiply"
    yield "‖u ⊗ e ⊗ q‖²", sum(entry**2 for entry in vector("krj", vectors))
    yield "‖u‖²‖e‖²‖q‖²", prod(sum(entry**2 for entry in factor) for factor in (u, e, q))


@nearest.claim("the quartic form, at (d_y, d, d_x) = (1, 2, 2)", kind="characterisation")
def quartic(*, pairings: Sequence[str] = PAIRINGS) -> Items:
    sizes, T = entries(1, 2, 2)
    e = sympy.symbols("e_:2")
    form = {at: sum(T[k, at[0], at[1], j] * T[k, at[2], at[3], j] for k, j in places("kj", sizes)) for at in places("prst", sizes)}
    w = pure("pr", dict.fromkeys("prst", e))
    yield "(uᵀT(e, e)q)² ≤ ‖T(e, e)‖²‖u‖²‖q‖², as λ = ‖U‖² will do"
    yield (
        "‖T(e, e)‖², the sum over k and j of (eᵀT_kj e)²",
        sum(sum(T[k, p, r, j] * e[p] * e[r] for p, r in places("pr", sizes)) ** 2 for k, j in places("kj", sizes)),
    )
    averaged = sum((unfolded(form, order, "pr", "st", sizes) for order in pairings), sympy.zeros(4, 4)) / 3
    yield "is (e ⊗ e)ᵀQ(e ⊗ e), Q averaged over the three pairings of indices; at most λ_max(Q)‖e‖⁴", (w.T * averaged * w)[0]


@nearest.claim("the first unfolding, of norm σ, against the true one, ν: σ ≤ √(d·min(d_x, d_y)) ν, and that is attained")
def first_unfolding(algebra: Algebra, d: Part, m: Part, n: Part, *, paired: Callable[..., Matrix] = slice_of) -> Items:
    a, b, S = algebra.generator("a", d, 1), algebra.generator("b", d, 1), algebra.generator("S", d, d)
    yield "σ is the largest Σ T[k,(p,r),j] S_pr Z_kj with ‖S‖ = ‖Z‖ = 1; S may be symmetric, as slices do not see S − Sᵀ"
    yield "⟨S − Sᵀ, ½(abᵀ + baᵀ)⟩", inner(algebra, S - S.T, paired(algebra, a, b))
    yield "is 0", algebra.scalar(0)
    mu, ones, count = algebra.generator("mu", d, 1), algebra.ones(d, 1), algebra.scalar(d)
    total, spread = inner(algebra, ones, mu), count * mu - ones @ (ones.T @ mu)
    yield (
        "S = Σ μ_i v_i v_iᵀ and Z = Σ κ_l u_l w_lᵀ with units v_i, u_l, w_l (spectral theorem, singular values: cited), so it is at most "
        "ν Σ μ_i Σ κ_l, signs dropped; for μ of d terms, and likewise κ of min(d_x, d_y)"
    )
    yield "d(d‖μ‖² − (Σ μ_i)²)", count * (count * inner(algebra, mu, mu) - total * total)
    yield "a square", inner(algebra, spread, spread)
    yield from attained(algebra, d, m, n)


def attained(algebra: Algebra, d: Part, m: Part, n: Part) -> Items:
    """``T_kj = J_kj I`` with J = [I, 0] of d_y = m rows and d_x = m + n columns; for d_y > d_x it is the same with J transposed."""
    J, identity = algebra.block([[algebra.eye(m), algebra.zeros(m, n)]]), algebra.eye(d)
    e, q, q2 = algebra.generator("e", d, 1), algebra.generator("q", m, 1), algebra.generator("q'", n, 1)
    query, ee, size = algebra.block([[q], [q2]]), inner(algebra, e, e), inner(algebra, J, J)
    seen, image = ee * (J @ query), size * identity
    yield "attained: T_kj = J_kj I with J = [I, 0] of d_y = m rows and d_x = m + n columns has T(e, e)q = ‖e‖²Jq, so ν = 1"
    yield "‖e‖⁴‖q‖² − ‖T(e, e)q‖²", ee * ee * inner(algebra, query, query) - inner(algebra, seen, seen)
    yield "a square, 0 for q' = 0", ee * ee * inner(algebra, q2, q2)
    yield "and S = Σ J_kj T_kj = ‖J‖²I is what the unfolding makes of Z = J, so σ² ≥ d m"
    yield "‖S‖²", inner(algebra, image, image)
    yield "d m‖J‖²", algebra.scalar(d) * algebra.scalar(m) * size
