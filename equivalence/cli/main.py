"""``python -m equivalence``: the toolkit on the command line. Each command loads what it needs when it runs."""

from __future__ import annotations

import typer

from equivalence.cli.errors import Command, Group
from equivalence.cli.falsify import falsify
from equivalence.cli.recognise import recognise
from equivalence.cli.weights import weights

app = typer.Typer(cls=Group, add_completion=False, rich_markup_mode=None, help="Linear self-attention as gradient descent, exactly.")


@app.callback()
def commands() -> None:
    """Linear self-attention as gradient descent, exactly."""


app.command(cls=Command)(weights)
app.command(cls=Command)(recognise)
app.command(cls=Command)(falsify)
