"""What the command ``proofs`` does and shows: statements, what became of them, and their derivations."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from itertools import groupby
from random import SystemRandom
from time import perf_counter

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from equivalence.cli import clock
from equivalence.cli.progress import tracked
from equivalence.cli.status import Status, first_of, of_outcome
from equivalence.cli.streams import harmless, say, say_json
from equivalence.statements import Result, Statement, find, in_order, verify
from equivalence.statements.derivation import PAGE, WIDTH, as_latex, as_text
from equivalence.statements.report import checked, counted, described, identified, kinds
from equivalence.statements.results import power_of_two
from equivalence.statements.verdicts import Outcome

COLOURS: dict[Outcome, str] = {"holds": "green", "refuted": "bold red", "not decided": "bold yellow"}
NARROW = 80
"""Columns of the table that has a line a statement, where there is no terminal that says how many it has."""


def chosen(numbers: Sequence[str] | None) -> list[Statement]:
    """The statements of these numbers, each once, or all. Raises ValueError for a number that is not known."""
    return [find(number) for number in dict.fromkeys(numbers)] if numbers else in_order()


def verified(statements: Sequence[Statement], seed: int | None, quiet: bool) -> tuple[list[Result], int]:
    """What became of each, and the seed, which is fresh if none is given."""
    seed = SystemRandom().getrandbits(64) if seed is None else seed
    return [verify(statement, seed=seed) for statement in tracked(statements, "checking", quiet=quiet)], seed


def status(results: Sequence[Result]) -> Status:
    """The exit status."""
    return first_of(of_outcome(result.outcome) for result in results)


def show_json(results: Sequence[Result]) -> None:
    """A list of objects."""
    say_json([described(result) for result in results])


def show_text(results: Sequence[Result], seed: int, derived: bool, details: bool, width: int | None) -> None:
    """The derivations, if asked for; a line or, with details, a row a statement; what does not hold; and the count."""
    console = Console()
    columns = width or (console.width if console.is_terminal else WIDTH)
    for result in results if derived else ():
        say(as_text(result.statement, columns) if result.holds else f"{result.statement.number}  no derivation: {result.outcome}\n")
    show_details(results) if details else show_lines(results)
    for message in (message for result in results for message in result.messages):
        say(message)
    say(summary(results, seed))


def show_lines(results: Sequence[Result]) -> None:
    """One line a statement, by chapters, within the width; a title that does not fit ends after a whole word."""
    console = plain_console(None if Console().is_terminal else NARROW)
    numbers, outcomes = (max(map(len, words), default=0) for words in zip(*map(_words, results), strict=True)) if results else (0, 0)
    longest = max((len(result.statement.title) for result in results), default=0)
    room = min(longest, console.width - numbers - outcomes - 6)
    for heading, group in groupby(results, key=lambda result: chapter(result.statement)):
        console.print(Text(heading, "bold"))
        for result in group:
            number, outcome = _words(result)
            title = textwrap.shorten(harmless(result.statement.title), room, placeholder=" …")
            console.print(Text.assemble(f"  {number:<{numbers}}  {title:<{room}}  ", (outcome, COLOURS[result.outcome])), no_wrap=True)
    console.print()


def _words(result: Result) -> tuple[str, Outcome]:
    return result.statement.number, result.outcome


def chapter(statement: Statement) -> str:
    """The heading of a statement's chapter: the first line of its package, if that begins so, else the number."""
    heading = f"Chapter {statement.chapter}" if statement.chapter else "Other statements"
    package = sys.modules.get(statement.claims[0].program.__module__.rpartition(".")[0])
    said = (getattr(package, "__doc__", None) or "").partition("\n")[0].removesuffix(".")
    return said if said.startswith(f"{heading}:") else heading


def show_details(results: Sequence[Result]) -> None:
    """One row a statement: its kinds, what was checked in which algebra, the error bound and how long it took."""
    table = Table("", "statement", "kind", "checked", "error bound", "seconds", "")
    for result in results:
        shown = "\n".join(f"{algebra}: {said}" for algebra, said in checked(result.checks).items())
        outcome = Text(result.outcome, COLOURS[result.outcome])
        cells = result.statement.number, result.statement.title, kinds(result.statement), shown, power_of_two(result.error_bound)
        table.add_row(*cells, f"{result.seconds:.3f}", outcome)
    show(table)


def show_list(chosen: Sequence[Statement], as_json: bool) -> None:
    """Number, title, kind and source."""
    if as_json:
        return say_json([identified(statement) for statement in chosen])
    table = Table("", "statement", "kind", "source")
    for statement in chosen:
        table.add_row(statement.number, statement.title, statement.kind, statement.source)
    return show(table)


def show_latex(results: Sequence[Result], seed: int, width: float | None) -> None:
    """The derivations of what holds, each under its verdict as a comment."""
    for result in results:
        shown = "; ".join(f"{algebra}: {said}" for algebra, said in checked(result.checks).items())
        say(f"% {result.statement.number} {result.outcome}: {shown}")
        for message in result.messages:
            say(f"% {message}")
        if result.holds:
            say(as_latex(result.statement, width or PAGE))
    say(textwrap.indent(summary(results, seed), "% "))


def show(table: Table) -> None:
    """A table; as wide as it needs where there is no terminal to fit it to, so that nothing is cut."""
    console = plain_console()
    if not console.is_terminal:
        boundless = console.options.update(width=10_000)
        console = plain_console(Measurement.get(console, boundless, table).maximum)
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)


def plain_console(width: int | None = None) -> Console:
    """A console that takes what statements say as it is, brackets and all."""
    return Console(width=width, markup=False, emoji=False, highlight=False)


def summary(results: Sequence[Result], seed: int) -> str:
    """Seconds and seed, and on the last line the count."""
    checking = sum(result.seconds for result in results)
    whole, loading = perf_counter() - clock.BEGUN, clock.SYMPY_SECONDS
    return f"{checking:.2f} s of {whole:.2f} s with imports (SymPy's own: {loading:.2f} s), seed {seed}\n{counted(results)}"
