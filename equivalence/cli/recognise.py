"""``python -m equivalence recognise``: which descent the layers of a file are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from equivalence.cli.errors import bad_input
from equivalence.cli.options import (
    AsJson,
    ConstantRow,
    InputRows,
    KeyTokens,
    Prediction,
    Quiet,
    ReadOut,
    RowsOfX,
    RowsOfY,
    RowsRead,
    TargetRows,
    WhichKeys,
    rows_from,
)
from equivalence.cli.status import Status, first_of, of_outcome
from equivalence.cli.streams import say, say_aside, say_json

if TYPE_CHECKING:
    import numpy as np

    from equivalence.models.heads import Layer


class Convention(StrEnum):
    """Whether a file's weights are applied from the right or from the left."""

    rows = "rows"
    columns = "columns"


class Fused(StrEnum):
    """How query, key and value lie in one weight."""

    parts = "parts"
    heads = "heads"


class Biases(StrEnum):
    """What becomes of biases that are not 0."""

    constant = "constant"
    leave_out = "leave out"


def recognise(
    file: Annotated[Path, typer.Argument(help="A .npz or .safetensors file of trained weights.", show_default=False)],
    d_x: InputRows,
    d_y: TargetRows,
    convention: Annotated[
        Convention | None, typer.Option("--convention", help="rows: y = x @ w (Haiku, Flax); columns: PyTorch's weight; asked if need be.")
    ] = None,
    heads: Annotated[int | None, typer.Option("--heads", min=1, help="Heads, side by side in each weight; 1 if nothing tells.")] = None,
    layers: Annotated[int | None, typer.Option("--layers", min=1, help="How many layers the file must have.")] = None,
    scale: Annotated[
        bool | None, typer.Option("--scale/--no-scale", help="Whether scores are divided by the root of d_k; as its library does.")
    ] = None,
    names: Annotated[
        list[str] | None, typer.Option("--names", help="Of other names: role=entry, once for each of key, query, value and projection.")
    ] = None,
    fused: Annotated[
        Fused | None, typer.Option("--fused", help="Query, key and value in one weight: parts, or each head's together (GPT-NeoX).")
    ] = None,
    biases: Annotated[
        Biases | None, typer.Option("--biases", help="Biases that are not 0, else refused: weights of a last coordinate 1, or left out.")
    ] = None,
    keys: KeyTokens = WhichKeys.context,
    prediction: Prediction = ReadOut.minus,
    x_rows: RowsOfX = None,
    y_rows: RowsOfY = None,
    read_rows: RowsRead = None,
    constant_row: ConstantRow = None,
    softmax: Annotated[bool, typer.Option("--softmax", help="The layers are softmax layers; needs --context.")] = False,
    context: Annotated[int | None, typer.Option("--context", min=1, help="N, with which s = η/N becomes η.")] = None,
    initial: Annotated[
        str, typer.Option("--initial", help="W₀ of the query token [q; −W₀q]: zeros, a .npy file of d_y x d_x numbers, or unknown.")
    ] = "zeros",
    token_norm: Annotated[float, typer.Option("--token-norm", help="For the error bound: the root of Σ‖e_i‖² of the context.")] = 1.0,
    query_norm: Annotated[float, typer.Option("--query-norm", help="For the error bound: ‖q‖.")] = 1.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Which descent trained layers are: family, parameters, distance, error bound; or a witness that they are none.

    Each layer is judged on its own, for tokens [x; y] and the query token [q; −W₀q]: [q; 0] if nothing else is said. The context tokens
    are the keys, unless others are named. What a verdict takes for granted is its last line, and "assumed" in JSON. The error bound holds
    for every context and query of the norms given. Several linear layers are judged end to end too.
    JSON is one object; if the file has several layers, one whose "layers" is a list of them. The exit status is 1 for the family "none"
    and 3 where nothing is decided; of several layers it is that of the verdict end to end, if there is one.
    """
    with bad_input():
        from equivalence.cli.progress import tracked
        from equivalence.loading.layers import load_layers

        with notes_on_stderr():
            loaded = load_layers(
                file,
                convention=convention,
                d=None if x_rows or y_rows else d_x + d_y,
                d_y=d_y,
                heads=heads,
                layers=layers,
                scale=scale,
                fused=fused,
                biases=biases,
                names=named(names),
            )
        rows = {"x_rows": rows_from("--x-rows", x_rows), "y_rows": rows_from("--y-rows", y_rows)}
        read = {"read_rows": rows_from("--read-rows", read_rows)}
        asked: Asked = {"d_x": d_x, "d_y": d_y, "keys": keys.value, "prediction": prediction.value, **rows}
        judged = tracked(loaded, "recognising", quiet=quiet)
        if softmax:
            single, whole = softmax_verdicts(judged, context, initial, constant_row, {**asked, **read}), None
        else:
            asked |= {"initial": initial_from(initial), "constant_row": constant_row}
            norms = token_norm, query_norm
            single = linear_verdicts(judged, context, {**asked, **read}, norms)
            whole = stack_verdict(loaded, asked, norms) if len(loaded) > 1 else None
    show_json(single, whole) if as_json else show_text(single, whole)
    raise typer.Exit(status(single, whole))


Asked = dict[str, Any]
"""What is asked of each layer, by the names of the Python functions."""


class Verdict(NamedTuple):
    """For the screen, and for JSON."""

    text: str
    told: dict[str, object]


@contextmanager
def notes_on_stderr() -> Iterator[None]:
    """Warnings raised in here are notes, one a line."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        yield
    for note in notes:
        say_aside(f"note: {note.message}")


def named(names: Sequence[str] | None) -> dict[str, str] | None:
    """Role to entry. Raises ValueError for what is not role=entry, or a role that comes twice."""
    if not names:
        return None
    pairs = [name.partition("=") for name in names]
    for name, (role, sign, entry) in zip(names, pairs, strict=True):
        if not (role and sign and entry) or sum(role == other for other, _, _ in pairs) > 1:
            raise ValueError(f"--names: expected role=entry, each role once, such as key=attn/a, got {name!r}")
    return {role: entry for role, _, entry in pairs}


def initial_from(initial: str) -> str | np.ndarray:
    """W₀: "zeros" or "unknown" as they are, or the matrix of a file. Raises ValueError with what is wrong with the file."""
    if initial in ("zeros", "unknown"):
        return initial
    import numpy as np

    from equivalence.loading.files import BROKEN, MAX_BYTES

    try:
        # Mapped, not read: a header may claim more than there is, and a sparse file may be larger than the memory.
        mapped = np.lib.format.open_memmap(initial, mode="r")
        if mapped.nbytes > MAX_BYTES:
            raise ValueError(f"it holds {mapped.nbytes} bytes, and at most {MAX_BYTES} are read")
        matrix = np.array(mapped)
    except BROKEN as error:
        raise ValueError(f"--initial: expected zeros, unknown or a .npy file, got {initial!r}: {error}") from error
    return matrix.astype(float) if matrix.dtype.kind in "iu" else matrix


def linear_verdicts(layers: Iterable[Layer], context: int | None, asked: Asked, norms: tuple[float, float]) -> list[Verdict]:
    """What each linear layer is."""
    from equivalence.recognition import recognise as recognised

    found = [recognised(layer, context=context, **asked) for layer in layers]
    return [Verdict(verdict.text(*norms), verdict.to_json(*norms)) for verdict in found]


def stack_verdict(layers: Sequence[Layer], asked: Asked, norms: tuple[float, float]) -> Verdict:
    """What several linear layers are, end to end."""
    from equivalence.recognition.stacks import recognise_stack

    verdict = recognise_stack(layers, **asked)
    return Verdict(f"end to end, {verdict.text(*norms)}", verdict.to_json(*norms))


def softmax_verdicts(layers: Iterable[Layer], context: int | None, initial: str, constant_row: int | None, asked: Asked) -> list[Verdict]:
    """What each softmax layer is nearest to; it is no descent."""
    from equivalence.recognition.softmax import recognise_softmax

    if initial != "zeros":
        raise ValueError(f"--initial: expected zeros, got {initial!r}; softmax layers are compared from W₀ = 0")
    if context is None:
        raise ValueError("--softmax: expected --context too; softmax averages over the context, so the nearest step depends on its size")
    if constant_row is not None:
        raise ValueError("--constant-row: expected none with --softmax; biases are judged in linear layers")
    found = [recognise_softmax(layer, context=context, **asked) for layer in layers]
    return [Verdict(str(verdict), verdict.to_json()) for verdict in found]


def show_json(single: Sequence[Verdict], whole: Verdict | None) -> None:
    """One object."""
    layers = [verdict.told for verdict in single]
    shown = layers[0] if len(layers) == 1 else {**(whole.told if whole else {}), "layers": layers}
    say_json(shown)


def show_text(single: Sequence[Verdict], whole: Verdict | None) -> None:
    """One paragraph a layer, and one on all of them where there is a verdict on that."""
    titles = [f"layer {number}\n" if len(single) > 1 else "" for number in range(1, len(single) + 1)]
    paragraphs = [title + verdict.text for title, verdict in zip(titles, single, strict=True)]
    say("\n\n".join([*paragraphs, *([whole.text] if whole else [])]))


def status(single: Sequence[Verdict], whole: Verdict | None) -> Status:
    """That of the verdict end to end, if there is one; else the first of those of the layers."""
    return first_of(of_outcome(str(verdict.told["family"])) for verdict in ([whole] if whole else single))
