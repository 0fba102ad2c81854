"""What rounding in double precision may have moved (Higham 2002, lemma 3.1)."""

from __future__ import annotations

import numpy as np

UNIT = np.finfo(float).eps / 2


TINY = float(np.finfo(float).tiny)


def gamma(roundings: int) -> float:
    """``γ_k = ku/(1 − ku)``, rounded up."""
    return 1.01 * roundings * UNIT / (1 - roundings * UNIT)
