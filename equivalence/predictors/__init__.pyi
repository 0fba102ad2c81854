from .derivatives import sensitivity
from .from_descents import centred_descent, gdpp_descent, gradient_descent, preconditioned_descent
from .from_layers import linear_layers, softmax_layer
from .predictor import Predictor

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
