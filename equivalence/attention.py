"""Self-attention, linear and softmax: heads, layers and stacks, on tokens that are the columns of a matrix.

A head has W_K, W_Q, W_V and P; tokens serve as keys and values (the *context*) or as queries. A layer with residual maps a query
token q to ``q + Σ_h P_h W_{V,h} C (W_{K,h} C)ᵀ W_{Q,h} q``, C the keys' tokens (von Oswald et al. 2022, eq. 6). There is no softmax
and no scaling by 1/sqrt(d_k).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from equivalence.algebras.detect import algebra_of

Matrix = Any


class Head(NamedTuple):
    """The weights of one head; a JAX pytree.

    Attributes:
        key: W_K, d_k x d.
        query: W_Q, d_k x d.
        value: W_V, d_v x d.
        projection: P, d x d_v.
    """

    key: Matrix
    query: Matrix
    value: Matrix
    projection: Matrix

    @property
    def output_value(self) -> Matrix:
        """A = P W_V, d x d: what the head writes for what it reads."""
        return self.projection @ self.value

    @property
    def key_query(self) -> Matrix:
        """B = W_Kᵀ W_Q, d x d: the bilinear form of the scores. The head is the map C, q ↦ A C Cᵀ B q."""
        return self.key.T @ self.query


class Layer(NamedTuple):
    """The heads of one layer; a JAX pytree.

    Attributes:
        heads: at least one.
    """

    heads: tuple[Head, ...]

    def to_numpy(self, dtype: Any = float) -> Layer:
        """The same weights as NumPy arrays of floats.

        Raises ValueError naming the weight and the symbols, if any are left in it.
        """
        from equivalence.conversion import to_numpy

        return to_numpy(self, dtype)

    def to_jax(self, dtype: Any = None) -> Layer:
        """The same weights as JAX arrays; dtype float64 needs JAX's x64 mode, else ValueError. Default: float32."""
        from equivalence.conversion import to_jax

        return to_jax(self, dtype)

    def _repr_latex_(self) -> str:
        from equivalence.printing import layer_latex

        return layer_latex(self)


def head_update(head: Head, context: Matrix, queries: Matrix) -> Matrix:
    """``P W_V C (W_K C)ᵀ W_Q q`` for all query tokens at once.

    Args:
        head: the weights.
        context: the tokens that serve as keys and values, d x N.
        queries: the query tokens, d x M.

    Returns:
        The update of the query tokens, d x M. Multiplied so that no N x M matrix of scores is formed.
    """
    memory = (head.value @ context) @ (head.key @ context).T
    return head.projection @ (memory @ (head.query @ queries))


def update(layer: Layer, context: Matrix, queries: Matrix) -> Matrix:
    """The sum of the heads' updates, d x M."""
    first, *others = layer.heads
    change = head_update(first, context, queries)
    for head in others:
        change = change + head_update(head, context, queries)
    return change


def linear_attention(layer: Layer, context: Matrix, queries: Matrix, *, queries_as_keys: bool = False) -> tuple[Matrix, Matrix]:
    """One layer with residual, on context and queries.

    Args:
        layer: the heads.
        context: d x N.
        queries: d x M.
        queries_as_keys: whether the queries serve as keys and values too.

    Returns:
        The updated context and the updated queries.
    """
    keys = algebra_of(context).block([[context, queries]]) if queries_as_keys else context
    return context + update(layer, keys, context), queries + update(layer, keys, queries)


def stack(layers: Sequence[Layer], context: Matrix, queries: Matrix, *, queries_as_keys: bool = False) -> tuple[Matrix, Matrix]:
    """Layers one after another; a recurrent stack is ``[layer] * K``."""
    for layer in layers:
        context, queries = linear_attention(layer, context, queries, queries_as_keys=queries_as_keys)
    return context, queries


def softmax_update(layer: Layer, context: Matrix, queries: Matrix) -> Matrix:
    """``Σ_h P_h W_{V,h} C p_h``, d x M, with weights ``p_h`` made from the scores ``(W_{K,h} C)ᵀ W_{Q,h} q`` (eq. 1).

    Numbers go through softmax; the readings that prove take any weights that are nonnegative and sum to 1 over the context (see
    `Algebra.weights`). A temperature or 1/sqrt(d_k) belongs into W_Q.

    Args:
        layer: the heads.
        context: the tokens that serve as keys and values, d x N.
        queries: the query tokens, d x M.

    Raises:
        ValueError: an empty context, over which no weights sum to 1.
    """
    if context.shape[1] == 0:
        raise ValueError(f"context: expected at least one token for softmax to attend to, got shape {tuple(context.shape)}")
    algebra = algebra_of(context)
    first, *others = (
        head.projection @ (head.value @ context @ algebra.weights((head.key @ context).T @ (head.query @ queries))) for head in layer.heads
    )
    for change in others:
        first = first + change
    return first


def causal_attention(layer: Layer, tokens: Sequence[Matrix], queries: Matrix) -> tuple[list[Matrix], Matrix]:
    """One layer with a causal mask: a token attends to those up to and with itself; the queries attend to all tokens and are no keys.

    Written as a recurrence on each head's memory ``Σ_{i<=j} W_V e_i (W_K e_i)ᵀ``.

    Args:
        layer: the heads.
        tokens: the context, a sequence of d x 1 columns.
        queries: d x M.

    Returns:
        The updated columns, and the updated queries.
    """
    memories: list[Matrix] = []
    updated = []
    for token in tokens:
        new = [(head.value @ token) @ (head.key @ token).T for head in layer.heads]
        memories = [old + more for old, more in zip(memories, new, strict=True)] if memories else new
        updated.append(token + _recalled(layer, memories, token))
    return updated, queries + _recalled(layer, memories, queries)


def _recalled(layer: Layer, memories: Sequence[Matrix], queries: Matrix) -> Matrix:
    first, *others = (head.projection @ (memory @ (head.query @ queries)) for head, memory in zip(layer.heads, memories, strict=True))
    for change in others:
        first = first + change
    return first
