from __future__ import annotations

from random import Random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from equivalence import Head, Layer, gd_layer, gdpp_layer
from equivalence.algebras import FiniteField, Numeric, Rational, Symbolic, exact
from equivalence.algebras.notation import Notation
from equivalence.statements.verification import random_prime

WEIGHTS = Head._fields


def by_hand(d_x: int, d_y: int, step: float, gamma: float) -> dict[str, np.ndarray]:
    """GD++ entry by entry."""
    d = d_x + d_y
    inputs, value, projection = np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    for i in range(d):
        is_input = i < d_x
        inputs[i, i] = is_input
        value[i, i] = 1 if is_input else -1
        projection[i, i] = -gamma if is_input else step
    return {"key": inputs, "query": inputs, "value": value, "projection": projection}


def layer_in(algebra: Any) -> Layer:
    rate, gamma = ("1/10", "1/3") if algebra is exact else (algebra.scalar("1/10"), algebra.scalar("1/3"))
    return gdpp_layer(3, 2, learning_rate=rate, gamma=gamma, context=7, algebra=algebra)


@pytest.mark.parametrize("algebra", [exact, Rational()], ids=lambda algebra: algebra.name)
def test_exact_weights_become_the_nearest_doubles(algebra: Any) -> None:
    (head,) = layer_in(algebra).to_numpy().heads
    for name, expected in by_hand(3, 2, 1 / 70, 1 / 3).items():
        found = getattr(head, name)
        assert found.dtype == np.float64
        assert np.array_equal(found, expected), name


def test_numeric_weights_stay_as_they_are() -> None:
    layer = layer_in(Numeric(np, float))
    for found, given in zip(layer.to_numpy().heads[0], layer.heads[0], strict=True):
        assert np.array_equal(found, given)
    back = layer.to_jax(jnp.float64).to_numpy()
    assert all(np.array_equal(found, given) for found, given in zip(back.heads[0], layer.heads[0], strict=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, "float64"])
def test_numpy_types_are_kept(dtype: Any) -> None:
    (head,) = layer_in(exact).to_numpy(dtype).heads
    expected = by_hand(3, 2, 1 / 70, 1 / 3)
    for name in WEIGHTS:
        assert getattr(head, name).dtype == np.dtype(dtype)
        assert np.array_equal(getattr(head, name), expected[name].astype(dtype))


@pytest.mark.parametrize(("dtype", "expected"), [(None, "float32"), (jnp.float64, "float64"), (jnp.bfloat16, "bfloat16")])
def test_jax_types(dtype: Any, expected: str) -> None:
    (head,) = layer_in(Rational()).to_jax(dtype).heads
    for name in WEIGHTS:
        found = getattr(head, name)
        assert isinstance(found, jax.Array)
        assert found.dtype == expected
        assert np.array_equal(found, by_hand(3, 2, 1 / 70, 1 / 3)[name].astype(expected))


def test_several_heads_keep_their_order() -> None:
    (first,), (second,) = layer_in(exact).heads, gd_layer(3, 2, learning_rate=1, context=1).heads
    found = Layer((first, second)).to_numpy()
    assert [head.projection[4, 4] for head in found.heads] == [1 / 70, 1.0]


def test_irrational_weights_are_rounded_once() -> None:
    weight = sympy.ImmutableDenseMatrix([[sympy.sqrt(2)]])
    assert Layer((Head(weight, weight, weight, weight),)).to_numpy().heads[0].key[0, 0] == np.sqrt(2.0)


def test_float64_without_x64_mode_is_refused() -> None:
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(
            ValueError, match=r"dtype: float64 needs JAX's x64 mode; call jax.config.update\(\"jax_enable_x64\", True\) first"
        ):
            layer_in(exact).to_jax(jnp.float64)
        assert layer_in(exact).to_jax().heads[0].key.dtype == jnp.float32
    finally:
        jax.config.update("jax_enable_x64", True)


def one_weight(value: Any) -> Layer:
    weight = sympy.ImmutableDenseMatrix([[value]]) if isinstance(value, sympy.Expr) else value
    other = np.zeros((1, 1))
    return Layer((Head(other, other, other, other), Head(other, other, weight, other)))


@pytest.mark.parametrize("convert", [Layer.to_numpy, Layer.to_jax])
@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (
            gd_layer(2, 1, learning_rate="eta", context="N"),
            ValueError,
            "projection of head 0: expected numbers, found the symbols N, eta; give",
        ),
        (one_weight(sympy.Integer(10) ** 400), ValueError, "value of head 1: expected real numbers in the range of float64, got 1000"),
        (one_weight(sympy.I), ValueError, "value of head 1: expected real numbers in the range of float64, got I"),
        (one_weight(np.array([[np.nan]])), ValueError, "value of head 1: expected finite numbers in the range of float.., got nan"),
        (one_weight(np.array([[-np.inf]])), ValueError, "value of head 1: expected finite numbers in the range of float.., got -inf"),
        (
            layer_in(Symbolic()),
            TypeError,
            "key of head 0: expected exact, rational or numeric weights, got symbolic; build the layer in the exact",
        ),
        (layer_in(Notation()), TypeError, "key of head 0: expected exact, rational or numeric weights, got notation"),
        (layer_in(FiniteField(random_prime(Random(1)), Random(1))), TypeError, "key of head 0: .*, got finite field"),
        (one_weight(np.array([["a"]])), TypeError, "value of head 1: expected exact, rational or numeric weights, got ndarray"),
        (one_weight(np.array([[1j]])), TypeError, "value of head 1: expected exact, rational or numeric weights, got ndarray"),
    ],
)
def test_weights_that_are_no_numbers_are_named(convert: Any, layer: Layer, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        convert(layer)


def test_numbers_out_of_the_range_of_the_type_are_named() -> None:
    with pytest.raises(ValueError, match=r"value of head 1: expected finite numbers in the range of float16, got 1e\+06"):
        one_weight(sympy.Integer(10) ** 6).to_numpy(np.float16)


@pytest.mark.parametrize("convert", [Layer.to_numpy, Layer.to_jax])
@pytest.mark.parametrize("dtype", [int, bool, complex, "S4"])
def test_types_that_are_not_of_floats_are_refused(convert: Any, dtype: Any) -> None:
    with pytest.raises(TypeError, match="dtype: expected a type of floats, got"):
        convert(layer_in(exact), dtype)
