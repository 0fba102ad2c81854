"""How alike two predictors are."""

from equivalence.alignment.metrics import (
    METRICS,
    Alignment,
    Predictor,
    centred_descent,
    compare,
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
