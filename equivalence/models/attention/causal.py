"""Linear attention with a causal mask."""

from __future__ import annotations

from collections.abc import Sequence

from equivalence.algebras.protocol import M
from equivalence.models.heads import Layer, named


def causal_attention(layer: Layer[M], tokens: Sequence[M], queries: M) -> tuple[list[M], M]:
    """One layer with a causal mask: a token attends to those up to and with itself; the queries attend to all tokens and are no keys.

    Written as a recurrence on each head's memory ``Σ_{i<=j} W_V e_i (W_K e_i)ᵀ``.

    Args:
        layer: the heads.
        tokens: the context, a sequence of columns, d x 1.
        queries: d x M.

    Returns:
        The updated columns, and the updated queries.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no token at all.
    """
    layer = Layer(tuple(map(named, layer.heads)))
    memories: list[M] = []
    updated = []
    for token in tokens:
        new = [(head.value @ token) @ (head.key @ token).T for head in layer.heads]
        memories = [old + more for old, more in zip(memories, new, strict=True)] if memories else new
        updated.append(token + _recalled(layer, memories, token))
    return updated, queries + _recalled(layer, memories, queries)


def _recalled(layer: Layer[M], memories: Sequence[M], queries: M) -> M:
    first, *others = (head.projection @ (memory @ (head.query @ queries)) for head, memory in zip(layer.heads, memories, strict=True))
    for change in others:
        first = first + change
    return first
