"""Statement 3.6: where GD++ comes from."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.descent.gdpp import gdpp_features
from equivalence.statements import Informal, InIdeal, Positive, simulation, statement
from equivalence.statements.simulation import State
from equivalence.statements.steps import Items
from proofs.ch03_depth.spectrum import NumberMap, next_eigenvalue


@statement(
    "3.6",
    "GD++ is a Newton–Schulz step of the polar decomposition",
    claim="one layer, up to scale",
    source="write-up, on GD++; Newton–Schulz: Higham 2008, Functions of Matrices, section 8.3",
)
def newton_schulz(algebra: Algebra, d_x: Part, N: Part, *, features: Callable[..., Matrix] = gdpp_features) -> Items:
    """For γ > 0 and ``X̃ = gX``, ``g = √(3γ)``: ``(I − γXXᵀ)X = (2/3)(1/g) · ½(3I − X̃X̃ᵀ)X̃``. All d_x, N.

    g is the symbol, and ``γ = g²/3``. One layer only: K Newton–Schulz steps need ``γ_{t+1} = (9/4)γ_t``, and a γ that stays the same
    drives X to 0, provided γλ < 2 for the largest eigenvalue λ of XXᵀ: at 2 it stays as it is, and above it grows. So GD++ is that
    known technique for one layer, and not for K layers that share a γ.
    """
    X, g = algebra.generator("X", d_x, N), algebra.symbol("g")
    scaled = g * X
    yield "the inputs after a layer", features(X, third_of_square(algebra, g))
    yield "γXXᵀX = X̃X̃ᵀX̃/(3g)", (algebra.scalar(1) / g) * (scaled - algebra.scalar("1/3") * (scaled @ (scaled.T @ scaled)))
    yield "collect the Newton–Schulz step", (algebra.scalar("2/3") / g) * polar_step(algebra, scaled)


def polar_step(algebra: Algebra, matrix: Matrix) -> Matrix:
    """½(3I − X̃X̃ᵀ)X̃, X̃ d_x x N: Newton–Schulz for the factor U of X̃ = UH."""
    return algebra.scalar("1/2") * (algebra.scalar(3) * matrix - matrix @ (matrix.T @ matrix))


def third_of_square(algebra: Algebra, g: Scalar) -> Scalar:
    """γ = g²/3."""
    return algebra.scalar("1/3") * g * g


@newton_schulz.claim("K steps, any K, with γ_{t+1} = (9/4)γ_t", kind="induction")
def polar_iteration(algebra: Algebra, d_x: Part, N: Part, *, features: Callable[..., Matrix] = gdpp_features, growth: str = "9/4") -> Items:
    X, g = algebra.generator("X", d_x, N), algebra.symbol("g")

    def left(inputs: Matrix, gamma: Scalar) -> State:
        return {"inputs": features(inputs, gamma), "gamma": algebra.scalar(growth) * gamma}

    yield from simulation(
        algebra,
        state={"X̃": (d_x, N), "g": None},
        begins={"X̃": g * X, "g": g},
        right=lambda X̃, g: {"X̃": polar_step(algebra, X̃), "g": algebra.scalar("3/2") * g},
        start={"inputs": X, "gamma": third_of_square(algebra, g)},
        left=left,
        related=lambda X̃, g: {"inputs": (algebra.scalar(1) / g) * X̃, "gamma": third_of_square(algebra, g)},
        reasons=("X̃₀ = gX", "X' = (2/3)(1/g)X̃' = X̃'/g' with g' = (3/2)g, so γ' = g'²/3 = (9/4)γ"),
    )


@newton_schulz.claim("no other γ makes a layer a Newton–Schulz step of gX, up to scale", kind="characterisation")
def only_this_gamma(*, gamma_from: Callable[[sympy.Expr], sympy.Expr] = lambda g: g**2 / 3) -> Items:
    """One singular value x: ``x − γx³ = (c/2)(3gx − g³x³)`` as polynomials in x, for some scale c. The coefficients leave ``γ = g²/3``."""
    x, gamma, g, c = sympy.symbols("x gamma g c")
    equal = sympy.Poly(x - gamma * x**3 - c * (3 * g * x - (g * x) ** 3) / 2, x)
    yield InIdeal("γ − g²/3, from the coefficients", (gamma - gamma_from(g),), tuple(equal.coeffs()), (c, gamma, g))


@newton_schulz.claim("a fixed γ drives X to 0, if γλ < 2 at the start", kind="bound")
def fixed_gamma(*, eigenvalue_map: NumberMap = next_eigenvalue) -> Items:
    """With ``μ = γλ``: ``μ' = μ(1 − μ)²``. For 0 < μ < 2 it falls, and 1/μ grows by more than 2 − μ, so by more than ``2 − μ₀`` each time.

    Hence ``γλ_t < 1/((2 − γλ₀)t)``, for each eigenvalue (3.5), and ``‖X_t‖² = Σλ_t → 0``. Where μ = 1, nothing is left at once.
    """
    mu, gamma, more = sympy.symbols("mu gamma more", positive=True)
    after = eigenvalue_map(mu, 1)
    yield "the unit of γλ"
    yield "γ f(μ/γ)", gamma * eigenvalue_map(mu / gamma, gamma)
    yield "μ(1 − μ)²", mu * (1 - mu) ** 2
    yield "the fall"
    yield "μ − μ'", mu - after
    yield "is positive for μ < 2, is 0 at 2, and negative above", mu**2 * (2 - mu)
    yield Positive("it falls for 0 < μ = 2/(1 + more) < 2", (mu - after).subs(mu, 2 / (1 + more)), (more,))
    yield Positive("it grows for μ = 2 + more > 2", (after - mu).subs(mu, 2 + more), (more,))
    yield "how fast"
    yield "1/μ' − 1/μ", 1 / after - 1 / mu
    yield "2 − μ and what is not negative", (2 - mu) + mu * (2 - mu) ** 2 / (1 - mu) ** 2
    first, steps, lead, fallen, rest = sympy.symbols("mu_0 t lead fallen rest", positive=True)
    floor = 1 / first + steps * (2 - first)
    yield "induction on t: if 1/μ = 1/μ₀ + t(2 − μ₀) + lead and μ = μ₀ − fallen, and 1/μ' = 1/μ + (2 − μ) + rest, none of them negative"
    yield "1/μ' − 1/μ₀ − (t + 1)(2 − μ₀)", (floor + lead) + (2 - (first - fallen)) + rest - (floor + 2 - first)
    yield "is not negative either; base: t = 0, lead = 0", lead + fallen + rest
    yield Informal("that this is so for each eigenvalue (3.5), and that ‖X_t‖² is their sum")
