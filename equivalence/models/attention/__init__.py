"""Self-attention on column tokens, as programs over any algebra."""

from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.common_map import common_map
from equivalence.models.attention.features import (
    efficient_attention,
    feature_attention,
    momentum_attention,
    normalised_attention,
    normaliser,
    scores_first,
)
from equivalence.models.attention.linear import fast_weights, head_update, linear_attention, stack, update
from equivalence.models.attention.mesa import MesaState, mesa_attention, mesa_step
from equivalence.models.attention.softmax import softmax_update

__all__ = [
    "MesaState",
    "causal_attention",
    "common_map",
    "efficient_attention",
    "fast_weights",
    "feature_attention",
    "head_update",
    "linear_attention",
    "mesa_attention",
    "mesa_step",
    "momentum_attention",
    "normalised_attention",
    "normaliser",
    "scores_first",
    "softmax_update",
    "stack",
    "update",
]
