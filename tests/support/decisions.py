"""Many exact decisions, checked by brute force: ``python -m tests.support.decisions 10000``.

Right constructions must be accepted, each as what it is. Then one entry of one weight is changed; what is still accepted must be what it
is said to be, and what is refused must have a witness. The checks are those of `tests.support.by_hand`, which share no code with
recognition.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from random import Random
from typing import Annotated, TypeVar

import sympy
import typer
from rich.console import Console
from rich.progress import track

from equivalence.cli.errors import Command
from equivalence.models.heads import Head, Layer
from equivalence.recognition import Recognition, recognise
from tests.support.by_hand import complaint, is_some_step, predicted, products, shows
from tests.support.constructions import WEIGHTS, Construction, Rows, exact, right_construction, with_one_entry_changed

SIZES = [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (2, 2)]
T = TypeVar("T")
CHUNK = 25
"""How many constructions a process takes at a time."""
LISTED = 10
"""How many faults are written out."""
OUTCOMES = NONE, OPEN, OTHER, ABSORBED = ("none", "not decided", "another step", "what it was")


@dataclass
class Survey:
    """What became of the constructions.

    Attributes:
        right: how many right ones were accepted as what they are, by family.
        changed: how many changed ones were judged rightly, by the weight that was changed and by what they are.
        faults: what was refused, wrongly accepted or left unsettled, with the number that draws it again.
    """

    right: Counter[str] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: Survey) -> Survey:
        return Survey(self.right + other.right, self.changed + other.changed, self.faults + other.faults)

    def __str__(self) -> str:
        def row(name: str, cells: Iterable[object]) -> str:
            return f"  {name:12}" + "".join(f"{cell:>14}" for cell in cells)

        lines = [f"{self.right.total()} right constructions are accepted as what they are:"]
        lines += [f"  {count:6} {family}" for family, count in sorted(self.right.items())]
        lines += [
            f"{self.changed.total()} with one entry changed are judged rightly; by the weight that was changed, they are then",
            row("", OUTCOMES),
        ]
        lines += [row(weight, (self.changed[weight, outcome] for outcome in OUTCOMES)) for weight in WEIGHTS]
        lines += [f"{len(self.faults)} refused, wrongly accepted or unsettled", *(f"  {fault}" for fault in self.faults[:LISTED])]
        return "\n".join(lines + ["  …"] * (len(self.faults) > LISTED))


def survey(numbers: Iterable[int], seed: int = 0) -> Survey:
    """The constructions with these numbers, and each with one entry changed. Seed and number alone say what is drawn."""
    found = Survey()
    for number in numbers:
        random, (d_x, d_y) = Random(f"{seed} {number}"), SIZES[number % len(SIZES)]
        right = right_construction(random, d_x, d_y)
        weight, changed = with_one_entry_changed(random, right.heads)
        for heads, judge in ((right.heads, _right), (changed, partial(_changed, weight=weight))):
            try:
                counted, fault = judge(judged(heads, right), heads, right)
            except ValueError as error:
                counted, fault = Survey(), f"unsettled: {error}"
            what = f"number {number} of seed {seed} (d_x = {d_x}, d_y = {d_y}, {right.kind}{', one entry changed' * (heads is changed)})"
            found += Survey(faults=[f"{what}: {fault}"]) if fault else counted
    return found


def judged(heads: list[list[Rows]], right: Construction) -> Recognition:
    """What recognition says."""
    layer = Layer(tuple(Head(*map(exact, head)) for head in heads))
    return recognise(layer, d_x=len(right.initial[0]), d_y=len(right.initial), initial=exact(right.initial) if right.told else "unknown")


def _right(verdict: Recognition, heads: list[list[Rows]], right: Construction) -> tuple[Survey, str]:
    """A right construction: the count, and what is wrong with the verdict."""
    counted = Survey(right=Counter([verdict.family]))
    if verdict.family in (NONE, OPEN):
        return counted, "refused, though it is right"
    if fault := complaint(verdict, heads):
        return counted, fault
    same = verdict.initial == exact(right.initial) and verdict.step_size == sympy.Rational(*right.step.as_integer_ratio())
    return counted, "" if same or not right.initial_is_determined else "wrongly accepted: s or W₀ are not what it was built with"


def _changed(verdict: Recognition, heads: list[list[Rows]], right: Construction, weight: str) -> tuple[Survey, str]:
    """A changed construction: the count, and what is wrong with the verdict.

    A refusal is checked against the step it was, against every step from W₀ where that was told, and by its witness. That no step from
    another W₀ was missed is not. Only where W₀ was not told may a step be left open.
    """
    before, after = (predicted(products(each), right.initial) for each in (right.heads, heads))
    outcome = verdict.family if verdict.family in (NONE, OPEN) else ABSORBED if before == after else OTHER
    counted = Survey(changed=Counter([(weight, outcome)]))
    if outcome not in (NONE, OPEN):
        return counted, complaint(verdict, heads)
    if outcome == OPEN and right.told:
        return counted, "left open, though W₀ is told"
    if before == after or (right.told and is_some_step(heads, right.initial)):
        return counted, "refused, though it is a step still"
    return counted, "" if shows(verdict, heads) else "refused, with a witness that shows nothing"


def surveyed(count: int, seed: int, processes: int) -> Survey:
    """The first so many constructions, on so many processes, with a bar on stderr if that is a terminal."""
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    return sum(in_processes(partial(survey, seed=seed), chunks, processes), Survey())


def in_processes(part: Callable[[range], T], chunks: list[range], processes: int) -> Iterator[T]:
    """What each chunk gives, with a bar on stderr if that is a terminal."""
    console, parts = Console(stderr=True), _parts(part, chunks, processes)
    if console.is_terminal:
        return iter(track(parts, description="surveying", total=len(chunks), console=console, transient=True))
    return parts


def _parts(part: Callable[[range], T], chunks: list[range], processes: int) -> Iterator[T]:
    """Each chunk's. Processes are started afresh, as JAX's threads do not survive a fork."""
    if processes == 1:
        yield from map(part, chunks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(part, chunks)


app = typer.Typer(add_completion=False)


@app.command(cls=Command)
def main(
    count: Annotated[int, typer.Argument(min=1, help="How many right constructions, and as many with one entry changed.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the constructions.")] = 0,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="How many processes; all cores if not given.")] = None,
) -> None:
    """Exact decisions, checked by brute force. The exit status is 1 if one is refused, wrongly accepted or unsettled; 2 for bad input."""
    started, used = time.perf_counter(), processes or os.cpu_count() or 1
    found = surveyed(count, seed, used)
    typer.echo(found)
    typer.echo(f"{time.perf_counter() - started:.1f} s on {used} processes, seed {seed}")
    raise typer.Exit(1 if found.faults else 0)


if __name__ == "__main__":
    app()
