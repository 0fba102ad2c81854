"""The mesa-layer: causal attention whose memory is inverted token by token (von Oswald et al. 2023; statement 10.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple

from equivalence.algebras.detect import algebra_of, inverting
from equivalence.algebras.protocol import M, Scalar
from equivalence.models.heads import Head, Layer


class MesaState(NamedTuple, Generic[M]):
    """What a head of a mesa-layer remembers.

    Attributes:
        memory: ``Σ v kᵀ``, d_v x d_k.
        inverse: R, d_k x d_k; it starts at λI.
    """

    memory: M
    inverse: M


def mesa_step(state: MesaState[M], key: M, value: M) -> MesaState[M]:
    """One pair more: ``R ← R − R k kᵀ R / (1 + kᵀRk)`` (Sherman and Morrison; eq. 7) and ``Σ v kᵀ``.

    Args:
        state: before it, Σ v kᵀ, d_v x d_k, and R, d_k x d_k.
        key: k, d_k x 1.
        value: v, d_v x 1.

    Returns:
        The state after it.

    Raises:
        ValueError: a key or a value that is not one column, which NumPy would broadcast; or sizes that do not fit.
        TypeError: matrices of a reading without inverses; arrays of JAX whose sizes do not fit.
    """
    for name, column in (("key", key), ("value", value)):
        if column.shape[1] != 1:
            raise ValueError(f"{name}: expected one column, got shape {tuple(column.shape)}")
    seen = state.inverse @ key
    divided = inverting(key).inverse(algebra_of(key).eye(1) + key.T @ seen)
    return MesaState(state.memory + value @ key.T, state.inverse - seen @ divided @ (key.T @ state.inverse))


def mesa_attention(layer: Layer[M], tokens: Sequence[M], queries: M, strength: Scalar) -> tuple[list[M], M]:
    """One mesa-layer with residual: token j receives ``Σ_h P_h Φ_j W_Q e_j``, ``Φ_j = (Σ_{i≤j} v_i k_iᵀ) R_j`` (eq. 4 to 8).

    The queries are no keys, and are asked after the last token.

    Args:
        layer: the heads.
        tokens: the context, a sequence of d x 1 columns, at least one.
        queries: d x M.
        strength: λ, the same in every head: the *inverse* of ridge regression's regulariser.

    Returns:
        The updated columns, and the updated queries.

    Raises:
        ValueError: no token, a token that is not one column, or sizes that do not fit.
        TypeError: matrices of a reading without inverses; arrays of JAX whose sizes do not fit.
    """
    if not tokens:
        raise ValueError("tokens: expected at least one, got none")
    states, updated = [_start(head, tokens[0], strength) for head in layer.heads], []
    for token in tokens:
        states = [mesa_step(state, head.key @ token, head.value @ token) for head, state in zip(layer.heads, states, strict=True)]
        updated.append(token + _answered(layer, states, token))
    return updated, queries + _answered(layer, states, queries)


def _start(head: Head[M], token: M, strength: Scalar) -> MesaState[M]:
    algebra, d_k, d_v = algebra_of(token), head.key.shape[0], head.value.shape[0]
    return MesaState(algebra.zeros(d_v, d_k), strength * algebra.eye(d_k))


def _answered(layer: Layer[M], states: Sequence[MesaState[M]], queries: M) -> M:
    first, *others = (
        head.projection @ (state.memory @ (state.inverse @ (head.query @ queries))) for head, state in zip(layer.heads, states, strict=True)
    )
    for change in others:
        first = first + change
    return first
