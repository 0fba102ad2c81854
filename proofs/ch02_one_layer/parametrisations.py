r"""Statement 2.3: which weights are a gradient step.

A head enters only through ``A = P W_V`` and ``B = W_Kᵀ W_Q``; it maps a query token q to ``A C Cᵀ B q``. One entry of that, for one
context token e, is ``aᵀe eᵀb`` with a a row of A and b a column of B: a product of two linear forms in e. Everything below follows
from how such products factor.
"""

from __future__ import annotations

from itertools import product

import sympy

from equivalence.algebras.protocol import Algebra, HasInverses, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient_step, weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Informal, InIdeal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder, arbitrary_head, head_of

SMALL = ((2, 1), (1, 2))
"""(d_x, d_y) at which “only if” is decided."""


@statement(
    "2.3",
    "Which parametrisations are one gradient step",
    kind="characterisation",
    claim="only if, for the prediction, decided at (d_x, d_y) = (2, 1) and (1, 2)",
    source=f"{VON_OSWALD}, section 2, “Uniqueness”",
)
def parametrisations(*, layer: LayerBuilder = gd_layer) -> Items:
    """One head, η ≠ 0, (d_x, d_y) ≠ (1, 1): the prediction is one step on every context and query iff
    ``(A_y, B[I; −W₀]) = (c s [W₀, −I], (1/c)[I; 0])`` for some c ≠ 0 (A_y: the y rows of A). The context tokens are updated as in 2.1 too,
    for all contexts with N ≥ 2, iff moreover ``A_x = 0`` and ``B = (1/c) diag(I, 0)``.

    For d_x = d_y = 1 there is a second, *swapped* solution: the values carry x and the scores read W₀x − y. Inside a head,
    ``(W_K, W_Q) → (TW_K, T⁻ᵀW_Q)`` and ``(P, W_V) → (PS, S⁻¹W_V)`` change nothing.

    “If” holds for all sizes. “Only if”: one-token contexts decide (2.4), so row by column ``a ⊙ b = s f ⊙ p`` (⊙: symmetric product;
    f a row of [W₀, −I], p a column of [I; 0]). The factor lemma, for all sizes, leaves {a, b} = {cf, p/c} up to order, and the
    order is settled because no two of p_j, p_j', f_k are proportional and some row or column has two partners. That last
    bookkeeping over indices is informal; its conclusion is decided by Gröbner bases at (d_x, d_y) = (2, 1) and (1, 2), for the prediction
    and for the context tokens. (The tests decide it at (3, 1), (1, 3) and (2, 2) too, the context tokens at (2, 2).)
    """
    for d_x, d_y in SMALL:
        unknown = Unknowns(d_x, d_y, layer)
        yield f"d_x = {d_x}, d_y = {d_y}, every W₀: what 2.1 has, with s = 1, as a rate goes into A"
        yield "A_y", unknown.F
        yield "is [W₀, −I]", sympy.Matrix.hstack(unknown.W0, -sympy.eye(d_y))
        yield f"d_x = {d_x}, d_y = {d_y}: and its scores"
        yield "B[I; −W₀]", unknown.E
        yield "is [I; 0]", sympy.Matrix.vstack(sympy.eye(d_x), sympy.zeros(d_y, d_x))
        yield f"d_x = {d_x}, d_y = {d_y}: and whatever else has its canonical tensor"
        yield InIdeal("A_y ⊗ B[I; −W₀] is s[W₀, −I] ⊗ [I; 0]", unknown.conclusion(), unknown.hypothesis(), unknown.symbols)
    yield Informal("for all sizes: how the lemmas below fit together over the rows and columns")


class Unknowns:
    """The entries of A_y (d_y x d), U = B[I; −W₀] (d x d_x) and W₀ as symbols, and what a step asks of them at s = 1.

    W₀ may be taken out by the substitution y → y + W₀x, which only renames A_y and U; it is kept, as the check is fast enough.

    Attributes:
        heads: those of a layer that takes the step.
        F, E: the y rows of A, and B[I; −W₀], of that layer.
    """

    def __init__(self, d_x: int, d_y: int, layer: LayerBuilder = gd_layer):
        d = d_x + d_y
        names = {"a": (d_y, d), "u": (d, d_x), "w": (d_y, d_x)}
        grids = {name: sympy.Matrix(m, n, lambda i, j, name=name: sympy.Symbol(f"{name}{i}{j}")) for name, (m, n) in names.items()}
        self.A, self.U, self.W0 = grids["a"], grids["u"], grids["w"]
        self.heads = layer(d_x, d_y, learning_rate=1, context=1, initial=self.W0).heads
        (head,) = self.heads
        self.F = head.output_value[d_x:, :]
        self.E = head.key_query @ query_tokens(sympy.ImmutableDenseMatrix(self.W0), sympy.ImmutableDenseMatrix.eye(d_x))
        self.symbols = tuple(symbol for grid in grids.values() for symbol in grid)
        self.places = list(product(range(d_y), range(d), range(d), range(d_x)))

    def gap(self, k: int, p: int, r: int, j: int) -> sympy.Expr:
        """``A_kp U_rj − F_kp E_rj``: the tensors' difference before symmetrising."""
        return self.A[k, p] * self.U[r, j] - self.F[k, p] * self.E[r, j]

    def hypothesis(self) -> tuple[sympy.Expr, ...]:
        """Equal canonical tensors: the gaps, symmetrised in the token's indices."""
        return tuple(self.gap(k, p, r, j) + self.gap(k, r, p, j) for k, p, r, j in self.places if p <= r)

    def conclusion(self) -> tuple[sympy.Expr, ...]:
        """Equal rank-one tensors, which means (A_y, U) = (cF, E/c) for some c ≠ 0."""
        return tuple(self.gap(*place) for place in self.places)


@parametrisations.claim("if, for the prediction: the y rows of A and B[I; −W₀] suffice, the rest is free", kind="identity")
def sufficient(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, sign: int = -1) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta, c = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("c")
    free = algebra.block([[algebra.generator("A_xx", d_x, d_x), algebra.generator("A_xy", d_x, d_y)]])
    read = algebra.block([[W0, algebra.scalar(sign) * algebra.eye(d_y)]])
    A = algebra.block([[free], [(c * eta / algebra.scalar(N)) * read]])
    B_y = algebra.block([[algebra.generator("B_xy", d_x, d_y)], [algebra.generator("B_yy", d_y, d_y)]])
    inputs = algebra.block([[algebra.eye(d_x)], [algebra.zeros(d_y, d_x)]])
    B = algebra.block([[(algebra.scalar(1) / c) * inputs + B_y @ W0, B_y]])
    yield "the head's score form on query tokens"
    yield "B[I; −W₀]", B @ query_tokens(W0, algebra.eye(d_x))
    yield "whatever B's y columns are", (algebra.scalar(1) / c) * inputs
    yield "the prediction"
    _, queries = linear_attention(head_of(algebra, A, B), tokens(X, Y), query_tokens(W0, Q))
    yield "of the head", prediction(queries, d_x, d_y)
    yield "is that of one step", gradient_step(W0, X, Y, eta) @ Q


@parametrisations.claim("if, for the context tokens: A_x = 0 and B = (1/c) diag(I, 0)", kind="identity")
def sufficient_context(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    W0, eta, c = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("c")
    (head,) = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra).heads
    scaled = head_of(algebra, c * head.output_value, (algebra.scalar(1) / c) * head.key_query)
    yield "the update by cA and B/c", update(scaled, tokens(X, Y), tokens(X, Y))
    yield "is that of the construction", update(Layer((head,)), tokens(X, Y), tokens(X, Y))
    yield "which is [0; −ΔW X]", tokens(algebra.zeros(d_x, N), -(weight_change(W0, X, Y, eta) @ X))


@parametrisations.claim("factor lemma: a ⊙ b = c ⊙ d with c, d independent leaves only the order open", kind="identity")
def factor_lemma(algebra: Algebra, m: Part) -> Items:
    names = ("a_1", "a_2", "b_1", "b_2")
    a1, a2, b1, b2 = (algebra.trace(algebra.generator(name, 1, 1)) for name in names)
    alpha, beta = algebra.generator("alpha", m, 1), algebra.generator("beta", m, 1)
    first, second, rest = frame(algebra, m)
    a, b = a1 * first + a2 * second + rest @ alpha, b1 * first + b2 * second + rest @ beta
    H = a @ b.T + b @ a.T - first @ second.T - second @ first.T
    h11, h12, h22 = (algebra.trace(u.T @ H @ v) for u, v in ((first, first), (first, second), (second, second)))
    half, unit = algebra.scalar(1) / algebra.scalar(2), algebra.scalar(1)
    delta = a1 * b2 - a2 * b1
    yield "in a basis that begins with c, d let H = abᵀ + baᵀ − cdᵀ − dcᵀ; H = 0 gives a₁a₂ = 0"
    yield "a₁a₂, as a combination of entries of H", half * (a1 * a1 * h22 + a2 * a2 * h11) - a1 * a2 * h12
    yield "what it is", a1 * a2
    yield "likewise b₁b₂ = 0"
    yield "b₁b₂, as a combination of entries of H", half * (b1 * b1 * h22 + b2 * b2 * h11) - b1 * b2 * h12
    yield "what it is", b1 * b2
    yield "δ = a₁b₂ − a₂b₁ is 1 or −1"
    yield "δ² − 1, as a combination of entries of H", h12 * (h12 + unit + unit) - h11 * h22
    yield "what it is", delta * delta - unit
    yield "so a has no part outside the span of c and d"
    yield "δα, as a combination of entries of H", rest.T @ H @ (a1 * second - a2 * first)
    yield "what it is", delta * alpha
    yield "nor has b"
    yield "−δβ, as a combination of entries of H", rest.T @ H @ (b1 * second - b2 * first)
    yield "what it is", -(delta * beta)


def frame(algebra: Algebra, m: Part) -> tuple[Matrix, Matrix, Matrix]:
    """The first two basis vectors of a space of dimension 1 + 1 + m, and the other m as columns."""
    eye, zeros = algebra.eye, algebra.zeros
    first = algebra.block([[eye(1)], [zeros(1, 1)], [zeros(m, 1)]])
    second = algebra.block([[zeros(1, 1)], [eye(1)], [zeros(m, 1)]])
    return first, second, algebra.block([[zeros(1, m)], [zeros(1, m)], [eye(m)]])


@parametrisations.claim("zero lemma: a ⊙ b = 0 with a ≠ 0 gives b = 0", kind="identity")
def zero_lemma(algebra: Algebra, n: Part) -> Items:
    a, b = algebra.generator("a", n, 1), algebra.generator("b", n, 1)
    H = a @ b.T + b @ a.T
    square = algebra.trace(a.T @ a)
    half = algebra.scalar(1) / algebra.scalar(2)
    yield "b⟨a,a⟩², as a combination of entries of abᵀ + baᵀ", square * (H @ a) - (half * algebra.trace(a.T @ H @ a)) * a
    yield "what it is; ⟨a,a⟩ is not 0", (square * square) * b


@parametrisations.claim("no two of p_j, p_j', f_k are proportional", kind="identity")
def independent(algebra: Algebra, d_x: Part, d_y: Part) -> Items:
    W0 = algebra.generator("W_0", d_y, d_x)
    forms = algebra.block([[W0.T], [-algebra.eye(d_y)]])
    inputs = algebra.block([[algebra.eye(d_x)], [algebra.zeros(d_y, d_x)]])
    targets = algebra.block([[algebra.zeros(d_x, d_y)], [algebra.eye(d_y)]])
    yield "the p_j are orthonormal"
    yield "their inner products", inputs.T @ inputs
    yield "are those of a basis", algebra.eye(d_x)
    yield "the p_j have no y-part"
    yield "their y-part", targets.T @ inputs
    yield "is zero", algebra.zeros(d_y, d_x)
    yield "the f_k do, and each its own"
    yield "their y-part", targets.T @ forms
    yield "is minus the identity", -algebra.eye(d_y)


@parametrisations.claim(
    "only if, for the context tokens, decided at (d_x, d_y) = (2, 1) and (1, 2)",
    kind="characterisation",
)
def necessary_context(*, layer: LayerBuilder = gd_layer) -> Items:
    for d_x, d_y in SMALL:
        unknown = ContextUnknowns(d_x, d_y, layer)
        yield f"d_x = {d_x}, d_y = {d_y}, every W₀: 2.1 itself"
        yield "the x rows of A", unknown.own_A_x
        yield "are zero", sympy.zeros(d_x, d_x + d_y)
        yield f"d_x = {d_x}, d_y = {d_y}: and"
        yield "B's columns of targets", unknown.own_B_y
        yield "are zero", sympy.zeros(d_x + d_y, d_y)
        yield (
            f"d_x = {d_x}, d_y = {d_y}: A_y = c[W₀, −I] and B_x = (1/c)[I; 0] are settled as for the prediction; "
            "where the step has no entry, the tensor is zero"
        )
        yield InIdeal("then A_x = 0 and B_y = 0", unknown.conclusion(), unknown.hypothesis(), unknown.symbols)


class ContextUnknowns:
    """The entries of A_x (d_x x d) and B_y (d x d_y), W₀, c and 1/c as symbols, and what an update as in 2.1 asks of them.

    Attributes:
        own_A_x, own_B_y: those of a layer that takes the step.
    """

    def __init__(self, d_x: int, d_y: int, layer: LayerBuilder = gd_layer):
        d, self.d_x = d_x + d_y, d_x
        step = Unknowns(d_x, d_y, layer)
        (head,) = step.heads
        self.own_A_x, self.own_B_y = head.output_value[:d_x, :], head.key_query[:, d_x:]
        self.A_x = sympy.Matrix(d_x, d, lambda i, j: sympy.Symbol(f"x{i}{j}"))
        self.B_y = sympy.Matrix(d, d_y, lambda i, j: sympy.Symbol(f"b{i}{j}"))
        self.c, self.inverse = sympy.symbols("c c_inverse")
        self.rows = [*self.A_x.tolist(), *(self.c * step.F).tolist()]
        self.columns = [*(self.inverse * step.E).T.tolist(), *self.B_y.T.tolist()]
        self.symbols = (*self.A_x, *self.B_y, *step.W0, self.c, self.inverse)

    def hypothesis(self) -> tuple[sympy.Expr, ...]:
        """Row k of A and column j of B have the tensor 0, unless k is a target's and j an input's; and c is not 0."""
        d = len(self.rows)
        silent = ((self.rows[k], self.columns[j]) for k, j in product(range(d), range(d)) if k < self.d_x or j >= self.d_x)
        tensors = [a[p] * b[r] + a[r] * b[p] for a, b in silent for p in range(d) for r in range(p, d)]
        return (*tensors, self.c * self.inverse - 1)

    def conclusion(self) -> tuple[sympy.Expr, ...]:
        """A_x = 0 and B_y = 0."""
        return (*self.A_x, *self.B_y)


@parametrisations.claim("d_x = d_y = 1: the swapped solution", kind="identity")
def swapped(algebra: Algebra, N: Part) -> Items:
    X, Y, q = algebra.generator("X", 1, N), algebra.generator("Y", 1, N), algebra.generator("q", 1, 1)
    w, eta = algebra.generator("W_0", 1, 1), algebra.symbol("eta")
    nothing = algebra.zeros(1, 1)
    A = algebra.block([[nothing, nothing], [(eta / algebra.scalar(N)) * algebra.eye(1), nothing]])
    B = algebra.block([[w, nothing], [-algebra.eye(1), nothing]])
    _, queries = linear_attention(head_of(algebra, A, B), tokens(X, Y), query_tokens(w, q))
    yield "values carry x, scores read W₀x − y", prediction(queries, 1, 1)
    yield "the same prediction", gradient_step(w, X, Y, eta) @ q


@parametrisations.claim("the gauge inside a head changes nothing", kind="identity")
def gauge(algebra: HasInverses, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    head = arbitrary_head(algebra, d, d_k, d_v)
    (T, T_inverse), (S, S_inverse) = algebra.invertible("T", d_k), algebra.invertible("S", d_v)
    turned = Head(T @ head.key, T_inverse.T @ head.query, S_inverse @ head.value, head.projection @ S)
    C, Q = algebra.generator("C", d, N), algebra.generator("Q", d, M)
    yield "the update after (W_K, W_Q) → (TW_K, T⁻ᵀW_Q), (P, W_V) → (PS, S⁻¹W_V)", update(Layer((turned,)), C, Q)
    yield "is the update before", update(Layer((head,)), C, Q)
