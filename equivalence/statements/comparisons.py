"""What a claim compares, computed in floating point, and how far rounding can have set the two sides apart."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """Two sides that are to be equal.

    Attributes:
        place: claim, chain, step and reason.
        left, right: the sides, as arrays of one shape.
        tolerance: how far rounding can have set them apart, entry by entry.
        on_every_instance: whether it is claimed of arbitrary data, or of a witness only.
    """

    place: str
    left: Any
    right: Any
    tolerance: Any
    on_every_instance: ClassVar[bool] = True

    def ratios(self, library: ModuleType) -> Any:
        """|difference| / tolerance, entry by entry; NaN where the tolerance is not finite, so that no comparison passes by it."""
        smallest = self.tolerance.dtype.type(np.finfo(self.tolerance.dtype).tiny)
        ratios = abs(self.left - self.right) / library.maximum(self.tolerance, smallest)
        return library.where(library.isfinite(self.tolerance), ratios, np.nan)

    def wrong(self) -> str:
        """Empty if it holds, else the worst entry, with both values. For NumPy values."""
        ratios = np.asarray(self.ratios(np))
        return "" if (ratios < 1).all() else self._worst_entry(ratios)

    def _worst_entry(self, ratios: np.ndarray) -> str:
        entry = np.unravel_index(int(np.argmax(np.where(np.isnan(ratios), np.inf, ratios))), ratios.shape)
        left, right, tolerance = (np.asarray(side)[entry] for side in (self.left, self.right, self.tolerance))
        where = f"in entry {tuple(map(int, entry))}, " if entry else ""
        return f"{self.place}: {where}{left} against {right}, tolerance {tolerance:.3g}"


class Distinction(Comparison):
    """Two sides that are to differ somewhere by more than rounding. Of arbitrary data that is not claimed: only of a witness."""

    on_every_instance = False

    def wrong(self) -> str:
        """Empty if some entry differs by more than its tolerance. For NumPy values."""
        return "" if (np.asarray(self.ratios(np)) > 1).any() else f"{self.place}: the sides do not differ by more than the tolerance"
