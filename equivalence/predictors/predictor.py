"""What a predictor is. Needs no array library."""

from __future__ import annotations

from typing import Any, Protocol


class Predictor(Protocol):
    """A map from a context and a query to a prediction: context inputs d_x x N, context targets d_y x N and a query d_x x 1 to d_y x 1.

    The three come by position, and it takes every N that it is asked for. It is a function: the same input gives the same prediction,
    up to rounding, and floats give floats. Who asks says which arrays go in:

    * falsification hands in NumPy arrays, copies, and reads what comes back as `numpy.asarray` does;
    * alignment and the recognition of softmax layers hand in JAX's, under `jax.vmap`, `jax.jit` and `jax.jacobian`: there it is a pure
      function in JAX.

    What `equivalence.predictors` makes of layers and descents serves both.
    """

    def __call__(self, context_x: Any, context_y: Any, query: Any, /) -> Any:
        """The prediction."""
