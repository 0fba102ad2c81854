"""Chapter 2: one layer is one step."""

from __future__ import annotations

from typing import Any

from equivalence.attention import linear_attention
from equivalence.construction import gd_layer, query_tokens, tokens
from equivalence.descent import weight_change
from equivalence.statements import statement
from equivalence.statements.steps import Items
from proofs.data_updates import VON_OSWALD


@statement("2.1", "One linear self-attention layer is one gradient step", source=f"{VON_OSWALD}, Prop. 1 and appendix A.1, eq. 8")
def one_layer(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any, *, layer: Any = gd_layer) -> Items:
    """``W_K = W_Q = diag(I, 0)``, ``W_V = [[0, 0], [W₀, −I]]``, ``P = sI`` are one step: ``[X; Y − ΔW X]`` and ``[Q; −(W₀ + ΔW)Q]``.

    ``s = η/N``, ``ΔW = −η∇L(W₀)``, keys and values are the context only, query tokens ``[Q; −W₀Q]``. All d_x, d_y, N, M.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield "the layer, on context and queries", algebra.block([linear_attention(heads, tokens(X, Y), query_tokens(W0, Q))])
    error = W0 @ X - Y
    moved = [[X, Q], [Y + s * (error @ (X.T @ X)), -(W0 @ Q) + s * (error @ (X.T @ Q))]]
    yield "the values are s(W₀X − Y), the scores XᵀX and XᵀQ", algebra.block(moved)
    change = weight_change(W0, X, Y, eta)
    yield "s(W₀X − Y)Xᵀ = −ΔW", algebra.block([[X, Q], [Y - change @ X, -((W0 + change) @ Q)]])
