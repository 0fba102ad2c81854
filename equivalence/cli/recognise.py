"""``python -m equivalence recognise``: which descent the layers of a file are."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equivalence.cli.errors import bad_input
from equivalence.cli.options import AsJson, InputRows, TargetRows

if TYPE_CHECKING:
    import numpy as np

    from equivalence.models.heads import Layer


class Convention(StrEnum):
    """Whether a file's weights are applied from the right or from the left."""

    rows = "rows"
    columns = "columns"


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
    initial: Annotated[
        str, typer.Option("--initial", help="W₀ of the query token [q; −W₀q]: zeros, a .npy file of d_y x d_x numbers, or unknown.")
    ] = "zeros",
    token_norm: Annotated[float, typer.Option("--token-norm", help="For the error bound: the root of Σ‖e_i‖² of the context.")] = 1.0,
    query_norm: Annotated[float, typer.Option("--query-norm", help="For the error bound: ‖q‖.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Which descent trained layers are: family, parameters, distance, error bound; or a witness that they are none.

    Each layer is judged on its own, for tokens [x; y] and the query token [q; −W₀q]: [q; 0] if nothing else is said. The context tokens
    are the keys. The error bound
    holds for every context and query of the norms given. Several linear layers are judged end to end too. JSON is one object; if the
    file has several layers, one whose "layers" is a list of them.
    """
    with bad_input():
        loaded = layers_from(file, convention=convention.value, d=d_x + d_y, heads=heads, layers=layers, scale=scale)
        start, norms = initial_from(initial), (token_norm, query_norm)
        if softmax and initial != "zeros":
            raise ValueError(f"--initial: expected zeros, got {initial!r}; softmax layers are compared from W₀ = 0")
        if softmax:
            found = [softmax_verdict(layer, d_x, d_y, context) for layer in loaded]
        else:
            found = [linear_verdict(layer, start, norms, d_x=d_x, d_y=d_y, context=context) for layer in loaded]
        whole = stack_verdict(loaded, start, norms, d_x=d_x, d_y=d_y) if len(loaded) > 1 and not softmax else ("", {})
    show_verdicts(found, whole, as_json)


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


def initial_from(initial: str) -> str | np.ndarray:
    """W₀: "zeros" or "unknown" as they are, or the matrix of a file. Raises ValueError with what is wrong with the file."""
    if initial in ("zeros", "unknown"):
        return initial
    import numpy as np

    try:
        with Path(initial).open("rb") as file:
            matrix = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"--initial: expected zeros, unknown or a .npy file, got {initial!r}: {error}") from error
    return matrix.astype(float) if matrix.dtype.kind in "iu" else matrix


def linear_verdict(layer: Layer, start: str | np.ndarray, norms: tuple[float, float], **how: Any) -> Verdict:
    """What a linear layer is."""
    from equivalence.recognition import recognise as recognised

    verdict = recognised(layer, initial=start, **how)
    return verdict.text(*norms), verdict.to_json(*norms)


def stack_verdict(layers: Sequence[Layer], start: str | np.ndarray, norms: tuple[float, float], **how: Any) -> Verdict:
    """What several linear layers are, end to end."""
    from equivalence.recognition.stacks import recognise_stack

    verdict = recognise_stack(layers, initial=start, **how)
    return f"end to end, {verdict.text(*norms)}", verdict.to_json(*norms)


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
        "query": "zeros",
        "families": [],
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
        import numpy as np

        objects = [described for _, described in found]
        shown = objects[0] if len(objects) == 1 else {**whole[1], "layers": objects}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2, default=np.ndarray.tolist))
        return
    titles = [f"layer {number}\n" if len(found) > 1 else "" for number in range(1, len(found) + 1)]
    texts = [title + text for title, (text, _) in zip(titles, found, strict=True)]
    typer.echo("\n\n".join([*texts, *([whole[0]] if whole[0] else [])]))
