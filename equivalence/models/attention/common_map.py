"""What all tokens of a linear transformer have in common (Vladymyrov et al. 2024, Theorem 4.1; statement 10.4)."""

from __future__ import annotations

from equivalence.algebras.protocol import M
from equivalence.models.heads import Layer


def common_map(layer: Layer[M], transformation: M, gram: M) -> M:
    """``T + Σ_h A_h (T G Tᵀ) B_h T``: after one layer more, every token is this matrix times what it was at the start.

    Args:
        layer: the heads, ``A = P W_V``, ``B = W_Kᵀ W_Q``.
        transformation: T, d x d, that of the layers before; the identity if there are none.
        gram: ``G = C Cᵀ``, d x d, of the context at the start. Queries are no keys.

    Returns:
        The matrix for one layer more, d x d.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).

    Returns:
        d x d.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    within, changed = transformation @ (gram @ transformation.T), transformation
    for head in layer.heads:
        changed = changed + head.output_value @ (within @ (head.key_query @ transformation))
    return changed
