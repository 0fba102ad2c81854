"""What is asked of a layer: for which query token, how near, and with how many examples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy

from equivalence.recognition.field import Matrix
from equivalence.recognition.layer import ExactLayer, FloatingLayer, read_initial
from equivalence.recognition.query import Query
from equivalence.recognition.setting import PLAIN, Setting

LARGEST_COUNT = 10**18
"""Of tokens that go with weights of floats: η = N·s is a float too."""


class Question(NamedTuple):
    """What is asked.

    Attributes:
        query: how W₀ is known.
        initial: W₀, as the layer's numbers are; None where it is unknown.
        tolerance: for floats, the relative distance of a member at most.
        count: N.
        setting: how the layer is used.
    """

    query: Query
    initial: Matrix | None
    tolerance: float
    count: sympy.Expr
    setting: Setting = PLAIN


def asked(
    initial: Matrix | str, layer: ExactLayer | FloatingLayer, tolerance: float, count: sympy.Expr, setting: Setting = PLAIN
) -> Question:
    """The question about W₀ = "zeros", "unknown" or a matrix.

    Raises:
        TypeError, ValueError: another text, no matrix, or one of another shape or other numbers; a count that is no float, for floats.
    """
    if isinstance(layer, FloatingLayer):
        _check_float(count)
    if isinstance(initial, str):
        if initial not in (Query.zeros, Query.unknown):
            raise ValueError(f"initial: expected W₀ as a matrix, 'zeros' or 'unknown', got {initial!r}")
        zeros = sympy.zeros(layer.d_y, layer.d_x) if isinstance(layer, ExactLayer) else np.zeros((layer.d_y, layer.d_x))
        return Question(Query(initial), None if initial == Query.unknown else zeros, tolerance, count, setting)
    return Question(Query.given, read_initial(initial, layer), tolerance, count, setting)


def _check_float(count: sympy.Expr) -> None:
    if not count.is_number:
        raise TypeError(f"context: expected a number, as the weights are floats, got {str(count)!r}")
    if count > LARGEST_COUNT:
        raise ValueError(f"context: expected at most {float(LARGEST_COUNT):g} tokens, as the weights are floats")
