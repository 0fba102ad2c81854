"""Statement 6.8: what the centred step descends on."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra
from equivalence.algebras.sizes import Part
from equivalence.models.descent.centred import centred_gradient, centring
from equivalence.models.descent.least_squares import gradient, loss
from equivalence.statements import statement
from equivalence.statements.steps import Items
from proofs.vocabulary import Slope


@statement(
    "6.8",
    "Two softmax heads descend on the affine model",
    claim="the intercept profiled out",
    source="this project; von Oswald et al. 2022, appendix A.9, drops the term",
)
def affine(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    """Centred gradient descent is one step in W on least squares *with an intercept, the intercept profiled out*:
    ``∇_W min_b 1/(2N)‖WX + b1ᵀ − Y‖² = (1/N)(WX − Y)CXᵀ``. All d_x, d_y, N.

    So two softmax heads descend on the affine model (its W-part; the intercept is not added), not on the linear one. At leading order
    they equal 2.1 iff the mean residual times ``x̄ᵀq`` is 0.
    """
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    b, ones = algebra.generator("b", d_y, 1), algebra.ones(N, 1)
    half, mean = algebra.scalar(1) / algebra.scalar(2), algebra.scalar(1) / algebra.scalar(N)
    yield "the loss with an intercept b", loss(W, X, Y - b @ ones.T)
    best = mean * ((Y - W @ X) @ ones)
    centred = (W @ X - Y) @ centring(algebra, N)
    off = b - best
    yield "split at the mean residual", (half * mean) * algebra.trace(centred @ centred.T) + half * algebra.trace(off @ off.T)


@affine.claim("its gradient, without analysis (as 1.1)", kind="identity")
def affine_gradient(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, slope: Slope = centred_gradient) -> Items:
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    H, C = algebra.generator("H", d_y, d_x), centring(algebra, N)
    yield "the profiled loss before and after adding H", loss(W + H, X @ C, Y @ C) - loss(W, X @ C, Y @ C)
    half = algebra.scalar(1) / algebra.scalar(2) / algebra.scalar(N)
    second = H @ X @ C
    yield "the slope along H, and a square", algebra.trace(slope(W, X, Y).T @ H) + half * algebra.trace(second @ second.T)


@affine.claim("leading order of the pair: values W₀X − Y, scores Xᵀq", kind="identity")
def leading_order(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    X, Y, W0 = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_x)
    q, mean = algebra.generator("q", d_x, 1), algebra.scalar(1) / algebra.scalar(N)
    yield "order 1 of softmax (6.6) on these values and scores", mean * ((W0 @ X - Y) @ centring(algebra, N) @ (X.T @ q))
    yield "is the centred gradient on the query", centred_gradient(W0, X, Y) @ q
    yield "against the linear model's gradient"
    yield "the difference", (gradient(W0, X, Y) - centred_gradient(W0, X, Y)) @ q
    ones = algebra.ones(N, 1)
    yield "is the mean residual times x̄ᵀq", (mean * ((W0 @ X - Y) @ ones)) @ ((mean * (X @ ones)).T @ q)
