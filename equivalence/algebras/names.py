"""What the names of one program stand for: each for one thing, in every reading alike."""

from __future__ import annotations

import re

from equivalence.algebras.sizes import Part
from equivalence.formulas import ANY

_ENTRY = re.compile(r"(?P<matrix>.+)_(?:\d{2,}|\d+,\d+)")


class Fresh(str):
    """The name of an arbitrary letter that stands in no other expression, such as an induction's state; printed without its mark."""

    __slots__ = ()

    def __new__(cls, name: str) -> Fresh:
        """The name, marked."""
        return super().__new__(cls, name + ANY)


class Names:
    """A register of names. It refuses a name that has another meaning already, in whatever order the two come.

    A symbol that is named as an entry of a matrix, ``A_12``, is refused beside that matrix: the exact reading has such entries.
    """

    def __init__(self) -> None:
        self.meanings: dict[str, str] = {}

    def matrix(self, name: str, kind: str, rows: Part, cols: Part) -> None:
        """A matrix of a kind, such as "an arbitrary". Raises ValueError if the name stands for something else."""
        if entry := next((symbol for symbol in self.meanings if _matrix_of(symbol) == name and self.meanings[symbol] == "a symbol"), None):
            raise ValueError(f"{entry}: already a symbol, not an entry of {name}; rename one of them")
        self._declare(name, f"{kind} {rows} x {cols} matrix")

    def inverse(self, name: str) -> str:
        """The name of the inverse of a matrix. Raises ValueError if it stands for something else."""
        self._declare(f"{name}⁻¹", f"the inverse of {name}")
        return f"{name}⁻¹"

    def symbol(self, name: str) -> None:
        """A scalar. Raises ValueError if the name stands for something else."""
        matrix = _matrix_of(name)
        if matrix is not None and self.meanings.get(matrix, "a symbol") != "a symbol":
            raise ValueError(f"{name}: already an entry of {matrix}, not a symbol; rename one of them")
        self._declare(name, "a symbol")

    def _declare(self, name: str, meaning: str) -> None:
        if "[" in name and not isinstance(name, Fresh):
            raise ValueError(f"{name}: a name has no bracket; such names are the algebra's own (ones, weights, states)")
        if (known := self.meanings.setdefault(name, meaning)) != meaning:
            raise ValueError(f"{name}: already {known}, not {meaning}; rename one of them")


def _matrix_of(name: str) -> str | None:
    """The matrix that would have an entry of this name."""
    match = _ENTRY.fullmatch(name)
    return match["matrix"] if match else None
