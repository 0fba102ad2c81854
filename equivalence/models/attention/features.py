"""Attention on keys, values and queries that are given, as a feature map or a head has made them; no residual.

Columns are tokens: keys φ(K) d_f x N, values V d_v x N, queries φ(Q) d_f x M. There is no softmax unless said, and no 1/sqrt(d_k).
"""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of, inverting, weighing
from equivalence.algebras.protocol import M


def feature_attention(keys: M, values: M, queries: M) -> M:
    """``(V φ(K)ᵀ) φ(Q)``, d_v x M: the memory first, d_v x d_f, so that no N x M matrix is formed (Katharopoulos et al. 2020, eq. 6).

    Args:
        keys: φ(K), d_f x N, the features of the keys, a column a token.
        values: V, d_v x N.
        queries: φ(Q), d_f x M.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    return (values @ keys.T) @ queries


def scores_first(keys: M, values: M, queries: M) -> M:
    """``V (φ(K)ᵀ φ(Q))``, d_v x M: the same by way of the scores, N x M."""
    return values @ (keys.T @ queries)


def normaliser(keys: M, query: M) -> M:
    """``1ᵀ φ(K)ᵀ φ(q)``, the sum of the scores of one query (d_f x 1), as a 1 x 1 matrix."""
    ones = algebra_of(keys).ones(keys.shape[1], 1)
    return (keys @ ones).T @ query


def normalised_attention(keys: M, values: M, query: M) -> M:
    """``V φ(K)ᵀφ(q) / (1ᵀ φ(K)ᵀφ(q))``, d_v x 1 (Katharopoulos et al. 2020, eq. 5).

    Args:
        keys, values: d_f x N and d_v x N.
        query: one query, d_f x 1, since each has a normaliser of its own; more of them by `jax.vmap`.

    Raises:
        ValueError: more queries than one.
        SingularError: a normaliser of 0, where the reading sees that; positive features have none.
        TypeError: matrices of a reading that has no inverses.
    """
    if query.shape[1] != 1:
        raise ValueError(f"query: expected one column, as each query has a normaliser of its own, got shape {tuple(query.shape)}")
    total = normaliser(keys, query)
    return feature_attention(keys, values, query) @ inverting(total).inverse(total)


def efficient_attention(keys: M, values: M, queries: M) -> M:
    """``(V ρ_k(K)ᵀ) ρ_q(Q)``, d_v x M (Shen et al. 2018).

    ρ_k is softmax over the *positions*, in each row of K (d_k x N); ρ_q is softmax over the features, in each column of Q (d_k x M). In the
    readings that prove both are any weights that sum to 1 (see `WeightsOf.weights`).

    Args:
        keys: K, d_k x N.
        values: V, d_v x N.
        queries: Q, d_k x M.

    Raises:
        TypeError: matrices of a reading that has no weights, as the exact one.
        ValueError: sizes that do not fit.
    """
    algebra = weighing(keys)
    return (values @ algebra.weights(keys.T)) @ algebra.weights(queries)


def momentum_attention(keys: M, values: M, queries: M, decays: M) -> M:
    """``V KᵀQ + (V a) 1ᵀ``, d_v x M: Dai et al. 2022, section 5, without softmax; a (N x 1) has the decays ``η^{t−i}``.

    Args:
        keys: K, d_k x N.
        values: V, d_v x N.
        queries: Q, d_k x M.
        decays: a, N x 1.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    return feature_attention(keys, values, queries) + (values @ decays) @ algebra_of(queries).ones(1, queries.shape[1])
