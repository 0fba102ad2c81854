"""Softmax attention; in the readings that prove, any weights that are nonnegative and sum to 1."""

from __future__ import annotations

from equivalence.algebras.detect import weighing
from equivalence.algebras.protocol import M
from equivalence.models.heads import Layer, named


def softmax_update(layer: Layer[M], context: M, queries: M) -> M:
    """``Σ_h P_h W_{V,h} C p_h``, d x M, with weights ``p_h`` made from the scores ``(W_{K,h} C)ᵀ W_{Q,h} q`` (eq. 1).

    Numbers go through softmax; the readings that prove take any weights that are nonnegative and sum to 1 over the context (see
    `WeightsOf.weights`). A temperature or 1/sqrt(d_k) belongs into W_Q.

    Args:
        layer: the heads.
        context: the tokens that serve as keys and values, d x N.
        queries: the query tokens, d x M.

    Raises:
        ValueError: an empty context, over which no weights sum to 1.
        TypeError: matrices of a reading that has no weights, as the exact one.
    """
    if context.shape[1] == 0:
        raise ValueError(f"context: expected at least one token for softmax to attend to, got shape {tuple(context.shape)}")
    algebra = weighing(context)
    first, *others = (
        head.projection @ (head.value @ context @ algebra.weights((head.key @ context).T @ (head.query @ queries)))
        for head in map(named, layer.heads)
    )
    for change in others:
        first = first + change
    return first
