"""Layers on separate tokens for inputs and targets (Prop. 3; statement 4.1), and layers that leave further rows alone."""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of
from equivalence.algebras.protocol import Algebra, M, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Dimension, Part
from equivalence.models.constructions.arguments import check_sizes
from equivalence.models.heads import Head, Layer


def pairing_layer(d_x: Part, d_y: Part, *, context: Part, queries: Part, algebra: Algebra = exact) -> Layer[Matrix]:
    """One head that gives each y-token its x and empties the x-tokens (Prop. 3, repaired; statement 4.1).

    A projects on the x rows; B is ``[[−I, I, 0], [0, 0, 0], [0, 0, 0]]`` on the positions of `separate_tokens`.

    Args:
        d_x, d_y: rows of the inputs and of the targets.
        context, queries: N and M, which the one-hot positions need as sizes.
        algebra: the reading to build it in.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    check_sizes(d_x=d_x, d_y=d_y, context=context, queries=queries)
    zeros, eye = algebra.zeros, algebra.eye
    from_inputs = algebra.block([[eye(d_x), zeros(d_x, d_y), zeros(d_x, context), zeros(d_x, context), zeros(d_x, queries)]])
    data = [zeros(context, d_x), zeros(context, d_y)]
    key = algebra.block([[*data, eye(context), zeros(context, context), zeros(context, queries)]])
    query = algebra.block([[*data, -eye(context), eye(context), zeros(context, queries)]])
    return Layer((Head(key, query, from_inputs, from_inputs.T),))


def padded(layer: Layer[M], extra: Dimension) -> Layer[M]:
    """The same layer on tokens with further rows below, which it neither reads nor writes.

    Args:
        layer: on tokens of d rows.
        extra: how many rows more.

    Returns:
        A layer on tokens of d + extra rows.

    Raises:
        ValueError, TypeError: an extra that is no size, or weights that are no matrices of an algebra.
    """

    def pad(head: Head[M]) -> Head[M]:
        algebra = algebra_of(head.key)

        def blind(weight: M) -> M:
            return algebra.block([[weight, algebra.zeros(weight.shape[0], extra)]])

        silent = algebra.block([[head.projection], [algebra.zeros(extra, head.projection.shape[1])]])
        return Head(blind(head.key), blind(head.query), blind(head.value), silent)

    return Layer(tuple(pad(head) for head in layer.heads))
