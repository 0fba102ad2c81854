from .algebras import Ball, FiniteField, Numeric, Rational, Size, Symbolic, exact
from .falsification.search import Falsification, falsify
from .loading.layers import load_layers
from .models.attention.causal import causal_attention
from .models.attention.common_map import common_map
from .models.attention.features import efficient_attention, feature_attention, momentum_attention, normalised_attention
from .models.attention.linear import fast_weights, linear_attention, stack
from .models.attention.mesa import MesaState, mesa_attention, mesa_step
from .models.attention.softmax import softmax_update
from .models.constructions.chaining import chaining_layer
from .models.constructions.linear import gd_layer, gdpp_layer, preconditioned_layer
from .models.constructions.pairing import padded, pairing_layer
from .models.constructions.softmax import softmax_pair, softmax_pair_with_sink
from .models.descent.centred import centred_gradient, centred_step
from .models.descent.data import data_step
from .models.descent.gdpp import Preconditioned, gdpp_features, gdpp_step
from .models.descent.least_squares import gradient, gradient_step, loss, preconditioned_step, trajectory, weight_change
from .models.descent.momentum import Momentum, momentum_step
from .models.descent.newton import newton_inverse_step
from .models.descent.ridge import ridge_gradient, ridge_loss, ridge_regression, ridge_step
from .models.heads import Head, Layer
from .models.tokens import prediction, query_tokens, separate_tokens, tokens, with_constant, with_sink
from .recognition import Recognition, recognise
from .recognition.sameness import Sameness, same_function
from .recognition.stacks import StackRecognition, recognise_stack
from .statements import (
    Assertion,
    Check,
    Differ,
    Encloses,
    Inconsistent,
    Informal,
    InIdeal,
    Less,
    Positive,
    Result,
    Statement,
    Verdict,
    find,
    in_order,
    simulation,
    statement,
    verify,
)

__version__: str

__all__ = [
    "Assertion",
    "Ball",
    "Check",
    "Differ",
    "Encloses",
    "Falsification",
    "FiniteField",
    "Head",
    "InIdeal",
    "Inconsistent",
    "Informal",
    "Layer",
    "Less",
    "MesaState",
    "Momentum",
    "Numeric",
    "Positive",
    "Preconditioned",
    "Rational",
    "Recognition",
    "Result",
    "Sameness",
    "Size",
    "StackRecognition",
    "Statement",
    "Symbolic",
    "Verdict",
    "causal_attention",
    "centred_gradient",
    "centred_step",
    "chaining_layer",
    "common_map",
    "data_step",
    "efficient_attention",
    "exact",
    "falsify",
    "fast_weights",
    "feature_attention",
    "find",
    "gd_layer",
    "gdpp_features",
    "gdpp_layer",
    "gdpp_step",
    "gradient",
    "gradient_step",
    "in_order",
    "linear_attention",
    "load_layers",
    "loss",
    "mesa_attention",
    "mesa_step",
    "momentum_attention",
    "momentum_step",
    "newton_inverse_step",
    "normalised_attention",
    "padded",
    "pairing_layer",
    "preconditioned_layer",
    "preconditioned_step",
    "prediction",
    "query_tokens",
    "recognise",
    "recognise_stack",
    "ridge_gradient",
    "ridge_loss",
    "ridge_regression",
    "ridge_step",
    "same_function",
    "separate_tokens",
    "simulation",
    "softmax_pair",
    "softmax_pair_with_sink",
    "softmax_update",
    "stack",
    "statement",
    "tokens",
    "trajectory",
    "verify",
    "weight_change",
    "with_constant",
    "with_sink",
]
