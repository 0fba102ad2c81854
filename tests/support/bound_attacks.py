"""Error bounds attacked: ``python -m tests.support.bound_attacks 5000``. Inputs are climbed to where errors are large, and judged exactly.

For a layer the error at one token e and query q is ``‖Σ D_kprj e_p e_r q_j‖``, D the difference of the tensors: for e fixed the worst q
is a singular vector, for q fixed the worst e an eigenvector, so the two are alternated. For a stack coordinates are tried at random.
What counts in the end is the error in exact arithmetic, of the floats as the rationals that they are, against the bound for the norms.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

import flint
import numpy as np
import typer

from equivalence.cli.errors import Command
from equivalence.models.heads import Head, Layer
from equivalence.recognition import Recognition
from equivalence.recognition.stacks import StackRecognition, recognise_stack
from tests.support.decisions import CHUNK, LISTED, in_processes
from tests.support.floating_decisions import cancelling, drawn, exactly, fmpq, gauged, judged, split

STARTS, CLIMBS, TRIES = 3, 15, 40
LARGEST = 9
"""d at most, as errors are computed exactly."""
STACKS_EVERY = 5
"""A stack for so many layers."""


@dataclass
class Attacks:
    """What became of the bounds.

    Attributes:
        held: how many, by what they were of.
        tightest: the largest error found, as a share of its bound.
        faults: bounds that were exceeded, with the number that draws them again.
    """

    held: Counter[str] = field(default_factory=Counter)
    tightest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: Attacks) -> Attacks:
        return Attacks(self.held + other.held, max(self.tightest, other.tightest), self.faults + other.faults)

    def __str__(self) -> str:
        lines = [f"{count:6} bounds hold: {kind}" for kind, count in sorted(self.held.items())]
        lines.append(f"the largest error found is {self.tightest:.4f} of its bound")
        lines += [f"{len(self.faults)} bounds exceeded", *(f"  {fault}" for fault in self.faults[:LISTED])]
        return "\n".join(lines)


def attacks(numbers: Iterable[int], seed: int = 0) -> Attacks:
    """The layers with these numbers, and a stack for every fifth."""
    whole = Attacks()
    for number in numbers:
        random = np.random.default_rng([seed, number, 7])
        kinds = [("layer", partial(layer_share, random))]
        if number % STACKS_EVERY == 0:
            kinds.append(("stack", partial(stack_share, random)))
        for kind, share_of in kinds:
            family, share = share_of()
            whole.held[f"{kind}, {family}"] += int(share <= 1)
            whole.tightest = max(whole.tightest, share)
            if share > 1:
                whole.faults.append(f"number {number} of seed {seed} ({kind}, {family}): {share} of the bound")
    return whole


def layer_share(random: np.random.Generator) -> tuple[str, float]:
    """The family, and the worst error of a layer as a share of its bound."""
    layer = drawn(random, bool(random.integers(2)))
    while layer.d_x + layer.d_y > LARGEST:
        layer = drawn(random, bool(random.integers(2)))
    noise = 10.0 ** random.uniform(-14, 0) if random.random() < 0.7 else 0.0
    heads = [Head(*(weight * (1 + noise * random.normal(size=weight.shape)) for weight in head)) for head in layer.heads]
    layer = layer._replace(heads=heads)
    verdict = judged(layer)
    D = difference(heads, verdict, layer.d_x, layer.d_y)
    return verdict.family, max(exact_share(heads, verdict, *climbed(random, D)) for _ in range(STARTS))


def factors(verdict: Recognition) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """W₀, D, C and s of the member that a verdict names."""
    d_y, d_x = verdict.initial.shape
    D = np.eye(d_y) if verdict.left_factor is None else verdict.left_factor
    C = np.eye(d_x) if verdict.preconditioner is None else verdict.preconditioner
    return np.asarray(verdict.initial, dtype=float), D, C, float(verdict.step_size)


def difference(heads: list[Head], verdict: Recognition, d_x: int, d_y: int) -> np.ndarray:
    """D, rows x d x d x columns."""
    W0, left, C, step = factors(verdict)
    queries = np.concatenate([np.eye(d_x), -W0])
    pairs = [(head.projection[d_x:] @ head.value, head.key.T @ head.query @ queries) for head in heads]
    pairs.append((-step * left @ np.concatenate([W0, -np.eye(d_y)], axis=1), np.concatenate([C, np.zeros((d_y, d_x))])))
    whole = np.sum([A[:, :, None, None] * B for A, B in pairs], axis=0)
    return (whole + whole.transpose(0, 2, 1, 3)) / 2


def climbed(random: np.random.Generator, D: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A token and a query on which the error is large."""
    e: np.ndarray = random.normal(size=(D.shape[1],))
    query = np.zeros(D.shape[3])
    for _ in range(CLIMBS):
        left, _, right = np.linalg.svd(np.einsum("kprj,p,r->kj", D, e, e))
        query = right[0]
        values, vectors = np.linalg.eigh(np.einsum("kprj,k,j->pr", D, left[:, 0], query))
        e = vectors[:, np.abs(values).argmax()]
    return e, query


def exact_share(heads: list[Head], verdict: Recognition, e: np.ndarray, q: np.ndarray) -> float:
    """The error at one token and one query, over the bound for their norms, all exactly but for the last root."""
    W0, D, C, step = factors(verdict)
    d_x, token = W0.shape[1], exactly(e[:, None])
    query, start = exactly(q[:, None]), exactly(W0)
    asked = flint.fmpq_mat(query.tolist() + (start * query * -1).tolist())
    off = flint.fmpq_mat(len(W0), 1)
    for head in heads:
        score = ((exactly(head.key) * token).transpose() * (exactly(head.query) * asked))[0, 0]
        off = off + exactly(head.projection[d_x:]) * (exactly(head.value) * token) * score
    x, y = flint.fmpq_mat(token.tolist()[:d_x]), flint.fmpq_mat(token.tolist()[d_x:])
    off = off + exactly(D) * (y - start * x) * ((x.transpose() * (exactly(C) * query))[0, 0] * fmpq(step))
    return share(off, fmpq(verdict.error_bound(1, 1)) ** 2 * length(token) ** 2 * length(query))


def length(column: flint.fmpq_mat) -> flint.fmpq:
    """The square of a norm."""
    return sum((entry * entry for entry in column.entries()), flint.fmpq(0))


def share(off: flint.fmpq_mat, bound: flint.fmpq) -> float:
    """``‖off‖/√bound``, never rounded down to 1; at most 10³."""
    square = length(off)
    if square >= 10**6 * bound:
        return 1e3 if square else 0.0
    ratio = square / bound
    return max((int(ratio.p) / int(ratio.q)) ** 0.5, 1.0 + 1e-9 if ratio > 1 else 0.0)


def stack_share(random: np.random.Generator) -> tuple[str, float]:
    """The family, and the worst error of a stack that is recognised as a share of its bound."""
    d_x, d_y, count = int(random.integers(1, 4)), int(random.integers(1, 3)), int(random.integers(2, 4))
    noise, preconditioned = 10.0 ** random.uniform(-12, -2), random.random() < 0.5
    layers = [noisy_step(random, d_x, d_y, preconditioned, noise) for _ in range(count)]
    verdict = recognise_stack(layers, d_x=d_x, d_y=d_y, tolerance=0.3)
    if verdict.norms is None:
        return verdict.family, 0.0
    best, point = 0.0, [random.normal(size=(d_x + d_y, 2)), random.normal(size=(d_x, 1))]
    for k in range(TRIES):
        reach = 1.0 if k % 8 == 0 else 0.3
        moved = [part + reach * random.normal(size=part.shape) for part in point]
        context, query = (part / np.linalg.norm(part) for part in moved)
        if (error := stack_error(layers, verdict, context, query)) > best:
            best, point = error, [context, query]
    context, query = (part / np.linalg.norm(part) for part in point)
    return verdict.family, exact_stack_share(layers, verdict, context, query)


def noisy_step(random: np.random.Generator, d_x: int, d_y: int, preconditioned: bool, noise: float) -> Layer:
    """A step from 0 with noise on its weights, in a gauge, perhaps with heads that cancel."""
    d = d_x + d_y
    A, B = np.zeros((d, d)), np.zeros((d, d))
    A[d_x:, d_x:] = -random.uniform(0.1, 1) * np.eye(d_y)
    B[:d_x, :d_x] = np.eye(d_x) + (0.5 * random.normal(size=(d_x, d_x)) if preconditioned else 0.0)
    heads = split(random, gauged(random, A + noise * random.normal(size=(d, d)), B + noise * random.normal(size=(d, d))))
    return Layer((*heads, *(cancelling(random, d, 10.0) if random.random() < 0.3 else [])))


def stack_error(layers: list[Layer], verdict: StackRecognition, context: np.ndarray, query: np.ndarray) -> float:
    """In floats, to climb by."""
    weights = [[tuple(head) for head in layer.heads] for layer in layers]
    members = [(*factors(layer), float(layer.gamma or 0)) for layer in verdict.layers]
    return float(np.linalg.norm(stack_off(weights, members, context, query)))


def exact_stack_share(layers: list[Layer], verdict: StackRecognition, context: np.ndarray, query: np.ndarray) -> float:
    """The error over the bound for the norms of the context and the query, the bound taken at the norms rounded up."""
    rational = np.vectorize(lambda entry: fmpq(float(entry)), otypes=[object])
    weights = [[tuple(rational(weight) for weight in head) for head in layer.heads] for layer in layers]
    numbers = [(factors(layer), float(layer.gamma or 0)) for layer in verdict.layers]
    members = [(*(rational(part) for part in parts[:3]), fmpq(parts[3]), fmpq(gamma)) for parts, gamma in numbers]
    off = stack_off(weights, members, rational(context), rational(query))
    norms = (float(np.linalg.norm(part)) * (1 + 2.0**-45) for part in (context, query))
    return share(flint.fmpq_mat(off.tolist()), fmpq(verdict.error_bound(*norms)) ** 2)


def stack_off(weights: list[list[tuple[Any, ...]]], members: list[tuple[Any, ...]], context: Any, query: Any) -> Any:
    """What the layers predict, less what K steps do, GD++ moving X and q too; of numbers of any kind."""
    initial = members[0][0]
    d_x = initial.shape[1]
    X, asked = context[:d_x], np.concatenate([query, -(initial @ query)])
    rest, expected = context[d_x:] - initial @ X, initial @ query
    for _, D, C, step, gamma in members:
        seen = D @ rest @ X.T @ C * step
        expected, rest = expected + seen @ query, rest - seen @ X
        X, query = X - X @ (X.T @ X) * gamma, query - X @ (X.T @ query) * gamma
    for layer in weights:
        moves = [(P @ V, K.T @ Q) for K, Q, V, P in layer]
        added = [sum(A @ (context @ (context.T @ (B @ seen))) for A, B in moves) for seen in (context, asked)]
        context, asked = context + added[0], asked + added[1]
    return -asked[d_x:] - expected


app = typer.Typer(add_completion=False)


@app.command(cls=Command)
def main(
    count: Annotated[int, typer.Argument(min=1, help="How many layers; a stack for every fifth.")] = 5_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the layers.")] = 0,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="How many processes; all cores if not given.")] = None,
) -> None:
    """Error bounds attacked. The exit status is 1 if one is exceeded; 2 for bad input."""
    started, used = time.perf_counter(), processes or os.cpu_count() or 1
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    found = sum(in_processes(partial(attacks, seed=seed), chunks, used), Attacks())
    typer.echo(found)
    typer.echo(f"{time.perf_counter() - started:.1f} s on {used} processes, seed {seed}")
    raise typer.Exit(1 if found.faults else 0)


if __name__ == "__main__":
    app()
