"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

InputRows = Annotated[int, typer.Option("--d-x", min=1, help="Rows of the inputs.")]
TargetRows = Annotated[int, typer.Option("--d-y", min=1, help="Rows of the targets.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
