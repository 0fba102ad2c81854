"""Is this layer gradient descent? The entry: exact weights are decided, floating weights are measured."""

from __future__ import annotations

import sympy

from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Size
from equivalence.checks import checked_fraction
from equivalence.models.constructions.arguments import Rate, built_count
from equivalence.models.heads import Layer
from equivalence.recognition.exact.decided import decided
from equivalence.recognition.field import Matrix
from equivalence.recognition.floats.measured import measured
from equivalence.recognition.layer import ExactLayer, FloatingLayer, read
from equivalence.recognition.question import Question, asked
from equivalence.recognition.result import Recognition


def recognise(
    layer: Layer, *, d_x: int, d_y: int, initial: Matrix | str = "zeros", context: Rate | Size | None = None, tolerance: float = 0.1
) -> Recognition:
    r"""Which family of descents a linear-attention layer with residual belongs to (statements 2.3, 2.4, 9.1, 9.2).

    Tokens are columns ``[x; y]``, the query token is ``[q; −W₀q]`` and no key, the prediction is minus its y-part after the layer. The
    canonical tensor of all heads together decides: how heads are split, ordered or gauged does not matter.

    Exact weights (SymPy, FLINT rationals, arrays of integers or Fractions) are decided; with symbols, as rational functions of
    them. For floats the simplest family is reported whose relative distance is below the tolerance and well below that of random heads,
    and the nearest GD step otherwise. What rounding leaves open is "not decided". γ is invisible in the prediction of one layer (3.4):
    GD++ is read off the x rows of the query token's update. Where these are of no family they are left out of account, as for a layer
    that was trained on predictions only. A prediction that never moves is a verdict of its own, "rate 0".

    Args:
        layer: the heads, on tokens of d_x + d_y rows.
        d_x, d_y: rows of the inputs and of the targets.
        initial: which query token [q; −W₀q] is meant: "zeros", [q; 0], which is what the literature trains; W₀ itself, d_y x d_x; or
            "unknown": W₀ is searched for. For exact weights that are a GD step it is found then, or a ValueError asks for it; for
            floats it is estimated, and where no step is found that is no verdict that there is none.
        context: N, with which η = N·s is reported.
        tolerance: the largest relative distance ‖T − T*‖/‖T‖ at which floating weights are said to belong to a family.

    Raises:
        TypeError, ValueError: naming the argument or the weight, what was expected and what came.
    """
    checked_fraction("tolerance", tolerance)
    weights = read(layer, d_x, d_y)
    return judged(
        weights, asked(initial, weights, tolerance, sympy.Integer(1) if context is None else exact.scalar(built_count(context, exact)))
    )


def judged(layer: ExactLayer | FloatingLayer, question: Question) -> Recognition:
    """The verdict on a layer that was read."""
    return decided(layer, question) if isinstance(layer, ExactLayer) else measured(layer, question)
