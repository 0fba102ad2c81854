"""Where a layer's weights came from: what was assumed when they were read, and what stood beside them and was left out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from equivalence.models.heads import Head, Layer

if TYPE_CHECKING:
    import numpy as np


class Kind(StrEnum):
    """What a layer here has no place for."""

    bias = "bias"
    norm = "norm"
    operation = "operation"
    other = "other"


class LeftOut(NamedTuple):
    """Something of a file or a module that a layer was read without.

    Attributes:
        kind: "bias" of a projection, "norm" (a scale or a shift of a layer norm), "operation" (what the layers of its library do, such as
            softmax or a mask), or "other".
        name: as the file or the module calls it.
        largest: the largest absolute entry; 0 if it does nothing. A norm counts as doing something whatever its entries are.
    """

    kind: Kind
    name: str
    largest: float

    @property
    def matters(self) -> bool:
        """Whether the model may do something else than the layer because of it; other entries are not known to."""
        return self.kind is Kind.norm or (self.kind is Kind.bias and self.largest != 0)


class Origin(NamedTuple):
    """What was assumed when weights were read.

    Attributes:
        convention: "rows" (y = x @ w) or "columns" (y = w @ x); None for weights that were handed over as a `Layer`.
        scaled: whether 1/√d_k was put into W_Q; None likewise.
        constant: whether the layer's last row is a constant 1, by which it has the biases of its keys, queries and values.
        left_out: what the layer was read without.
        assumed: how the weights were read, a line for each thing that was assumed.
    """

    convention: str | None = None
    scaled: bool | None = None
    constant: bool = False
    left_out: tuple[LeftOut, ...] = ()
    assumed: tuple[str, ...] = ()


class ReadLayer(Layer["np.ndarray"]):
    """A layer that knows where it came from; all else is that of a `Layer`.

    Copies, conversions and JAX transformations of it are layers of no known origin.
    """

    origin: Origin

    def __new__(cls, heads: Iterable[Head[np.ndarray]], origin: Origin = Origin()) -> ReadLayer:  # noqa: B008  (it cannot be changed)
        """The heads, and where they are from."""
        layer = cls._make((tuple(heads),))
        layer.origin = origin
        return layer


def origin_of(layer: object) -> Origin:
    """That of a `ReadLayer`; of anything else nothing is known."""
    return getattr(layer, "origin", Origin())
