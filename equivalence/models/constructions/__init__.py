"""Weights built so that a layer is a descent."""

from equivalence.models.constructions.chaining import chaining_layer, rounded, rounding_levels
from equivalence.models.constructions.linear import gd_layer, gdpp_layer, preconditioned_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.constructions.softmax import SoftmaxPair, SoftmaxPairWithSink, softmax_pair, softmax_pair_with_sink

__all__ = [
    "SoftmaxPair",
    "SoftmaxPairWithSink",
    "chaining_layer",
    "gd_layer",
    "gdpp_layer",
    "padded",
    "pairing_layer",
    "preconditioned_layer",
    "rounded",
    "rounding_levels",
    "softmax_pair",
    "softmax_pair_with_sink",
]
