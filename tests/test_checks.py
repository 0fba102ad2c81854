"""Each check of what a user gives, passed and failed: what is wrong is named, with what was expected and what came."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equivalence.checks import (
    checked_count,
    checked_fraction,
    checked_matrix,
    checked_norm,
    checked_positive,
    checked_rate,
    is_concrete,
    legible,
)

Check = Callable[[str, Any], Any]
NUMBERS: list[Check] = [checked_rate, checked_norm, checked_positive, checked_fraction]


@pytest.mark.parametrize("check", NUMBERS)
@pytest.mark.parametrize("given", [0.5, np.float64(0.5), np.float32(0.5), jnp.float32(0.5), np.array(0.5)])
def test_a_good_number_is_given_back_as_it_came(check: Check, given: Any) -> None:
    assert check("rate", given) is given


@pytest.mark.parametrize("check", NUMBERS)
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("1", TypeError, r"^rate: expected a number, got '1' of type str$"),
        (None, TypeError, r"^rate: expected a number, got None of type NoneType$"),
        (True, TypeError, r"^rate: expected a number, got True of type bool$"),
        (1j, TypeError, r"^rate: expected a number, got 1j of type complex$"),
        (np.ones(2), ValueError, r"^rate: expected a single number, got shape \(2,\)$"),
        (jnp.ones((1, 1)), ValueError, r"^rate: expected a single number, got shape \(1, 1\)$"),
        (math.nan, ValueError, r"^rate: expected a finite number, got nan$"),
        (-math.inf, ValueError, r"^rate: expected a finite number, got -inf$"),
        (10**400, ValueError, r"^rate: expected a finite number, got 1000"),
    ],
)
def test_what_is_no_finite_number_is_named_by_every_check_alike(check: Check, given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check("rate", given)


@pytest.mark.parametrize(
    ("check", "given", "message"),
    [
        (checked_norm, -0.5, r"^norm: expected a number that is not negative, got -0\.5$"),
        (checked_norm, -1, r"^norm: expected a number that is not negative, got -1$"),
        (checked_positive, 0, r"^norm: expected a positive number, got 0$"),
        (checked_positive, -2.0, r"^norm: expected a positive number, got -2\.0$"),
        (checked_fraction, 0.0, r"^norm: expected a number between 0 and 1, got 0\.0$"),
        (checked_fraction, 1, r"^norm: expected a number between 0 and 1, got 1$"),
    ],
)
def test_numbers_out_of_range_are_named(check: Check, given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check("norm", given)


def test_the_ends_of_the_ranges() -> None:
    assert checked_norm("norm", 0) == 0
    assert checked_positive("rate", 5e-324) == 5e-324
    assert checked_fraction("tolerance", 1 - 2.0**-53) == 1 - 2.0**-53


@pytest.mark.parametrize("check", NUMBERS)
def test_what_jax_traces_cannot_be_looked_at_and_passes(check: Check) -> None:
    assert jax.jit(lambda value: check("rate", value))(-2.0) == -2
    with pytest.raises(ValueError, match=r"rate: expected a single number, got shape \(2,\)"):
        jax.jit(lambda value: check("rate", value))(jnp.ones(2))


def test_only_what_jax_traces_is_not_concrete() -> None:
    seen: list[bool] = []
    jax.jit(lambda value: seen.append(is_concrete(value)))(1.0)
    assert seen == [False]
    assert all(map(is_concrete, (1, 1.0, np.ones(2), jnp.ones(2), None)))


@pytest.mark.parametrize(("given", "least"), [(1, 1), (3, 1), (0, 0), (np.int64(4), 4)])
def test_a_good_count_is_an_int(given: Any, least: int) -> None:
    count = checked_count("steps", given, least=least)
    assert (type(count), count) == (int, given)


@pytest.mark.parametrize(
    ("given", "least", "error", "message"),
    [
        (0, 1, ValueError, r"^steps: expected a whole number, at least 1, got 0$"),
        (3, 4, ValueError, r"^steps: expected a whole number, at least 4, got 3$"),
        (np.int32(-1), 0, ValueError, r"^steps: expected a whole number, at least 0, got -1$"),
        (True, 1, TypeError, r"^steps: expected a whole number, at least 1, got True of type bool$"),
        (2.0, 1, TypeError, r"^steps: expected a whole number, at least 1, got 2\.0 of type float$"),
        ("2", 1, TypeError, r"^steps: expected a whole number, at least 1, got '2' of type str$"),
    ],
)
def test_what_is_no_count_is_named(given: Any, least: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        checked_count("steps", given, least=least)


@pytest.mark.parametrize("given", [np.ones((2, 3)), np.ones((2, 3), dtype="float32"), jnp.ones((2, 3))])
@pytest.mark.parametrize("shape", [(2, 3), (None, 3), (None, None)])
def test_a_good_matrix_is_given_back_as_it_came(given: Any, shape: tuple[int | None, ...]) -> None:
    assert checked_matrix("W", given, shape) is given


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([[1.0]], TypeError, r"^W: expected an array, got list$"),
        (np.ones((3, 2)), ValueError, r"^W: expected shape \(2, 'any'\), got \(3, 2\)$"),
        (np.ones(2), ValueError, r"^W: expected shape \(2, 'any'\), got \(2,\)$"),
        (np.ones((2, 0)), ValueError, r"^W: expected sizes of at least 1, got shape \(2, 0\)$"),
        (np.ones((2, 1), dtype=int), TypeError, r"^W: expected floats, got int64; convert with \.astype\(float\)$"),
        (np.ones((2, 1), dtype=complex), TypeError, r"^W: expected floats, got complex128"),
        (np.array([[1.0], [np.nan]]), ValueError, r"^W: expected finite numbers, got NaN or infinity$"),
        (jnp.array([[jnp.inf], [1.0]]), ValueError, r"^W: expected finite numbers, got NaN or infinity$"),
    ],
)
def test_what_is_no_matrix_is_named(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        checked_matrix("W", given, (2, None))


def test_the_shape_of_what_jax_traces_is_checked_its_values_are_not() -> None:
    assert np.isnan(jax.jit(lambda array: checked_matrix("W", array, (1, None)))(jnp.full((1, 2), jnp.nan))).all()
    with pytest.raises(ValueError, match=r"W: expected shape \(1, 'any'\), got \(2, 2\)"):
        jax.jit(lambda array: checked_matrix("W", array, (1, None)))(jnp.ones((2, 2)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ηq − y", "plain, ηq − y"),
        ("", ""),
        ("red \x1b[31m", r"red \x1b[31m"),
        ("two\nlines", r"two\nlines"),
        ("\ud800", r"\ud800"),
        ("\u202eturned", r"\u202eturned"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 120 + "…"),
    ],
)
def test_what_others_wrote_is_escaped_and_shortened(text: str, shown: str) -> None:
    assert legible(text) == shown
    assert legible(text).isprintable()
