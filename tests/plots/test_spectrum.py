"""The curves are compared with exact rational arithmetic on the scalar recursion of statement 3.5, which shares no code with the layers.

The tolerance is the standard bound γ_k·Σ|terms|: the recursion is run once more on absolute values, and k counts the roundings that a
term of the floating-point run can meet (sums over tokens have one nonzero term, so they round once).
"""

from fractions import Fraction

import numpy as np
import pytest
from matplotlib.figure import Figure

from equivalence.algebras import Numeric
from equivalence.models.constructions.linear import gdpp_layer
from equivalence.plots.spectrum import gdpp_spectrum, newton_beside_layers, newton_left, residual_polynomials, through

UNIT = Fraction(1, 2**53)


def recursion(eigenvalue, depth, step, gamma, sign=-1):
    residual = Fraction(1)
    for _ in range(depth):
        residual *= 1 + sign * step * eigenvalue
        eigenvalue *= (1 + sign * gamma * eigenvalue) ** 2
    return eigenvalue, residual


def roundings(depth):
    root, residual = 1, 0  # the square root, and the residual 1
    for _ in range(depth):
        residual += 2 * root + 6  # two products with x, three for s = ηN⁻¹ and the product with it, one sum
        root = 3 * root + 4  # x(xᵀx): two products, one with γ, one sum
    return 2 * root + 1, residual


def outside(eigenvalues, found, depth, step, gamma):
    """The largest error in units of its bound, for the eigenvalues and for the residuals."""
    worst = [Fraction(0), Fraction(0)]
    for eigenvalue, *values in zip(eigenvalues.tolist(), *(part.tolist() for part in found), strict=True):
        expected = recursion(Fraction(eigenvalue), depth, Fraction(step), Fraction(gamma))
        magnitude = recursion(Fraction(eigenvalue), depth, Fraction(step), Fraction(gamma), sign=1)
        for part, k in enumerate(roundings(depth)):
            bound = k * UNIT / (1 - k * UNIT) * magnitude[part]
            error = abs(Fraction(values[part]) - expected[part])
            worst[part] = max(worst[part], error / bound if bound else Fraction(int(error > 0)))
    return worst


def curves(figure):
    """The drawn lines by label; unlabelled ones (dots, the zero line) by matplotlib's own names."""
    (axes,) = figure.axes
    return {line.get_label(): np.array(line.get_data(), dtype=float) for line in axes.get_lines()}


def test_spectrum_is_the_formula_at_every_point():
    drawn = curves(gdpp_spectrum([0.05, 0.2], largest=7))
    for gamma in (0.05, 0.2):
        eigenvalues, moved = drawn[f"γ = {gamma:g}"]
        assert (eigenvalues[0], eigenvalues[-1]) == (0, 7)
        assert outside(eigenvalues, (moved, np.ones_like(moved)), 1, 0, gamma)[0] <= 1
    assert (drawn["unchanged"][0] == drawn["unchanged"][1]).all()


def test_dots_are_the_interior_maxima_within_the_plot():
    (axes,) = gdpp_spectrum([0.05, 0.2], largest=5).axes  # 1/(3·0.05) is outside
    (dot,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
    eigenvalues, moved = curves(axes.figure)["γ = 0.2"]
    interior = eigenvalues < 5  # beyond 1/γ = 5 the curve rises again
    peak = np.argmax(np.where(interior, moved, 0))
    ((across, up),) = np.transpose(dot.get_data())
    assert abs(across - eigenvalues[peak]) <= eigenvalues[1] - eigenvalues[0]
    assert (across, up) == (1 / (3 * 0.2), 4 / (27 * 0.2))
    assert recursion(Fraction(5, 3), 1, 0, Fraction(1, 5))[0] == Fraction(20, 27)  # the same maximum, without rounding


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_residuals_are_the_products_of_statement_3_5(depth):
    step, gamma = 0.15, 0.04
    drawn = curves(residual_polynomials([depth], step=step, gamma=gamma, largest=11))
    for label, correction in ((f"GD, K = {depth}", 0), (f"GD++, K = {depth}", gamma)):
        eigenvalues, left = drawn[label]
        assert outside(eigenvalues, (eigenvalues, left), depth, step, correction)[1] <= 1


@pytest.mark.parametrize("depth", [1, 2])
def test_newton_squares_what_is_left(depth):
    """λ = k/32 and s = 1/8: every number is a multiple of a power of two with fewer than 53 bits, so floats are exact."""
    eigenvalues, left = curves(newton_beside_layers(depth, step=0.125, gamma=0.125, largest=6.25))[f"Newton, degree {2**depth}"]
    assert left.tolist() == [float((1 - Fraction(eigenvalue) / 8) ** 2**depth) for eigenvalue in eigenvalues]
    assert (newton_left(depth, 0.125, eigenvalues) != newton_left(depth - 1, 0.125, eigenvalues))[1:].all()


def test_beside_newton_stand_layers_of_both_kinds():
    depth, step, gamma = 2, 0.125, 0.0625
    drawn = curves(newton_beside_layers(depth, step=step, gamma=gamma, largest=6.25))
    assert list(drawn) == ["GD, degree 2", "GD++, degree 4", "Newton, degree 4", "GD, 4 layers"]
    for label, layers, correction in (("GD, degree 2", depth, 0), ("GD++, degree 4", depth, gamma), ("GD, 4 layers", 4, 0)):
        eigenvalues, left = drawn[label]
        signs = [1 if recursion(Fraction(e), layers, Fraction(step), Fraction(correction))[1] >= 0 else -1 for e in eigenvalues]
        assert outside(eigenvalues, (eigenvalues, left * signs), layers, step, correction)[1] <= 1


def test_the_comparison_sees_a_flipped_sign_and_a_lost_layer():
    eigenvalues = np.array([0.5, 2.0, 3.0])
    flipped = gdpp_layer(3, 1, learning_rate=0.3, gamma=-0.04, context=3, algebra=Numeric(np, float))
    right = gdpp_layer(3, 1, learning_rate=0.3, gamma=0.04, context=3, algebra=Numeric(np, float))
    assert max(outside(eigenvalues, through([right] * 2, eigenvalues), 2, 0.1, 0.04)) <= 1
    assert min(outside(eigenvalues, through([flipped] * 2, eigenvalues), 2, 0.1, 0.04)) > 1
    assert min(outside(eigenvalues, through([right], eigenvalues), 2, 0.1, 0.04)) > 1


def test_figures_stand_alone_and_name_their_curves():
    figure = residual_polynomials([1, 3], step=0.1, gamma=0.05, largest=4)
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["GD++, K = 1", "GD, K = 1", "GD++, K = 3", "GD, K = 3"]
    assert axes.get_xlabel() == "eigenvalue λ of XᵀX"


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: gdpp_spectrum([], 1.0), ValueError, "gammas: expected at least one number, got none"),
        (lambda: gdpp_spectrum([0.1, -0.1], 1.0), ValueError, "gammas: expected a positive number, got -0.1"),
        (lambda: gdpp_spectrum(["0.1"], 1.0), TypeError, "gammas: expected a number, got '0.1'"),
        (lambda: gdpp_spectrum([0.1], float("nan")), ValueError, "largest: expected a finite number, got nan"),
        (lambda: gdpp_spectrum([0.1], 0.0), ValueError, "largest: expected a positive number, got 0"),
        (lambda: residual_polynomials([], step=1.0, gamma=1.0, largest=1.0), ValueError, "depths: expected at least one"),
        (
            lambda: residual_polynomials([0], step=1.0, gamma=1.0, largest=1.0),
            ValueError,
            "depths: expected a whole number, at least 1, got 0",
        ),
        (
            lambda: newton_beside_layers(0, step=1.0, gamma=1.0, largest=1.0),
            ValueError,
            "depth: expected a whole number, at least 1, got 0",
        ),
        (lambda: newton_beside_layers(1, step=0.0, gamma=1.0, largest=1.0), ValueError, "step: expected a positive number"),
        (lambda: residual_polynomials([1.5], step=1.0, gamma=1.0, largest=1.0), TypeError, "depths: .*got 1.5"),
        (lambda: residual_polynomials([1], step=float("inf"), gamma=1.0, largest=1.0), ValueError, "step: expected a finite number"),
        (lambda: residual_polynomials([1], step=1.0, gamma=0.0, largest=1.0), ValueError, "gamma: expected a positive number"),
    ],
)
def test_bad_arguments_are_named(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
