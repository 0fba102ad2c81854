"""A bar on stderr for what takes long, where that is a terminal and nobody asked for quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

T = TypeVar("T")


@contextmanager
def bar(description: str, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A function that is told which share of the work is done, from 0 to 1; the bar estimates how long the rest takes, and is gone then."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda share: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(description, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def tracked(items: Sequence[T], description: str, *, quiet: bool) -> Iterable[T]:
    """The items, while a bar shows how many of them are done."""
    with bar(description, quiet=quiet) as done:
        for number, item in enumerate(items):
            yield item
            done((number + 1) / len(items))
