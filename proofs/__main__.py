"""``python -m proofs``: every statement checked, in a table; or, by number, checked and written out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import SystemRandom
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

import proofs  # noqa: F401  (registers the statements)
from equivalence.cli.errors import Command, bad_input, input_error
from equivalence.cli.status import first_of, of_outcome
from equivalence.cli.streams import say, say_json
from equivalence.statements import Result, Statement, find, in_order, verify
from equivalence.statements.derivation import as_latex, as_text
from equivalence.statements.report import checked, counted, described, identified, kinds
from equivalence.statements.results import power_of_two
from equivalence.statements.verdicts import Outcome
from proofs import clock

COLOURS: dict[Outcome, str] = {"holds": "green", "refuted": "bold red", "not decided": "bold yellow"}

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(cls=Command)
def main(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Statements to check and write out, such as 2.1 3.2; none: a table of all.")
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the statements; check nothing.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the certificates' draws; fresh if not given.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Write the derivations as LaTeX, for a document with amsmath.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects, one a statement.")] = False,
) -> None:
    """Check the statements. The exit status is 1 if any is refuted, else 3 if any is not decided."""
    with bad_input():
        chosen = [find(number) for number in dict.fromkeys(numbers)] if numbers else in_order()
    if latex and (as_json or list_only):
        raise input_error("--latex: cannot be combined with --json or --list")
    if list_only:
        show_list(chosen, as_json)
        return
    seed = SystemRandom().getrandbits(64) if seed is None else seed
    results = [verify(statement, seed=seed) for statement in tracked(chosen)]
    if as_json:
        say_json([described(result) for result in results])
    elif latex:
        show_latex(results, seed)
    else:
        for result in results if numbers else ():
            say(as_text(result.statement) if result.holds else f"{result.statement.number}  no derivation: {result.outcome}\n")
        show_table(results, seed)
    raise typer.Exit(first_of(of_outcome(result.outcome) for result in results))


def tracked(chosen: Sequence[Statement]) -> Iterable[Statement]:
    """The statements, with a bar on stderr if that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return chosen
    from rich.progress import track

    return track(chosen, description="checking", console=console, transient=True)


def show_table(results: Sequence[Result], seed: int) -> None:
    """One row a statement, what does not hold, and the count."""
    table = Table("", "statement", "kind", "checked", "error bound", "seconds", "")
    for result in results:
        shown = "\n".join(f"{algebra}: {said}" for algebra, said in checked(result.checks).items())
        outcome = Text(result.outcome, COLOURS[result.outcome])
        cells = result.statement.number, result.statement.title, kinds(result.statement), shown, power_of_two(result.error_bound)
        table.add_row(*cells, f"{result.seconds:.3f}", outcome)
    show(table)
    for message in (message for result in results for message in result.messages):
        say(message)
    say(summary(results, seed))


def show_list(chosen: Sequence[Statement], as_json: bool) -> None:
    """Number, title, kind and source."""
    if as_json:
        return say_json([identified(statement) for statement in chosen])
    table = Table("", "statement", "kind", "source")
    for statement in chosen:
        table.add_row(statement.number, statement.title, statement.kind, statement.source)
    return show(table)


def show_latex(results: Sequence[Result], seed: int) -> None:
    """The derivations of what holds, each under its verdict as a comment."""
    for result in results:
        shown = "; ".join(f"{algebra}: {said}" for algebra, said in checked(result.checks).items())
        say(f"% {result.statement.number} {result.outcome}: {shown}")
        for message in result.messages:
            say(f"% {message}")
        if result.holds:
            say(as_latex(result.statement))
    say(f"% {summary(results, seed)}")


def show(table: Table) -> None:
    """A table; as wide as it needs where there is no terminal to fit it to, so that nothing is cut."""
    console = Console()
    if not console.is_terminal:
        boundless = console.options.update(width=10_000)
        console = Console(width=Measurement.get(console, boundless, table).maximum)
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)


def summary(results: Sequence[Result], seed: int) -> str:
    """Seconds and seed, and last the count."""
    checking = sum(result.seconds for result in results)
    whole, loading = perf_counter() - clock.BEGUN, clock.SYMPY_SECONDS
    return f"{checking:.2f} s of {whole:.2f} s with imports (SymPy's own: {loading:.2f} s), seed {seed}: {counted(results)}"


if __name__ == "__main__":
    app()
