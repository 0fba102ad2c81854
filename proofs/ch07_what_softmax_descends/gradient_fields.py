r"""Statement 7.2: which heads are gradient fields of the query token, and that the construction 2.1 is none.

A head is ``q ↦ A C softmax(CᵀBq)``, or ``q ↦ A C CᵀBq``: A says what is written, B what is scored, C (d x N) is the context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, product

import sympy

from equivalence.algebras import series
from equivalence.algebras.protocol import Algebra, HasDiagonals, HasValues, HasWeights, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import update
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.tokens import tokens
from equivalence.statements import Differ, Informal, InIdeal, statement
from equivalence.statements.steps import Items
from proofs.ch07_what_softmax_descends.potentials import lse_slope
from proofs.vocabulary import LayerBuilder, Rows, half_square, head_of, inner, wedge


def transposed(matrix: Matrix) -> Matrix:
    """Bᵀ."""
    return matrix.T


def dependent(A: sympy.Matrix, B: sympy.Matrix) -> list[sympy.Expr]:
    """The 2 x 2 minors of A and Bᵀ, each as a row: all are 0 iff A and Bᵀ are linearly dependent."""
    rows = sympy.Matrix([list(A), list(B.T)])
    return [rows[:, pair].det() for pair in combinations(range(rows.cols), 2)]


def on_one_line(A: sympy.Matrix, B: sympy.Matrix) -> list[sympy.Expr]:
    """The 2 x 2 minors of [A, Bᵀ]: all are 0 iff all columns of A and of Bᵀ are on one line."""
    columns = sympy.Matrix.hstack(A, B.T)
    return [columns[:, pair].det() for pair in combinations(range(columns.cols), 2)]


Conclusion = Callable[[sympy.Matrix, sympy.Matrix], list[sympy.Expr]]


@statement(
    "7.2",
    "Which heads are gradient fields of the query token",
    kind="characterisation",
    claim="only if, decided at d = 2",
    source="this project; locally linearly dependent operators: Amitsur 1965",
)
def gradient_fields(*, conclusions: Sequence[Conclusion] = (dependent, on_one_line)) -> Items:
    """In token space: a head's map of the query token q (context fixed, scores ``e_iᵀBq``, values ``Ae_i``, the full token) is the gradient
    of some potential, for every context with N ≥ 2, iff A and Bᵀ are linearly dependent (``A = cBᵀ``, or B = 0), or both have rank one with
    one column space. The same for linear attention, N ≥ 1. So the GD construction 2.1 is *not* a gradient field of the query token, for any
    d_x, d_y ≥ 1, η ≠ 0, nor is softmax on its A and B; the linear layer is one on a context iff ΔW = 0 there. With one token softmax is
    constant, so a gradient, whatever A and B.

    The Jacobian is ``ASB``, S the tokens' covariance under the weights (linear attention: CCᵀ); a smooth field on the whole space is a
    gradient iff its Jacobian is symmetric (Poincaré's lemma, cited). The residual adds I, which changes nothing. Two different tokens,
    one of them repeated, give ``S = m(1 − m)eeᵀ``, so ``AeeᵀB`` must be symmetric for every e: Ae and Bᵀe are parallel. From there
    identities for all sizes lead to the two cases, by the rank of Bᵀ: at least two, one, or B = 0. Informal is only that these are all
    ranks, and that the γ below is not 0 for some e, f if the rank is at least two. At d = 2 a Gröbner basis decides it anew: every
    product of a minor that is 0 in the one case and a minor that is 0 in the other vanishes, so all of the one or all of the other do.
    """
    A, B = (sympy.Matrix(2, 2, sympy.symbols(f"{name}_1:3(1:3)")) for name in "AB")
    e = sympy.Matrix(sympy.symbols("e_1:3"))
    bracket = wedge(A * e, B.T * e)[0, 1]
    ideal = tuple(sympy.Poly(bracket, *e).coeffs())
    products = tuple(sympy.prod(minors) for minors in product(*(conclusion(A, B) for conclusion in conclusions)))
    yield InIdeal("if Ae and Bᵀe are parallel for every e", products, ideal, (*A, *B))
    yield Informal("for all sizes: that the ranks of Bᵀ are these, and that γ is not 0 for some e, f if the rank is at least two")


@gradient_fields.claim("the two cases meet their conclusions at d = 2, and a pair in neither case breaks both", kind="refutation")
def cases(*, minors_of: Sequence[Conclusion] = (dependent, on_one_line), neither: Rows = ((0, 1), (0, 0))) -> Items:
    B, c = sympy.Matrix(2, 2, sympy.symbols("B_1:3(1:3)")), sympy.Symbol("c")
    a, b, u = (sympy.Matrix(sympy.symbols(f"{name}_1:3")) for name in "abu")
    pairs = ((c * B.T, B), (u * a.T, (u * b.T).T))
    names = "A = cBᵀ", "A = uaᵀ, Bᵀ = ubᵀ"
    for case, conclusion, (A, scored) in zip(names, minors_of, pairs, strict=True):
        minors = sympy.Matrix(conclusion(A, scored))
        yield case
        yield "the minors", minors
        yield "are zero", sympy.zeros(*minors.shape)
    S = sympy.Matrix(neither)
    yield "A = B, not Bᵀ: neither case"
    for case, conclusion in zip(names, minors_of, strict=True):
        minors = sympy.ImmutableMatrix(conclusion(S, S))
        yield Differ(f"the minors of {case} are not all zero", minors, sympy.ImmutableMatrix(sympy.zeros(*minors.shape)))


def covariance(algebra: Algebra, C: Matrix, P: Matrix) -> Matrix:
    """``C(P − P11ᵀP)Cᵀ``, d x d: of the tokens C under weights p = P1, P = diag p."""
    p = P @ algebra.ones(C.shape[1], 1)
    return C @ (P - p @ p.T) @ C.T


@gradient_fields.claim("the Jacobian of a softmax head is ASB", kind="series")
def softmax_jacobian(algebra: HasDiagonals, d: Part, N: Part, *, spread: Callable[..., Matrix] = covariance) -> Items:
    A, B, C = algebra.generator("A", d, d), algebra.generator("B", d, d), algebra.generator("C", d, N)
    T, Z, h = algebra.diagonal("T", N), algebra.symbol("Z"), algebra.generator("h", d, 1)
    ones, moved = algebra.ones(N, 1), C.T @ B @ h
    grown = (T @ ones, T @ moved)
    normaliser = (Z, inner(algebra, ones, grown[1]))
    weights = series.product(series.inverse(normaliser, algebra.scalar(1)), grown)
    yield "q moves by th, the scores by tCᵀBh; order 1 of A C softmax", A @ C @ weights[1]
    yield "is ASB on h, S under the weights T1/Z", A @ spread(algebra, C, (algebra.scalar(1) / Z) * T) @ B @ h


@gradient_fields.claim("the Jacobian of a linear head is A CCᵀ B", kind="identity")
def linear_jacobian(algebra: Algebra, d: Part, N: Part) -> Items:
    A, B, C = algebra.generator("A", d, d), algebra.generator("B", d, d), algebra.generator("C", d, N)
    q, h = algebra.generator("q", d, 1), algebra.generator("h", d, 1)
    layer = head_of(algebra, A, B)
    yield "the update at q + h minus that at q, exactly", update(layer, C, q + h) - update(layer, C, q)
    yield "is the Jacobian on h", A @ (C @ C.T) @ B @ h


@gradient_fields.claim("two different tokens: S = m(1 − m)(c − c')(c − c')ᵀ", kind="identity")
def two_tokens(algebra: HasDiagonals, d: Part, N: Part, *, spread: Callable[..., Matrix] = covariance) -> Items:
    c, other, D = algebra.generator("c", d, 1), algebra.generator("c'", d, 1), algebra.diagonal("D", N)
    ones, unit = algebra.ones(N, 1), algebra.scalar(1)
    m = inner(algebra, ones, D @ ones)
    P = algebra.block([[(unit - m) * algebra.eye(1), algebra.zeros(1, N)], [algebra.zeros(N, 1), D]])
    yield "c has weight 1 − m, the N copies of c' have weights D1, together m"
    yield "S", spread(algebra, algebra.block([[c, other @ ones.T]]), P)
    yield "is a multiple of eeᵀ, e = c − c'; weights are positive, so it is not 0", (m * (unit - m)) * ((c - other) @ (c - other).T)
    yield "one token alone"
    yield "S", spread(algebra, c, algebra.eye(1))
    yield "is zero", algebra.zeros(d, d)


@gradient_fields.claim("if: ASB is symmetric for every symmetric S", kind="identity")
def symmetric_jacobian(algebra: Algebra, d: Part, *, matched: Callable[..., Matrix] = transposed) -> Items:
    spread, B, c = algebra.generator("S", d, d, symmetric=True), algebra.generator("B", d, d), algebra.symbol("c")
    a, b, u = (algebra.generator(name, d, 1) for name in "abu")
    cases = {"A = cBᵀ": (c * matched(B), B), "A = uaᵀ, Bᵀ = ubᵀ": (u @ a.T, matched(u @ b.T))}
    for case, (values, scores) in cases.items():
        yield case
        yield "the Jacobian", values @ spread @ scores
        yield "is its own transpose", (values @ spread @ scores).T


@gradient_fields.claim("if: the potentials of A = cBᵀ", kind="series")
def potentials(algebra: HasWeights, d: Part, N: Part, *, matched: Callable[..., Matrix] = transposed) -> Items:
    B, C, c = algebra.generator("B", d, d), algebra.generator("C", d, N), algebra.symbol("c")
    q, h = algebra.generator("q", d, 1), algebra.generator("h", d, 1)
    layer = head_of(algebra, c * matched(B), B)
    yield "softmax: c lse(CᵀBq), to first order"
    yield "its slope along h", c * lse_slope(algebra, C.T @ B @ q, C.T @ B @ h)
    yield "is ⟨update, h⟩", inner(algebra, softmax_update(layer, C, q), h)
    yield "linear attention: (c/2)‖CᵀBq‖², exactly"
    scored = [half_square(algebra, C.T @ B @ query) for query in (q + h, q)]
    yield "its change from q to q + h", c * (scored[0] - scored[1])
    yield "is ⟨update, h⟩ and a square", inner(algebra, update(layer, C, q), h) + c * half_square(algebra, C.T @ B @ h)


def polarised(a: Matrix, u: Matrix, b: Matrix, v: Matrix) -> Matrix:
    """``a∧v + b∧u``, where ∧ is `wedge`: the bilinear form of ``a∧u``, twice it at (b, v) = (a, u)."""
    return wedge(a, v) + wedge(b, u)


@gradient_fields.claim("only if: what a symmetric AeeᵀB for every e asks", kind="identity")
def asked(algebra: Algebra, d: Part, *, mixed: Callable[..., Matrix] = polarised) -> Items:
    A, B, e, f = (algebra.generator(name, d, size) for name, size in (("A", d), ("B", d), ("e", 1), ("f", 1)))

    def skew(token: Matrix) -> Matrix:
        jacobian = A @ token @ token.T @ B
        return jacobian - jacobian.T

    yield "one token"
    yield "AeeᵀB minus its transpose", skew(e)
    yield "is Ae∧Bᵀe, where u∧v = uvᵀ − vuᵀ", wedge(A @ e, B.T @ e)
    yield "two tokens"
    yield "that of e + f, minus those of e and f", skew(e + f) - skew(e) - skew(f)
    yield "is Ae∧Bᵀf + Af∧Bᵀe, which must be 0 too", mixed(A @ e, B.T @ e, A @ f, B.T @ f)


@gradient_fields.claim("only if, rank of Bᵀ at least two: A is a multiple of Bᵀ", kind="identity")
def rank_two(algebra: Algebra, d: Part, *, mixed: Callable[..., Matrix] = polarised) -> Items:
    a, b, x, u, v, w = (algebra.generator(name, d, 1) for name in "abxuvw")
    uu, uv, vv = inner(algebra, u, u), inner(algebra, u, v), inner(algebra, v, v)
    gamma = uu * vv - uv * uv
    kappa = vv * inner(algebra, a, u) - uv * inner(algebra, a, v)
    along, across = vv * u - uv * v, uu * v - uv * u
    y = gamma * x - kappa * w
    yield "a, b, x are Ae, Af, Ag and u, v, w are Bᵀe, Bᵀf, Bᵀg; γ = ‖u‖²‖v‖² − ⟨u, v⟩² is not 0 unless u and v are parallel"
    yield "γy, y = γx − κw, κ = ⟨a, ‖v‖²u − ⟨u, v⟩v⟩", gamma * y
    yield "y is 0 if y∧u and y∧v are", wedge(y, u) @ along + inner(algebra, u, wedge(y, v) @ v) * u
    half = algebra.scalar(1) / algebra.scalar(2)
    gap = half * inner(algebra, mixed(a, u, b, v), wedge(u, v))
    first = gamma * mixed(a, u, x, w) - wedge(wedge(a, u) @ along, w)
    second = gamma * mixed(b, v, x, w) - wedge(wedge(b, v) @ across, w) + gap * wedge(v, w)
    yield "they combine what must be 0; so γAg = κBᵀg for every g", first @ along + inner(algebra, u, second @ v) * u


@gradient_fields.claim("only if, rank one, Bᵀ = ubᵀ: the columns of A are multiples of u", kind="identity")
def rank_one(algebra: Algebra, d: Part, *, mixed: Callable[..., Matrix] = polarised) -> Items:
    A, e, u, b = (algebra.generator(name, d, size) for name, size in (("A", d), ("e", 1), ("u", 1), ("b", 1)))
    square = inner(algebra, b, b)
    images = {name: (A @ token, u @ b.T @ token) for name, token in (("e", e), ("b", b))}
    combined = square * mixed(*images["e"], *images["b"]) - inner(algebra, b, e) * wedge(*images["b"])
    yield "‖b‖⁴(‖u‖²Ae − ⟨Ae, u⟩u)", (square * square) * (inner(algebra, u, u) * (A @ e) - inner(algebra, A @ e, u) * u)
    yield "is a combination of what must be 0", combined @ u


@gradient_fields.claim("the construction 2.1: the Jacobian's skew part is the step itself", kind="identity")
def construction(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, W0 = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_x)
    x, y, eta = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    jacobian = update(heads, tokens(X, Y), algebra.eye((d_x, d_y)))
    change, ones = weight_change(W0, X, Y, eta), algebra.ones(1, N)
    yield "the Jacobian minus its transpose", jacobian - jacobian.T
    yield "is ΔW and its transpose", algebra.block([[algebra.zeros(d_x, d_x), change.T], [-change, algebra.zeros(d_y, d_y)]])
    yield "which is not 0 on N copies of (x, y), x ≠ 0, y ≠ W₀x"
    repeated = weight_change(W0, x @ ones, y @ ones, eta)
    yield "‖ΔW‖²", inner(algebra, repeated, repeated)
    yield "is η²‖y − W₀x‖²‖x‖²", (eta * eta) * inner(algebra, y - W0 @ x, y - W0 @ x) * inner(algebra, x, x)


@gradient_fields.claim("witnesses: the construction at x = y = η = 1, W₀ = 0, and A = B, which is no potential's", kind="refutation")
def no_fields(algebra: HasValues, *, layer: LayerBuilder = gd_layer, scores: Rows = ((0, 1), (0, 0))) -> Items:
    unit, token = algebra.value([[1]]), algebra.value([[1], [1]])
    step = update(layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra), tokens(unit, unit), algebra.eye((1, 1)))
    yield Differ("the construction's Jacobian and its transpose", step, step.T)
    B = algebra.value(scores)
    same = update(head_of(algebra, B, B), token, algebra.eye(2))
    yield Differ("the Jacobian at A = B, which is not Bᵀ, and its transpose", same, same.T)
    none, change = algebra.zeros(1, 1), weight_change(algebra.zeros(1, 1), unit, unit, algebra.scalar(1))
    yield "the construction"
    yield "its Jacobian", step
    yield "is −ΔW, at the row of y and the column of x", algebra.block([[none, none], [-change, none]])
