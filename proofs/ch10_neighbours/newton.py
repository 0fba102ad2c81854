"""Statement 10.2: Newton's iteration for an inverse."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasInverses, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.descent.newton import newton_inverse_step
from equivalence.statements import Informal, Positive, simulation, statement
from equivalence.statements.steps import Items

InverseStep = Callable[[Matrix, Matrix], Matrix]
"""A step on an approximation of a matrix's inverse, such as `newton_inverse_step`."""


@statement(
    "10.2",
    "Newton's iteration squares what is missing of an inverse",
    claim="one step",
    source="Schulz 1933; Fu et al. 2023, eq. 5 (seen in a secondary text)",
)
def newton_inverse(algebra: Algebra, n: Part, *, step: InverseStep = newton_inverse_step) -> Items:
    """``M' = 2M − MSM`` has ``I − SM' = (I − SM)²``, hence ``I − SM_K = (I − SM_0)^(2^K)``, for every K. All n, any S and M.

    S need not be invertible, nor symmetric; on the other side ``I − M'S = (I − MS)²``. From ``M_0 = αI`` and S with eigenvalues λ ≥ 0
    what is missing along an eigenvector is ``(1 − αλ)^(2^K)``: it goes to 0 iff 0 < αλ < 2. Where λ = 0 M itself doubles at every step,
    so for a singular S this start has no limit.
    """
    S, M, eye = algebra.generator("S", n, n), algebra.generator("M", n, n), algebra.eye(n)
    yield "from the right"
    yield "I − SM'", eye - S @ step(M, S)
    yield "is a square", (eye - S @ M) @ (eye - S @ M)
    yield "from the left"
    yield "I − M'S", eye - step(M, S) @ S
    yield "is a square", (eye - M @ S) @ (eye - M @ S)


@newton_inverse.claim("K steps square K times, so they raise to the power 2^K, any K", kind="induction")
def squared_again(algebra: Algebra, n: Part, *, step: InverseStep = newton_inverse_step) -> Items:
    S, M0, eye = algebra.generator("S", n, n), algebra.generator("M_0", n, n), algebra.eye(n)
    yield from simulation(
        algebra,
        state={"M": (n, n)},
        begins={"M": M0},
        right=lambda M: {"M": step(M, S)},
        start={"missing": eye - S @ M0},
        left=lambda missing: {"missing": missing @ missing},
        related=lambda M: {"missing": eye - S @ M},
        reasons=("at the start", "I − SM' = (I − SM)²"),
    )


@newton_inverse.claim("where S has an inverse, the error is squared with S between")
def error_squared(algebra: HasInverses, n: Part, *, step: InverseStep = newton_inverse_step) -> Items:
    (S, inverse), M = algebra.invertible("S", n), algebra.generator("M", n, n)
    yield "S⁻¹ − M'", inverse - step(M, S)
    yield "(S⁻¹ − M) S (S⁻¹ − M)", (inverse - M) @ S @ (inverse - M)


@newton_inverse.claim("where Sv = 0 and Mv = cv, M'v = 2cv: M doubles")
def kernel(algebra: Algebra, n: Part, *, step: InverseStep = newton_inverse_step) -> Items:
    """What M'v lacks of 2cv is made of Mv − cv and of Sv, for any S, M, v and c; so it is 0 where these are."""
    S, M, v, c = algebra.generator("S", n, n), algebra.generator("M", n, n), algebra.generator("v", n, 1), algebra.symbol("c")
    off = M @ v - c * v
    yield "M'v − 2cv", step(M, S) @ v - (algebra.scalar(2) * c) * v
    yield "2(Mv − cv) − MS(Mv − cv) − cM(Sv)", algebra.scalar(2) * off - M @ (S @ off) - c * (M @ (S @ v))


@newton_inverse.claim("from M_0 = αI: |1 − αλ| < 1 iff 0 < αλ < 2", kind="bound")
def convergence(*, step: InverseStep = newton_inverse_step) -> Items:
    """What is missing after a step is ``(1 − u)²``, u = αλ: below 1 between 0 and 2, above it elsewhere, and 1 at both ends."""
    u, eigenvalue = sympy.symbols("u lambda")
    more = sympy.Symbol("more", positive=True)
    S, M = exact.value([[eigenvalue]]), exact.value([[u / eigenvalue]])
    missing = sympy.cancel((exact.eye(1) - S @ step(M, S))[0, 0])
    yield "one eigenvalue λ, u = αλ"
    yield "1 less what is missing after a step", 1 - missing
    yield "u(2 − u)", u * (2 - u)
    yield Positive("between: u = 2/(1 + more)", (1 - missing).subs(u, 2 / (1 + more)), (more,))
    yield Positive("above: u = 2 + more", (missing - 1).subs(u, 2 + more), (more,))
    yield Positive("below: u = −more", (missing - 1).subs(u, -more), (more,))
    yield Informal("powers of a number go to 0 iff it is below 1 in absolute value")
