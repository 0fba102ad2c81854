"""``attention-descent proofs``: every statement checked, a line each; or, by number, checked and written out."""

from __future__ import annotations

from typing import Annotated

import typer

from equivalence.cli.errors import Command, bad_input, input_error
from equivalence.cli.modules import imported
from equivalence.cli.options import AsJson, Quiet, WithVersion

PACKAGE = "proofs"
"""By name, as the toolkit does not know its proofs: whoever has statements has them checked like these."""


def proofs(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Statements to check and write out, such as 2.1 3.2; none: all, a line each.")
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the statements; check nothing.")] = False,
    details: Annotated[
        bool, typer.Option("--details", "-v", help="A wide table: what was checked in which algebra, error bounds.")
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the certificates' draws; fresh if not given.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Write the derivations as LaTeX, for a document with amsmath.")] = False,
    claims: Annotated[bool, typer.Option("--claims", help="The ledger: what others claim, and what the statements say of it now.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --claims, as the page CLAIMS.md.")] = False,
    width: Annotated[
        int | None,
        typer.Option(
            "--width", min=40, max=1000, help="Columns of a derivation (else the terminal's, or 100); with --latex, em (else 34)."
        ),
    ] = None,
    package: Annotated[str, typer.Option("--package", help="The package that registers the statements.")] = PACKAGE,
    as_json: AsJson = False,
    quiet: Quiet = False,
    version: WithVersion = False,
) -> None:
    """Check the statements. The exit status is 1 if any is refuted, else 3 if any is not decided."""
    if latex and (as_json or list_only):
        raise input_error("--latex: cannot be combined with --json or --list")
    if claims and (numbers or list_only or details or latex or (markdown and as_json)):
        raise input_error("--claims: goes with --seed, --quiet, and --json or --markdown only")
    if markdown and not claims:
        raise input_error("--markdown: expected --claims too")
    with bad_input():
        imported("--package", package)
        if claims:
            from equivalence.cli.ledger import show_claims

            raise typer.Exit(show_claims(package, seed, as_json=as_json, markdown=markdown, quiet=quiet))
        from equivalence.cli import statements

        chosen = statements.chosen(numbers)
    if list_only:
        statements.show_list(chosen, as_json)
        return
    results, seed = statements.verified(chosen, seed, quiet)
    if as_json:
        statements.show_json(results)
    elif latex:
        statements.show_latex(results, seed, width)
    else:
        statements.show_text(results, seed, bool(numbers), details, width)
    raise typer.Exit(statements.status(results))


app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command(cls=Command)(proofs)
