"""The public names and where they live; `equivalence/__init__.py` reads this file."""

from .algebras import (
    Ball as Ball,
    FiniteField as FiniteField,
    Numeric as Numeric,
    Rational as Rational,
    Size as Size,
    Symbolic as Symbolic,
    exact as exact,
)
from .falsification.search import Falsification as Falsification, falsify as falsify
from .loading.layers import load_layers as load_layers
from .models.attention.causal import causal_attention as causal_attention
from .models.attention.linear import linear_attention as linear_attention, stack as stack
from .models.attention.softmax import softmax_update as softmax_update
from .models.constructions.linear import gd_layer as gd_layer, gdpp_layer as gdpp_layer
from .models.constructions.pairing import padded as padded, pairing_layer as pairing_layer
from .models.constructions.softmax import softmax_pair as softmax_pair, softmax_pair_with_sink as softmax_pair_with_sink
from .models.descent.centred import centred_gradient as centred_gradient, centred_step as centred_step
from .models.descent.data import data_step as data_step
from .models.descent.gdpp import Preconditioned as Preconditioned, gdpp_features as gdpp_features, gdpp_step as gdpp_step
from .models.descent.least_squares import (
    gradient as gradient,
    gradient_step as gradient_step,
    loss as loss,
    preconditioned_step as preconditioned_step,
    trajectory as trajectory,
    weight_change as weight_change,
)
from .models.heads import Head as Head, Layer as Layer
from .models.tokens import (
    prediction as prediction,
    query_tokens as query_tokens,
    separate_tokens as separate_tokens,
    tokens as tokens,
    with_constant as with_constant,
    with_sink as with_sink,
)
from .recognition import Recognition as Recognition, recognise as recognise
from .recognition.stacks import StackRecognition as StackRecognition, recognise_stack as recognise_stack
from .statements import (
    Check as Check,
    Differ as Differ,
    Encloses as Encloses,
    InIdeal as InIdeal,
    Less as Less,
    Positive as Positive,
    Result as Result,
    Statement as Statement,
    find as find,
    in_order as in_order,
    simulation as simulation,
    statement as statement,
    verify as verify,
)
