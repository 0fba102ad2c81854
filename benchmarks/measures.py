"""What is measured, each a function of no arguments that returns a `Measure`."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from time import perf_counter
from typing import Any

import jax
import numpy as np
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import FiniteField, exact
from equivalence.falsification import falsify
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.plots import orders
from equivalence.recognition import recognise
from equivalence.statements import find, verify
from equivalence.statements.inputs import inputs_of
from equivalence.statements.sampling import checker, draw

PAPER = {"d_x": 10, "d_y": 1, "N": 10, "M": 1}
LARGE = {"d_x": 256, "d_y": 16, "N": 1024, "M": 3}
BATCH = 1024
CONTEXTS = (512, 1024, 2048, 4096, 8192)


@dataclass(frozen=True)
class Measure:
    """A figure, what it should reach, and whether missing that is an error or only a slow machine.

    Attributes:
        name: what was measured.
        figure: as printed.
        target: as printed.
        met: whether the figure reaches the target.
        binding: whether a miss makes the run fail: true for what does not depend on the machine's mood.
    """

    name: str
    figure: str
    target: str
    met: bool
    binding: bool


def seconds(work: Callable[[], Any], runs: int = 5) -> float:
    """The median time of some runs, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return statistics.median(times)


def entrywise() -> None:
    """2.1 the obvious way: SymPy matrices of one symbol an entry at (10, 1, 10), expanded and compared."""
    (claim,) = find("2.1").claims
    steps: list[sympy.Matrix] = [step[1] for step in claim.program(exact, *PAPER.values()) if isinstance(step, tuple)]
    if steps[0].expand() != steps[-1].expand():
        raise AssertionError("2.1: the entrywise check fails")


def symbolic() -> None:
    """2.1 for every size at once."""
    if not verify("2.1", algebras=("symbolic",)).holds:
        raise AssertionError("2.1: the symbolic check fails")


def ratio_to_entrywise() -> Measure:
    """The proof for all sizes against the entrywise one at one size, both in this run."""
    started = perf_counter()
    entrywise()
    slow, fast = perf_counter() - started, seconds(symbolic, runs=21)
    figure = f"{slow / fast:,.0f}x ({slow:.1f} s against {fast * 1e3:.2f} ms)"
    return Measure("2.1 for all sizes, against entrywise SymPy at (10, 1, 10)", figure, "at least 1000x", slow / fast >= 1000, True)


def certificate(sizes: dict[str, int], limit: float) -> Measure:
    """The finite-field certificate of 2.1 at fixed sizes; the degree reading and the draw of the prime included."""

    def work() -> float:
        result = verify("2.1", algebras=(FiniteField.name,), sizes=[sizes])
        if not result.holds or result.error_bound is None:
            raise AssertionError(f"2.1: the certificate fails: {result.messages}")
        return result.error_bound

    bound = work()
    took = seconds(work)
    figure = f"{took * 1e3:.2f} ms, error bound {bound:.1e}"
    name = "2.1, certificate at ({d_x}, {d_y}, {N})".format(**sizes)
    return Measure(name, figure, f"under {limit * 1e3:g} ms; bound below 2^-50", took < limit and bound < 2.0**-50, not bound < 2.0**-50)


def instances_a_second() -> Measure:
    """Random (10, 1, 10) instances of 2.1, context and query, x64, drawn and with their tolerances, in batches of 1024, one thread a core.

    Products of such small matrices do not fill two cores by themselves: batches side by side do.
    """
    (claim,) = find("2.1").claims
    inputs = inputs_of(claim, PAPER, {})
    check = checker(claim, tuple(PAPER[name] for name in claim.sizes), "float64", optimise=True)
    seeds = count()

    def worst(seed: int) -> float:
        with jax.enable_x64(True):
            return float(np.max(np.asarray(check(draw(inputs, BATCH, seed)))))

    def work() -> None:
        for ratio in pool.map(worst, islice(seeds, 32)):
            if not ratio < 1:
                raise AssertionError(f"2.1: an instance fails, by {ratio} tolerances")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rate = 32 * BATCH / seconds(work)
    return Measure(
        "2.1, random (10, 1, 10) instances a second, x64", f"{rate:,.0f}", "at least 100,000 on two idle cores", rate >= 1e5, False
    )


def all_symbolic() -> Measure:
    """Chapters 1 to 4 in the symbolic and exact readings in a fresh interpreter, import included."""
    program = (
        "import proofs; from equivalence.statements import in_order, verify; "
        "assert all(verify(each, algebras=('symbolic', 'exact')).holds for each in in_order() if int(each.number.partition('.')[0]) <= 4)"
    )
    took = seconds(lambda: subprocess.run([sys.executable, "-c", program], check=True), runs=3)
    return Measure("chapters 1 to 4, symbolic and exact, import included", f"{took:.2f} s", "under 3 s", took < 3, False)


def random_layer(d: int, rank: int) -> Layer:
    """One head of random floats, its scores and values of order 1."""
    random = np.random.default_rng(0)
    return Layer((Head(*(random.normal(size=shape) / shape[-1] ** 0.5 for shape in ((rank, d), (rank, d), (rank, d), (d, rank)))),))


def recognition(d_x: int, d_y: int, rank: int, limit: float) -> Measure:
    """The whole verdict on floating weights with W₀ unknown, witness included; the error bound is formed when it is asked for."""
    layer = random_layer(d_x + d_y, rank)
    took = seconds(lambda: recognise(layer, d_x=d_x, d_y=d_y, initial="unknown"))
    name = f"recognition at ({d_x}, {d_y}), rank {rank}, W₀ unknown"
    return Measure(name, f"{took * 1e3:.1f} ms", f"under {limit * 1e3:g} ms on two idle cores", took < limit, False)


def recognition_of_heads(d: int, rank: int, heads: int, limit: float) -> Measure:
    """The verdicts on two layers of several random heads, of which one row is predicted, W₀ = 0; witnesses included."""
    random = np.random.default_rng(0)
    shapes = ((rank, d), (rank, d), (rank, d), (d, rank))
    layers = [
        Layer(tuple(Head(*(random.normal(size=shape) / shape[-1] ** 0.5 for shape in shapes)) for _ in range(heads))) for _ in range(2)
    ]
    took = seconds(lambda: [recognise(layer, d_x=d - 1, d_y=1) for layer in layers], runs=3)
    name = f"recognition of two layers of {heads} heads at d = {d}, W₀ = 0"
    return Measure(name, f"{took:.2f} s", f"under {limit:g} s on two idle cores", took < limit, False)


def recognition_memory(d_x: int, d_y: int, rank: int, limit: float) -> Measure:
    """The most that is allocated at a time, beside the weights, for the verdict and its error bound."""
    layer = random_layer(d_x + d_y, rank)
    tracemalloc.start()
    recognise(layer, d_x=d_x, d_y=d_y, initial="unknown").error_bound(1, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Measure(
        f"memory of recognition at ({d_x}, {d_y}), rank {rank}", f"{peak / 1e6:.0f} MB", f"under {limit / 1e6:g} MB", peak < limit, True
    )


def falsification(limit: float) -> Measure:
    """All laws searched for a softmax layer in NumPy, to the smallest counterexample."""
    layer, start = random_layer(3, 3), np.zeros((1, 2))

    def predict(X: Any, Y: Any, q: Any) -> Any:
        queries = query_tokens(start, q)
        return prediction(queries + softmax_update(layer, tokens(X, Y), queries), 2, 1)

    def work() -> None:
        verdict = falsify(predict, d_x=2, d_y=1)
        smallest = min(report.counterexample.instance.context_x.shape[1] for report in verdict.broken if report.counterexample)
        if smallest != 1:
            raise AssertionError(f"falsification: expected a counterexample of one token, the smallest has {smallest}")

    took = seconds(work, runs=3)
    return Measure("a softmax layer in NumPy is falsified", f"{took:.1f} s", f"under {limit:g} s on two idle cores", took < limit, False)


def growth(order: str, least: float, most: float, contexts: Sequence[int] = CONTEXTS) -> Measure:
    """The power of N with which the time of an order of multiplication grows (4.5), at d_k = d_v = 64, with as many queries as keys."""
    power = orders.exponent(contexts, [orders.seconds(order, 64, 64, context) for context in contexts])
    target = f"below {most:g}" if most < math.inf else f"above {least:g}"
    return Measure(
        f"{order}, exponent of its time in N = {contexts[0]}…{contexts[-1]}", f"{power:.2f}", target, least < power < most, False
    )
