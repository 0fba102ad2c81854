"""Linear self-attention, gradient descent, the weights that make one the other, and statements that are checked by machine.

Everything takes matrices of any reading (canonical forms, SymPy, FLINT, NumPy, JAX). Tokens are columns.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from equivalence.algebras import Ball, FiniteField, Numeric, Rational, Size, Symbolic, exact
from equivalence.loading.layers import load_layers
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import linear_attention, stack
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.constructions.softmax import softmax_pair, softmax_pair_with_sink
from equivalence.models.descent.centred import centred_gradient, centred_step
from equivalence.models.descent.data import data_step
from equivalence.models.descent.gdpp import Preconditioned, gdpp_features, gdpp_step
from equivalence.models.descent.least_squares import gradient, gradient_step, loss, preconditioned_step, trajectory, weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, separate_tokens, tokens, with_constant, with_sink
from equivalence.recognition import Recognition, recognise
from equivalence.recognition.stacks import StackRecognition, recognise_stack
from equivalence.statements import (
    Check,
    Differ,
    Encloses,
    InIdeal,
    Less,
    Positive,
    Result,
    Statement,
    find,
    in_order,
    simulation,
    statement,
    verify,
)

if TYPE_CHECKING:
    from equivalence.falsification.search import Falsification, falsify

LAZY = {"Falsification": "equivalence.falsification.search", "falsify": "equivalence.falsification.search"}
"""Loaded when asked for: Hypothesis takes about as long to import as all proofs take to run."""


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Ball",
    "Check",
    "Differ",
    "Encloses",
    "Falsification",
    "FiniteField",
    "Head",
    "InIdeal",
    "Layer",
    "Less",
    "Numeric",
    "Positive",
    "Preconditioned",
    "Rational",
    "Recognition",
    "Result",
    "Size",
    "StackRecognition",
    "Statement",
    "Symbolic",
    "causal_attention",
    "centred_gradient",
    "centred_step",
    "data_step",
    "exact",
    "falsify",
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
    "padded",
    "pairing_layer",
    "preconditioned_step",
    "prediction",
    "query_tokens",
    "recognise",
    "recognise_stack",
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
