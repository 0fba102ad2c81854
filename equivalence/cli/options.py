"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

MOST_ROWS = 2**16
"""More than any model has."""

InputRows = Annotated[int, typer.Option("--d-x", min=1, max=MOST_ROWS, help="Rows of the inputs.")]
TargetRows = Annotated[int, typer.Option("--d-y", min=1, max=MOST_ROWS, help="Rows of the targets.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
