"""Statements 5.6 and 5.7: what a similarity score of updates can show, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasValues
from equivalence.algebras.sizes import Part
from equivalence.models.descent.least_squares import gradient, loss
from equivalence.statements import Differ, Informal, Less, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import Rows, Slope, half_square, inner, wedge

DEUTCH = "Deutch et al. 2023, section 3.1"


@statement(
    "5.6",
    "What a positive similarity is worth",
    claim="where the loss is taken it is forced: least squares, any update",
    source="this project; SimAOU is of Dai et al. 2022, section 4.4",
)
def forced(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, slope: Slope = gradient) -> Items:
    """A positive inner product with −∇L is forced, in the space where the loss is taken, for any update that lowers the loss to first order
    (that is what first order means), and for convex L, for any finite decrease: ``⟨−∇L, Δ⟩`` is at least the decrease. Whatever made the
    update. For an L that is not convex a finite decrease forces nothing (exact witness).

    SimAOU compares attention *outputs*, where fine-tuning moves by −Kg, g the gradient at the output and K = JJᵀ. There it is not forced:
    g = (−1, −1), K = diag(10, 1), Δ = (−1/5, 1) lowers the loss, and its inner product with −Kg is −1. It is forced for every update that
    lowers the loss to first order iff Kg is a positive multiple of g.

    So a positive score shows no mechanism: where it is forced it only says that the loss fell, and where it is not it says that the two
    updates are less than a right angle apart.
    """
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    D = algebra.generator("Delta", d_y, d_x)
    yield "⟨−∇L, Δ⟩", -inner(algebra, slope(W, X, Y), D)
    rest = (algebra.scalar(1) / algebra.scalar(N)) * half_square(algebra, D @ X)
    yield "is the decrease of the loss, and a square", loss(W, X, Y) - loss(W + D, X, Y) + rest
    yield Informal("for any other convex L: L(W + Δ) ≥ L(W) + ⟨∇L, Δ⟩, which defines it, in the place of the square")


def double_well(w: sympy.Expr) -> sympy.Expr:
    """``w − w²``, which is not convex."""
    return w - w**2


@forced.claim("a finite decrease forces nothing without convexity: w − w² from 0, Δ = 2", kind="refutation")
def not_convex(*, function: Callable[..., sympy.Expr] = double_well) -> Items:
    w, move = sympy.Symbol("w"), 2
    slope = sympy.diff(function(w), w).subs(w, 0)
    yield Less("the loss falls", (function(sympy.Integer(move)), function(sympy.Integer(0))))
    yield Less("and the inner product with −∇L is negative", (-slope * move, sympy.Integer(0)))


@forced.claim("in output space it is not forced: least squares at the output 0, target (1, 1)", kind="refutation")
def in_output_space(*, jacobian: Rows = ((3, 1, 0), (0, 0, 1)), update: Rows = ((-1,), (5,))) -> Items:
    J, move, target = sympy.Matrix(jacobian), sympy.Matrix(update) / 5, sympy.Matrix([1, 1])
    K, g = J * J.T, -target
    yield "J has three parameters: K = JJᵀ", K
    yield "is diag(10, 1)", sympy.diag(10, 1)
    half = sympy.Rational(1, 2)
    yield "Δ = (−1/5, 1) lowers the loss ½‖h − y‖², to first order and altogether"
    yield Less("⟨g, Δ⟩ < 0", (g.dot(move), sympy.Integer(0)))
    yield Less("the loss at Δ and at 0", (half * (move - target).dot(move - target), half * target.dot(target)))
    yield "its inner product with what fine-tuning does"
    yield "⟨−Kg, Δ⟩", -(K * g).dot(move)
    yield "is −1", sympy.Integer(-1)


@forced.claim("it is forced iff Kg is a positive multiple of g", kind="identity")
def iff_parallel(algebra: Algebra, n: Part, m: Part) -> Items:
    g, f, D = (algebra.generator(name, n, 1) for name in ("g", "f", "Delta"))
    c = algebra.symbol("c")
    half = algebra.scalar("1/2")
    J = algebra.generator("J", n, m)
    yield "where Kg = cg, c is not negative, K = JJᵀ"
    yield "⟨g, Kg⟩", inner(algebra, g, J @ J.T @ g)
    yield "is a square", inner(algebra, J.T @ g, J.T @ g)
    yield "if Kg = cg, c > 0"
    yield "⟨−Kg, Δ⟩", -inner(algebra, c * g, D)
    yield "is c times ⟨−g, Δ⟩, which is positive", c * -inner(algebra, g, D)
    ff, gf = inner(algebra, f, f), inner(algebra, g, f)
    update = gf * f - ff * g
    yield "if f = Kg is not parallel to g: the update Δ = ⟨g, f⟩f − ‖f‖²g lowers the loss"
    yield "⟨−g, Δ⟩", -inner(algebra, g, update)
    yield "is a square, which is 0 for parallel ones only", half * inner(algebra, wedge(g, f), wedge(g, f))
    yield "and its score is 0, so that a little of f more makes it negative"
    yield "⟨−f, Δ⟩", -inner(algebra, f, update)
    yield "is 0", algebra.scalar(0)
    yield Informal("a little: Δ + εf still lowers the loss for small ε > 0, and ⟨−f, Δ + εf⟩ = −ε‖f‖²; where Kg = 0 every score is 0")


@statement("5.7", "Two updates that share a signal look alike", claim="the inner product and the norms, expanded", source=DEUTCH)
def shared_signal(algebra: Algebra, n: Part) -> Items:
    """Two updates z + r and z + r' that share a signal z ≠ 0 and have noise of equal norm ρ‖z‖, orthogonal to z and to each other, have the
    cosine ``1/(1 + ρ²)``: 1/4 at ρ² = 3. A similarity score that says nothing about the mechanism. All n; n ≥ 3 leaves room for them.

    In Deutch et al. z is the *zero-shot output*, and r and r' are the updates, whose cosine is 0. But with the outputs normalised before
    their difference is taken, as they say Dai et al. do, it is ``(c − 1)/(2c)``, c = √(1 + ρ²): 1/4 at ρ² = 3 too, where alone the two
    formulas agree, but it *rises* with the noise, to ½.
    """
    z, r, other = (algebra.generator(name, n, 1) for name in ("z", "r", "r'"))
    yield "the inner product"
    yield "of z + r and z + r'", inner(algebra, z + r, z + other)
    products = inner(algebra, z, other) + inner(algebra, r, z) + inner(algebra, r, other)
    yield "is ‖z‖², and three products that are 0", inner(algebra, z, z) + products
    yield "the squared norm"
    yield "of z + r", inner(algebra, z + r, z + r)
    yield "is ‖z‖² + ‖r‖², and one that is 0", inner(algebra, z, z) + inner(algebra, r, r) + algebra.scalar(2) * inner(algebra, z, r)
    c = algebra.symbol("c")
    share = algebra.scalar(1) / c - algebra.scalar(1)
    yield "the outputs z + r and z + r' over c times ‖z‖, less the output z over ‖z‖; all times ‖z‖"
    yield "their inner product", inner(algebra, (algebra.scalar(1) / c) * (z + r) - z, (algebra.scalar(1) / c) * (z + other) - z)
    mixed = inner(algebra, z, other) + inner(algebra, r, z)
    last = (algebra.scalar(1) / (c * c)) * inner(algebra, r, other)
    yield "is (1/c − 1)²‖z‖², and three products that are 0", share * share * inner(algebra, z, z) + (share / c) * mixed + last


def cosine(product: sympy.Expr, first: sympy.Expr, second: sympy.Expr) -> sympy.Expr:
    """From an inner product and two squared norms."""
    return product / sympy.sqrt(first * second)


@shared_signal.claim("the cosines", kind="bound")
def cosines(*, score: Callable[..., sympy.Expr] = cosine) -> Items:
    z, rho, more = sympy.symbols("z rho more", positive=True)
    noisy = z + rho**2 * z
    yield "the updates z + r and z + r', with z for ‖z‖²"
    yield "the cosine", score(z, noisy, noisy)
    yield "is 1/(1 + ρ²)", 1 / (1 + rho**2)
    yield "at ρ² = 3"
    yield "the cosine", score(z, 4 * z, 4 * z)
    yield "is 1/4", sympy.Rational(1, 4)
    c = 1 + more
    shared = (1 / c - 1) ** 2 * z
    normalised = shared + more * (more + 2) * z / c**2  # c² − 1 = more(more + 2)
    yield "the normalised outputs, with c = √(1 + ρ²) > 1"
    yield "the cosine", score(shared, normalised, normalised)
    yield "is (c − 1)/(2c)", (c - 1) / (2 * c)
    yield Positive("it rises with c", sympy.diff((c - 1) / (2 * c), more), (more,))
    yield Positive("and stays below ½", sympy.Rational(1, 2) - (c - 1) / (2 * c), (more,))
    yield "the two are equal at c = 2, that is ρ² = 3, alone: their difference"
    yield "over what is positive, 1/c² − (c − 1)/(2c)", (1 / c**2 - (c - 1) / (2 * c)) * 2 * c**2 / (c + 1)
    yield "is 2 − c", 2 - c


@shared_signal.claim("a witness: n = 7, ρ² = 3, noise in six coordinates", kind="refutation")
def witness(algebra: HasValues, *, first: Rows = ((0,), (1,), (1,), (1,), (0,), (0,), (0,))) -> Items:
    z, r = algebra.value([[1], *([0] for _ in range(6))]), algebra.value(first)
    other = algebra.value([[0], *([0] for _ in range(3)), *([1] for _ in range(3))])
    yield "four times the inner product"
    yield "of z + r and z + r'", algebra.scalar(4) * inner(algebra, z + r, z + other)
    yield "is each squared norm", inner(algebra, z + r, z + r)
    yield "also that of the other", inner(algebra, z + other, z + other)
    yield Differ("though the updates differ in all but z", z + r, z + other)
