"""Newton's iteration for the inverse of a matrix (Schulz 1933; Fu et al. 2023, eq. 5; statements 10.2 and 10.6)."""

from __future__ import annotations

from equivalence.algebras.protocol import M


def newton_inverse_step(approximation: M, matrix: M) -> M:
    """``2M − MSM``, n x n, which squares what M lacks of an inverse: ``I − SM' = (I − SM)²``.

    Args:
        approximation: M, n x n.
        matrix: S, n x n, of any kind.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).

    Returns:
        M', n x n.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError).
    """
    return approximation + approximation - approximation @ (matrix @ approximation)
