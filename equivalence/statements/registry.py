"""Statements by number. Adding one is writing one function."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType

from equivalence.statements.claims import Claim, claim_of
from equivalence.statements.steps import Program


@dataclass
class Statement:
    """A numbered statement.

    Attributes:
        number: the chapter and the place in it, such as "2.1"; or any name.
        title: a few words.
        kind: that of its main claim, one of `KINDS`.
        source: where it comes from.
        text: what it says, from a docstring.
        claims: what is checked, the main claim first.
        chapter: from the number: that of "10.1" is 10; 0 for one that begins otherwise, such as a reader's own "mine.1".
    """

    number: str
    title: str
    kind: str
    source: str
    text: str
    claims: list[Claim] = field(default_factory=list)
    chapter: int = field(init=False)

    def __post_init__(self) -> None:
        first = self.number.split(".")[0]
        self.chapter = int(first) if first.isdecimal() else 0

    def claim(self, title: str, *, kind: str | None = None) -> Callable[[Program], Program]:
        """Add a claim to this statement; used as a decorator. The kind is the statement's own if not given."""

        def add(program: Program) -> Program:
            self.claims.append(claim_of(title, kind or self.kind, program))
            return program

        return add

    def check_parts(self, replace: Mapping[str, object]) -> None:
        """Raises ValueError for a part that no claim of the statement has."""
        unknown = set(replace) - {part for claim in self.claims for part in claim.parts}
        if unknown:
            raise ValueError(f"replace: {self.number} has no part named {', '.join(sorted(unknown))}")

    def __repr__(self) -> str:
        return f"<Statement {self.number}: {self.title}>"

    def _repr_markdown_(self) -> str:
        from equivalence.statements.derivation import as_markdown

        return as_markdown(self)


registry: dict[str, Statement] = {}


def statement(number: str, title: str, *, source: str, kind: str = "identity", claim: str = "") -> Callable[[Program], Statement]:
    """Register a statement; used as a decorator on the generator function of its main claim.

    The function takes the algebra, then its sizes by name (say ``d_x, d_y, N, M``), then keyword-only parts that tests may replace.
    Its docstring is the statement's text. The same function again replaces itself, as when a module is loaded anew; one of the same
    module and name that says something else replaces it with a warning.

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
        new = Statement(number, title, kind, source, text, [claim_of(claim or title, kind, program)])
        if number in registry:
            _check_replaced(registry[number], program)
        registry[number] = new
        return new

    return register


def find(number: str) -> Statement:
    """The statement of a number, such as "2.1".

    Args:
        number: as it was registered.

    Raises:
        ValueError: a number that is not known, with the nearest that is.
        TypeError: what is no text.
    """
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


def _check_replaced(known: Statement, program: Program) -> None:
    before = known.claims[0].program
    if (before.__module__, before.__qualname__) != (program.__module__, program.__qualname__):
        raise ValueError(f"{known.number}: already taken by {known.title!r}; choose another number")
    if before is not program and _content(inspect.unwrap(before)) != _content(inspect.unwrap(program)):
        warnings.warn(f"{known.number}: another function named {program.__qualname__} replaces {known.title!r}", stacklevel=3)


def _content(program: object) -> object:
    """What a function says, wherever it stands: two of the same source have the same content."""
    code = getattr(program, "__code__", program)
    if not isinstance(code, CodeType):
        return code
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, repr([_content(constant) for constant in code.co_consts])


def _natural(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)
