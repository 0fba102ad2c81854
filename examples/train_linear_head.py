"""Train one linear self-attention head on linear regression in context: ``python -m examples.train_linear_head``.

The task is that of von Oswald et al. 2022 as their code draws it: d_x = N = 10, d_y = 1, inputs U(−½, ½), query token [q; 0]. The head
starts at small random weights, and nothing tells it of gradient descent. About a minute on two cores, where the loss should end near
245/1188 ≈ 0.2062, the least that one gradient step can reach (`equivalence.tasks.optimal_risk`). Needs optax.

The weights are written for rows, ``y = x @ w``, as Haiku stores them: key, query and value are d x d_k, linear is d_v x d. The same seed
on the same machine gives the same file to the byte; elsewhere the last digits may differ.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from equivalence.checks import checked_count
from equivalence.models.attention.linear import linear_attention
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.tasks import Tasks, Uniform, optimal_risk, regression

D_X = CONTEXT = 10
D_Y = 1
INPUTS = Uniform("1/2")
BATCH, STEPS, SEED = 2048, 2000, 0
LEARNING_RATE, INITIAL_SCALE = 1e-2, 0.02
WEIGHTS = Path(__file__).parent / "trained_linear_head.npz"

State = tuple[Head, optax.OptState]


def initial_head(key: Array) -> Head:
    """Four square weights of d_x + d_y rows, small and Gaussian."""
    size = D_X + D_Y
    return Head(*(INITIAL_SCALE * jax.random.normal(part, (size, size), jnp.float32) for part in jax.random.split(key, 4)))


def loss(head: Head, tasks: Tasks) -> Array:
    """Half the mean squared error of the layer's predictions, which estimates the risk."""

    def predicted(X: Array, Y: Array, q: Array) -> Array:
        initial = jnp.zeros((D_Y, D_X), X.dtype)
        return prediction(linear_attention(Layer((head,)), tokens(X, Y), query_tokens(initial, q))[1], D_X, D_Y)

    errors = jax.vmap(predicted)(tasks.context_x, tasks.context_y, tasks.query) - tasks.target
    return (errors**2).sum(axis=(1, 2)).mean() / 2


def drawn(key: Array) -> Tasks:
    """One batch."""
    return regression(key, INPUTS, batch=BATCH, d_x=D_X, context=CONTEXT, d_y=D_Y)


def optimiser(steps: int) -> optax.GradientTransformation:
    """Adam, its rate falling to 0 along a cosine."""
    return optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, steps))


@partial(jax.jit, static_argnames="steps")
def step(state: State, key: Array, *, steps: int) -> tuple[State, Array]:
    """One of so many steps, on a fresh batch: the next state, and the loss before."""
    head, memory = state
    before, slopes = jax.value_and_grad(loss)(head, drawn(key))
    changes, memory = optimiser(steps).update(slopes, memory)
    return (optax.apply_updates(head, changes), memory), before


def train(*, steps: int, seed: int, report: Callable[[int, float], None]) -> Head:
    """The head after so many steps; reported: each step and the loss before it."""
    checked_count("steps", steps)
    of_weights, of_batches = jax.random.split(jax.random.key(seed))
    head = initial_head(of_weights)
    state = head, optimiser(steps).init(head)
    for done, key in enumerate(jax.random.split(of_batches, steps), 1):
        state, before = step(state, key, steps=steps)
        report(done, float(before))
    return state[0]


def save(head: Head, path: Path) -> None:
    """Four arrays under the names key, query, value and linear, for rows."""
    key, query, value, linear = (np.ascontiguousarray(weight.T) for weight in head)
    np.savez(path, key=key, query=query, value=value, linear=linear)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m examples.train_linear_head", description="Train one linear self-attention head.")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="an .npz file")
    options = parser.parse_args(arguments)
    start = time.perf_counter()

    def report(done: int, before: float) -> None:
        if done % max(1, options.steps // 20) == 0:
            print(f"step {done} of {options.steps}: loss {before:.4f}, {time.perf_counter() - start:.0f} s", flush=True)

    print(f"the least risk of one gradient step is {float(optimal_risk(INPUTS, d_x=D_X, context=CONTEXT)):.4f}", flush=True)
    save(train(steps=options.steps, seed=options.seed, report=report), options.output)
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
