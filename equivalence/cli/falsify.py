"""``python -m equivalence falsify``: the smallest counterexample of a callable to the laws of a gradient step."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from functools import reduce
from typing import Annotated, Any

import typer

from equivalence.cli.errors import bad_input
from equivalence.cli.options import AsJson, InputRows, TargetRows

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
) -> None:
    """Search the laws of a gradient step for the smallest counterexample. The exit status is 1 if a law is broken, 2 for bad input."""
    with bad_input():
        from equivalence.falsification.search import falsify as falsified

        found = falsified(
            imported(target), d_x=d_x, d_y=d_y, min_context=min_context, max_context=max_context, examples=examples, seed=seed
        )
    typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=2) if as_json else str(found))
    raise typer.Exit(1 if found.refuted else 0)


def imported(target: str) -> Callable[..., Any]:
    """The function that "module:function" names. Raises ValueError with what went wrong."""
    module, _, name = target.partition(":")
    if not module or not name:
        raise ValueError(f"target: expected module:function, such as model:predict, got {target!r}")
    try:
        found: Any = importlib.import_module(module)
        return reduce(getattr, name.split("."), found)
    except Exception as error:
        raise ValueError(f"target: cannot import {target!r}: {type(error).__name__}: {error}") from error
