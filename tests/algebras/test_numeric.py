"""The numeric reading: what it takes from its data, the types it makes, and what it and the checks at the edge refuse."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equivalence.algebras import Numeric
from equivalence.algebras.numeric import reading_of
from equivalence.checks import checked_matrix, checked_rate


@pytest.mark.parametrize("library", [np, jnp])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_everything_made_has_the_type(library: Any, dtype: str) -> None:
    found = Numeric(library, dtype)
    made = [found.eye((1, 2)), found.zeros(2, (1, 3)), found.ones(3, 1), found.value([[1, "1/3"]]), found.scalar("1/3")]
    assert {np.dtype(one.dtype) for one in made} == {np.dtype(dtype)}
    assert [one.shape for one in made] == [(3, 3), (2, 4), (3, 1), (1, 2), ()]


def test_programs_stay_in_their_type_under_strict_promotion() -> None:
    found = Numeric(jnp, "float32", {"a": jnp.ones((2, 3), dtype="float32")})
    scaled = (found.scalar(1) / found.scalar(3)) * found.generator("a", 2, 3)
    assert scaled.dtype == jnp.float32
    assert found.trace(scaled @ scaled.T).dtype == jnp.float32


def test_blocks_and_trace() -> None:
    found = Numeric(np, "float64")
    matrix = found.block([[found.eye(1), found.zeros(1, 2)], [found.ones(2, 1), found.eye(2)]])
    assert matrix.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    assert found.trace(matrix) == 3


def test_a_scalar_is_the_nearest_number() -> None:
    assert Numeric(np, "float64").scalar("1/10") == 0.1
    assert Numeric(np, "float64").scalar((2, 3)) == 5.0
    assert Numeric(np, "float32").scalar("1/3") == np.float32(1) / np.float32(3)


def test_an_invertible_matrix_comes_with_its_inverse() -> None:
    values = {"T": np.array([[1.0, 2.0], [0.0, 1.0]]), "T⁻¹": np.array([[1.0, -2.0], [0.0, 1.0]])}
    matrix, inverse = Numeric(np, "float64", values).invertible("T", 2)
    assert (matrix @ inverse).tolist() == [[1, 0], [0, 1]]


def test_missing_and_misshapen_data_are_named() -> None:
    found = Numeric(np, "float64", {"X": np.ones((2, 3))})
    with pytest.raises(ValueError, match=r"X: expected shape \(3, 2\), got \(2, 3\)"):
        found.generator("X", 3, 2)
    with pytest.raises(ValueError, match=r"Y: no value given for this generator, expected shape \(1, 3\)"):
        found.generator("Y", 1, 3)
    with pytest.raises(ValueError, match="eta: no value given for this symbol"):
        found.symbol("eta")


def test_an_array_tells_its_reading() -> None:
    for array in (np.ones((1, 2), dtype="float32"), jnp.ones((1, 2), dtype="float32")):
        found = reading_of(array)
        assert found.dtype == np.float32
        assert isinstance(found.eye(2), type(array))
    with pytest.raises(TypeError, match=r"matrix: expected a matrix of one of the algebras, got \[\[1\]\] of type list"):
        reading_of([[1]])


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        ([[1.0]], TypeError, "W: expected an array, got list"),
        (np.ones(3), ValueError, r"W: expected shape \(2, 'any'\), got \(3,\)"),
        (np.ones((3, 2)), ValueError, r"W: expected shape \(2, 'any'\), got \(3, 2\)"),
        (np.ones((2, 0)), ValueError, r"W: expected sizes of at least 1, got shape \(2, 0\)"),
        (np.ones((2, 1), dtype=int), TypeError, "W: expected floats, got int64"),
        (np.array([[1.0], [np.nan]]), ValueError, "W: expected finite numbers, got NaN or infinity"),
        (jnp.array([[1.0], [jnp.inf]]), ValueError, "W: expected finite numbers, got NaN or infinity"),
    ],
)
def test_bad_matrices_are_refused(array: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        checked_matrix("W", array, (2, None))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("1/10", TypeError, "rate: expected a number, got '1/10' of type str"),
        (True, TypeError, "rate: expected a number, got True of type bool"),
        (math.nan, ValueError, "rate: expected a finite number, got nan"),
        (np.ones(2), ValueError, r"rate: expected a single number, got shape \(2,\)"),
    ],
)
def test_bad_rates_are_refused(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        checked_rate("rate", value)


def test_good_data_pass_also_under_a_trace() -> None:
    assert checked_rate("rate", 0.1) == 0.1
    traced = jax.jit(lambda array, rate: checked_rate("rate", rate) * checked_matrix("W", array, (2, None)))
    assert traced(jnp.ones((2, 3)), 2.0).tolist() == [[2, 2, 2], [2, 2, 2]]
