"""Layers that were loaded, and what was assumed to read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from equivalence.models.heads import Layer
from equivalence.models.origins import LeftOut, Origin

NOT_DIVIDED = "not divided"
ROUNDINGS = {
    "float64": 2.0**-53,
    "F64": 2.0**-53,
    "float32": 2.0**-24,
    "F32": 2.0**-24,
    "float16": 2.0**-11,
    "F16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "BF16": 2.0**-8,
}
"""By the type of stored weights, how far rounding may have moved one at most, relative to it (for float16, if it is at least 2⁻¹⁴)."""


@dataclass(frozen=True)
class Assumed:
    """How weights were read, and what of their model the layers here do not have.

    Attributes:
        source: the file's name, or the kind of object.
        layout: whose names and shapes they were taken for.
        convention: "rows" or "columns".
        heads: how many.
        groups: how many heads of keys and values there are.
        scores: what is done to scores: "not divided", "divided by √d_k", or "multiplied by" a number.
        because: of "convention", "heads" and "scores", how that is known.
        biases: what was done with them, in words.
        constant: whether they are taken as weights of a last coordinate 1.
        left_out: what the model has, or its library's models have, and these layers do not: softmax, masks, norms, biases.
        stored: the type of the weights with the coarsest rounding.
        rounding: u, how far rounding to that type may have moved each weight, relative to it.
    """

    source: str
    layout: str
    convention: str
    heads: int
    groups: int
    scores: str
    because: dict[str, str]
    biases: str
    constant: bool
    left_out: tuple[LeftOut, ...]
    stored: str
    rounding: float

    @property
    def smallest_distance(self) -> float:
        """The relative distance that rounding alone may make: (1 + u)⁴ − 1, about 4u.

        A head's tensor is a sum of products of four weights, of which rounding moved each by at most u times itself, and so each product by
        at most (1 + u)⁴ − 1 times itself. Where the products of a sum cancel, within a head or between heads, rounding makes more: by the
        factor by which the norm of the sum of their absolute values is larger than that of the sum. What is nearer than this to a descent
        can not be told from one.
        """
        return (1 + self.rounding) ** 4 - 1

    @property
    def origin(self) -> Origin:
        """As each layer knows it."""
        return Origin(self.convention, self.scores != NOT_DIVIDED, self.constant, self.left_out, self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """How the weights were read, for the end of a verdict."""
        shared = f", keys and values in {self.groups}" if self.groups != self.heads else ""
        said = [
            f"weights: {self.source}, read as {self.layout}",
            f"convention: {self.convention} ({self.because['convention']})",
            f"heads: {self.heads}{shared} ({self.because['heads']})",
            f"scores: {self.scores} ({self.because['scores']})",
            f"biases: {self.biases}",
        ]
        if self.rounding > ROUNDINGS["float32"]:
            alone = f"relative distances up to {self.smallest_distance:.2g}"
            said.append(f"rounding: {self.stored} makes {alone} by itself, and more where weights cancel")
        return tuple(said)

    def to_json(self) -> dict[str, object]:
        """For `json`."""
        left_out = [{**left._asdict(), "matters": left.matters} for left in self.left_out]
        return {**asdict(self), "left_out": left_out, "smallest_distance": self.smallest_distance}

    def __str__(self) -> str:
        return "\n".join(self.lines)


class Loaded(tuple[Layer, ...]):
    """The layers of a file or a module, in order, as arrays of doubles: a tuple.

    Attributes:
        assumed: what was assumed to read them.
    """

    assumed: Assumed

    def __new__(cls, layers: Iterable[Layer], assumed: Assumed) -> Loaded:
        """The layers, and what was assumed."""
        loaded = super().__new__(cls, layers)
        loaded.assumed = assumed
        return loaded
