"""Predictors: one type, made from layers and from descents."""

from equivalence.predictors.from_descents import centred_descent, gdpp_descent, gradient_descent, preconditioned_descent
from equivalence.predictors.from_layers import linear_layers, softmax_layer
from equivalence.predictors.predictor import Predictor, sensitivity

__all__ = [
    "Predictor",
    "centred_descent",
    "gdpp_descent",
    "gradient_descent",
    "linear_layers",
    "preconditioned_descent",
    "sensitivity",
    "softmax_layer",
]
