"""The grammar of claims, read here and nowhere else: headings, steps and checks.

A claim's program is a generator. A plain string begins a new chain and says what it shows. A pair ``(reason, expression)`` is a step:
it must equal the step before it, in every algebra in which the claim is read. Anything else is an `Assertion` that judges itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain as joined
from typing import Any

from equivalence.statements.assertions import Assertion, Beginning, Equality, Raised
from equivalence.statements.exactness import frozen

Step = tuple[str, object]
Item = str | Step | Assertion
Items = Iterator[Item]
Program = Callable[..., Items]


@dataclass(frozen=True)
class Entry:
    """What a chain shows at one place, and which place that is, counted from 1."""

    number: int
    assertion: Assertion


@dataclass
class Chain:
    """The entries under one heading, which is empty before the first one. To be gone through once, before the next chain."""

    heading: str
    items: Iterator[Item]
    following: str | None = None

    def __iter__(self) -> Iterator[Entry]:
        before: list[Any] = []
        for number, item in enumerate(self.items, start=1):
            if isinstance(item, str):
                self.following = item
                return
            assertion = _assertion(item, before)
            if isinstance(assertion, Beginning | Equality):
                before = [assertion.right if isinstance(assertion, Equality) else assertion.expression]
            yield Entry(number, assertion)


def chains(items: Iterable[Item]) -> Iterator[Chain]:
    """The chains of a claim, each with what it shows. A claim that yields nothing has one chain, without entries.

    What is no heading, step or check stands as a `Raised` TypeError.
    """
    items = iter(items)
    first = list(next(([item] for item in items), []))
    heading = first.pop() if first and isinstance(first[0], str) else ""
    chain = Chain(str(heading), joined(first, items))
    yield chain
    while chain.following is not None:
        chain = Chain(chain.following, chain.items)
        yield chain


def until_it_raises(program: Callable[[], Iterable[Item]]) -> Iterator[Item]:
    """What a program yields; and in the place of what it does not yield, what it raised, be it what it may."""
    try:
        yield from program()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a program's exception is a verdict, and so is its exit
        yield Raised(error)


def _shown(item: object) -> str:
    """What it says of itself, if it can: Python refuses to write very large numbers."""
    try:
        return repr(item)
    except Exception:  # noqa: BLE001 - it is a message that is made here
        return "one"


def _assertion(item: Any, before: list[Any]) -> Assertion:
    if isinstance(item, Assertion):
        return item
    if not (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)):
        expected = "a heading, a step (reason, expression) or a check"
        return Raised(TypeError(f"expected {expected}, got {_shown(item)} of type {type(item).__name__}"))
    reason, expression = item[0], frozen(item[1])
    return Equality(reason, before[0], expression) if before else Beginning(reason, expression)
