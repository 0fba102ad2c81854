"""Linear self-attention on tokens that are the columns of a matrix.

Tokens serve as keys and values (the *context*) or as queries. A layer with residual maps a query token q to
``q + Σ_h P_h W_{V,h} C (W_{K,h} C)ᵀ W_{Q,h} q``, C the keys' tokens (von Oswald et al. 2022, eq. 6). There is no softmax and no
scaling by 1/sqrt(d_k).
"""

from __future__ import annotations

from collections.abc import Sequence

from equivalence.algebras.detect import algebra_of, called
from equivalence.algebras.protocol import M
from equivalence.models.heads import Head, Layer, named


def head_update(head: Head[M], context: M, queries: M) -> M:
    """``P W_V C (W_K C)ᵀ W_Q q`` for all query tokens at once.

    Args:
        head: the weights.
        context: the tokens that serve as keys and values, d x N.
        queries: the query tokens, d x M.

    Returns:
        The update of the query tokens, d x M. Multiplied so that no N x M matrix of scores is formed.
    """
    head = named(head)
    return head.projection @ (fast_weights(head, context) @ (head.query @ queries))


def fast_weights(head: Head[M], context: M) -> M:
    """``W_V C (W_K C)ᵀ``, d_v x d_k: what a head makes of its context C, d x N, and applies to queries ``W_Q q``.

    Args:
        head: the weights.
        context: C, d x N.

    Returns:
        d_v x d_k.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    return (head.value @ context) @ (head.key @ context).T


def update(layer: Layer[M], context: M, queries: M) -> M:
    """The sum of the heads' updates, d x M."""
    first, *others = layer.heads
    change = head_update(first, context, queries)
    for head in others:
        change = change + head_update(head, context, queries)
    return change


def linear_attention(layer: Layer[M], context: M, queries: M, *, queries_as_keys: bool = False) -> tuple[M, M]:
    """One layer with residual, on context and queries.

    Args:
        layer: the heads.
        context: d x N.
        queries: d x M.
        queries_as_keys: whether the queries serve as keys and values too.

    Returns:
        The updated context and the updated queries.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    keys = called("E", algebra_of(context).block([[context, queries]])) if queries_as_keys else context
    return context + update(layer, keys, context), queries + update(layer, keys, queries)


def stack(layers: Sequence[Layer[M]], context: M, queries: M, *, queries_as_keys: bool = False) -> tuple[M, M]:
    """Layers one after another, each with residual, as `linear_attention`.

    Args:
        layers: the first one first; a recurrent stack is ``[layer] * K``.
        context: the tokens that serve as keys and values, d x N.
        queries: the query tokens, d x M.
        queries_as_keys: whether the queries serve as keys and values too.

    Returns:
        The context and the queries after the last layer, d x N and d x M.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    for layer in layers:
        context, queries = linear_attention(layer, context, queries, queries_as_keys=queries_as_keys)
    return context, queries
