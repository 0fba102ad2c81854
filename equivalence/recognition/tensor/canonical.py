r"""The canonical tensor of a layer, in factored form (statements 2.4 and 9.4).

A linear-attention layer with heads ``A = P W_V`` and ``B = W_Kᵀ W_Q`` maps a free query token q to ``Σ_h A_h C Cᵀ B_h q``. What it
computes is decided by ``T[k,(p,r),j] = Σ_h ½(A_kp B_rj + A_kr B_pj)`` alone. T is kept as its pairs (A, B): rows k of A may be a
selection, columns j of B may be contracted; the d⁴ numbers are formed by `dense` only, which is for small sizes.

Everything takes NumPy arrays of floats, or of exact numbers (dtype object) that can be divided by 2, or `LowRank` matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from equivalence.models.heads import Head
from equivalence.recognition.tensor.lowrank import Array, LowRank, Matrix, formed_if_small, summed


@dataclass(frozen=True, eq=False)
class CanonicalTensor:
    """A sum of pairs.

    Attributes:
        pairs: (A, B), A rows x d, B d x columns, the same shapes for each pair.
    """

    pairs: tuple[tuple[Matrix, Matrix], ...]

    def rows(self, chosen: slice) -> CanonicalTensor:
        """The rows k that are read out; few rows are formed."""
        return CanonicalTensor(tuple((formed_if_small(A[chosen]), B) for A, B in self.pairs))

    def on_queries(self, initial: Array) -> CanonicalTensor:
        """B contracted with [I; −W₀]: what query tokens ``[q; −W₀q]`` see. Columns become d_x.

        Args:
            initial: W₀, d_y x d_x.
        """
        d_x = initial.shape[1]
        if not initial.any():
            return CanonicalTensor(tuple((A, B[:, :d_x]) for A, B in self.pairs))
        return CanonicalTensor(tuple((A, B[:, :d_x] - B[:, d_x:] @ initial) for A, B in self.pairs))

    def on_residuals(self, initial: Array) -> CanonicalTensor:
        """In the coordinates [x; r], r = y − W₀x, of tokens [x; y]: A[[I, 0], [W₀, I]], and B's rows likewise; of arrays."""
        d_x = initial.shape[1]
        return CanonicalTensor(
            tuple(
                (
                    np.concatenate([A[:, :d_x] + A[:, d_x:] @ initial, A[:, d_x:]], axis=1),
                    np.concatenate([B[:d_x] + initial.T @ B[d_x:], B[d_x:]]),
                )
                for A, B in self.arrays()
            )
        )

    def formed(self) -> CanonicalTensor:
        """The same with all matrices as arrays."""
        return CanonicalTensor(tuple(self.arrays()))

    def arrays(self) -> list[tuple[Array, Array]]:
        """The pairs, as arrays."""
        return [(np.asarray(A), np.asarray(B)) for A, B in self.pairs]

    def slice(self, p: int, r: int) -> Array:
        """``T[:,(p,r),:]``, rows x columns."""
        first, *others = ((np.outer(A[:, p], B[r]) + np.outer(A[:, r], B[p])) / 2 for A, B in self.arrays())
        return sum(others, first)

    def dense(self) -> Array:
        """All of T, rows x d x d x columns: for small sizes."""
        first, *others = (A[:, :, None, None] * B for A, B in self.arrays())
        whole = sum(others, first)
        return (whole + whole.transpose(0, 2, 1, 3)) / 2

    def difference(self, A: Matrix, B: Matrix) -> CanonicalTensor:
        """T − T(A, B), written as ``T(Σ c_h A_h − A, B) + Σ_h T(A_h, B_h − c_h B)`` with ``c_h = ⟨B_h, B⟩/⟨B, B⟩``.

        For one head this is T(A_1 − A, ·) + T(·, B_1 − B) after the gauge is fixed: what is small is subtracted before it is
        squared, where ``‖T‖² − 2⟨T, T*⟩ + ‖T*‖²`` would lose half the digits.
        """
        size = frobenius(B, B)
        if not size:
            return CanonicalTensor((*self.pairs, (-A, B)))
        shares = [frobenius(own, B) / size for _, own in self.pairs]
        left = summed([-A, *(own * share for share, (own, _) in zip(shares, self.pairs, strict=True))])
        return CanonicalTensor(((left, B), *((own, right - B * share) for share, (own, right) in zip(shares, self.pairs, strict=True))))


def canonical_tensor(heads: Sequence[Head]) -> CanonicalTensor:
    """The tensor of a layer, all rows and columns.

    Args:
        heads: as arrays.
    """
    return CanonicalTensor(tuple((projection @ value, key.T @ query) for key, query, value, projection in heads))


def frobenius(left: Matrix, right: Matrix) -> float:
    """The inner product of two matrices."""
    if isinstance(left, LowRank):
        return left.inner(right)
    if isinstance(right, LowRank):
        return right.inner(left)
    if left.dtype == float == right.dtype:
        return float(np.vdot(left, right))
    exactly: float = (left * right).sum()
    return exactly


def inner(left: CanonicalTensor, right: CanonicalTensor) -> float:
    """``⟨T, T'⟩ = ½ Σ [⟨A,A'⟩⟨B,B'⟩ + tr(AᵀA'BB'ᵀ)]`` over pairs of heads; the trace as ``⟨AB', A'B⟩``, rows x columns."""
    terms = (frobenius(A, A2) * frobenius(B, B2) + frobenius(A @ B2, A2 @ B) for A, B in left.pairs for A2, B2 in right.pairs)
    return sum(terms) / 2


def norm(tensor: CanonicalTensor) -> float:
    """‖T‖, of floats: `inner` with each product formed once; of arrays, all inner products together."""
    if any(isinstance(matrix, LowRank) for pair in tensor.pairs for matrix in pair):
        products = [[A @ B for _, B in tensor.pairs] for A, _ in tensor.pairs]
        square = 0.0
        for (i, (A, B)), (j, (A2, B2)) in combinations_with_replacement(enumerate(tensor.pairs), 2):
            term = frobenius(A, A2) * frobenius(B, B2) + frobenius(products[i][j], products[j][i])
            square += term if i == j else 2 * term
        return float(np.sqrt(max(square / 2, 0.0)))
    lefts, rights = (np.stack(matrices) for matrices in zip(*tensor.arrays(), strict=True))
    heads, rows, d = lefts.shape
    apart = [flat @ flat.T for flat in (lefts.reshape(heads, -1), rights.reshape(heads, -1))]
    crossed = np.stack([(lefts.reshape(heads * rows, d) @ right).reshape(heads, rows, -1) for right in rights])
    square = float((apart[0] * apart[1]).sum() + np.einsum("jikc,ijkc->", crossed, crossed))
    return float(np.sqrt(max(square / 2, 0.0)))


def left_slope(tensor: CanonicalTensor, B: Matrix) -> Matrix:
    """The matrix H with ``⟨T, T(A, B)⟩ = ⟨H, A⟩`` for every A: ``½ Σ_h [⟨B_h,B⟩ A_h + A_h B B_hᵀ]``, rows x d."""
    return summed((A * frobenius(own, B) + (A @ B) @ own.T) / 2 for A, own in tensor.pairs)


def descent_slope(tensor: CanonicalTensor) -> Matrix:
    """`left_slope` for B = [I; 0], without products by it: ``½ Σ_h [tr(B_h) A_h + A_h,x B_hᵀ]``, rows x d; tr is of the x rows."""
    return summed((A * _trace(own) + A[:, : own.shape[1]] @ own.T) / 2 for A, own in tensor.pairs)


def _trace(matrix: Matrix) -> float:
    """The sum over the diagonal of the upper square."""
    square = matrix[: matrix.shape[1]]
    return np.einsum("ir,ri->", square.left, square.right) if isinstance(square, LowRank) else np.trace(square)


def right_slope(tensor: CanonicalTensor, A: Matrix) -> Matrix:
    """The matrix G with ``⟨T, T(A, B)⟩ = ⟨G, B⟩`` for every B: ``½ Σ_h [⟨A_h,A⟩ B_h + A_hᵀ A B_h]``, d x columns."""
    return summed((B * frobenius(own, A) + own.T @ (A @ B)) / 2 for own, B in tensor.pairs)
