"""What the two orders of multiplication cost: counted, and timed on this machine (statement 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from equivalence.algebras import Cost
from equivalence.checks import checked_count
from equivalence.extras import extra
from equivalence.models.attention.features import feature_attention, scores_first
from equivalence.plots.figures import Described, increasing

with extra("plots"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

if TYPE_CHECKING:
    import jax

ORDERS: dict[str, Callable[..., object]] = {"V(KᵀQ)": scores_first, "(VKᵀ)Q": feature_attention}
"""The two programs, by what they multiply first."""

WIDE = (9.6, 4.0)
RUNS = 5


def orders_of_multiplication(contexts: Sequence[int], *, d_k: int, d_v: int) -> Figure:
    """Left the multiplications of both orders, counted, with the context at which they cross dotted; right their seconds in JAX on this
    machine, compiled, in float32. As many queries as keys.

    Args:
        contexts: each N, increasing; at least two.
        d_k: rows of keys and queries.
        d_v: rows of values.

    Raises:
        ValueError, TypeError: naming the argument.
        MissingExtraError: without JAX.
    """
    sizes = [checked_count("contexts", context) for context in contexts]
    increasing("contexts", sizes)
    key, value = checked_count("d_k", d_k), checked_count("d_v", d_v)
    figure = Described(figsize=WIDE, layout="constrained")
    counted, timed = figure.subplots(1, 2)
    _lines(counted, sizes, "multiplications, counted", lambda order, context: multiplications(order, key, value, context))
    _lines(timed, sizes, "seconds, measured", lambda order, context: seconds(order, key, value, context))
    counted.axvline(2 * key * value / (key + value), color="0.6", linestyle=":", label="they cross")
    for axes in (counted, timed):
        axes.legend()
    return figure


def multiplications(order: str, d_k: int, d_v: int, context: int) -> int:
    """How many an order makes, with as many queries as keys: its program is run over an algebra that counts."""
    algebra = Cost()
    keys, values = algebra.generator("K", d_k, context), algebra.generator("V", d_v, context)
    ORDERS[order](keys, values, algebra.generator("Q", d_k, context))
    return int(algebra.multiplications)


def seconds(order: str, d_k: int, d_v: int, context: int, *, runs: int = RUNS) -> float:
    """The least time of some runs, after one that compiles; the others were held up by what else the machine does."""
    with extra("jax"):
        import jax
    program = jax.jit(ORDERS[order])
    data = _data(d_k, d_v, context)
    jax.block_until_ready(program(*data))
    times = []
    for _ in range(runs):
        started = perf_counter()
        jax.block_until_ready(program(*data))
        times.append(perf_counter() - started)
    return min(times)


def exponent(contexts: Sequence[float], amounts: Sequence[float]) -> float:
    """The power of N with which something grows: the slope of its logarithm against that of N, by least squares."""
    across, up = (np.log(np.asarray(numbers, dtype=float)) for numbers in (increasing("contexts", contexts), amounts))
    off = across - across.mean()
    return float(off @ up / (off @ off))


def _data(d_k: int, d_v: int, context: int) -> tuple[jax.Array, ...]:
    with extra("jax"):
        from jax import numpy as jnp
    random = np.random.default_rng(0)
    return tuple(jnp.asarray(random.normal(size=(rows, context)), dtype=jnp.float32) for rows in (d_k, d_v, d_k))


def _lines(axes: Axes, contexts: Sequence[int], up: str, amount: Callable[[str, int], float]) -> None:
    for order in ORDERS:
        axes.plot(contexts, [amount(order, context) for context in contexts], "o-", label=order)
    axes.set(xlabel="N, keys and queries", ylabel=up, xscale="log", yscale="log")
