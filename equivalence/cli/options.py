"""Options that several commands take."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer

from equivalence.extras import DISTRIBUTION

MOST_ROWS = 2**16
"""More than any model has."""

InputRows = Annotated[int, typer.Option("--d-x", min=1, max=MOST_ROWS, help="Rows of the inputs.")]
TargetRows = Annotated[int, typer.Option("--d-y", min=1, max=MOST_ROWS, help="Rows of the targets.")]


class WhichKeys(StrEnum):
    """Which tokens are keys; by itself, so that help does not load what judges them."""

    context = "context"
    all = "all"
    causal = "causal"


class ReadOut(StrEnum):
    """How the prediction is read; by itself likewise."""

    minus = "minus"
    plus = "plus"


KeyTokens = Annotated[
    WhichKeys, typer.Option("--keys", help="Which tokens are keys: the context; all, the query token too; or causal, up to itself.")
]
Prediction = Annotated[
    ReadOut, typer.Option("--prediction", help="The prediction is minus the y-part of [q; −W₀q], or plus that of [q; W₀q].")
]
RowsOfX = Annotated[str | None, typer.Option("--x-rows", help="Rows of x in a token, from 0: 0:10, or 0:4,6. First x, then y if not said.")]
RowsOfY = Annotated[str | None, typer.Option("--y-rows", help="Rows of y in a token.")]
RowsRead = Annotated[str | None, typer.Option("--read-rows", help="Rows where the prediction is read, if not those of y.")]
ConstantRow = Annotated[int | None, typer.Option("--constant-row", min=0, help="A row that is 1 in every token, as biases are.")]


def rows_from(option: str, text: str | None) -> list[int] | None:
    """The rows that "0:4,6" names: 0 to 3, and 6. Raises ValueError with the option's name."""
    if text is None:
        return None
    rows: list[int] = []
    for part in text.split(","):
        if not (found := re.fullmatch(r"\s*(\d{1,6})(?::(\d{1,6}))?\s*", part)):
            raise ValueError(f"{option}: expected rows such as 0:10 or 0:4,6, got {text!r}")
        first, end = int(found[1]), int(found[1]) + 1 if found[2] is None else int(found[2])
        if end <= first:
            raise ValueError(f"{option}: expected a range with its end above its start, which 0:10 is, rows 0 to 9, got {part!r}")
        rows += range(first, end)
    return rows


def show_version(asked: bool) -> None:
    """Print the version and end, if that was asked for."""
    if asked:
        import equivalence

        print(f"{DISTRIBUTION} {equivalence.__version__}")
        raise typer.Exit


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
WithVersion = Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")]
