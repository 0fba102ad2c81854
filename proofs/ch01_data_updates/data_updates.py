"""Chapter 1: gradient descent as an update of the data."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.descent.data import data_step
from equivalence.models.descent.least_squares import gradient, gradient_step, loss, weight_change
from equivalence.statements import Differ, simulation, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, Slope


@statement("1.1", "The gradient of least squares, without analysis", source=f"{VON_OSWALD}, eq. 2 and 3")
def expansion(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, slope: Slope = gradient) -> Items:
    """``L(W + H) − L(W) = ⟨∇L(W), H⟩ + (1/2N)‖HX‖²``, exactly, with ``∇L(W) = (1/N)(WX − Y)Xᵀ`` and ``L(W) = 1/(2N) ‖WX − Y‖²``.

    The last term is of second order in H, so ∇L is the gradient and no limit is taken. All d_x, d_y, N.
    """
    X, Y = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    W, H = algebra.generator("W", d_y, d_x), algebra.generator("H", d_y, d_x)
    half = algebra.scalar(1) / algebra.scalar(2) / algebra.scalar(N)
    error, shift = W @ X - Y, H @ X
    yield "the loss before and after adding H", loss(W + H, X, Y) - loss(W, X, Y)
    square = algebra.trace((error + shift) @ (error + shift).T) - algebra.trace(error @ error.T)
    yield "(W + H)X − Y is the old error plus HX", half * square
    cross = algebra.trace(error @ shift.T) + algebra.trace(shift @ error.T)
    yield "expand the square", half * (cross + algebra.trace(shift @ shift.T))
    yield (
        "both cross terms are one trace; collect the gradient",
        algebra.trace(slope(W, X, Y).T @ H) + half * algebra.trace(shift @ shift.T),
    )


@statement("1.2", "A weight update is a target update", source=f"{VON_OSWALD}, eq. 4")
def weight_update_is_target_update(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    """``(W + Δ)X − Y = WX − (Y − ΔX)`` for *every* Δ: both changes leave the same residuals.

    Nothing here is about gradients: they enter in 1.1 and 2.1. All d_x, d_y, N.
    """
    X, Y = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    W, change = algebra.generator("W", d_y, d_x), algebra.generator("Δ", d_y, d_x)
    yield "residuals after the weight update", (W + change) @ X - Y
    yield "distribute", W @ X + change @ X - Y
    yield "count the new term to the targets", W @ X - (Y - change @ X)


@statement(
    "1.3",
    "K steps on the weights are K updates of the data",
    kind="induction",
    claim="data updates, any K",
    source=f"{VON_OSWALD}, section 2",
)
def many_steps(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, data: Callable[..., tuple[Matrix, Matrix]] = data_step
) -> Items:
    """``Y_K = Y − (W_K − W₀)X`` and the queries' y-part is ``−W_K Q``, for every K, with a rate of its own for each step.

    The left machine updates targets by gradients taken *at W₀ throughout*; the right one takes gradient steps. Closed form for one
    rate: ``R_K = R₀ (I − sXᵀX)^K``, ``R = Y − WX``, ``s = η/N``. Induction on K: base and step, all d_x, d_y, N, M.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")

    def left(targets: Matrix, queries: Matrix) -> dict[str, Matrix]:
        return dict(zip(("targets", "queries"), data(W0, X, targets, Q, queries, eta), strict=True))

    yield from simulation(
        algebra,
        state={"W": (d_y, d_x)},
        begins={"W": W0},
        right=lambda W: {"W": gradient_step(W, X, Y, eta)},
        start={"targets": Y, "queries": -(W0 @ Q)},
        left=left,
        related=lambda W: {"targets": Y - (W - W0) @ X, "queries": -(W @ Q)},
        reasons=("W₀ − W₀ is zero", "the data at W₀ have the residuals of W on the original data, so both take the same ΔW"),
    )


@many_steps.claim("closed form of the residual, any K")
def closed_form(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    X, Y = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    W, eta = algebra.generator("W", d_y, d_x), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    yield "base: the power 0 is the identity"
    yield "the residual before the first step", Y - W @ X
    yield "times the identity", (Y - W @ X) @ algebra.eye(N)
    yield "step: one more factor"
    yield "the residual after a step", Y - gradient_step(W, X, Y, eta) @ X
    yield "insert the step", (Y - W @ X) - weight_change(W, X, Y, eta) @ X
    yield "ΔW X is the residual times sXᵀX", (Y - W @ X) - s * ((Y - W @ X) @ (X.T @ X))
    yield "factor the residual out", (Y - W @ X) @ (algebra.eye(N) - s * (X.T @ X))


@statement(
    "1.4",
    "No data update for models that are not linear in their weights",
    kind="refutation",
    source="write-up, “the proof does not hold for non-linear models”",
)
def nonlinear_models() -> Items:
    """For ``f(w, x) = w²x`` and ``L = ½(f − y)²`` no update of the data that knows only x and the weight update can replace it.

    At x = 1, y = 7 the weights w = 1 and w = 2 have the same gradient −12; with η = 1/12 both move by 1; the target shifts that
    reproduce the residuals are 3 and 5. One witness, exact.
    """
    w, x, y = sympy.symbols("w x y")
    model = w**2 * x
    slope = sympy.diff((model - y) ** 2 / 2, w)
    first, second = {w: 1, x: 1, y: 7}, {w: 2, x: 1, y: 7}
    eta = sympy.Rational(1, 12)
    yield "both weights move alike"
    yield "the step from w = 1", -eta * slope.subs(first)
    yield "is one", sympy.Integer(1)
    yield "the step from w = 2 is too", -eta * slope.subs(second)
    yield "but the targets must shift differently"
    shift = model.subs(w, w + 1) - model
    yield "the model's change when w moves by 1, from w = 1", shift.subs(first)
    yield "is three", sympy.Integer(3)
    yield "and from w = 2"
    yield "the model's change when w moves by 1", shift.subs(second)
    yield "is five", sympy.Integer(5)
    yield Differ("the shift that replaces the step from w = 1, against that from w = 2", shift.subs(first), shift.subs(second))
