"""What ``proofs --claims`` shows: a ledger's rows, with the verdicts that their statements bear out now."""

from __future__ import annotations

import textwrap
from importlib.resources import as_file, files
from itertools import groupby

from rich.text import Text

from equivalence.cli.statements import NARROW, plain_console, status, verified
from equivalence.cli.status import Status
from equivalence.cli.streams import harmless, say, say_json
from equivalence.statements import find, registry
from equivalence.statements.ledger import Outcomes, Row, answered, as_markdown, cited, counts, described_row, read_ledger, said

LEDGER = "ledger.toml"
COLOURS = {"proved": "green", "refuted": "bold red", "refined": "cyan", "measured": "blue", "open": "bold yellow"}


def show_claims(package: str, seed: int | None, *, as_json: bool, markdown: bool, quiet: bool) -> Status:
    """The ledger of a package, after its statements were checked; the exit status is that of these. Raises ValueError if it has none."""
    rows = ledger_of(package)
    results, _ = verified([find(number) for number in cited(rows) if number in registry], seed, quiet)
    outcomes = {result.statement.number: result.outcome for result in results}
    if as_json:
        say_json([described_row(row, outcomes) for row in rows])
    elif markdown:
        say(as_markdown(rows, outcomes, {number: statement.title for number, statement in registry.items()}))
    else:
        show_rows(rows, outcomes)
    return status(results)


def ledger_of(package: str) -> tuple[Row, ...]:
    """Its rows. Raises ValueError if there is no such file, or for what is wrong with it."""
    place = files(package) / LEDGER
    if not place.is_file():
        raise ValueError(f"--package: expected a package with a file {LEDGER}, {harmless(package)} has none")
    with as_file(place) as path:
        return read_ledger(path)


def show_rows(rows: tuple[Row, ...], outcomes: Outcomes) -> None:
    """By sections, the verdict and a paragraph a row, and the count."""
    console = plain_console(None if plain_console().is_terminal else NARROW)
    for section, group in groupby(rows, key=lambda row: str(described_row(row, outcomes)["section"])):
        console.print(Text(harmless(section), "bold"))
        for row in group:
            console.print(Text.assemble(f"  {row.id}  ", (said(row, outcomes), COLOURS[row.verdict(outcomes)])))
            for text in filter(None, (*claimed(row), answered(row, outcomes), row.command)):
                console.print(textwrap.indent(textwrap.fill(harmless(text), console.width - 6), "      "))
    console.print(counts(rows, outcomes))


def claimed(row: Row) -> tuple[str, ...]:
    """What is claimed, printed or asked; of an erratum the counterexample too."""
    fields = {"claim": ("claim",), "erratum": ("printed", "counterexample"), "question": ("question",)}[row.part]
    return tuple(row.texts[field] for field in fields)
