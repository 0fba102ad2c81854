"""Self-attention on column tokens, as programs over any algebra."""

from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.features import (
    efficient_attention,
    feature_attention,
    momentum_attention,
    normalised_attention,
    normaliser,
    scores_first,
)
from equivalence.models.attention.linear import fast_weights, head_update, linear_attention, stack, update
from equivalence.models.attention.softmax import softmax_update

__all__ = [
    "causal_attention",
    "efficient_attention",
    "fast_weights",
    "feature_attention",
    "head_update",
    "linear_attention",
    "momentum_attention",
    "normalised_attention",
    "normaliser",
    "scores_first",
    "softmax_update",
    "stack",
    "update",
]
