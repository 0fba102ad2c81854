"""Many verdicts on floating weights, checked in exact arithmetic: ``python -m tests.support.floating_decisions 10000``.

Right layers are members of a family in a random gauge, split over heads, with heads added that cancel or are hidden, at any scale. Wrong
ones read the context's target in their scores besides, which no member does, by two tolerances or more. A right one must never be called
none, a wrong one never be accepted; and what is accepted is held against the numbers of the verdict, with the floats as the rationals that
they are, by code that shares nothing with recognition. "Not decided" is counted.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Annotated, NamedTuple

import flint
import numpy as np
import typer

from equivalence.cli.errors import Command
from equivalence.models.heads import Head, Layer
from equivalence.recognition import Recognition, recognise
from tests.support.decisions import CHUNK, LISTED, in_processes

FAMILIES = ("gradient descent", "preconditioned gradient descent", "GD++")
TOLERANCES = (1e-5, 0.1)
ADDED = {"nothing": 0.4, "a pair that cancels": 0.2, "a hidden pair": 0.2, "both": 0.2}
"""How often heads are added that do nothing together."""
MODEST = 3
"""Orders of magnitude of scales, and of heads that cancel, at which hardly any may be left undecided."""


class Drawn(NamedTuple):
    """A layer.

    Attributes:
        heads: of floats.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀ as it is told: "zeros", a matrix or "unknown".
        tolerance: of the verdict.
        right: whether it is a member of a family.
        modest: whether its scales are within 10³.
        what: how it was made.
    """

    heads: list[Head]
    d_x: int
    d_y: int
    initial: str | np.ndarray
    tolerance: float
    right: bool
    modest: bool
    what: str


@dataclass
class Survey:
    """What became of the layers.

    Attributes:
        judged: how many, by what they are, "right" or "wrong", and by the verdict.
        modest: how many of these with scales within 10³ were judged, and how many not decided.
        faults: wrong verdicts, with the number that draws them again.
    """

    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    modest: Counter[bool] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: Survey) -> Survey:
        return Survey(self.judged + other.judged, self.modest + other.modest, self.faults + other.faults)

    @property
    def undecided(self) -> float:
        """The share that is not decided of those with scales within 10³."""
        return self.modest[True] / max(self.modest.total(), 1)

    def __str__(self) -> str:
        lines = [f"{count:6} {kind}: {family}" for (kind, family), count in sorted(self.judged.items())]
        lines.append(f"{self.modest[True]} of {self.modest.total()} with scales within 10³ are not decided: {self.undecided:.2%}")
        lines += [f"{len(self.faults)} wrong verdicts", *(f"  {fault}" for fault in self.faults[:LISTED])]
        return "\n".join(lines + ["  …"] * (len(self.faults) > LISTED))


def survey(numbers: Iterable[int], seed: int = 0) -> Survey:
    """The layers with these numbers, right and wrong. Seed and number alone say what is drawn."""
    whole = Survey()
    for number in numbers:
        for right in (True, False):
            layer = drawn(np.random.default_rng([seed, number]), right)
            verdict = judged(layer)
            fault = complaint(layer, verdict)
            kind = "right" if right else "wrong"
            whole.judged[kind, verdict.family] += 1
            if layer.modest:
                whole.modest[verdict.family == "not decided"] += 1
            if fault:
                whole.faults.append(f"number {number} of seed {seed} ({kind}, {layer.what}): {fault}")
    return whole


def judged(layer: Drawn) -> Recognition:
    """What recognition says."""
    return recognise(Layer(tuple(layer.heads)), d_x=layer.d_x, d_y=layer.d_y, initial=layer.initial, tolerance=layer.tolerance)


def complaint(layer: Drawn, verdict: Recognition) -> str:
    """What is wrong with a verdict; or nothing."""
    if verdict.family == "not decided":
        return ""
    if verdict.family not in FAMILIES:
        return f"called {verdict.family}, though it is right" if layer.right else ""
    if not layer.right:
        return f"wrongly accepted as {verdict.family}"
    square = squared_distance(layer, verdict)
    return "" if square < Fraction(layer.tolerance) ** 2 else f"accepted as {verdict.family} at a distance of {float(square) ** 0.5:.2e}"


def squared_distance(layer: Drawn, verdict: Recognition) -> Fraction:
    """``‖T − T*‖²/‖T‖²``, T* the member that the verdict names, exactly, on tokens [x; y − W₀x]."""
    d_y, d_x = layer.d_y, layer.d_x
    start = exactly(verdict.initial).tolist()
    queries = flint.fmpq_mat(exactly(np.eye(d_x)).tolist() + [[-entry for entry in row] for row in start])
    lower = [[*row, *[int(i == k) for i in range(d_y)]] for k, row in enumerate(start)]
    turn = flint.fmpq_mat(exactly(np.eye(d_x, d_x + d_y)).tolist() + lower)
    pairs = [
        (
            exactly(head.projection[d_x:]) * exactly(head.value) * turn,
            turn.transpose() * exactly(head.key.T) * exactly(head.query) * queries,
        )
        for head in layer.heads
    ]
    D = exactly(np.eye(d_y) if verdict.left_factor is None else verdict.left_factor)
    C = exactly(np.eye(d_x) if verdict.preconditioner is None else verdict.preconditioner)
    step = fmpq(float(verdict.step_size))
    form = exactly(-np.eye(d_y, d_x + d_y, d_x))
    member = (D * form * -step, flint.fmpq_mat(C.tolist() + [[flint.fmpq(0)] * d_x] * d_y))
    apart, whole = (square(both) for both in ([*pairs, member], pairs))
    return Fraction(int(apart.p), int(apart.q)) / Fraction(int(whole.p), int(whole.q))


def square(pairs: list[tuple[flint.fmpq_mat, flint.fmpq_mat]]) -> flint.fmpq:
    """``Σ (tr AᵀA' tr BᵀB' + tr AᵀA'BB'ᵀ)``, twice the square of the tensor's norm."""
    total = flint.fmpq(0)
    for A, B in pairs:
        for A2, B2 in pairs:
            total += dot(A, A2) * dot(B, B2) + dot(A * B2, A2 * B)
    return total


def dot(left: flint.fmpq_mat, right: flint.fmpq_mat) -> flint.fmpq:
    """The sum of the products of entries."""
    return sum((a * b for a, b in zip(left.entries(), right.entries(), strict=True)), flint.fmpq(0))


def exactly(array: np.ndarray) -> flint.fmpq_mat:
    """Floats as the rationals that they are."""
    return flint.fmpq_mat([[fmpq(float(entry)) for entry in row] for row in array])


def fmpq(number: float) -> flint.fmpq:
    """The rational that a float is."""
    return flint.fmpq(*number.as_integer_ratio())


def drawn(random: np.random.Generator, right: bool) -> Drawn:
    """A layer. Small ones are drawn more often: d is up to 40, with a median of about 7."""
    d = int(np.exp(random.uniform(np.log(2), np.log(40.999))))
    d_y = int(random.integers(1, d)) if random.random() < 0.5 else 1
    d_x, told = d - d_y, str(random.choice(["zeros", "given", "unknown"], p=[0.5, 0.3, 0.2]))
    kind = str(random.choice(["plain", "curved", "preconditioned", "two-sided"]))
    tolerance, scale = float(random.choice(TOLERANCES)), random.uniform(-6, 6) if random.random() < 0.5 else 0.0
    initial = np.zeros((d_y, d_x)) if told == "zeros" or random.random() < 0.2 else random.normal(size=(d_y, d_x))
    if not right and told == "unknown":  # another W₀ may make up for what is wrong
        told = "given"
    A, B = member(random, kind, initial, told)
    if not right:
        A, B, tolerance = spoiled(random, A, B, initial, tolerance)
    heads = split(random, gauged(random, A * 10.0**scale, B))
    order, more = (
        random.uniform(0, 6),
        str(random.choice(["nothing", "a pair that cancels", "a hidden pair", "both"], p=[0.4, 0.2, 0.2, 0.2])),
    )
    size = float(np.sqrt(np.linalg.norm(A) * 10.0**scale * np.linalg.norm(B)))
    heads += cancelling(random, d, size * 10 ** (order / 2)) if more in ("a pair that cancels", "both") else []
    heads += hidden(random, d, size * 10 ** (order / 2)) if more in ("a hidden pair", "both") else []
    random.shuffle(heads)  # type: ignore[arg-type]
    modest = abs(scale) <= MODEST and (more == "nothing" or order <= MODEST)
    what = f"d_x = {d_x}, d_y = {d_y}, {kind}, W₀ {told}, tolerance {tolerance:g}, scale 1e{scale:.1f}, {more} of 1e{order:.1f}"
    return Drawn(heads, d_x, d_y, initial if told == "given" else told, tolerance, right, modest, what)


def member(random: np.random.Generator, kind: str, initial: np.ndarray, told: str) -> tuple[np.ndarray, np.ndarray]:
    """A and B, d x d: the x rows of A are free, or those of GD++, and B's columns of targets are free where W₀ is known, or it is plain."""
    (d_y, d_x), d = initial.shape, sum(initial.shape)
    A = random.normal(size=(d, d)) if random.random() < 0.5 else np.zeros((d, d))
    if kind == "curved":
        A[:d_x] = -random.uniform(0.1, 1) * np.eye(d_x, d)
    D = random.normal(size=(d_y, d_y)) if kind == "two-sided" else np.eye(d_y)
    C = random.normal(size=(d_x, d_x)) if kind in ("preconditioned", "two-sided") else np.eye(d_x)
    A[d_x:] = random.uniform(0.1, 2) * D @ np.concatenate([initial, -np.eye(d_y)], axis=1)
    free = random.normal(size=(d, d_y)) if random.random() < 0.5 and told != "unknown" else np.zeros((d, d_y))
    B = np.concatenate([np.concatenate([C, np.zeros((d_y, d_x))]) + free @ initial, free], axis=1)
    return A, B


def spoiled(
    random: np.random.Generator, A: np.ndarray, B: np.ndarray, initial: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Scores that read the target of the context: T is then not 0 at two residuals, where members are, by twice the tolerance of all.

    The tolerance is the smaller one where that cannot be: where W₀ is so large that what inputs then do to the scores is more.
    """
    d_y, d_x = initial.shape
    change = random.normal(size=(d_y, d_x))
    columns = B[:, :d_x] - B[:, d_x:] @ initial
    rows = A[d_x:, d_x:]  # the columns of inputs are 0 on [x; y − W₀x]

    def share(size: float) -> float:
        """Of T, what is at two residuals."""
        reads = np.concatenate([columns[:d_x] + size * initial.T @ change, size * change])
        mixed = np.linalg.norm(rows) * np.linalg.norm(reads[:d_x]) / np.sqrt(2)
        own = float(np.linalg.norm(symmetric(rows, reads[d_x:])))
        return own / float(np.hypot(own, mixed))

    most = share(1e9)
    tolerance = tolerance if most > 4 * tolerance else min(TOLERANCES)
    wanted, size = min(tolerance * 10 ** random.uniform(0.31, 3), most / 2), 1e-9
    while share(size) < wanted:
        size *= 1.1
    B = B.copy()
    B[d_x:, :d_x] += size * change
    return A, B, tolerance


def symmetric(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The symmetrised products of two pieces of A and B."""
    products = rows[:, :, None, None] * columns
    return (products + products.transpose(0, 2, 1, 3)) / 2


def gauged(random: np.random.Generator, A: np.ndarray, B: np.ndarray) -> Head:
    """A head with these A and B, in a gauge of condition up to about 10³."""
    T, S = (turned(random, len(A)) for _ in range(2))
    c = 10.0 ** random.uniform(-1, 1)
    return Head(T, np.linalg.solve(T.T, B / c), S, c * np.linalg.solve(S.T, A.T).T)


def turned(random: np.random.Generator, d: int) -> np.ndarray:
    """An invertible matrix."""
    U, V = (np.linalg.qr(random.normal(size=(d, d)))[0] for _ in range(2))
    return U * 10 ** random.uniform(-1.5, 1.5, size=d) @ V


def split(random: np.random.Generator, head: Head) -> list[Head]:
    """The head as one, or as several that share its values or its scores."""
    parts = np.array_split(random.permutation(len(head.key)), int(random.integers(1, min(4, len(head.key)) + 1)))
    if random.random() < 0.5:
        return [head._replace(key=head.key[part], query=head.query[part]) for part in parts]
    return [head._replace(value=head.value[part], projection=head.projection[:, part]) for part in parts]


def cancelling(random: np.random.Generator, d: int, size: float) -> list[Head]:
    """A head and its negative, bit for bit; of A and B of this size."""
    rank = int(random.integers(1, d + 1))
    key, query, value = (random.normal(size=(rank, d)) for _ in range(3))
    projection = random.normal(size=(d, rank))
    head = Head(key * size / np.linalg.norm(key.T @ query), query, value, projection * size / np.linalg.norm(projection @ value))
    return [head, head._replace(projection=-head.projection) if random.random() < 0.5 else head._replace(query=-head.query)]


def hidden(random: np.random.Generator, d: int, size: float) -> list[Head]:
    """Two heads, α pᵀ with r cᵀ and α rᵀ with −p cᵀ: their tensors cancel, their matrices do not."""
    alpha, p, r, c = (vector / np.linalg.norm(vector) for vector in random.normal(size=(4, d)))
    left, right = size * alpha[:, None], size * c[None]
    return [Head(r[None], right, p[None], left), Head(p[None], -right, r[None], left)]


app = typer.Typer(add_completion=False)


@app.command(cls=Command)
def main(
    count: Annotated[int, typer.Argument(min=1, help="How many right layers, and as many wrong ones.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the layers.")] = 0,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="How many processes; all cores if not given.")] = None,
) -> None:
    """Verdicts on floats, checked exactly. The exit status is 1 if one is wrong, or too many are not decided; 2 for bad input."""
    started, used = time.perf_counter(), processes or os.cpu_count() or 1
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    found = sum(in_processes(partial(survey, seed=seed), chunks, used), Survey())
    typer.echo(found)
    typer.echo(f"{time.perf_counter() - started:.1f} s on {used} processes, seed {seed}")
    raise typer.Exit(1 if found.faults or found.undecided > 0.01 else 0)


if __name__ == "__main__":
    app()
