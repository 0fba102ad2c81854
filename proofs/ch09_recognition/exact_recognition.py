r"""Statement 9.1: exact weights are decided. Which equations decide, and what a witness shows.

A tensor T(A, B) is read by its slices ``½(abᵀ + baᵀ)`` with ``a = Aᵀu`` and ``b = Bv``: u picks a row k or combines rows, v the columns.
"""

from __future__ import annotations

from collections.abc import Callable

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Informal, statement
from equivalence.statements.steps import Items
from proofs.ch09_recognition.canonical_tensors import slice_of
from proofs.ch09_recognition.nearest_members import left_slope, on_inputs, residual_form
from proofs.ch09_recognition.recognition_laws import moved, preconditioned
from proofs.vocabulary import LayerBuilder, head_of, inner


def selections(algebra: Algebra, d_x: Part, d_y: Part) -> tuple[Matrix, Matrix]:
    """``[I, 0]``, d_x x d, and ``[0, I]``, d_y x d: what reads the inputs and the targets of a token."""
    eye, zeros = algebra.eye, algebra.zeros
    return algebra.block([[eye(d_x), zeros(d_x, d_y)]]), algebra.block([[zeros(d_y, d_x), eye(d_y)]])


def stacked(algebra: Algebra, name: str, d_x: Part, d_y: Part, cols: Part) -> Matrix:
    """Generators for inputs and for targets, one above the other: d x cols."""
    return algebra.block([[algebra.generator(f"{name}_x", d_x, cols)], [algebra.generator(f"{name}_y", d_y, cols)]])


@statement("9.1", "Exact weights are decided", claim="W₀ known: D and C are read off, up to scale", source="this project, by 2.4")
def decision(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer, form: Callable[..., Matrix] = residual_form
) -> Items:
    """What a layer predicts on queries ``[q; −W₀q]`` is decided by one canonical tensor T (2.4): that of the y rows of A and of
    ``B[I; −W₀]``. A step ``W₀ + s D (Y − W₀X)XᵀC`` has ``T = T(sDF, [C; 0])`` with ``F = [W₀, −I]``; it is gradient descent where D and C
    are multiples of I, else preconditioned.

    W₀ known: the entries of T at a target's and an input's row are ``−½ s D_km C_ij``. So D and C are a column and a row of a matrix of
    rank one, up to scale, and then all of T is compared with ``T(sDF, [C; 0])``. Where these entries vanish, sD or C does, so T must:
    that is the step of rate 0, for any W₀.

    W₀ unknown: let T_x and T_y be the tensors of the y rows of A with B's columns of inputs and of targets. A step of gradient descent is
    ``T_x = T_y W₀ + M(s, V)`` with M linear, and ``V = sW₀``: linear equations in ``(W₀, s, V)``, and then a quadratic one. For D and C it
    is decided where no query token sees B's columns of targets: there DW₀ solves a linear system, once D and C are read off.

    GD++: the prediction does not show γ (3.4); the x rows of A do. None of these: the difference T − T* from the step that is named, the
    nearest, shows at one context token and one query of zeros and ones, one in the query and in the token one, where a slice has a
    diagonal entry, or else two (2.4: three values of the form give any entry). That no other step fits is what the equations decide; a
    single witness does not show it.

    All d_x, d_y. Tensors of heads add, and what is linear in T is shown for one head. Informal is that a matrix which is not 0 has an
    entry which is not 0, and how the parts fit together.
    """
    D, C, W0 = algebra.generator("D", d_y, d_y), algebra.generator("C", d_x, d_x), algebra.generator("W_0", d_y, d_x)
    X, Y, q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("q", d_x, 1)
    step = preconditioned(algebra, W0, left=D, right=C, layer=layer)
    (head,), (inputs, targets) = step.heads, selections(algebra, d_x, d_y)
    u, v, s = algebra.generator("u", d_y, 1), algebra.generator("v", d_x, 1), algebra.symbol("s")
    A, B = s * (D @ form(algebra, algebra.scalar(1), W0)), on_inputs(algebra, C, d_y)
    yield "a layer for the step: what it adds to W₀q"
    yield "run", moved(step, W0, X, Y, q)
    yield "s D (Y − W₀X)XᵀC q", s * (D @ (Y - W0 @ X) @ X.T @ C @ q)
    yield "its tensor is T(sDF, [C; 0]), by the y rows of A"
    yield "of the layer", targets @ head.output_value
    yield "sDF", A
    yield "and B on queries"
    yield "B[I; −W₀] of the layer", head.key_query @ query_tokens(W0, algebra.eye(d_x))
    yield "[C; 0]", B
    yield "the slice of row u and column v of that tensor, at the rows of targets and the columns of inputs"
    yield "what is read", targets @ slice_of(algebra, A.T @ u, B @ v) @ inputs.T
    yield "−½ s times a row of D and a column of C", -(algebra.scalar("1/2") * s * (D.T @ u @ (C @ v).T))
    yield Informal("that a matrix which is not 0 has an entry which is not 0, and how the parts fit together")


@decision.claim("W₀ unknown: linear equations in (W₀, s, V), and V = sW₀")
def unknown_start(algebra: Algebra, d_x: Part, d_y: Part, *, form: Callable[..., Matrix] = residual_form) -> Items:
    a, b, B_y = stacked(algebra, "a", d_x, d_y, 1), stacked(algebra, "b", d_x, d_y, 1), stacked(algebra, "c", d_x, d_y, d_y)
    W0, V, s = algebra.generator("W_0", d_y, d_x), algebra.generator("V", d_y, d_x), algebra.symbol("s")
    u, v, unit = algebra.generator("u", d_y, 1), algebra.generator("v", d_x, 1), on_inputs(algebra, algebra.eye(d_x), d_y)
    rest = algebra.block([[V - s * W0, algebra.zeros(d_y, d_y)]])

    def part(left: Matrix) -> Matrix:
        return slice_of(algebra, left.T @ u, unit @ v)

    yield "a slice: a is a row of A, b = B_x v with B_x the columns of inputs, and [c_x; c_y] = B_y those of targets"
    yield "T(A, B[I; −W₀]) − T(s[W₀, −I], [I; 0])", slice_of(algebra, a, b - B_y @ W0 @ v) - part(form(algebra, s, s * W0))
    linear = slice_of(algebra, a, b) - slice_of(algebra, a, B_y @ W0 @ v) - part(form(algebra, s, V))
    yield "T_x − T_y W₀ − M(s, V), and T([V − sW₀, 0], [I; 0]), of norm √(½(d_x + 1))‖V − sW₀‖ (9.2)", linear + part(rest)


@decision.claim("D and C known, B's columns of targets 0: DW₀ solves a linear system")
def left_part(algebra: Algebra, d_x: Part, d_y: Part, *, slope: Callable[..., Matrix] = left_slope) -> Items:
    L, C = algebra.generator("L", d_y, d_x), algebra.generator("C", d_x, d_x)
    yield "the slope along C (9.2) of T(L, C), L = sDW₀: T at the rows and columns of inputs", slope(algebra, L, C, C)
    size = inner(algebra, C, C) * algebra.eye(d_x)
    yield "is L times a matrix that is positive definite for C ≠ 0", L @ (algebra.scalar("1/2") * (size + C @ C.T))


@decision.claim("a witness: one token and one query show any entry of T − T*")
def witness(algebra: Algebra, d_x: Part, d_y: Part, *, step: Callable[..., Matrix] = gradient_step) -> Items:
    blocks = {f"{name}_{i}{j}": (m, n) for name in "AB" for i, m in (("x", d_x), ("y", d_y)) for j, n in (("x", d_x), ("y", d_y))}
    A, B = (algebra.block([[algebra.generator(f"{name}_{i}{j}", *blocks[f"{name}_{i}{j}"]) for j in "xy"] for i in "xy"]) for name in "AB")
    W0, u, q = algebra.generator("W_0", d_y, d_x), algebra.generator("u", d_y, 1), algebra.generator("q", d_x, 1)
    x, y, s = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.symbol("s")
    _, targets = selections(algebra, d_x, d_y)
    _, after = linear_attention(head_of(algebra, A, B), tokens(x, y), query_tokens(W0, q))
    seen = slice_of(algebra, (targets @ A).T @ u, B @ query_tokens(W0, q))
    member = slice_of(algebra, residual_form(algebra, s, s * W0).T @ u, on_inputs(algebra, q, d_y))
    e = tokens(x, y)
    yield "the layer (A, B) and the step are run on one context token e = [x; y]"
    yield "coordinate u of the difference of the predictions", inner(algebra, u, prediction(after, d_x, d_y) - step(W0, x, y, s) @ q)
    yield "minus the form of a slice of T − T* at e", -inner(algebra, e, (seen - member) @ e)


@decision.claim("GD++: γ is not in the y rows of A, and is an entry of the tensor of the x rows")
def curvature(algebra: Algebra, d_x: Part, d_y: Part, *, corrected: LayerBuilder = gdpp_layer) -> Items:
    W0, v = algebra.generator("W_0", d_y, d_x), algebra.generator("v", d_x, 1)
    s, gamma = algebra.symbol("s"), algebra.symbol("gamma")
    (head,) = corrected(d_x, d_y, learning_rate=s, gamma=gamma, context=1, initial=W0, algebra=algebra).heads
    inputs, targets = selections(algebra, d_x, d_y)
    left, right = -(gamma * inputs), on_inputs(algebra, algebra.eye(d_x), d_y)
    pairs = {
        "what the prediction reads, the y rows of A": (targets @ head.output_value, residual_form(algebra, s, s * W0)),
        "the x rows of A": (inputs @ head.output_value, left),
        "on queries, B[I; −W₀]": (head.key_query @ query_tokens(W0, algebra.eye(d_x)), right),
    }
    for heading, (part, expected) in pairs.items():
        yield heading
        yield "of the layer", part
        yield "is", expected
    yield "the slice of row v and column v of T(−γ[I, 0], [I; 0])"
    at = inputs.T @ v
    yield "its form at [v; 0]", inner(algebra, at, slice_of(algebra, left.T @ v, right @ v) @ at)
    yield "is −γ for v = e₁", -(gamma * inner(algebra, v, v) * inner(algebra, v, v))
