"""Is this layer gradient descent? The entry: exact weights are decided, floating weights are measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from equivalence.algebras.rational_functions import exact
from equivalence.checks import checked_rate
from equivalence.models.constructions.arguments import built_count
from equivalence.models.heads import Layer
from equivalence.recognition.exact.decided import decided
from equivalence.recognition.floats.measured import measured
from equivalence.recognition.result import Recognition
from equivalence.recognition.weights import read


def recognise(layer: Layer, *, d_x: int, d_y: int, initial: Any = None, context: Any = None, tolerance: float = 0.1) -> Recognition:
    r"""Which family of descents a linear-attention layer with residual belongs to (statements 2.3, 2.4, 9.1, 9.2).

    Tokens are columns ``[x; y]``, the query token is ``[q; −W₀q]`` and no key, the prediction is minus its y-part after the layer. The
    canonical tensor of all heads together decides: how heads are split, ordered or gauged does not matter.

    Exact weights (SymPy, FLINT rationals, arrays of integers or Fractions) are decided; with symbols, as rational functions of
    them. For floats the simplest family whose relative distance is below the tolerance is reported, and the nearest GD step
    otherwise. γ is invisible in the prediction of one layer (3.4): GD++ is read off the x rows of the query token's update. Where these
    are of no family they are left out of account, as for a layer that was trained on predictions only. A step of rate 0 is one too.

    Args:
        layer: the heads, on tokens of d_x + d_y rows.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀, d_y x d_x; found if not given. For exact weights that are a GD step it is found always, or a ValueError asks for it;
            for floats it is estimated.
        context: N, with which η = N·s is reported.
        tolerance: the largest relative distance ‖T − T*‖/‖T‖ at which floating weights are said to belong to a family.

    Raises:
        TypeError, ValueError: naming the argument or the weight, what was expected and what came.
    """
    if not 0 < checked_rate("tolerance", tolerance) < 1:
        raise ValueError(f"tolerance: expected a number between 0 and 1, got {tolerance}")
    weights = read(layer, d_x, d_y, initial)
    found = measured(weights, d_x, d_y, tolerance) if weights.field is None else decided(layer, weights, d_x, d_y)
    return replace(found, learning_rate=found.step_size * _count(context, found.exact), tolerance=None if found.exact else tolerance)


def _count(context: Any, is_exact: bool) -> Any:
    if context is None:
        return sympy.Integer(1) if is_exact else 1.0
    count = exact.scalar(built_count(context, exact))
    return count if is_exact else float(count)
