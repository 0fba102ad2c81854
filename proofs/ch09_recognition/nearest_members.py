r"""Statement 9.2, first part: the nearest member of a family of descents. Each problem is solved by completing a square.

T is the tensor that is to be approximated, of any heads. It enters only through ``⟨T, T(L, R)⟩``, which is ⟨H, L⟩ and ⟨G, R⟩ with the
slopes H and G below; so after those, H and G stand for it. ‖T‖² is left out, as no member changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import sympy

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.statements import Differ, statement
from equivalence.statements.steps import Items
from proofs.ch09_recognition.canonical_tensors import factored, slice_of
from proofs.vocabulary import inner


def residual_form(algebra: Algebra, s: Scalar, V: Matrix) -> Matrix:
    """``[V, −sI]``, d_y x d: it is ``s[W₀, −I]`` where V = sW₀."""
    return algebra.block([[V, -(s * algebra.eye(V.shape[0]))]])


def on_inputs(algebra: Algebra, C: Matrix, d_y: Part) -> Matrix:
    """``[C; 0]``, d x columns of C."""
    return algebra.block([[C], [algebra.zeros(d_y, C.shape[1])]])


def left_slope(algebra: Algebra, A: Matrix, B: Matrix, R: Matrix) -> Matrix:
    """H with ``⟨T(A, B), T(L, R)⟩ = ⟨H, L⟩`` for every L; as in `equivalence.recognition.tensor.canonical`."""
    return algebra.scalar("1/2") * (inner(algebra, B, R) * A + A @ R @ B.T)


def right_slope(algebra: Algebra, A: Matrix, B: Matrix, L: Matrix) -> Matrix:
    """G with ``⟨T(A, B), T(L, R)⟩ = ⟨G, R⟩`` for every R; as in `equivalence.recognition.tensor.canonical`."""
    return algebra.scalar("1/2") * (inner(algebra, A, L) * B + A.T @ L @ B)


TensorSlope = Callable[[Algebra, Matrix, Matrix, Matrix], Matrix]


@statement(
    "9.2",
    "The nearest member, and a certified bound",
    claim="the slopes of ⟨T, T(L, R)⟩",
    source="this project; nearest Kronecker products: Van Loan and Pitsianis 1993",
)
def nearest(algebra: Algebra, m: Part, d: Part, n: Part, *, slopes: tuple[TensorSlope, TensorSlope] = (left_slope, right_slope)) -> Items:
    """For trained weights, in the norm of the canonical tensor T of the prediction (9.1), which knows no gauge and no split into heads. At
    a given W₀ these are linear least-squares problems: the nearest step of gradient descent, the nearest C for a given D, the nearest D
    for a given C. With W₀ unknown so are (s, V), V = sW₀, and γ, if all query coordinates are compared or B's columns of targets are 0;
    then W₀ = V/s. Where s comes out 0 and V does not, no step is nearest, as steps come as near to that as one likes.

    Three families are not linear, for a sum of two members is not even a limit of members: D with C, C with W₀, and s with W₀ on queries
    ``[q; −W₀q]``. Witnesses at d_x, d_y ≤ 2. For W₀ = 0, D with C is the nearest Kronecker product.

    On tokens [x; r], r = y − W₀x, every step is one from 0. There distances are taken: on [x; y] what is done to targets drowns in ``W₀x``,
    so that at a large W₀ a layer that reads no target is near to a step (exact witness).

    The bound: for all contexts with Σ‖e_i‖² ≤ ρ² and all q with ‖q‖ ≤ r, the predictions of the layer and of a member T* are within
    ``‖T − T*‖ρ²r``. Valid norms are the spectral norms of the unfoldings (p,r)×(k,j), p×(k,r,j) and (k,p)×(r,j); the root of the largest
    eigenvalue of ``Σ_kj T_kj ⊗ T_kj``, symmetrised; the Frobenius norm; and ``Σ_h ‖A_h‖‖B_h‖``. The true norm, the least that is valid, is
    the largest error at one token. The first is at most √(d·min(d_x, d_y)) times that, which is attained; it needs the inner
    products of slices (9.4) alone.

    All sizes, except where a claim names its sizes. All in real arithmetic: that rounding is covered too, as the word certified asks, is
    the code's affair. How near the least of the norms comes to the true one on given weights is measured, not proved.
    """
    A, L = algebra.generator("A", m, d), algebra.generator("L", m, d)
    B, R = algebra.generator("B", d, n), algebra.generator("R", d, n)
    H, G = slopes[0](algebra, A, B, R), slopes[1](algebra, A, B, L)
    yield "T = T(A, B), a head, with another pair (9.4)"
    yield "⟨T, T(L, R)⟩", factored(algebra, A, B, L, R)
    yield "linear in L: ⟨H, L⟩", inner(algebra, H, L)
    yield "linear in R: ⟨G, R⟩", inner(algebra, G, R)
    yield "a multiple t of T' = T(L, R), the nearest at t = ⟨T, T'⟩/‖T'‖²: what is left does not depend on t"
    t, cross, size = algebra.symbol("t"), inner(algebra, H, L), factored(algebra, L, R, L, R)
    yield "‖T'‖² (‖T − tT'‖² − ‖T‖²)", size * (t * t * size - algebra.scalar(2) * t * cross)
    yield "(t‖T'‖² − ⟨T, T'⟩)² − ⟨T, T'⟩²", (t * size - cross) * (t * size - cross) - cross * cross


def from_residuals(algebra: Algebra, W0: Matrix) -> tuple[Matrix, Matrix]:
    """S with [x; y] = S[x; r], r = y − W₀x, and its inverse."""
    d_y, d_x = W0.shape
    corners = algebra.eye(d_x), algebra.zeros(d_x, d_y), algebra.eye(d_y)
    first, second = (algebra.block([[corners[0], corners[1]], [lower, corners[2]]]) for lower in (W0, -W0))
    return first, second


@nearest.claim("on tokens [x; y − W₀x] a head with A and B is one with AS and SᵀB, and a step is one from 0")
def on_residuals(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, turn: Callable[..., tuple[Matrix, Matrix]] = from_residuals) -> Items:
    W0, D, C = algebra.generator("W_0", d_y, d_x), algebra.generator("D", d_y, d_y), algebra.generator("C", d_x, d_x)
    X, Y, s = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.symbol("s")
    S, back = turn(algebra, W0)
    E, whole = algebra.block([[X], [Y]]), (d_x, d_y)
    A = algebra.block([[algebra.generator("A_x", d_y, d_x), algebra.generator("A_y", d_y, d_y)]])
    B = algebra.block([[algebra.generator("B_x", d_x, d_x)], [algebra.generator("B_y", d_y, d_x)]])
    yield "the tokens"
    yield "S⁻¹[X; Y]", back @ E
    yield "[X; Y − W₀X]", algebra.block([[X], [Y - W0 @ X]])
    yield "their inverse"
    yield "S S⁻¹", S @ back
    yield "I", algebra.eye(whole)
    yield "a head"
    yield "A E EᵀB", A @ E @ E.T @ B
    yield "with AS and SᵀB on S⁻¹E", A @ S @ (back @ E) @ (back @ E).T @ (S.T @ B)
    yield "a step: A"
    yield "sD[W₀, −I]S", s * (D @ residual_form(algebra, algebra.scalar(1), W0)) @ S
    yield "sD[0, −I]", s * (D @ residual_form(algebra, algebra.scalar(1), algebra.zeros(d_y, d_x)))
    yield "a step: B"
    yield "Sᵀ[C; 0]", S.T @ on_inputs(algebra, C, d_y)
    yield "[C; 0]", on_inputs(algebra, C, d_y)


@nearest.claim("A = s[W₀, 0] reads no target; at W₀ = 30 it is near to a step on [x; y], and as far as can be on [x; r]", kind="refutation")
def drowned() -> Items:
    """d_x = d_y = 1, B = [1; 0], s = 1."""
    W0 = 30
    reads, step, B = exact.value([[W0, 0]]), exact.value([[W0, -1]]), exact.value([[1], [0]])
    S = exact.value([[1, 0], [W0, 1]])

    def square(A: Matrix, B: Matrix) -> Scalar:
        return factored(exact, A, B, A, B)

    apart, size = square(reads - step, B), square(reads, B)
    yield "relative to the layer, on [x; y]: the square of the distance to the step of rate 1"
    yield "‖T − T*‖²/‖T‖²", apart / size
    yield "is 1/(2W₀²)", exact.scalar(1) / exact.scalar(2 * W0 * W0)
    yield "on [x; r] A is s[W₀, 0] still, which a step [0, −1] does not come near to: they are orthogonal"
    yield "⟨T, T*⟩", factored(exact, reads @ S, S.T @ B, step @ S, S.T @ B)
    yield "is 0", exact.scalar(0)
    yield Differ("on [x; y] it is not", factored(exact, reads, B, step, B), exact.scalar(0))


@nearest.claim("the distance does not depend on the gauge, and is formed without cancellation")
def gauge(algebra: Algebra, d: Part, *, turned: Callable[[Scalar, Scalar], Scalar] = lambda unit, c: unit / c) -> Items:
    a, a2, a3, b, b2, b3 = (algebra.generator(name, d, 1) for name in ("a", "a'", "a*", "b", "b'", "b*"))
    c, c2 = algebra.symbol("c"), algebra.symbol("c'")
    yield "the gauge c of a head (2.3), a slice"
    yield "of (cA, B/c)", slice_of(algebra, c * a, turned(algebra.scalar(1), c) * b)
    yield "of (A, B)", slice_of(algebra, a, b)
    yield "two heads against a member (A*, B*), a slice; any c and c'"
    yield "T − T*", slice_of(algebra, a, b) + slice_of(algebra, a2, b2) - slice_of(algebra, a3, b3)
    left = slice_of(algebra, c * a + c2 * a2 - a3, b3)
    yield (
        "T(cA + c'A' − A*, B*) + T(A, B − cB*) + T(A', B' − c'B*)",
        left + slice_of(algebra, a, b - c * b3) + slice_of(algebra, a2, b2 - c2 * b3),
    )


def right_gram(algebra: Algebra, L: Matrix, L_x: Matrix) -> Matrix:
    """``‖L‖²I + L_xᵀL_x``, d_x x d_x, for L = [L_x, L_y]."""
    return inner(algebra, L, L) * algebra.eye(L_x.shape[1]) + L_x.T @ L_x


@nearest.claim("the nearest preconditioner: (‖L‖²I + L_xᵀL_x) C = 2G_x, for L = sD[W₀, −I]")
def best_right(algebra: Algebra, d_x: Part, d_y: Part, *, gram: Callable[..., Matrix] = right_gram) -> Items:
    L_x, G_x = algebra.generator("L_x", d_y, d_x), algebra.generator("G_x", d_x, d_x)
    L, G = algebra.block([[L_x, algebra.generator("L_y", d_y, d_y)]]), algebra.block([[G_x], [algebra.generator("G_y", d_y, d_x)]])
    C, Z = algebra.generator("C", d_x, d_x), algebra.generator("Z", d_x, d_x)
    R, M, half, two = on_inputs(algebra, C, d_y), gram(algebra, L, L_x), algebra.scalar("1/2"), algebra.scalar(2)

    def objective(C: Matrix) -> Scalar:
        return half * inner(algebra, C, M @ C) - two * inner(algebra, G_x, C)

    short = two * G_x - M @ C
    yield "‖T − T(L, [C; 0])‖² − ‖T‖²"
    yield "as it is", factored(algebra, L, R, L, R) - two * inner(algebra, G, R)
    yield "½⟨C, MC⟩ − 2⟨G_x, C⟩, M = ‖L‖²I + L_xᵀL_x", objective(C)
    yield "−⟨G_x, C⟩ if MC = 2G_x", -inner(algebra, G_x, C) - half * inner(algebra, C, short)
    yield "another preconditioner, C + Z; M is positive definite for L ≠ 0"
    yield "at C + Z", objective(C + Z)
    yield "C is nearest, and alone, if MC = 2G_x", objective(C) + half * inner(algebra, Z, M @ Z) - inner(algebra, Z, short)
    yield "solved with a d_y x d_y matrix (Woodbury): if KY = L_xS, K = ‖L‖²I + L_xL_xᵀ, then MC = S for ‖L‖²C = S − L_xᵀY"
    S, Y, size = algebra.generator("S", d_x, d_x), algebra.generator("Y", d_y, d_x), inner(algebra, L, L)
    K = size * algebra.eye(d_y) + L_x @ L_x.T
    yield "M(S − L_xᵀY) − ‖L‖²S", M @ (S - L_x.T @ Y) - size * S
    yield "is 0 if KY = L_xS", L_x.T @ (L_x @ S - K @ Y)


def left_gram(algebra: Algebra, W0: Matrix, F: Matrix, C: Matrix) -> Matrix:
    """``‖C‖²FFᵀ + W₀CCᵀW₀ᵀ``, d_y x d_y, for F = [W₀, −I]."""
    return inner(algebra, C, C) * (F @ F.T) + W0 @ C @ (W0 @ C).T


@nearest.claim("the nearest left factor: D (‖C‖²FFᵀ + W₀CCᵀW₀ᵀ) = 2HFᵀ, F = [W₀, −I]")
def best_left(algebra: Algebra, d_x: Part, d_y: Part, *, outer: Callable[..., Matrix] = left_gram) -> Items:
    W0, D, C = algebra.generator("W_0", d_y, d_x), algebra.generator("D", d_y, d_y), algebra.generator("C", d_x, d_x)
    H = algebra.block([[algebra.generator("H_x", d_y, d_x), algebra.generator("H_y", d_y, d_y)]])
    F, R, half, two = residual_form(algebra, algebra.scalar(1), W0), on_inputs(algebra, C, d_y), algebra.scalar("1/2"), algebra.scalar(2)
    yield "‖T − T(DF, [C; 0])‖² − ‖T‖²"
    yield "as it is", factored(algebra, D @ F, R, D @ F, R) - two * inner(algebra, H, D @ F)
    yield "a square and a linear form in D", half * inner(algebra, D, D @ outer(algebra, W0, F, C)) - two * inner(algebra, H @ F.T, D)
    yield "W₀ = 0: the norm is that of a Kronecker product, so the nearest D ⊗ C solves it"
    bare = D @ residual_form(algebra, algebra.scalar(1), algebra.zeros(d_y, d_x))
    yield "‖T(D[0, −I], [C; 0])‖²", factored(algebra, bare, R, bare, R)
    yield "½‖D‖²‖C‖²", half * inner(algebra, D, D) * inner(algebra, C, C)


Counts = Callable[[Algebra, Part, Part], tuple[Scalar, Scalar]]


def counts(algebra: Algebra, d_x: Part, d_y: Part) -> tuple[Scalar, Scalar]:
    """``d_x + 1`` and ``d_x d_y``."""
    return algebra.scalar(d_x) + algebra.scalar(1), algebra.scalar(d_x) * algebra.scalar(d_y)


@nearest.claim("the nearest (s, V): V = 2H_x/(d_x + 1) and s = −2 tr H_y/(d_x d_y), V = sW₀ left out of account")
def free_start(algebra: Algebra, d_x: Part, d_y: Part, *, sizes: Counts = counts) -> Items:
    V, H_x, H_y = algebra.generator("V", d_y, d_x), algebra.generator("H_x", d_y, d_x), algebra.generator("H_y", d_y, d_y)
    s, half, two = algebra.symbol("s"), algebra.scalar("1/2"), algebra.scalar(2)
    L, unit, slope = residual_form(algebra, s, V), on_inputs(algebra, algebra.eye(d_x), d_y), algebra.trace(H_y)
    n_V, n_s = sizes(algebra, d_x, d_y)
    in_V, in_s = half * n_V * inner(algebra, V, V) - two * inner(algebra, H_x, V), half * n_s * s * s + two * slope * s
    yield "‖T − T([V, −sI], [I; 0])‖² − ‖T‖²"
    yield "as it is", factored(algebra, L, unit, L, unit) - two * inner(algebra, algebra.block([[H_x, H_y]]), L)
    yield "a part in V and a part in s", in_V + in_s
    yield "the part in V, d_x + 1 times"
    yield "(d_x + 1)(½(d_x + 1)‖V‖² − 2⟨H_x, V⟩)", n_V * in_V
    gap, root = n_V * V - two * H_x, n_s * s + two * slope
    yield "a square, 0 at V = 2H_x/(d_x + 1), and a constant", half * inner(algebra, gap, gap) - two * inner(algebra, H_x, H_x)
    yield "the part in s, d_x d_y times"
    yield "d_x d_y (½ d_x d_y s² + 2s tr H_y)", n_s * in_s
    yield "a square, 0 at s = −2 tr H_y/(d_x d_y), and a constant", half * root * root - two * slope * slope


@nearest.claim("V ≠ 0 without s: T([V, 0], [I; 0]) is no step, and no step is nearest to it")
def no_nearest_step(algebra: Algebra, d_x: Part, d_y: Part, *, sizes: Counts = counts) -> Items:
    V, W0, s = algebra.generator("V", d_y, d_x), algebra.generator("W_0", d_y, d_x), algebra.symbol("s")
    unit, (n_V, n_s) = on_inputs(algebra, algebra.eye(d_x), d_y), sizes(algebra, d_x, d_y)
    gap = algebra.block([[V, algebra.zeros(d_y, d_y)]]) - residual_form(algebra, s, s * W0)
    short = inner(algebra, V - s * W0, V - s * W0)
    yield "‖T([V, 0], [I; 0]) − T(s[W₀, −I], [I; 0])‖²", factored(algebra, gap, unit, gap, unit)
    yield "not 0; at W₀ = V/s it is ½ d_x d_y s², as small as one likes", algebra.scalar("1/2") * (n_V * short + n_s * s * s)


@nearest.claim("GD++: γ = −2 tr H_x/(d_x(d_x + 1)), from the x rows, apart from (s, V)")
def best_curvature(algebra: Algebra, d_x: Part, d_y: Part, *, sizes: Counts = counts) -> Items:
    H_x, H_y, gamma = algebra.generator("H_x", d_x, d_x), algebra.generator("H_y", d_x, d_y), algebra.symbol("gamma")
    eye, half, two = algebra.eye(d_x), algebra.scalar("1/2"), algebra.scalar(2)
    L, unit, slope = algebra.block([[-(gamma * eye), algebra.zeros(d_x, d_y)]]), on_inputs(algebra, eye, d_y), algebra.trace(H_x)
    count = algebra.scalar(d_x) * sizes(algebra, d_x, d_y)[0]
    in_gamma, root = half * count * gamma * gamma + two * slope * gamma, count * gamma + two * slope
    yield "‖T − T(−γ[I, 0], [I; 0])‖² − ‖T‖², T and H of the x rows"
    yield "as it is", factored(algebra, L, unit, L, unit) - two * inner(algebra, algebra.block([[H_x, H_y]]), L)
    yield "½ d_x(d_x + 1)γ² + 2γ tr H_x", in_gamma
    yield "d_x(d_x + 1) times that"
    yield "d_x(d_x + 1)(½ d_x(d_x + 1)γ² + 2γ tr H_x)", count * in_gamma
    yield "a square, 0 at γ = −2 tr H_x/(d_x(d_x + 1)), and a constant", half * root * root - two * slope * slope


Given: TypeAlias = tuple[tuple[int, ...], ...] | sympy.Matrix
Pairs = Sequence[tuple[sympy.Matrix, sympy.Matrix]]


def entry(pairs: Pairs, k: int, p: int, r: int, j: int) -> sympy.Expr:
    """``T[k, (p, r), j]`` of a sum of pairs, counted from 0."""
    return sum(slice_of(exact, A[k, :].T, B[:, j])[p, r] for A, B in pairs)


def preconditioned_pair(W0: Given, D: Given, C: Given) -> tuple[sympy.Matrix, sympy.Matrix]:
    """``(D[W₀, −I], [C; 0])``, SymPy matrices."""
    start, left, right = (exact.value(rows) if isinstance(rows, tuple) else rows for rows in (W0, D, C))
    return left @ residual_form(exact, exact.scalar(1), start), on_inputs(exact, right, left.rows)


@nearest.claim("not linear: D and C together; an equation of all members that a sum of two breaks", kind="refutation")
def not_linear_in_factors(*, factor: Given = ((0, 0), (0, 1))) -> Items:
    def across(pairs: Pairs) -> tuple[sympy.Expr, sympy.Expr]:
        at = {(a, b): entry(pairs, a, 2 + a, b, b) for a in (0, 1) for b in (0, 1)}
        return at[0, 0] * at[1, 1], at[0, 1] * at[1, 0]

    zero, first = exact.zeros(2, 2), ((1, 0), (0, 0))
    anyone = across([preconditioned_pair(zero, exact.generator("D", 2, 2), exact.generator("C", 2, 2))])
    yield "d_x = d_y = 2, W₀ = 0: entries D_kk C_jj of a member"
    yield "T at (1, 1) times T at (2, 2)", anyone[0]
    yield "is T at (1, 2) times T at (2, 1)", anyone[1]
    both = across([preconditioned_pair(zero, factors, factors) for factors in (first, factor)])
    yield Differ("the sum of D = C = diag(1, 0) and D = C = diag(0, 1)", *both)


@nearest.claim("not linear: C with W₀", kind="refutation")
def not_linear_with_start(*, start: Given = ((0, 0),)) -> Items:
    def across(pairs: Pairs) -> tuple[sympy.Expr, sympy.Expr]:
        return entry(pairs, 0, 0, 0, 0) * entry(pairs, 0, 2, 0, 1), entry(pairs, 0, 0, 0, 1) * entry(pairs, 0, 2, 0, 0)

    unit = exact.eye(1)
    anyone = across([preconditioned_pair(exact.generator("w", 1, 2), unit, exact.generator("C", 2, 2))])
    yield "d_x = 2, d_y = 1: entries w₁C₁ⱼ at (x₁, x₁) and −½C₁ⱼ at (y, x₁), j = 1, 2"
    yield "one times the other", anyone[0]
    yield "is the product across", anyone[1]
    both = across([preconditioned_pair(((1, 0),), unit, ((1, 0), (0, 0))), preconditioned_pair(start, unit, ((0, 1), (0, 0)))])
    yield Differ("the sum of w = (1, 0), C = [[1, 0], [0, 0]] and w = 0, C = [[0, 1], [0, 0]]", *both)


@nearest.claim("not linear: s with W₀, on queries [q; −W₀q]", kind="refutation")
def not_linear_on_queries(*, other_start: int = 0) -> Items:
    unit = exact.value([[1], [0]])

    def known(targets: sympy.Matrix, w: sympy.Expr, s: sympy.Expr) -> tuple[sympy.Matrix, sympy.Matrix]:
        step = residual_form(exact, s, exact.value([[s * w]]))
        return targets * w + slice_of(exact, step.T, unit), targets

    def sides(inputs: sympy.Matrix, targets: sympy.Matrix) -> tuple[sympy.Expr, sympy.Expr]:
        (x, xy, _, y), (a, ay, _, b) = inputs, targets
        return x * b**2, a * y * b + 2 * (ay * y - xy * b) * y

    anyone = sides(*known(exact.generator("t", 2, 2, symmetric=True), *sympy.symbols("w s")))
    yield "d_x = d_y = 1: T_x = T_y w + M(s, sw) with any T_y; s and w eliminated"
    yield "one side", anyone[0]
    yield "the other", anyone[1]
    square = exact.value([[0, 0], [0, 1]])
    first, other = known(square, 1, 1), known(square, other_start, 2)
    yield Differ("the sum of w = 1, s = 1 and w = 0, s = 2, both with T_y = y²", *sides(first[0] + other[0], first[1] + other[1]))
