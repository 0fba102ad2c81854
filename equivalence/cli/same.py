"""``attention-descent same``: whether the layers of two files are the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equivalence.cli.errors import bad_input
from equivalence.cli.options import (
    AsJson,
    ConstantRow,
    InputRows,
    KeyTokens,
    Prediction,
    ReadOut,
    RowsOfX,
    RowsOfY,
    TargetRows,
    WhichKeys,
    rows_from,
)
from equivalence.cli.recognise import Biases, Convention, Fused, Verdict, initial_from, named, notes_on_stderr, show_json, show_text
from equivalence.cli.status import OF_SAMENESS, first_of

if TYPE_CHECKING:
    from equivalence.models.heads import Layer

TOLERANCE = 1e-5
"""As in Python; here by itself, so that help does not load what compares."""


class Compare(StrEnum):
    """What is compared."""

    prediction = "prediction"
    update = "update"


def same(
    file: Annotated[Path, typer.Argument(help="A .npz or .safetensors file of weights.", show_default=False)],
    other: Annotated[Path, typer.Argument(help="Another one.", show_default=False)],
    d_x: InputRows,
    d_y: TargetRows,
    convention: Annotated[Convention | None, typer.Option("--convention", help="rows: y = x @ w; columns: PyTorch's weight.")] = None,
    other_convention: Annotated[Convention | None, typer.Option("--other-convention", help="Of the other file, if it differs.")] = None,
    heads: Annotated[int | None, typer.Option("--heads", min=1, help="Heads, side by side in each weight; 1 if nothing tells.")] = None,
    other_heads: Annotated[int | None, typer.Option("--other-heads", min=1, help="Of the other file, if it differs.")] = None,
    scale: Annotated[bool | None, typer.Option("--scale/--no-scale", help="Whether scores are divided by the root of d_k.")] = None,
    other_scale: Annotated[
        bool | None, typer.Option("--other-scale/--no-other-scale", help="Of the other file, if it differs.", show_default=False)
    ] = None,
    names: Annotated[list[str] | None, typer.Option("--names", help="Of other names: role=entry, once for each role.")] = None,
    other_names: Annotated[
        list[str] | None, typer.Option("--other-names", help="Of the other file; by its own names if not given.")
    ] = None,
    fused: Annotated[Fused | None, typer.Option("--fused", help="Query, key and value in one weight: parts, or each head's.")] = None,
    biases: Annotated[Biases | None, typer.Option("--biases", help="Biases that are not 0: weights of a constant, or left out.")] = None,
    keys: KeyTokens = WhichKeys.context,
    prediction: Prediction = ReadOut.minus,
    other_prediction: Annotated[ReadOut | None, typer.Option("--other-prediction", help="Of the other file, if it differs.")] = None,
    x_rows: RowsOfX = None,
    y_rows: RowsOfY = None,
    constant_row: ConstantRow = None,
    other_x_rows: Annotated[str | None, typer.Option("--other-x-rows", help="Rows of x in the other file; first x if not said.")] = None,
    other_y_rows: Annotated[str | None, typer.Option("--other-y-rows", help="Rows of y in the other file.")] = None,
    other_constant_row: Annotated[int | None, typer.Option("--other-constant-row", min=0, help="Its row that is 1 in every token.")] = None,
    initial: Annotated[
        str, typer.Option("--initial", help="W₀ of the query token [q; −W₀q]: zeros, a .npy file, or any, for any query token.")
    ] = "zeros",
    compare: Annotated[
        Compare, typer.Option("--compare", help="The prediction, or the whole update of any token, context tokens included.")
    ] = Compare.prediction,
    tolerance: Annotated[float, typer.Option("--tolerance", help="The relative distance below which layers are the same.")] = TOLERANCE,
    token_norm: Annotated[float, typer.Option("--token-norm", help="For the error bound: the root of Σ‖e_i‖² of the context.")] = 1.0,
    query_norm: Annotated[float, typer.Option("--query-norm", help="For the error bound: ‖q‖.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Whether linear layers are the same function of context and query, for every context; with a bound, or one that tells them apart.

    Several layers are compared one by one, in order. The exit status is 0 if all are the same within the tolerance, 1 if some differ, and 3
    if none is seen to differ and not all are decided. What is taken for granted of each file are the last lines, and "assumed" in JSON.
    """
    with bad_input():
        from equivalence.recognition.sameness import same_function

        shared = {"fused": fused, "biases": biases, "d_y": d_y}
        first = _loaded(file, d_x + d_y, x_rows or y_rows, convention=convention, heads=heads, scale=scale, names=named(names), **shared)
        second = _loaded(
            other,
            d_x + d_y,
            other_x_rows or other_y_rows,
            convention=other_convention or convention,
            heads=other_heads or heads,
            scale=scale if other_scale is None else other_scale,
            names=named(other_names),
            **shared,
        )
        if len(first) != len(second):
            raise ValueError(f"other: expected as many layers as in the first file, {len(first)}, got {len(second)}")
        found = [
            same_function(
                *pair,
                d_x=d_x,
                d_y=d_y,
                initial="any" if initial == "any" else initial_from(initial),
                compare=compare.value,
                tolerance=tolerance,
                keys=keys.value,
                prediction=prediction.value,
                other_prediction=other_prediction and other_prediction.value,
                x_rows=rows_from("--x-rows", x_rows),
                y_rows=rows_from("--y-rows", y_rows),
                constant_row=constant_row,
                other_x_rows=rows_from("--other-x-rows", other_x_rows),
                other_y_rows=rows_from("--other-y-rows", other_y_rows),
                other_constant_row=other_constant_row,
            )
            for pair in zip(first, second, strict=True)
        ]
        verdicts = [Verdict(verdict.text(token_norm, query_norm), verdict.to_json(token_norm, query_norm)) for verdict in found]
    show_json(verdicts, None) if as_json else show_text(verdicts, None)
    raise typer.Exit(first_of(OF_SAMENESS[verdict.outcome] for verdict in found))


def _loaded(file: Path, d: int, rows_are_named: object, **how: object) -> Sequence[Layer]:
    """The layers of a file, with notes on stderr."""
    from equivalence.loading.layers import load_layers

    with notes_on_stderr():
        return load_layers(file, d=None if rows_are_named else d, **how)  # type: ignore[arg-type]
