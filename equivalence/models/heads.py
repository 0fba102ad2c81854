"""Heads and layers: the weights of self-attention, on tokens that are the columns of a matrix.

A head has W_K, W_Q, W_V and P. There is no scaling by 1/sqrt(d_k), and what the scores go through is not the weights' affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from equivalence.algebras.detect import called
from equivalence.algebras.protocol import Matrix
from equivalence.models.weights import as_jax, as_latex, as_numpy, as_text

if TYPE_CHECKING:
    import jax

M = TypeVar("M", bound=Matrix, covariant=True)
Converted = TypeVar("Converted", bound=Matrix)

PAPER_NAMES = {"key": "W_K", "query": "W_Q", "value": "W_V", "projection": "P"}
"""The papers' names of a head's weights."""


class Head(NamedTuple, Generic[M]):
    """The weights of one head; a JAX pytree.

    Attributes:
        key: W_K, d_k x d.
        query: W_Q, d_k x d.
        value: W_V, d_v x d.
        projection: P, d x d_v.
    """

    key: M
    query: M
    value: M
    projection: M

    @property
    def output_value(self) -> M:
        """A = P W_V, d x d: what the head writes for what it reads."""
        return self.projection @ self.value

    @property
    def key_query(self) -> M:
        """B = W_Kᵀ W_Q, d x d: the bilinear form of the scores. The head is the map C, q ↦ A C Cᵀ B q."""
        return self.key.T @ self.query


def named(head: Head[M]) -> Head[M]:
    """The same head, its weights under the papers' names for them if their reading keeps names."""
    return Head(*(called(PAPER_NAMES[field], weight) for field, weight in head._asdict().items()))


class _Heads(NamedTuple, Generic[M]):
    heads: tuple[Head[M], ...]


class Layer(_Heads[M]):
    """The heads of one layer; a JAX pytree.

    Attributes:
        heads: at least one, in a tuple; a single head, or a list, is put into one.
    """

    __slots__ = ()

    def __new__(cls, heads: Head[M] | tuple[Head[M], ...] | list[Head[M]]) -> Self:
        """A head is a tuple itself, so without this its four weights would pass for heads."""
        given: object = (heads,) if isinstance(heads, Head) else tuple(heads) if isinstance(heads, list) else heads
        return tuple.__new__(cls, (given,))

    def to_numpy(self, dtype: DTypeLike = float) -> Layer[np.ndarray]:
        """The same weights as NumPy arrays of floats, each entry the nearest double, rounded once more if the type is another.

        Raises:
            ValueError: symbols left in a weight, or an entry that is no finite number of the type; names head and weight.
            TypeError: a type that is not of floats, or a layer of another reading.
        """
        return self._mapped(lambda name, weight: as_numpy(name, weight, dtype))

    def to_jax(self, dtype: DTypeLike | None = None) -> Layer[jax.Array]:
        """The same weights as JAX arrays, float32 if no type is given.

        Raises:
            ValueError: as `to_numpy`; or float64 without JAX's x64 mode.
            TypeError: as `to_numpy`.
        """
        return self._mapped(lambda name, weight: as_jax(name, weight, dtype))

    def to_text(self) -> str:
        """The weights, one aligned matrix after another, with exact entries as SymPy writes and reads them: eta/N."""
        return "\n\n".join(f"{name} =\n{as_text(weight)}" for name, weight in self._named())

    def to_latex(self) -> str:
        """The weights as a displayed formula, one line a head."""
        named = [f"{name} &= {as_latex(weight)}" for name, weight in self._named()]
        lines = [" & ".join(named[start : start + len(PAPER_NAMES)]) for start in range(0, len(named), len(PAPER_NAMES))]
        return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"

    def _repr_latex_(self) -> str:
        return self.to_latex()

    def _mapped(self, converted: Callable[[str, Matrix], Converted]) -> Layer[Converted]:
        def head_of(number: int, head: Head[M]) -> Head[Converted]:
            return Head(**{field: converted(f"{field} of head {number}", weight) for field, weight in head._asdict().items()})

        return Layer(tuple(head_of(number, head) for number, head in enumerate(self.heads)))

    def _named(self) -> list[tuple[str, M]]:
        several = len(self.heads) > 1
        return [
            ((f"{name}_{number}" if name == "P" else f"{name[:2]}{{{name[2]},{number}}}") if several else name, getattr(head, field))
            for number, head in enumerate(self.heads, 1)
            for field, name in PAPER_NAMES.items()
        ]
