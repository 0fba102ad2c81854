r"""Linear regression in context: seeded batches of tasks, and what one gradient step can reach on them, exactly (chapter 8).

A task is a weight matrix w with entries N(0, 1), d_y x d_x, inputs with independent coordinates of mean 0 from one law, targets
``y_i = w x_i + ε_i`` with noise ε ~ N(0, τ²) in each coordinate, and a query from the inputs' law, whose target ``w q`` has no noise. The
risk of a prediction p is ``½ E‖p − w q‖²``: over the task, the context and the query. This module needs JAX, to draw.

A law's variance is σ² and its fourth moment ``E x⁴`` is m₄; von Oswald et al. 2022 print U(−1, 1), and their code draws U(−½, ½).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import jax
import jax.numpy as jnp

from equivalence.algebras.rationals import rational
from equivalence.checks import checked_matrix
from equivalence.models.weights import jax_float_type

Array = Any
Number = int | float | str | Fraction
"""A rational: text such as "1/2", an integer, a Fraction, or a float, which is read by its shortest decimal."""


class Law(Protocol):
    """The law of one input coordinate; its mean is 0."""

    @property
    def variance(self) -> Fraction:
        """σ²."""
        ...

    @property
    def fourth_moment(self) -> Fraction:
        """m₄ = E x⁴."""
        ...

    def draw(self, key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
        """Independent draws."""
        ...


@dataclass(frozen=True)
class Uniform:
    """Uniform on (−a, a): σ² = a²/3, m₄ = a⁴/5.

    Attributes:
        half_width: a, positive.
    """

    half_width: Number

    def __post_init__(self) -> None:
        object.__setattr__(self, "half_width", _positive("half_width", self.half_width))

    @property
    def variance(self) -> Fraction:
        """σ² = a²/3."""
        return Fraction(self.half_width) ** 2 / 3

    @property
    def fourth_moment(self) -> Fraction:
        """m₄ = a⁴/5."""
        return Fraction(self.half_width) ** 4 / 5

    def draw(self, key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
        """Independent draws."""
        width = float(self.half_width)
        return jax.random.uniform(key, shape, dtype, minval=-width, maxval=width)


@dataclass(frozen=True)
class Gaussian:
    """N(0, σ²): m₄ = 3σ⁴.

    Attributes:
        deviation: σ, positive.
    """

    deviation: Number = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "deviation", _positive("deviation", self.deviation))

    @property
    def variance(self) -> Fraction:
        """σ²."""
        return Fraction(self.deviation) ** 2

    @property
    def fourth_moment(self) -> Fraction:
        """m₄ = 3σ⁴."""
        return 3 * self.variance**2

    def draw(self, key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
        """Independent draws."""
        return jax.random.normal(key, shape, dtype) * jnp.asarray(float(self.deviation), dtype)


@dataclass(frozen=True, eq=False)
class Tasks:
    """A batch of tasks, each a context and one query with its target.

    Attributes:
        context_x: batch x d_x x N.
        context_y: batch x d_y x N.
        query: batch x d_x x 1.
        target: w q, batch x d_y x 1.

    Raises:
        TypeError, ValueError: naming the attribute that is no array of finite floats, or does not fit the others.
    """

    context_x: Array
    context_y: Array
    query: Array
    target: Array

    def __post_init__(self) -> None:
        batch, d_x, count = checked_matrix("context_x", self.context_x, (None, None, None)).shape
        _, d_y, _ = checked_matrix("context_y", self.context_y, (batch, None, count)).shape
        checked_matrix("query", self.query, (batch, d_x, 1))
        checked_matrix("target", self.target, (batch, d_y, 1))


def regression(
    key: Array, inputs: Law, *, batch: int, d_x: int, context: int, d_y: int = 1, noise_variance: Number = 0, dtype: Any = None
) -> Tasks:
    """A batch of independent tasks; the same key gives the same batch.

    Args:
        key: a key of `jax.random`.
        inputs: the law of the coordinates of context inputs and query.
        batch: how many tasks.
        d_x, d_y: rows of inputs and targets.
        context: N.
        noise_variance: τ², of the context's targets.
        dtype: float32 if not given; float64 needs JAX's x64 mode.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    for name, size in (("batch", batch), ("d_x", d_x), ("d_y", d_y), ("context", context)):
        _size(name, size)
    of_weights, of_context, of_query, of_noise = _split(key)
    noise, target = float(_at_least_0("noise_variance", noise_variance)), jax_float_type(dtype)
    weights = jax.random.normal(of_weights, (batch, d_y, d_x), target)
    X = inputs.draw(of_context, (batch, d_x, context), target)
    query = inputs.draw(of_query, (batch, d_x, 1), target)
    errors = jax.random.normal(of_noise, (batch, d_y, context), target) * jnp.sqrt(jnp.asarray(noise, target))
    return Tasks(X, weights @ X + errors, query, weights @ query)


def risk(inputs: Law, *, d_x: int, context: int, rate: Number, d_y: int = 1, noise_variance: Number = 0) -> Fraction:
    r"""The risk of one gradient step from W = 0 with rate η, exactly: ``½ d_y d_x σ² (1 − 2ησ² + η² κ/N)``.

    ``κ = (N + d_x − 2)σ⁴ + m₄ + τ²σ²``; η = 0 is the risk of predicting 0. The step is on ``1/(2N) ‖WX − Y‖²``.

    Args:
        inputs, d_x, context, d_y, noise_variance: as for `regression`.
        rate: η.
    """
    eta, spread = _number("rate", rate), _spread(inputs, d_x, context, noise_variance)
    return Fraction(_size("d_y", d_y) * d_x, 2) * inputs.variance * (1 - 2 * eta * inputs.variance + eta**2 * spread / context)


def optimal_rate(inputs: Law, *, d_x: int, context: int, noise_variance: Number = 0) -> Fraction:
    """η* = Nσ² / ((N + d_x − 2)σ⁴ + m₄ + τ²σ²), where `risk` is least (8.1, 8.4); it does not depend on d_y."""
    return context * inputs.variance / _spread(inputs, d_x, context, noise_variance)


def optimal_risk(inputs: Law, *, d_x: int, context: int, d_y: int = 1, noise_variance: Number = 0) -> Fraction:
    """The risk at η* (8.1): ``½dσ² ((d−2)σ⁴ + m₄) / ((N+d−2)σ⁴ + m₄)`` for d_y = 1 and no noise. No other rate does better."""
    rate = optimal_rate(inputs, d_x=d_x, context=context, noise_variance=noise_variance)
    return risk(inputs, d_x=d_x, context=context, rate=rate, d_y=d_y, noise_variance=noise_variance)


def _spread(inputs: Law, d_x: int, context: int, noise_variance: Number) -> Fraction:
    """κ: ``E (XXᵀ)² = N((N + d_x − 2)σ⁴ + m₄) I``, and the noise adds ``E Xεᵀ εXᵀ = Nτ²σ² I`` for each row of Y."""
    others = _size("context", context) + _size("d_x", d_x) - 2
    noise = _at_least_0("noise_variance", noise_variance)
    return others * inputs.variance**2 + inputs.fourth_moment + noise * inputs.variance


def _split(key: Array) -> Array:
    try:
        return jax.random.split(key, 4)
    except (TypeError, ValueError) as error:
        raise TypeError(f"key: expected one key of jax.random, such as jax.random.key(0), got {key!r}") from error


def _size(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    return value


def _number(name: str, value: Number) -> Fraction:
    try:
        return rational(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def _positive(name: str, value: Number) -> Fraction:
    if (number := _number(name, value)) <= 0:
        raise ValueError(f"{name}: expected a positive number, got {value}")
    return number


def _at_least_0(name: str, value: Number) -> Fraction:
    if (number := _number(name, value)) < 0:
        raise ValueError(f"{name}: expected a number of at least 0, got {value}")
    return number
