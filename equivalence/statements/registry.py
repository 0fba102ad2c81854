"""Statements by number. Adding one is writing one function."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

from equivalence.statements.claims import Claim, claim_of
from equivalence.statements.steps import Program


@dataclass
class Statement:
    """A numbered statement: its text (the docstring), its source, and its claims, the first of which is the main one."""

    number: str
    title: str
    kind: str
    source: str
    text: str
    claims: list[Claim] = field(default_factory=list)

    def claim(self, title: str, *, kind: str | None = None) -> Callable[[Program], Program]:
        """Add a claim to this statement; used as a decorator. The kind is the statement's own if not given."""

        def add(program: Program) -> Program:
            self.claims.append(claim_of(title, kind or self.kind, program))
            return program

        return add

    def __repr__(self) -> str:
        return f"<Statement {self.number}: {self.title}>"

    def _repr_markdown_(self) -> str:
        from equivalence.statements.derivation import as_markdown

        return as_markdown(self)


registry: dict[str, Statement] = {}


def statement(number: str, title: str, *, source: str, kind: str = "identity", claim: str = "") -> Callable[[Program], Statement]:
    """Register a statement; used as a decorator on the generator function of its main claim.

    The function takes the algebra, then its sizes by name (say ``d_x, d_y, N, M``), then keyword-only parts that tests may replace.
    Its docstring is the statement's text.

    Args:
        number: the number, say "2.1". Registering another function under a number in use is refused.
        title: a few words.
        source: where it comes from, with the equation number.
        kind: one of `KINDS`.
        claim: what the main claim says, if there will be others.

    Raises:
        ValueError: a number in use, an unknown kind, or no docstring.
    """

    def register(program: Program) -> Statement:
        text = inspect.getdoc(program)
        if not text:
            raise ValueError(f"{number}: expected a docstring that states it, got none")
        found = Statement(number, title, kind, source, text, [claim_of(claim or title, kind, program)])
        known = registry.get(number)
        if known is not None and _place(known.claims[0].program) != _place(program):
            raise ValueError(f"{number}: already taken by {known.title!r}; choose another number")
        registry[number] = found
        return found

    return register


def find(number: str) -> Statement:
    """The statement of a number. Raises ValueError naming the nearest known number, TypeError for what is no text."""
    if not isinstance(number, str):
        raise TypeError(f"statement: expected a number as text, such as '2.1', got {number!r} of type {type(number).__name__}")
    if number in registry:
        return registry[number]
    near = difflib.get_close_matches(number, registry, n=1, cutoff=0)
    hint = f"; the nearest is {near[0]} ({registry[near[0]].title})" if near else "; none is registered, import proofs first"
    raise ValueError(f"statement: expected a known number, got {number!r}{hint}")


def in_order() -> list[Statement]:
    """All statements by chapter and number."""
    return [registry[number] for number in sorted(registry, key=lambda number: [_natural(part) for part in number.split(".")])]


def _place(program: Program) -> tuple[str, str]:
    return program.__module__, program.__qualname__


def _natural(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)
