"""``python -m equivalence``: the toolkit on the command line."""

from __future__ import annotations

import importlib
import io
import json
import re
import secrets
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import reduce
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from equivalence.cli.commandline import Group, bad_input, input_error
from equivalence.falsification.callables import EXAMPLES
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Layer

app = typer.Typer(cls=Group, add_completion=False, rich_markup_mode=None, help="Linear self-attention as gradient descent, exactly.")


InputRows = Annotated[int, typer.Option("--d-x", min=1, help="Rows of the inputs.")]
TargetRows = Annotated[int, typer.Option("--d-y", min=1, help="Rows of the targets.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Convention(StrEnum):
    """Whether a file's weights are applied from the right or from the left."""

    rows = "rows"
    columns = "columns"


class Format(StrEnum):
    """How weights are written."""

    text = "text"
    latex = "latex"
    npz = "npz"


@app.callback()
def commands() -> None:
    """Linear self-attention as gradient descent, exactly."""


@app.command()
def weights(
    d_x: Annotated[int, typer.Option("--d-x", help="Rows of the inputs.")],
    d_y: Annotated[int, typer.Option("--d-y", help="Rows of the targets.")],
    learning_rate: Annotated[str, typer.Option("--learning-rate", help="η: a number such as 1/10 or 0.1, both exact, or a symbol.")],
    context: Annotated[str, typer.Option("--context", help="N, the number of context tokens: an integer or a symbol.")],
    gdpp: Annotated[bool, typer.Option("--gdpp", help="GD++ instead of plain gradient descent; needs --gamma.")] = False,
    gamma: Annotated[str | None, typer.Option("--gamma", help="γ of GD++: a number or a symbol.")] = None,
    format: Annotated[Format, typer.Option("--format", help="npz needs numbers and --out.")] = Format.text,
    out: Annotated[Path | None, typer.Option("--out", help="A file, instead of the screen.")] = None,
) -> None:
    """The weights W_K, W_Q, W_V and P of one layer that takes one gradient step: exact, for column tokens [x; y] and W₀ = 0."""
    with bad_input():
        layer = built(d_x, d_y, learning_rate, context, gdpp, gamma)
        content = encoded(layer, format, out)
    if out is None:
        typer.echo(content.decode(), nl=False)
    else:
        write_whole(out, content)


def built(d_x: int, d_y: int, learning_rate: str, context: str, gdpp: bool, gamma: str | None) -> Layer:
    """The layer asked for. Raises ValueError with the option's name."""
    if gdpp and gamma is None:
        raise ValueError("--gdpp: expected --gamma too, such as --gamma 1/20")
    if gamma is not None and not gdpp:
        raise ValueError("--gamma: expected --gdpp too; plain gradient descent has no γ")
    if not context.isidentifier() and not re.fullmatch(r"[+-]?\d+", context):
        raise ValueError(f"context: expected a positive integer or a symbol such as N, got {context!r}")
    count = context if context.isidentifier() else int(context)
    if gamma is not None:
        return gdpp_layer(d_x, d_y, learning_rate=learning_rate, gamma=gamma, context=count)
    return gd_layer(d_x, d_y, learning_rate=learning_rate, context=count)


def encoded(layer: Layer, format: Format, out: Path | None) -> bytes:
    """What the screen or the file is to show. Raises ValueError for npz without a file, or with symbols in a weight."""
    if format is not Format.npz:
        return ((layer.to_latex() if format is Format.latex else layer.to_text()) + "\n").encode()
    if out is None:
        raise ValueError("--format npz: expected --out FILE too")
    try:
        (head,) = layer.to_numpy().heads
    except ValueError as error:
        raise ValueError(f"--format npz: {error}") from None
    file = io.BytesIO()
    np.savez(file, **head._asdict())
    return file.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once or not at all: under another name in the same directory, which then takes its place."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise input_error(f"--out: expected the name of a file, got {path}, which is something else")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        raise input_error(f"--out: cannot write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@app.command()
def recognise(
    file: Annotated[Path, typer.Argument(help="A .npz or .safetensors file of trained weights.", show_default=False)],
    d_x: InputRows,
    d_y: TargetRows,
    convention: Annotated[Convention, typer.Option("--convention", help="rows: y = x @ w (Haiku, Flax); columns: PyTorch's weight.")],
    heads: Annotated[int, typer.Option("--heads", min=1, help="Heads, side by side in each weight.")] = 1,
    layers: Annotated[int | None, typer.Option("--layers", min=1, help="How many layers the file must have.")] = None,
    scale: Annotated[bool, typer.Option("--scale", help="The model divides its scores by the root of d_k.")] = False,
    softmax: Annotated[bool, typer.Option("--softmax", help="The layers are softmax layers; needs --context.")] = False,
    context: Annotated[int | None, typer.Option("--context", min=1, help="N, with which s = η/N becomes η.")] = None,
    token_norm: Annotated[float, typer.Option("--token-norm", help="For the error bound: the root of Σ‖e_i‖² of the context.")] = 1.0,
    query_norm: Annotated[float, typer.Option("--query-norm", help="For the error bound: ‖q‖.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Which descent trained layers are: family, parameters, distance, error bound; or a witness that they are none.

    Each layer is judged on its own, for tokens [x; y] and the query token [q; −W₀q]. The context tokens are the keys. The error bound
    holds for every context and query of the norms given. Several linear layers are judged end to end too. JSON is one object; if the
    file has several layers, one whose "layers" is a list of them.
    """
    with bad_input():
        loaded = layers_from(file, convention=convention.value, d=d_x + d_y, heads=heads, layers=layers, scale=scale)
        if softmax:
            found = [softmax_verdict(layer, d_x, d_y, context) for layer in loaded]
        else:
            found = [linear_verdict(layer, d_x, d_y, context, token_norm, query_norm) for layer in loaded]
        whole = stack_verdict(loaded, d_x, d_y, token_norm, query_norm) if len(loaded) > 1 and not softmax else ("", {})
    show_verdicts(found, whole, as_json)


REPORTED = [
    "family",
    "learning_rate",
    "step_size",
    "gamma",
    "preconditioner",
    "left_factor",
    "initial",
    "relative_distance",
    "context_update",
    "note",
]
"""What JSON has of a `Recognition` as it is."""
Verdict = tuple[str, dict[str, Any]]
"""For the screen, and for JSON."""


def layers_from(file: Path, **how: Any) -> list[Layer]:
    """The file's layers; what is left alone in it is a note on stderr. Raises ValueError, TypeError as `load_layers`."""
    from equivalence.loading.layers import load_layers

    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        loaded = load_layers(file, **how)
    for note in notes:
        typer.echo(f"note: {note.message}", err=True)
    return loaded


def linear_verdict(layer: Layer, d_x: int, d_y: int, context: int | None, token_norm: float, query_norm: float) -> Verdict:
    """What a linear layer is."""
    from equivalence.recognition import recognise as recognised

    found = recognised(layer, d_x=d_x, d_y=d_y, context=context)
    bound = found.error_bound(token_norm, query_norm)
    text = f"{found}\nerror bound: {bound:.6g} for contexts of norm at most {token_norm:g} and queries of norm at most {query_norm:g}"
    return text, {
        **{name: getattr(found, name) for name in REPORTED},
        "error_bound": {"value": bound, "token_norm": token_norm, "query_norm": query_norm},
        "witness": None if found.witness is None else vars(found.witness),
    }


def stack_verdict(layers: Sequence[Layer], d_x: int, d_y: int, token_norm: float, query_norm: float) -> Verdict:
    """What several linear layers are, end to end."""
    from equivalence.recognition.stacks import recognise_stack

    found = recognise_stack(layers, d_x=d_x, d_y=d_y)
    bound = found.error_bound(token_norm, query_norm) if found.family != "none" else None
    described = None if bound is None else {"value": bound, "token_norm": token_norm, "query_norm": query_norm}
    text = f"end to end, {found}" + ("" if bound is None else f"\nerror bound: {bound:.6g}")
    told = {"family": found.family, "step_sizes": list(found.step_sizes), "reason": found.reason, "initial": found.initial}
    return text, {**told, "error_bound": described}


def softmax_verdict(layer: Layer, d_x: int, d_y: int, context: int | None) -> Verdict:
    """What a softmax layer is nearest to; it is no descent."""
    from equivalence.recognition.softmax import recognise_softmax

    if context is None:
        raise ValueError("--softmax: expected --context too; softmax averages over the context, so the nearest step depends on its size")
    found = recognise_softmax(layer, d_x=d_x, d_y=d_y, context=context)
    nearest = found.candidates[0]
    return str(found), {
        "family": "none",
        "learning_rate": nearest.learning_rate,
        "step_size": nearest.learning_rate / context,
        "gamma": None,
        "preconditioner": None,
        "left_factor": None,
        "initial": found.initial,
        "relative_distance": nearest.relative_distance,
        "context_update": None,
        "note": found.note,
        "error_bound": None,
        "witness": found.witness._asdict(),
        "nearest": [vars(candidate) for candidate in found.candidates],
    }


def show_verdicts(found: Sequence[Verdict], whole: Verdict, as_json: bool) -> None:
    """One a layer, and that on all of them where there is one."""
    if as_json:
        objects = [described for _, described in found]
        shown = objects[0] if len(objects) == 1 else {**whole[1], "layers": objects}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2, default=np.ndarray.tolist))
        return
    titles = [f"layer {number}\n" if len(found) > 1 else "" for number in range(1, len(found) + 1)]
    texts = [title + text for title, (text, _) in zip(titles, found, strict=True)]
    typer.echo("\n\n".join([*texts, *([whole[0]] if whole[0] else [])]))


@app.command()
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
