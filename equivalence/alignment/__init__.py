"""How alike two predictors are, and the predictors that the literature compares."""

from equivalence.alignment.metrics import METRICS, Alignment, compare
from equivalence.predictors import (
    Predictor,
    centred_descent,
    gdpp_descent,
    gradient_descent,
    linear_layers,
    preconditioned_descent,
    sensitivity,
    softmax_layer,
)

__all__ = [
    "METRICS",
    "Alignment",
    "Predictor",
    "centred_descent",
    "compare",
    "gdpp_descent",
    "gradient_descent",
    "linear_layers",
    "preconditioned_descent",
    "sensitivity",
    "softmax_layer",
]
