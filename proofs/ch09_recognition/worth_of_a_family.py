r"""Statement 9.6: what a family is worth. With one target nearly every head is a preconditioned step, from a W₀ of its own."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.heads import Layer
from equivalence.statements import Differ, Informal, statement
from equivalence.statements.steps import Items
from proofs.ch09_recognition.recognition_laws import moved
from proofs.vocabulary import head_of


def blind_head(algebra: Algebra, d_x: Part, row: Matrix, gain: Scalar) -> tuple[Layer, Matrix, Matrix]:
    """A head of one target whose scores do not read the context's target, and B's columns of inputs and of the target.

    A has any x rows and the y row ``[a_x, a_y]``; the key's side of B is 0 at the target.
    """
    B, b = algebra.generator("B", d_x, d_x), algebra.generator("b", d_x, 1)
    A = algebra.block([[algebra.generator("A_xx", d_x, d_x), algebra.generator("A_xy", d_x, 1)], [row, gain * algebra.eye(1)]])
    scores = algebra.block([[B, b], [algebra.zeros(1, d_x), algebra.zeros(1, 1)]])
    return head_of(algebra, A, scores), B, b


def ratio(algebra: Algebra, row: Matrix, gain: Scalar) -> Matrix:
    """``W₀ = −a_x/a_y``."""
    return -((algebra.scalar(1) / gain) * row)


@statement("9.6", "What a family is worth", claim="one target: a head that is blind to it in its scores is a step", source="this project")
def worth(algebra: Algebra, d_x: Part, N: Part, *, start: object = ratio, head: object = blind_head) -> Items:
    """With one target, every head with ``a_y ≠ 0`` whose scores do not read the *context's* target is, on queries ``[q; −W₀q]``, a
    preconditioned step from ``W₀ = −a_x/a_y``, with s = −a_y and C = B_xx − b_xy W₀. Here [a_x, a_y] is the y row of A, and the key's side
    of B is [B_xx, b_xy] at the inputs and 0 at the target; the x rows of A are anything. On queries ``[q; 0]`` it takes a_x = 0 too:
    without targets a step from 0 predicts 0, and the head does not.

    So a head deviates from that family in one row of B only, and the distance of weights to it says little by itself: a random head's is
    about 1/√d of its norm, or less (informal: one row of d; on [x; y − W₀x] the others grow with W₀). A distance is to be read against that
    of random heads of the same shape, which `recognise` reports beside it. All d_x, N.
    """
    row, gain = algebra.generator("a_x", 1, d_x), algebra.symbol("a_y")
    X, Y, q = algebra.generator("X", d_x, N), algebra.generator("Y", 1, N), algebra.generator("q", d_x, 1)
    layer, B, b = head(algebra, d_x, row, gain)  # type: ignore[operator]
    W0 = start(algebra, row, gain)  # type: ignore[operator]
    yield "what the head adds to W₀q, on [q; −W₀q]", moved(layer, W0, X, Y, q)
    yield "s (Y − W₀X)XᵀC q", -(gain * ((Y - W0 @ X) @ X.T @ ((B - b @ W0) @ q)))
    yield Informal("that a random head is about 1/√d of its norm off, or less: one row of d")


@worth.claim("on queries [q; 0], without targets: what a step predicts is 0, and what the head predicts")
def on_plain_queries(algebra: Algebra, d_x: Part, N: Part, *, head: object = blind_head) -> Items:
    row, gain = algebra.generator("a_x", 1, d_x), algebra.symbol("a_y")
    X, q, nothing = algebra.generator("X", d_x, N), algebra.generator("q", d_x, 1), algebra.zeros(1, N)
    C, zero = algebra.generator("C", d_x, d_x), algebra.zeros(1, d_x)
    layer, B, _ = head(algebra, d_x, row, gain)  # type: ignore[operator]
    yield "a step from 0"
    yield "(Y − 0X)XᵀC q for Y = 0", (nothing - zero @ X) @ X.T @ C @ q
    yield "0", algebra.zeros(1, 1)
    yield "the head"
    yield "run", moved(layer, zero, X, nothing, q)
    yield "−a_x XXᵀB_xx q", -(row @ X @ X.T @ B @ q)


@worth.claim("a_x = 1, one token x = 1 with target 0, q = 1: no step from 0", kind="refutation")
def needs_no_input(*, a_x: int = 1) -> Items:
    one, zero = exact.value([[1]]), exact.value([[0]])
    layer = head_of(exact, exact.value([[0, 0], [a_x, 1]]), exact.value([[1, 0], [0, 0]]))
    yield "a step from 0 predicts 0, whatever C is; the head predicts minus the y row of its update"
    yield Differ("a_x = a_y = B = 1 against a step from 0", exact.trace(moved(layer, zero, one, zero, one)), exact.scalar(0))
