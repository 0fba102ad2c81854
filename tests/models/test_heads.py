"""A layer of one head needs no tuple, and its weights may be tensors of another library."""

from __future__ import annotations

from typing import Any

import jax
import ml_dtypes
import numpy as np
import pytest

from equivalence.models.attention.linear import update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.stacks import recognise_stack
from tests.support.tensors import Tensor

SIZES = {"d_x": 3, "d_y": 2}
(STEP,) = gd_layer(3, 2, learning_rate="1/2", context=4).to_numpy().heads


@pytest.mark.parametrize("heads", [STEP, [STEP], (STEP,)], ids=["a head", "a list", "a tuple"])
def test_a_head_and_a_list_are_put_into_a_tuple(heads: Any) -> None:
    layer = Layer(heads)
    assert isinstance(layer.heads, tuple)
    assert len(layer.heads) == 1
    assert layer.heads[0] is STEP
    assert recognise(layer, context=4, **SIZES).learning_rate == pytest.approx(0.5, rel=1e-12)


def test_what_is_one_head_does_what_one_head_does() -> None:
    random = np.random.default_rng(0)
    context, query = random.normal(size=(5, 7)), random.normal(size=(5, 1))
    expected = STEP.projection @ (STEP.value @ context @ (context.T @ (STEP.key.T @ (STEP.query @ query))))
    assert np.allclose(update(Layer(STEP), context, query), expected, rtol=1e-12)
    assert expected.any()


def test_layers_are_pytrees_of_their_own_kind() -> None:
    doubled = jax.tree.map(lambda weight: 2 * weight, Layer(STEP))
    assert isinstance(doubled, Layer)
    assert np.array_equal(doubled.heads[0].key, 2 * STEP.key)
    assert len(jax.tree.leaves(doubled)) == 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32, ml_dtypes.bfloat16])
def test_tensors_in_a_head_are_numbers(dtype: Any) -> None:
    layer = Layer(Head(*(Tensor(weight.astype(dtype)) for weight in STEP)))
    found = layer.to_numpy().heads[0]
    assert all(np.array_equal(weight, of_step.astype(dtype).astype(float)) for weight, of_step in zip(found, STEP, strict=True))
    assert recognise(layer, context=4, **SIZES).learning_rate == 0.5
    assert recognise_stack([layer], **SIZES).family == "gradient descent"


def test_tensors_of_integers_are_exact() -> None:
    layer = Layer(Head(*(Tensor((8 * weight).astype(int)) for weight in STEP)))
    assert recognise(layer, **SIZES).step_size == 512


def test_tensors_of_wrong_shapes_are_named() -> None:
    layer = Layer(STEP._replace(query=Tensor(np.ones((5, 4)))))
    with pytest.raises(ValueError, match=r"^query of head 0: expected shape \(5, 5\) for tokens of d_x \+ d_y = 5 rows, got \(5, 4\)"):
        recognise(layer, **SIZES)
