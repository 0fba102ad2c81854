"""``python -m proofs``: every statement checked, in a table; or, by number, checked and written out."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from random import SystemRandom
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import track
from rich.table import Table
from rich.text import Text

import proofs  # noqa: F401  (registers the statements)
from equivalence.cli.errors import Command, bad_input, input_error
from equivalence.statements import Check, Result, Statement, find, in_order, verify
from equivalence.statements.derivation import as_latex, as_text

app = typer.Typer(add_completion=False)


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
    """Check the statements. The exit status is 1 if any falls, 2 for bad input."""
    with bad_input():
        chosen = [find(number) for number in dict.fromkeys(numbers)] if numbers else in_order()
    if latex and (as_json or list_only):
        raise input_error("--latex: cannot be combined with --json or --list")
    if list_only:
        show_list(chosen, as_json)
        return
    seed = SystemRandom().getrandbits(64) if seed is None else seed
    results = [verify(found, seed=seed) for found in tracked(chosen)]
    if as_json:
        show_json([described(result) for result in results])
    elif latex:
        show_latex(results, seed)
    else:
        for result in results if numbers else ():
            typer.echo(as_text(result.statement) if result.holds else f"{result.statement.number}  no derivation, it falls\n")
        show_table(results, seed)
    raise typer.Exit(0 if all(result.holds for result in results) else 1)


def tracked(chosen: Sequence[Statement]) -> Iterable[Statement]:
    """The statements, with a bar on stderr if that is a terminal."""
    console = Console(stderr=True)
    return track(chosen, description="checking", console=console, transient=True) if console.is_terminal else chosen


def show_table(results: Sequence[Result], seed: int) -> None:
    """One row a statement, what is wrong, and the count."""
    table = Table("", "statement", "kind", "checked", "error bound", "seconds", "")
    for result in results:
        found = result.statement
        kinds = ", ".join(dict.fromkeys(claim.kind for claim in found.claims))
        verdict = Text("holds", "green") if result.holds else Text("FALLS", "bold red")
        table.add_row(found.number, found.title, kinds, checked(result.checks), bound(result), f"{result.seconds:.3f}", verdict)
    show(table)
    for message in (message for result in results for message in result.messages):
        typer.echo(message)
    typer.echo(summary(results, seed))


def show_list(chosen: Sequence[Statement], as_json: bool) -> None:
    """Number, title, kind and source."""
    if as_json:
        return show_json([identified(found) for found in chosen])
    table = Table("", "statement", "kind", "source")
    for found in chosen:
        table.add_row(found.number, found.title, found.kind, found.source)
    return show(table)


def show_latex(results: Sequence[Result], seed: int) -> None:
    """The derivations of what holds, each under its verdict as a comment."""
    for result in results:
        typer.echo(f"% {result.statement.number} {'holds' if result.holds else 'FALLS'}: {'; '.join(checked(result.checks).splitlines())}")
        for message in result.messages:
            typer.echo(f"% {message}")
        if result.holds:
            typer.echo(as_latex(result.statement))
    typer.echo(f"% {summary(results, seed)}")


def show(table: Table) -> None:
    """A table; as wide as it needs where there is no terminal to fit it to, so that nothing is cut."""
    console = Console()
    if not console.is_terminal:
        boundless = console.options.update(width=10_000)
        console = Console(width=Measurement.get(console, boundless, table).maximum)
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)


def show_json(objects: list[dict[str, Any]]) -> None:
    """JSON as other programs read it: no NaN, no infinity."""
    typer.echo(json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False))


def checked(checks: Sequence[Check]) -> str:
    """A line an algebra: for which sizes its checks speak."""
    algebras = dict.fromkeys(check.algebra for check in checks)
    return "\n".join(f"{algebra}: {spoken_for([check for check in checks if check.algebra == algebra])}" for algebra in algebras)


def spoken_for(checks: Sequence[Check]) -> str:
    """The sizes that the checks of one algebra speak for."""
    match checks[0].algebra:
        case "symbolic":
            return "decided for all sizes" if all(check.decides for check in checks) else "sound, all sizes"
        case "finite field":
            counts = Counter(check.claim for check in checks if check.sizes)
            return f"{min(counts.values())} sizes" if counts else "random points"
        case _:
            return "as stated"


def bound(result: Result) -> str:
    """The largest error bound of the certificates as a power of two, rounded up; nothing where there is none."""
    largest = result.error_bound
    return f"2^{math.ceil(math.log2(largest))}" if largest and math.isfinite(largest) else ""


def summary(results: Sequence[Result], seed: int) -> str:
    """Seconds and seed, and last the count."""
    fallen = sum(not result.holds for result in results)
    seconds = sum(result.seconds for result in results)
    return f"{seconds:.2f} s, seed {seed}: {len(results) - fallen} statements hold, {fallen} fall"


def identified(found: Statement) -> dict[str, Any]:
    """What a statement is, for JSON."""
    return {"id": found.number, "title": found.title, "kind": found.kind, "source": found.source}


def described(result: Result) -> dict[str, Any]:
    """What a statement is and what was checked, for JSON."""
    checks = [described_check(check) for check in result.checks]
    return identified(result.statement) | {"holds": result.holds, "seconds": round(result.seconds, 6), "checks": checks}


def described_check(check: Check) -> dict[str, Any]:
    """A check; sizes, error bound and message only where it has them."""
    found = {"claim": check.claim, "algebra": check.algebra, "holds": check.holds, "seconds": round(check.seconds, 6)}
    found |= {"decides": check.decides, "compared": check.compared}
    bounded = check.error_bound is not None and math.isfinite(check.error_bound)
    has = {"sizes": dict(check.sizes) or None, "error_bound": check.error_bound if bounded else None, "message": check.message or None}
    return found | {name: value for name, value in has.items() if value is not None}


if __name__ == "__main__":
    app()
