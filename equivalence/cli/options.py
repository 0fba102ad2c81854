"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from equivalence.extras import DISTRIBUTION

MOST_ROWS = 2**16
"""More than any model has."""

InputRows = Annotated[int, typer.Option("--d-x", min=1, max=MOST_ROWS, help="Rows of the inputs.")]
TargetRows = Annotated[int, typer.Option("--d-y", min=1, max=MOST_ROWS, help="Rows of the targets.")]


def show_version(asked: bool) -> None:
    """Print the version and end, if that was asked for."""
    if asked:
        import equivalence

        print(f"{DISTRIBUTION} {equivalence.__version__}")
        raise typer.Exit


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
WithVersion = Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")]
