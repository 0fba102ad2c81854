"""Laws of the inputs' coordinates, with their exact moments. Only to draw from one takes JAX."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from equivalence.extras import extra
from equivalence.tasks.numbers import Number, positive

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike


class InputLaw(Protocol):
    """The law of one coordinate of the inputs; its mean is 0."""

    @property
    def variance(self) -> Fraction:
        """σ²."""
        ...

    @property
    def fourth_moment(self) -> Fraction:
        """m₄ = E x⁴."""
        ...

    def draw(self, key: Array, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
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
        object.__setattr__(self, "half_width", positive("half_width", self.half_width))

    @property
    def variance(self) -> Fraction:
        """σ² = a²/3."""
        return Fraction(self.half_width) ** 2 / 3

    @property
    def fourth_moment(self) -> Fraction:
        """m₄ = a⁴/5."""
        return Fraction(self.half_width) ** 4 / 5

    def draw(self, key: Array, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """Independent draws."""
        with extra("jax"):
            import jax

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
        object.__setattr__(self, "deviation", positive("deviation", self.deviation))

    @property
    def variance(self) -> Fraction:
        """σ²."""
        return Fraction(self.deviation) ** 2

    @property
    def fourth_moment(self) -> Fraction:
        """m₄ = 3σ⁴."""
        return 3 * self.variance**2

    def draw(self, key: Array, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """Independent draws."""
        with extra("jax"):
            import jax
            import jax.numpy as jnp

        return jax.random.normal(key, shape, dtype) * jnp.asarray(float(self.deviation), dtype)
