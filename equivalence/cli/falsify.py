"""``python -m equivalence falsify``: the smallest counterexample of a callable to the laws of a gradient step."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from functools import reduce
from typing import TYPE_CHECKING, Annotated, cast

import typer

from equivalence.cli.errors import bad_input
from equivalence.cli.modules import imported
from equivalence.cli.options import AsJson, InputRows, Quiet, TargetRows
from equivalence.cli.status import of_outcome
from equivalence.cli.streams import say, say_json

if TYPE_CHECKING:
    from equivalence.predictors.predictor import Predictor

EXAMPLES = 30
"""As many as in Python; here by itself, so that help does not load what searches."""


def falsify(
    target: Annotated[str, typer.Argument(metavar="MODULE:FUNCTION", help="predict(context_x, context_y, query), importable from here.")],
    d_x: InputRows,
    d_y: TargetRows,
    min_context: Annotated[int, typer.Option("--min-context", help="The smallest context size.")] = 1,
    max_context: Annotated[int, typer.Option("--max-context", help="The largest context size.")] = 3,
    examples: Annotated[int, typer.Option("--examples", help="How many instances of each context size a law is compared on.")] = EXAMPLES,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the search.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search the laws of a gradient step for the smallest counterexample.

    The exit status is 1 if a law is broken, and 3 if rounding may hide it.
    """
    with bad_input(), redirect_stdout(sys.stderr):  # what the predictor prints is no part of the answer
        from equivalence.cli.progress import bar
        from equivalence.falsification.search import falsify as falsified

        predict = named(target)
        with bar("searching", quiet=quiet) as progress:
            found = falsified(
                predict,
                d_x=d_x,
                d_y=d_y,
                min_context=min_context,
                max_context=max_context,
                examples=examples,
                seed=seed,
                progress=progress,
            )
    say_json(found.to_json()) if as_json else say(str(found))
    raise typer.Exit(of_outcome(found.outcome))


def named(target: str) -> Predictor:
    """The function that "module:function" names. Raises ValueError with what went wrong."""
    module, _, name = target.partition(":")
    if not module or not name:
        raise ValueError(f"target: expected module:function, such as model:predict, got {target!r}")
    try:
        found: object = reduce(getattr, name.split("."), imported("target", module))
    except AttributeError as error:
        raise ValueError(f"target: found no {name!r} in {module!r}: {error}") from error
    return cast("Predictor", found)  # whether it is one, who falsifies it says
