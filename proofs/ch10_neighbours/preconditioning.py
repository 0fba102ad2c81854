"""Statement 10.1: preconditioned gradient descent."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import preconditioned_layer
from equivalence.models.descent.least_squares import preconditioned_step, weight_change
from equivalence.models.tokens import query_tokens, tokens
from equivalence.statements import simulation, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder


@statement(
    "10.1",
    "Preconditioned gradient descent is a layer",
    claim="one layer",
    source="Ahn et al. 2023, Lemma 1 (seen in a secondary text); Zhang et al. 2023",
)
def preconditioned(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = preconditioned_layer) -> Items:
    """The layer of 2.1 with ``W_Q = diag(C, 0)`` takes the step ``W₀ + ΔW C``: ``[X; Y − ΔW C X]`` and ``[Q; −(W₀ + ΔW C)Q]``.

    So ``B = diag(C, 0)``, and C is any d_x x d_x matrix; ``ΔW = −η∇L(W₀)``. All d_x, d_y, N, M. In the source, d_y = 1, W₀ = 0,
    ``Q = −diag(A, 0)`` and ``P = diag(0, 1)``: C is A, and stands on the right of a row W; a column w = Wᵀ moves by ``Cᵀ``.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, C, eta = algebra.generator("W_0", d_y, d_x), algebra.generator("C", d_x, d_x), algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, preconditioner=C, context=N, initial=W0, algebra=algebra)
    yield "the layer, on context and queries", algebra.block([linear_attention(heads, tokens(X, Y), query_tokens(W0, Q))])
    error, s = W0 @ X - Y, eta / algebra.scalar(N)
    moved = [[X, Q], [Y + s * (error @ (X.T @ C @ X)), -(W0 @ Q) + s * (error @ (X.T @ C @ Q))]]
    yield "the values are s(W₀X − Y), the scores XᵀCX and XᵀCQ", algebra.block(moved)
    change = weight_change(W0, X, Y, eta) @ C
    yield "s(W₀X − Y)Xᵀ C = −ΔW C", algebra.block([[X, Q], [Y - change @ X, -((W0 + change) @ Q)]])


@preconditioned.claim("K layers are K such steps, any K, the same W₀ in each", kind="induction")
def preconditioned_stack(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = preconditioned_layer) -> Items:
    """C and the rate are arbitrary, so they may be others in each layer."""
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, C, eta = algebra.generator("W_0", d_y, d_x), algebra.generator("C", d_x, d_x), algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, preconditioner=C, context=N, initial=W0, algebra=algebra)
    yield from simulation(
        algebra,
        state={"W": (d_y, d_x)},
        begins={"W": W0},
        right=lambda W: {"W": preconditioned_step(W, X, Y, eta, C)},
        start={"context": tokens(X, Y), "queries": query_tokens(W0, Q)},
        left=lambda context, queries: dict(zip(("context", "queries"), linear_attention(heads, context, queries), strict=True)),
        related=lambda W: {"context": tokens(X, Y - (W - W0) @ X), "queries": tokens(Q, -(W @ Q))},
        reasons=("W₀ − W₀ is zero", "W₀X − (Y − (W − W₀)X) = WX − Y: the layer sees the residuals of W"),
    )
