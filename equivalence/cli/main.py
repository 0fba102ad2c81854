"""``attention-descent``: the toolkit on the command line. Each command loads what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable

import typer

from equivalence.cli.errors import Command, Group
from equivalence.cli.falsify import falsify
from equivalence.cli.options import WithVersion
from equivalence.cli.proofs import proofs
from equivalence.cli.recognise import recognise
from equivalence.cli.same import same
from equivalence.cli.weights import weights

COMMANDS: dict[Callable[..., None], str] = {
    recognise: "Which descent trained layers are, and how near.",
    same: "Whether two files hold the same functions.",
    falsify: "The smallest counterexample of a predictor.",
    weights: "Exact weights of one gradient step.",
    proofs: "Check the statements; derive some.",
}
"""With what the list of commands says of them, which cuts longer ones."""


def commands(version: WithVersion = False) -> None:
    """Linear self-attention as gradient descent, exactly."""


def made(*, completes: bool) -> typer.Typer:
    """The commands as one. Completion is for shells, which complete a command that has a name of its own."""
    app = typer.Typer(cls=Group, add_completion=completes, rich_markup_mode=None)
    app.callback()(commands)
    for command, said in COMMANDS.items():
        app.command(cls=Command, short_help=said)(command)
    return app


app = made(completes=True)
