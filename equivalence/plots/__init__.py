"""Figures, each one of its own: nothing here touches pyplot or global settings. What they show is made by running layers and descents."""

from equivalence.plots.chaining import chaining_rounds
from equivalence.plots.orders import orders_of_multiplication
from equivalence.plots.potentials import energy_paths, target_paths, token_fields, weighted_squares
from equivalence.plots.softmax import Problem, errors_to_centred_step, errors_to_step, growth
from equivalence.plots.spectrum import gdpp_spectrum, newton_beside_layers, residual_polynomials
from equivalence.plots.weights import weight_maps

__all__ = [
    "Problem",
    "chaining_rounds",
    "energy_paths",
    "errors_to_centred_step",
    "errors_to_step",
    "gdpp_spectrum",
    "growth",
    "newton_beside_layers",
    "orders_of_multiplication",
    "residual_polynomials",
    "target_paths",
    "token_fields",
    "weight_maps",
    "weighted_squares",
]
