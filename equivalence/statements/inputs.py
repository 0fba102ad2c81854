"""What data a claim asks for, found by running its program once over a reading that takes notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.degree import Degree, DegreeAlgebra
from equivalence.algebras.sizes import Dimension, Part, total
from equivalence.statements.claims import Claim


@dataclass
class Inputs:
    """The data of a claim at fixed sizes, by name.

    Attributes:
        generators: arbitrary matrices: rows, columns, and whether symmetric.
        invertible: invertible matrices: their size. A reading at given values takes the inverse of T as T⁻¹.
        diagonal: diagonal matrices: their size.
        symbols: nonzero scalars.
        weights: how often attention weights are made from scores.
        orthogonal: orthogonal matrices: their size.
        inverses: how often an expression is inverted.
    """

    generators: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    invertible: dict[str, int] = field(default_factory=dict)
    diagonal: dict[str, int] = field(default_factory=dict)
    symbols: list[str] = field(default_factory=list)
    weights: int = 0
    orthogonal: dict[str, int] = field(default_factory=dict)
    inverses: int = 0


def inputs_of(claim: Claim, sizes: Mapping[str, int], replace: Mapping[str, object]) -> Inputs:
    """The data that a claim's program asks for at the given sizes.

    Args:
        claim: one that speaks of arbitrary matrices (an identity, induction or series).
        sizes: a positive integer for each of the claim's size names; others are ignored.
        replace: values for the claim's keyword-only parts.
    """
    recorder = _Recorder()
    for _ in claim.items(recorder, [sizes[name] for name in claim.sizes], replace):
        pass
    return recorder.inputs


class _Recorder(DegreeAlgebra):
    def __init__(self) -> None:
        super().__init__()
        self.inputs = Inputs()

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Blocked:
        self.inputs.generators[name] = (total(rows), total(cols), symmetric)
        return super().generator(name, rows, cols, symmetric=symmetric)

    def invertible(self, name: str, size: Part) -> tuple[Blocked, Blocked]:
        self.inputs.invertible[name] = total(size)
        return super().invertible(name, size)

    def diagonal(self, name: str, size: Part) -> Blocked:
        self.inputs.diagonal[name] = total(size)
        return super().diagonal(name, size)

    def orthogonal(self, name: str, size: Part) -> Blocked:
        self.inputs.orthogonal[name] = total(size)
        return super().orthogonal(name, size)

    def inverse(self, matrix: Blocked) -> Blocked:
        self.inputs.inverses += 1
        return super().inverse(matrix)

    def weights(self, scores: Blocked) -> Blocked:
        self.inputs.weights += 1
        return super().weights(scores)

    def symbol(self, name: str) -> Degree:
        if name not in self.inputs.symbols:
            self.inputs.symbols.append(name)
        return super().symbol(name)
