r"""A certified bound on how far a prediction is from a member's (statement 9.2).

For every context with Σ‖eᵢ‖² ≤ ρ² and every query with ‖q‖ ≤ r the two differ by ``Σ_i T − T*`` at (eᵢ, eᵢ, q), so by at most
``‖T − T*‖ ρ² r`` in each of these norms: the spectral norms of the unfoldings (p,r)×(k,j), p×(k,r,j) and (k,p)×(r,j), the root of the
largest eigenvalue of ``Σ_kj T_kj ⊗ T_kj`` symmetrised, and, without any d⁴ numbers, the Frobenius norm and ``Σ_h ‖A_h‖‖B_h‖``. The first
unfolding needs the inner products of the slices T_kj alone (9.4), so it is taken for larger d too.

Certified means: rounding is in it. A spectral norm is bounded through the Gram matrix G: λ ≥ λ_max(G) once ``λI − G`` is positive
definite, which a Cholesky factorisation in floating point proves when it runs to its end on ``λI − G − cI`` with
``c ≥ γ_{n+1}/(1 − γ_{n+1}) tr`` (Rump 2006, “Verification of positive definiteness”). The bound is for the layer in real arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from equivalence.recognition.rounding import TINY, UNIT, gamma, size
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.recognition.tensor.enclosed import Enclosure
from equivalence.recognition.tensor.lowrank import Array, exponent_of, times_power

DENSE_SIZE = 16
"""Up to this d all of the unfoldings are formed."""
SLICES = 2048
"""Up to so many slices, rows times columns for each pair, their inner products are formed."""


@dataclass(frozen=True, eq=False)
class FloatGap:
    """T − T* of floats.

    Attributes:
        difference: with its rounding.
    """

    difference: Enclosure

    @lru_cache(maxsize=256)  # noqa: B019  (few and small; the bound of one layer is asked for at many norms)
    def certified_norm(self) -> float:
        """See `certified_norm`."""
        return certified_norm(self.difference)


def certified_norm(difference: Enclosure) -> float:
    """The least of the norms of T − T*, rounded up: of a multiple of it by a power of 2, whose squares are in the range of floats.

    Raises:
        OverflowError: the bound is larger than a float can be.
    """
    exponents = [max(exponent_of(matrix) for matrix in matrices) for matrices in zip(*difference.tensor.pairs, strict=True)]
    left, right = exponents
    tensor = CanonicalTensor(tuple((times_power(A, -left), times_power(B, -right)) for A, B in difference.tensor.pairs))
    dense = None if difference.dense is None else np.ldexp(difference.dense, -left - right)
    bound = _least_norm(Enclosure(tensor, dense, math.ldexp(difference.slack, -left - right)))
    return math.nextafter(math.ldexp(bound, left + right), math.inf)


def _least_norm(difference: Enclosure) -> float:
    pairs = difference.tensor.pairs
    (rows, d), columns = pairs[0][0].shape, pairs[0][1].shape[1]
    slack, least = difference.slack, difference.norm().high
    formed = difference.tensor.formed()
    others = [_by_heads(formed)]
    if difference.dense is not None and d <= DENSE_SIZE:
        others += [*(largest_singular_value(matrix) for matrix in _unfoldings(difference.dense)), _quartic(difference.dense)]
    elif difference.dense is not None and rows * columns <= SLICES:
        others.append(largest_singular_value(difference.dense.transpose(1, 2, 0, 3).reshape(d * d, rows * columns)))
    elif rows * columns * len(pairs) <= SLICES:
        others.append(_by_slices(formed))
    return min(least, (min(others) + slack) * (1 + 8 * UNIT) + TINY)


def _unfoldings(dense: Array) -> list[Array]:
    rows, d, _, columns = dense.shape
    return [
        dense.transpose(1, 2, 0, 3).reshape(d * d, rows * columns),
        dense.transpose(1, 0, 2, 3).reshape(d, rows * d * columns),
        dense.reshape(rows * d, d * columns),
    ]


def largest_singular_value(matrix: Array) -> float:
    """An upper bound on the spectral norm, proved."""
    small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    forming = gamma(small.shape[1] + 2) * size(small) ** 2
    return float(np.sqrt(largest_eigenvalue(small @ small.T) + forming) * (1 + 8 * UNIT))


def largest_eigenvalue(gram: Array) -> float:
    """An upper bound on the eigenvalues of a symmetric matrix, proved by a Cholesky factorisation."""
    n, gram = len(gram), (gram + gram.T) / 2
    guess = max(float(np.linalg.eigvalsh(gram)[-1]), 0.0)
    step = 8 * gamma(n + 4) * n * (size(gram) + guess) + TINY
    for _ in range(60):
        guess += step
        c = gamma(2 * n + 8) * (n * guess + float(np.abs(np.diag(gram)).sum())) + n * TINY
        if _is_positive(guess * np.eye(n) - gram - c * np.eye(n)):
            return guess * (1 + 4 * UNIT)
        step *= 2
    raise ArithmeticError("largest eigenvalue: no bound was proved")


def _is_positive(matrix: Array) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _by_heads(difference: CanonicalTensor) -> float:
    """``Σ ‖A‖‖B‖`` in spectral norms, as ‖A G B q‖ ≤ ‖A‖ tr(G) ‖B‖ ‖q‖."""
    sizes = [largest_singular_value(A) * largest_singular_value(B) for A, B in difference.arrays()]
    return sum(sizes) * (1 + gamma(len(sizes) + 2))


def _by_slices(difference: CanonicalTensor) -> float:
    """The first unfolding, from ``⟨T_kj, T_k'j'⟩ = ½ Σ [(AA'ᵀ)_kk' (BᵀB')_jj' + (AB')_kj' (A'B)_k'j]`` over pairs of heads.

    The same sums of absolute values have a Frobenius norm of at most ``(Σ ‖A‖‖B‖)²``.
    """
    pairs = difference.arrays()
    (rows, d), columns = pairs[0][0].shape, pairs[0][1].shape[1]
    gram = np.zeros((rows, columns, rows, columns))
    for A, B in pairs:
        for A2, B2 in pairs:
            gram += (A @ A2.T)[:, None, :, None] * (B.T @ B2)[None, :, None, :]
            gram += (A @ B2)[:, None, None, :] * (A2 @ B).T[None, :, :, None]
    forming = gamma(2 * d + 2 * len(pairs) ** 2 + 4) * sum(size(A) * size(B) for A, B in pairs) ** 2
    return float(np.sqrt(largest_eigenvalue(gram.reshape(rows * columns, -1) / 2) + forming) * (1 + 8 * UNIT))


def _quartic(dense: Array) -> float:
    """√λ_max of the symmetrised quartic form ``(e⊗e)ᵀ(Σ_kj T_kj ⊗ T_kj)(e⊗e)`` as a matrix on pairs."""
    rows, d, _, columns = dense.shape
    flat = dense.transpose(1, 2, 0, 3).reshape(d * d, rows * columns)
    form = (flat @ flat.T).reshape(d, d, d, d)
    symmetric = (form + form.transpose(0, 2, 1, 3) + form.transpose(0, 3, 2, 1)).reshape(d * d, d * d) / 3
    forming = gamma(rows * columns + 6) * size(flat) ** 2
    return float(np.sqrt(largest_eigenvalue(symmetric) + forming) * (1 + 8 * UNIT))
