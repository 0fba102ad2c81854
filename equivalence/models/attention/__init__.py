"""Self-attention on column tokens, as programs over any algebra."""

from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import head_update, linear_attention, stack, update
from equivalence.models.attention.softmax import softmax_update

__all__ = ["causal_attention", "head_update", "linear_attention", "softmax_update", "stack", "update"]
