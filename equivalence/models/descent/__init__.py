"""Gradient descent on least squares and its relatives, as programs over any algebra."""

from equivalence.models.descent.centred import centred_gradient, centred_step, centring
from equivalence.models.descent.data import data_step
from equivalence.models.descent.gdpp import Preconditioned, gdpp_features, gdpp_step
from equivalence.models.descent.least_squares import gradient, gradient_step, loss, preconditioned_step, trajectory, weight_change
from equivalence.models.descent.momentum import Momentum, momentum_step
from equivalence.models.descent.newton import newton_inverse_step
from equivalence.models.descent.ridge import ridge_gradient, ridge_loss, ridge_regression, ridge_step

__all__ = [
    "Momentum",
    "Preconditioned",
    "centred_gradient",
    "centred_step",
    "centring",
    "data_step",
    "gdpp_features",
    "gdpp_step",
    "gradient",
    "gradient_step",
    "loss",
    "momentum_step",
    "newton_inverse_step",
    "preconditioned_step",
    "ridge_gradient",
    "ridge_loss",
    "ridge_regression",
    "ridge_step",
    "trajectory",
    "weight_change",
]
