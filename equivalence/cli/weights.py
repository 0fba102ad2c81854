"""``python -m equivalence weights``: exact weights, on the screen or in a file."""

from __future__ import annotations

import io
import os
import re
import secrets
import stat
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equivalence.cli.errors import bad_input, input_error
from equivalence.cli.streams import say

if TYPE_CHECKING:
    from equivalence.models.heads import Layer


MOST_ROWS = 512


class Format(StrEnum):
    """How weights are written."""

    text = "text"
    latex = "latex"
    npz = "npz"


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
        say(content.decode().removesuffix("\n"))
    else:
        write_whole(out, content)


def built(d_x: int, d_y: int, learning_rate: str, context: str, gdpp: bool, gamma: str | None) -> Layer:
    """The layer asked for. Raises ValueError with the option's name."""
    from equivalence.algebras.rationals import check_digits
    from equivalence.models.constructions.linear import gd_layer, gdpp_layer

    if max(d_x, d_y) > MOST_ROWS:
        raise ValueError(f"{'--d-x' if d_x > d_y else '--d-y'}: expected at most {MOST_ROWS}, got {max(d_x, d_y)}; each entry is exact")
    if gdpp and gamma is None:
        raise ValueError("--gdpp: expected --gamma too, such as --gamma 1/20")
    if gamma is not None and not gdpp:
        raise ValueError("--gamma: expected --gdpp too; plain gradient descent has no γ")
    check_digits("context", context)
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
    import numpy as np

    try:
        (head,) = layer.to_numpy().heads
    except ValueError as error:
        raise ValueError(f"--format npz: {error}") from None
    file = io.BytesIO()
    np.savez(file, **head._asdict())
    return file.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once or not at all: under another name in the same directory, which then takes its place."""
    target = replaceable(path)
    temporary = target.with_name(f".{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        raise input_error(f"--out: cannot write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replaceable(path: Path) -> Path:
    """Where a file may be written or replaced, behind all links; input errors for what is no file, and for one that is read-only."""
    try:
        target = path.resolve()
        mode = target.stat().st_mode if target.exists() else None
    except (OSError, RuntimeError, ValueError) as error:  # not to be searched, a name that is too long, links in a circle, a null character
        raise input_error(f"--out: cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
    if target.is_symlink():  # newer Pythons leave a circle as it is
        raise input_error(f"--out: cannot write {path}: its links go in a circle")
    if mode is not None and not stat.S_ISREG(mode):
        raise input_error(f"--out: expected the name of a file, got {path}, which is something else")
    # Root may write to all files, but one that says that it is not to be written is meant so.
    if mode is not None and not (mode & 0o222 and os.access(target, os.W_OK)):
        raise input_error(f"--out: cannot write {path}: it is read-only")
    return target
