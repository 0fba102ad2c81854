"""Weights built so that a layer is a descent."""

from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.constructions.softmax import SoftmaxPair, SoftmaxPairWithSink, softmax_pair, softmax_pair_with_sink

__all__ = [
    "SoftmaxPair",
    "SoftmaxPairWithSink",
    "gd_layer",
    "gdpp_layer",
    "padded",
    "pairing_layer",
    "softmax_pair",
    "softmax_pair_with_sink",
]
