"""Statement 10.5: gradient steps on ridge regression, as layers, and its solution, example by example."""

from __future__ import annotations

from collections.abc import Callable

from equivalence.algebras.protocol import Algebra, HasInverses, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.attention.mesa import MesaState, mesa_step
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.ridge import ridge_gradient, ridge_loss, ridge_regression, ridge_step
from equivalence.models.tokens import query_tokens, tokens
from equivalence.statements import simulation, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder, inner

RidgeStep = Callable[..., Matrix]
"""A step or a slope from weights, inputs and targets, with λ last, such as `ridge_step` and `ridge_gradient`."""


@statement(
    "10.5",
    "The ridge step",
    kind="induction",
    claim="K steps are K layers of 2.1 with d_x tokens more, any K",
    source="Akyürek et al. 2022, Theorems 1 and 2, eq. 10 to 14 (seen in a secondary text)",
)
def ridge_layers(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer, step: RidgeStep = ridge_step
) -> Items:
    """A gradient step on ``1/(2N)(‖WX − Y‖² + λ‖W‖²)`` is the layer of 2.1 once d_x tokens ``[√λ I; 0]`` stand beside the context.

    Weight decay as data: the penalty is the squared error of the inputs √λ I with the targets 0. r is the symbol, and λ = r². The rate
    is η/N with N the number of *true* examples. Theorem 1 has d_y = 1, one example, and the loss without ½ and 1/N:
    ``w − 2α(x xᵀw − yx + λw)`` is this step with η/N = 2α. Theorem 2, ``(λI + x xᵀ)⁻¹x y`` by Sherman and Morrison, is 10.3's
    recursion, from ``R = I/λ``, after one token; further tokens make it ridge regression on all of them. All d_x, d_y, N, M.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta, root = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("r")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    inputs, targets = algebra.block([[X, root * algebra.eye(d_x)]]), algebra.block([[Y, algebra.zeros(d_y, d_x)]])
    yield from simulation(
        algebra,
        state={"W": (d_y, d_x)},
        begins={"W": W0},
        right=lambda W: {"W": step(W, X, Y, eta, root * root)},
        start={"context": tokens(inputs, targets), "queries": query_tokens(W0, Q)},
        left=lambda context, queries: dict(zip(("context", "queries"), linear_attention(heads, context, queries), strict=True)),
        related=lambda W: {"context": tokens(inputs, targets - (W - W0) @ inputs), "queries": tokens(Q, -(W @ Q))},
        reasons=("W₀ − W₀ is zero", "[X, rI][X, rI]ᵀ = XXᵀ + λI, and [Y, 0][X, rI]ᵀ = YXᵀ"),
    )


@ridge_layers.claim("its slope is the gradient of the ridge loss, without analysis", kind="identity")
def ridge_slope(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, slope: RidgeStep = ridge_gradient) -> Items:
    """``L(W + H) − L(W) = ⟨∇L(W), H⟩ + (1/2N)(‖HX‖² + λ‖H‖²)``, exactly, as in 1.1."""
    X, Y = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    W, H, ridge = algebra.generator("W", d_y, d_x), algebra.generator("H", d_y, d_x), algebra.symbol("lambda")
    square = inner(algebra, H @ X, H @ X) + ridge * inner(algebra, H, H)
    yield "L(W + H) − L(W)", ridge_loss(W + H, X, Y, ridge) - ridge_loss(W, X, Y, ridge)
    yield "⟨∇L(W), H⟩ and a square", inner(algebra, slope(W, X, Y, ridge), H) + (algebra.scalar("1/2") / algebra.scalar(N)) * square


@ridge_layers.claim("where it goes: the distance from YXᵀ(XXᵀ + λI)⁻¹ is multiplied by I − (η/N)(XXᵀ + λI)", kind="identity")
def contraction(algebra: HasInverses, d_x: Part, d_y: Part, N: Part, *, step: RidgeStep = ridge_step) -> Items:
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    eta, ridge = algebra.symbol("eta"), algebra.symbol("lambda")
    best = ridge_regression(X, Y, ridge)
    yield "a step from W, less the solution", step(W, X, Y, eta, ridge) - best
    curvature = X @ X.T + ridge * algebra.eye(d_x)
    yield "W less the solution, times", (W - best) @ (algebra.eye(d_x) - (eta / algebra.scalar(N)) * curvature)


@ridge_layers.claim("Theorem 2: one example, by Sherman and Morrison from I/λ", kind="identity")
def one_example(algebra: HasInverses, d_x: Part, d_y: Part, *, recursion: Callable[..., MesaState] = mesa_step) -> Items:
    """``(λI + x xᵀ)⁻¹`` as printed, ``I/λ − (I/λ)x xᵀ(I/λ)/(1 + xᵀx/λ)``; multiplied out it is one."""
    x, y, ridge = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.symbol("lambda")
    start = (algebra.scalar(1) / ridge) * algebra.eye(d_x)
    after = recursion(MesaState(algebra.zeros(d_y, d_x), start), x, y)
    yield "y xᵀ times what the recursion has for the inverse, times λI + x xᵀ"
    yield "the weights, multiplied out", after.memory @ after.inverse @ (ridge * algebra.eye(d_x) + x @ x.T)
    yield "are y xᵀ", y @ x.T
