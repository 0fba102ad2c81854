r"""The members of the families, as pairs (A, B) of the canonical tensor.

With ``F = [W₀, −I]`` (d_y x d) the prediction of one step is ``T(sF, [I; 0])``, that of a preconditioned one ``T(sDF, [C; 0])``:
``W ← W + s D R Xᵀ C``, R = Y − WX. GD++ has ``−γ[I, 0]`` as the x rows of A. C and D have mean diagonal 1 where their trace is not 0.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import flint
import numpy as np
from sympy.polys.domains.domainelement import DomainElement

Array = np.ndarray
Number: TypeAlias = float | flint.fmpq | DomainElement


class Member(NamedTuple):
    """One step, of numbers in one field.

    Attributes:
        step: s = η/N.
        initial: W₀, d_y x d_x.
        left_factor: D, d_y x d_y.
        preconditioner: C, d_x x d_x.
    """

    step: Number
    initial: Array
    left_factor: Array
    preconditioner: Array

    @property
    def A(self) -> Array:
        """``sD[W₀, −I]``, d_y x d."""
        return (self.left_factor @ residual_form(self.initial)) * self.step

    @property
    def B(self) -> Array:
        """``[C; 0]``, d x d_x."""
        return np.concatenate([self.preconditioner, 0 * self.initial])

    @property
    def on_residuals(self) -> Member:
        """The same in the coordinates [x; y − W₀x] of tokens, where it is a step from 0."""
        return self._replace(initial=0 * self.initial)

    def whole(self, gamma: Number, constant: bool = False) -> tuple[Array, Array]:
        """``[[−γI, 0], [A]]`` and ``[B, 0]``, d x d: what updates the context tokens too, but for a constant among the inputs."""
        d_y, d_x = self.initial.shape
        columns, curved = np.concatenate([self.B, 0 * self.A.T], axis=1), curvature(gamma, d_x, d_y)
        if constant:
            curved[d_x - 1] = 0 * curved[d_x - 1]
        return np.concatenate([curved, self.A]), columns


def member_of(
    step: Number, initial: Array, left_factor: Array | None = None, preconditioner: Array | None = None, constant: bool = False
) -> Member:
    """The member of these numbers, all of one field; a factor that is None is I.

    Args:
        step: s.
        initial: W₀, d_y x d_x.
        left_factor, preconditioner: D, d_y x d_y, and C, d_x x d_x.
        constant: whether the step is to be one on inputs ``[x; 1]`` that does not read the 1: C is then diag(C, 0), and W₀ is [W₀, 0].
    """
    D = identity(initial[:, 0]) if left_factor is None else left_factor
    C = identity(initial[0]) if preconditioner is None else preconditioner
    return Member(step, widened(initial), D, widened(widened(C).T).T) if constant else Member(step, initial, D, C)


def widened(matrix: Array) -> Array:
    """The matrix and a column of zeros."""
    return np.concatenate([matrix, 0 * matrix[:, :1]], axis=1)


def residual_form(initial: Array) -> Array:
    """``[W₀, −I]``, d_y x d: minus the residual, as a linear form in the token."""
    return np.concatenate([initial, -identity(initial[:, 0])], axis=1)


def identity(like: Array) -> Array:
    """The identity of the size of a column, in its field."""
    return eye(like[0], len(like), len(like))


def eye(like: Number, rows: int, columns: int) -> Array:
    """Ones on the diagonal, zeros elsewhere, in the field of a number."""
    return np.eye(rows, columns, dtype=np.array(like).dtype) * unit(like)


def unit(like: Number) -> Number:
    """1 in the field of a number. Of SymPy's fractions the field is asked, as their 0 + 1 is an integer."""
    return like.field.one if hasattr(like, "field") else 0 * like + 1


def curvature(gamma: Number, d_x: int, d_y: int) -> Array:
    """``−γ[I, 0]``, d_x x d: the x rows of A in GD++."""
    return eye(gamma, d_x, d_x + d_y) * -gamma


def normalised(matrix: Array) -> tuple[Number, Array]:
    """The mean diagonal, 1 if it is 0, and the matrix divided by it."""
    mean = np.trace(matrix) / matrix.shape[0]
    scale = mean if mean else unit(mean)
    return scale, matrix / scale
