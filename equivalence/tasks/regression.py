r"""Linear regression in context: seeded batches of tasks.

A task is a weight matrix w with entries N(0, 1), d_y x d_x, inputs with independent coordinates of mean 0 from one law, targets
``y_i = w x_i + ε_i`` with noise ε ~ N(0, τ²) in each coordinate, and a query from the inputs' law, whose target ``w q`` has no noise.

A law's variance is σ² and its fourth moment ``E x⁴`` is m₄; von Oswald et al. 2022 print U(−1, 1), and their code draws U(−½, ½).
"""

from __future__ import annotations

from dataclasses import dataclass

from equivalence.checks import checked_count, checked_matrix
from equivalence.extras import extra
from equivalence.models.weights import jax_float_type
from equivalence.tasks.laws import InputLaw
from equivalence.tasks.numbers import Number, not_negative

with extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax import Array
    from jax.typing import DTypeLike


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
    key: Array,
    inputs: InputLaw,
    *,
    batch: int,
    d_x: int,
    context: int,
    d_y: int = 1,
    noise_variance: Number = 0,
    dtype: DTypeLike | None = None,
) -> Tasks:
    """A batch of independent tasks; the same key gives the same batch.

    Args:
        key: a key of JAX, as `jax.random.key` makes it.
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
        checked_count(name, size)
    of_weights, of_context, of_query, of_noise = _split(key)
    noise, target = float(not_negative("noise_variance", noise_variance)), jax_float_type(dtype)
    weights = jax.random.normal(of_weights, (batch, d_y, d_x), target)
    X = inputs.draw(of_context, (batch, d_x, context), target)
    query = inputs.draw(of_query, (batch, d_x, 1), target)
    errors = jax.random.normal(of_noise, (batch, d_y, context), target) * jnp.sqrt(jnp.asarray(noise, target))
    return Tasks(X, weights @ X + errors, query, weights @ query)


def _split(key: Array) -> Array:
    try:
        return jax.random.split(key, 4)
    except (TypeError, ValueError) as error:
        raise TypeError(f"key: expected one key of jax.random, such as jax.random.key(0), got {key!r}") from error
