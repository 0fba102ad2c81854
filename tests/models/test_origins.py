"""A layer may know where it came from, and stays a layer."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from equivalence.models.heads import Head, Layer
from equivalence.models.origins import Kind, LeftOut, Origin, ReadLayer, origin_of

HEAD = Head(*(np.ones((3, 3)) for _ in range(4)))
ORIGIN = Origin(convention="rows", scaled=True, left_out=(LeftOut(Kind.bias, "key/b", 0.5),))


def test_a_layer_that_was_read_is_a_layer_and_says_where_it_is_from() -> None:
    layer = ReadLayer([HEAD], ORIGIN)
    assert isinstance(layer, Layer)
    assert layer.heads == (HEAD,)
    assert origin_of(layer) is ORIGIN
    assert origin_of(Layer((HEAD,))) == origin_of(ReadLayer([HEAD])) == Origin(None, None, False, ())


def test_what_is_made_of_it_has_no_origin() -> None:
    layer = ReadLayer([HEAD], ORIGIN)
    doubled = jax.tree.map(lambda weight: 2 * weight, layer)
    assert origin_of(doubled) == origin_of(layer.to_numpy()) == origin_of(layer._replace(heads=(HEAD, HEAD))) == Origin()


@pytest.mark.parametrize(
    ("left_out", "matters"),
    [
        (LeftOut(Kind.bias, "key/b", 0.5), True),
        (LeftOut(Kind.bias, "key/b", 0.0), False),
        (LeftOut(Kind.norm, "ln/scale", 0.0), True),
        (LeftOut(Kind.other, "mlp/w", 7.0), False),
    ],
)
def test_a_bias_that_is_0_does_not_matter_and_a_norm_does(left_out: LeftOut, matters: bool) -> None:
    assert left_out.matters is matters
