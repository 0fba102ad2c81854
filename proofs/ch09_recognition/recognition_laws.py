r"""Chapter 9, third statement: the laws that a gradient step keeps, and that keeping them forces gradient descent.

With ``f(X, Y, q)`` the prediction, ``u(X, Y, q) = f(X, Y, q) − f(0, 0, q)`` is the update, and ``v(X, Y, q) = f(X, Y, q) − f(X, 0, q)``
what the targets do. Reflections ``I − 2nnᵀ/(n·n)`` are written without the division, as ``tI − 2nnᵀ`` with ``t = n·n``.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasValues, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient, weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, Informal, InIdeal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder, Rows


def preconditioned(
    algebra: Algebra, W0: Matrix, *, left: Matrix | None = None, right: Matrix | None = None, layer: LayerBuilder = gd_layer
) -> Layer:
    """The layer whose update is ``s D (Y − W₀X)Xᵀ C q``, with s the same for every context; D and C are identities if not given."""
    d_y, d_x = W0.shape
    (head,) = layer(d_x, d_y, learning_rate=algebra.symbol("s"), context=1, initial=W0, algebra=algebra).heads
    eye, zeros = algebra.eye, algebra.zeros
    C = algebra.block([[eye(d_x) if right is None else right, zeros(d_x, d_y)], [zeros(d_y, d_x), eye(d_y)]])
    D = algebra.block([[eye(d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), eye(d_y) if left is None else left]])
    return Layer((Head(head.key, head.query @ C, head.value, D @ head.projection),))


def predicted(layer: Layer, W0: Matrix, X: Matrix, Y: Matrix, q: Matrix) -> Matrix:
    """``f(X, Y, q)``."""
    d_y, d_x = W0.shape
    return prediction(linear_attention(layer, tokens(X, Y), query_tokens(W0, q))[1], d_x, d_y)


def moved(layer: Layer, W0: Matrix, X: Matrix, Y: Matrix, q: Matrix) -> Matrix:
    """``u(X, Y, q)``, with ``f(0, 0, q) = W₀q``."""
    return predicted(layer, W0, X, Y, q) - W0 @ q


def reflected(algebra: Algebra, normal: Matrix) -> tuple[Matrix, Scalar]:
    """``tI − 2nnᵀ`` and ``t = n·n``."""
    t = algebra.trace(normal.T @ normal)
    return t * algebra.eye(normal.shape[0]) - algebra.scalar(2) * (normal @ normal.T), t


Mirror = Callable[[Algebra, Matrix], tuple[Matrix, Scalar]]


def signed_permutations(d: int) -> list[sympy.Matrix]:
    """Generators of the group: a change of sign, and the swaps of neighbours. All are reflections."""
    sign = sympy.diag(-1, *([1] * (d - 1)))
    swaps = [sympy.eye(d).elementary_row_op("n<->m", row1=i, row2=i + 1) for i in range(d - 1)]
    return [sign, *swaps]


@statement(
    "9.3",
    "The laws of a gradient step",
    kind="characterisation",
    claim="a matrix that signed permutations leave alone is a multiple of I, decided at sizes 2 and 3",
    source="this project; what a test of any callable can rest on",
)
def laws(*, generators: Callable[[int], list[sympy.Matrix]] = signed_permutations) -> Items:
    """A step of gradient descent from W₀ at fixed s keeps these laws. On tokens of zeros the prediction is W₀q, linear in q. The update u
    is linear in q, additive over context tokens, affine in Y, cubic under scaling of all data, blind to the order of tokens, and 0 on
    data that W₀ fits. Preconditioned gradient descent, ``s D (Y − W₀X)XᵀC q``, keeps all these too; it is told apart by reflections R of
    x, ``v(RX, Y, Rq) = v(X, Y, q)``, and S of y, ``v(X, SY, q) = S v(X, Y, q)``. For W₀ = 0, v is u.

    Any function that keeps them all is gradient descent, at some s. Steps 2 to 4 of the argument are claims below, for all sizes; what
    joins them is informal:

    1. By the laws on tokens, order, targets and query ``u = Σᵢ (a(xᵢ, q) + B(xᵢ, q)yᵢ)``, linear in q; by fitted data
       ``a(x, q) = −B(x, q)W₀x``. So an entry of B is ``β(x)·q``, and as v is blind to reflections, β(Rx) = Rβ(x).
    2. A reflection that fixes x fixes β(x), so β(x) is a multiple g(x)x.
    3. A reflection takes x to any x' of the same length, so g depends on the length alone. By the cubic law β(λx) = λβ(x), so g is one
       number for all x ≠ 0, and β(0) = 0.
    4. So ``B(x, q) = (x·q) D`` with D fixed; D commutes with all reflections of y, so D = sI.

    Rotations without reflections are not enough for d_x = 2. A *layer* is given by a canonical tensor (2.4), where signed permutations
    settle the preconditioner: decided at d_x = 2 and 3. For other functions they do not, and the laws on u alone give no tensor.
    """
    for d in (2, 3):
        C = sympy.Matrix(d, d, lambda i, j: sympy.Symbol(f"c{i}{j}"))
        gaps = (entry for P in generators(d) for entry in P * C - C * P)
        ideal = tuple(dict.fromkeys(entry for entry in gaps if entry != 0))
        members = tuple(C - C[0, 0] * sympy.eye(d))
        yield f"d = {d}; unknowns are the entries of C"
        yield InIdeal("if C commutes with the generators, then C − c₀₀I = 0", tuple(m for m in members if m != 0), ideal, tuple(C))
    yield Informal("how steps 2 to 4, which are claims below, fit together with step 1")


@laws.claim("preconditioned gradient descent, and so gradient descent, keeps the laws on u", kind="identity")
def kept(algebra: Algebra, d_x: Part, d_y: Part, N: Part, K: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    W0, q, r = algebra.generator("W_0", d_y, d_x), algebra.generator("q", d_x, 1), algebra.generator("r", d_x, 1)
    X, Y, Z = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Z", d_y, N)
    X2, Y2 = algebra.generator("X_2", d_x, K), algebra.generator("Y_2", d_y, K)
    C, D, t, unit = algebra.generator("C", d_x, d_x), algebra.generator("D", d_y, d_y), algebra.symbol("t"), algebra.scalar(1)
    step = preconditioned(algebra, W0, left=D, right=C, layer=layer)

    def u(X: Matrix, Y: Matrix, q: Matrix) -> Matrix:
        return moved(step, W0, X, Y, q)

    yield "linear start"
    yield "the prediction on tokens of zeros", predicted(step, W0, algebra.zeros(d_x, N), algebra.zeros(d_y, N), q)
    yield "is W₀q", W0 @ q
    yield "linear in the query"
    yield "u(X, Y, q + t r)", u(X, Y, q + t * r)
    yield "u(X, Y, q) + t u(X, Y, r)", u(X, Y, q) + t * u(X, Y, r)
    yield "additive over tokens; one context after another"
    yield "u on both contexts together", u(algebra.block([[X, X2]]), algebra.block([[Y, Y2]]), q)
    yield "is the sum of u on each", u(X, Y, q) + u(X2, Y2, q)
    yield "affine in the targets"
    yield "u(X, (1 − t) Y + t Z, q)", u(X, (unit - t) * Y + t * Z, q)
    yield "(1 − t) u(X, Y, q) + t u(X, Z, q)", (unit - t) * u(X, Y, q) + t * u(X, Z, q)
    yield "cubic under scaling"
    yield "u(t X, t Y, t q)", u(t * X, t * Y, t * q)
    yield "t³ u(X, Y, q)", (t * t * t) * u(X, Y, q)
    yield "still on data that the start fits"
    yield "u(X, W₀X, q)", u(X, W0 @ X, q)
    yield "is zero", algebra.zeros(d_y, 1)
    yield "it is the step s D (Y − W₀X)XᵀC q, s = η/N"
    yield "u(X, Y, q)", u(X, Y, q)
    yield "by descent", D @ weight_change(W0, X, Y, algebra.symbol("s") * algebra.scalar(N)) @ C @ q


@laws.claim("it is blind to the order of tokens", kind="identity")
def unordered(algebra: Algebra, d_x: Part, d_y: Part, N: Part, K: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    W0, q = algebra.generator("W_0", d_y, d_x), algebra.generator("q", d_x, 1)
    C, D = algebra.generator("C", d_x, d_x), algebra.generator("D", d_y, d_y)
    step = preconditioned(algebra, W0, left=D, right=C, layer=layer)
    sizes = {"1": N, "2": 1, "3": 1, "4": K}
    inputs = {name: algebra.generator(f"X_{name}", d_x, size) for name, size in sizes.items()}
    targets = {name: algebra.generator(f"Y_{name}", d_y, size) for name, size in sizes.items()}

    def predicted_in(*order: str) -> Matrix:
        X, Y = (algebra.block([[part[name] for name in order]]) for part in (inputs, targets))
        return predicted(step, W0, X, Y, q)

    yield "two neighbours swapped; such swaps make every order"
    yield "f with the tokens swapped", predicted_in("1", "3", "2", "4")
    yield "is f", predicted_in("1", "2", "3", "4")
    yield "it is the step s D (Y − W₀X)XᵀC q, on one token"
    yield "f", predicted_in("2")
    yield "by descent", W0 @ q + D @ weight_change(W0, inputs["2"], targets["2"], algebra.symbol("s")) @ C @ q


@laws.claim("gradient descent keeps the laws on reflections", kind="identity")
def turning(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    W0, X, Y = algebra.generator("W_0", d_y, d_x), algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    q, n, m = algebra.generator("q", d_x, 1), algebra.generator("n", d_x, 1), algebra.generator("m", d_y, 1)
    (R, t), (S, _) = reflected(algebra, n), reflected(algebra, m)
    step, none = preconditioned(algebra, W0, layer=layer), algebra.zeros(d_y, N)

    def v(X: Matrix, Y: Matrix, q: Matrix) -> Matrix:
        return predicted(step, W0, X, Y, q) - predicted(step, W0, X, none, q)

    yield "x turned, by R = tI − 2nnᵀ, which is t times a reflection"
    yield "v(RX, Y, Rq)", v(R @ X, Y, R @ q)
    yield "t² v(X, Y, q)", (t * t) * v(X, Y, q)
    yield "y turned, by S = tI − 2mmᵀ"
    yield "v(X, SY, q)", v(X, S @ Y, q)
    yield "S v(X, Y, q)", S @ v(X, Y, q)
    yield "it is the step, so what the targets do is s YXᵀq, s = η/N"
    yield "v(X, Y, q)", v(X, Y, q)
    yield "by descent", (gradient(W0, X, none) - gradient(W0, X, Y)) @ ((algebra.symbol("s") * algebra.scalar(N)) * q)


@laws.claim("only if, step 2: what the reflections that fix x leave alone is a multiple of x", kind="identity")
def along(algebra: Algebra, d: Part, *, mirror: Mirror = reflected) -> Items:
    x, b = algebra.generator("x", d, 1), algebra.generator("b", d, 1)
    xx, xb = algebra.trace(x.T @ x), algebra.trace(x.T @ b)
    n = xx * b - xb * x
    R, t = mirror(algebra, n)
    yield "R = tI − 2nnᵀ for n = ⟨x, x⟩b − ⟨x, b⟩x fixes x, up to the factor t"
    yield "Rx", R @ x
    yield "is t x", t * x
    yield "so Rb = t b; and that gives n = 0, which is b = (⟨x, b⟩/⟨x, x⟩) x"
    yield "⟨x, x⟩ n·(t b − Rb)", xx * algebra.trace(n.T @ (t * b - R @ b))
    yield "is 2(n·n)²", algebra.scalar(2) * t * t


@laws.claim("only if, step 3: a reflection takes x to any x' of the same length", kind="identity")
def across(algebra: Algebra, d: Part, *, mirror: Mirror = reflected) -> Items:
    x, other = algebra.generator("x", d, 1), algebra.generator("x'", d, 1)
    R, t = mirror(algebra, x - other)
    gap = algebra.trace(other.T @ other) - algebra.trace(x.T @ x)
    yield "n = x − x', R = tI − 2nnᵀ: what is left is 0 if the lengths are equal"
    yield "Rx − t x'", R @ x - t * other
    yield "is (⟨x', x'⟩ − ⟨x, x⟩)(x − x')", gap * (x - other)


@laws.claim("only if, step 4: a matrix that commutes with all reflections is a multiple of I", kind="identity")
def scalar_matrix(algebra: Algebra, d: Part, *, mirror: Mirror = reflected) -> Items:
    D, e, f = algebra.generator("D", d, d), algebra.generator("e", d, 1), algebra.generator("f", d, 1)

    def H(n: Matrix) -> Matrix:
        R, _ = mirror(algebra, n)
        return R @ D - D @ R

    ff, fDf = algebra.trace(f.T @ f), algebra.trace(f.T @ D @ f)
    both = H(e + f) - H(e) - H(f)
    crossed = algebra.trace(f.T @ H(f) @ e) + algebra.trace(e.T @ H(f) @ f)
    half = algebra.scalar(1) / algebra.scalar(2)
    yield "H(n) = RD − DR, R = tI − 2nnᵀ; H is 0 for all n, and so is"
    yield "a combination of H(e), H(f) and H(e + f)", half * (ff * (both @ f - H(f) @ e) + crossed * f)
    yield "what it is, for any e and f; so with f fixed, De = (⟨f, Df⟩/⟨f, f⟩) e for every e", ff * (ff * (D @ e) - fDf * e)


@laws.claim("rotations without reflections are not enough for d_x = 2: the quarter turn", kind="refutation")
def quarter_turn() -> Items:
    a, b = sympy.symbols("a b")
    J, mirror = sympy.Matrix([[0, -1], [1, 0]]), sympy.diag(1, -1)
    R = a * sympy.eye(2) + b * J
    yield "R = aI + bJ with a² + b² = 1 is any rotation of the plane"
    yield "RᵀR", R.T * R
    yield "is I", (a**2 + b**2) * sympy.eye(2)
    yield "the preconditioner J is left alone by all of them"
    yield "RᵀJR", R.T * J * R
    yield "is J", (a**2 + b**2) * J
    yield "which is no multiple of I, and a reflection sees it"
    yield Differ("diag(1, −1) turns it around", mirror * J * mirror, J)


@laws.claim("the laws on u alone do not force gradient descent: a preconditioner keeps them", kind="refutation")
def not_enough(algebra: HasValues, *, right: Rows = ((1, 0), (0, 2))) -> Items:
    W0, unit = algebra.value([[0, 0]]), algebra.value([[1]])
    (head,) = gd_layer(2, 1, learning_rate=algebra.scalar(1), context=1, initial=W0, algebra=algebra).heads
    C = algebra.block([[algebra.value(right), algebra.zeros(2, 1)], [algebra.zeros(1, 2), algebra.eye(1)]])
    step = Layer((head._replace(query=head.query @ C),))
    first, second = algebra.value([[1], [0]]), algebra.value([[0], [1]])
    plain = Layer((head,))
    yield "x = q = (1, 0) against x = q = (0, 1), y = 1, W₀ = 0: for gradient descent the same"
    yield "u on the first", moved(plain, W0, first, unit, first)
    yield "u on the second", moved(plain, W0, second, unit, second)
    yield "preconditioned by diag(1, 2) it is not"
    yield Differ("u on both", moved(step, W0, first, unit, first), moved(step, W0, second, unit, second))


@laws.claim("nor do they force a canonical tensor: a function that is no polynomial keeps them", kind="refutation")
def no_tensor() -> Items:
    x1, x2, factor = sympy.symbols("x_1 x_2 lambda")
    unit = sympy.Integer(1)

    def form(first: sympy.Expr, second: sympy.Expr) -> sympy.Expr:
        return first**3 / (first**2 + second**2)

    yield "u = Σᵢ yᵢ b(xᵢ) q₁ with b(x) = x₁³/(x₁² + x₂²), b(0) = 0; all but the cubic law are plain, and for that b must be homogeneous"
    yield "b(λx)", form(factor * x1, factor * x2)
    yield "λ b(x)", factor * form(x1, x2)
    yield Differ("but b does not add: (1, 1) against (1, 0) and (0, 1)", form(unit, unit), form(unit, 0 * unit) + form(0 * unit, unit))
