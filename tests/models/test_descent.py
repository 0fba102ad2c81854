"""Gradient descent against SymPy's derivatives and loops over examples."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from equivalence.algebras import Size, Symbolic, exact
from equivalence.models.descent.data import data_step
from equivalence.models.descent.gdpp import Preconditioned, gdpp_features, gdpp_step
from equivalence.models.descent.least_squares import gradient, gradient_step, loss, preconditioned_step, trajectory, weight_change
from equivalence.models.descent.newton import newton_inverse_step
from equivalence.models.descent.ridge import ridge_gradient, ridge_loss, ridge_regression, ridge_step

d_x, d_y, N, M = 3, 2, 4, 1
W, X, Y, Q = (exact.generator(*given) for given in (("W", d_y, d_x), ("X", d_x, N), ("Y", d_y, N), ("Q", d_x, M)))
eta, gamma = sympy.symbols("eta gamma")


def loss_by_loops() -> sympy.Expr:
    """½ · 1/N · the sum of squared errors over examples and outputs."""
    total = sympy.Integer(0)
    for example in range(N):
        for output in range(d_y):
            guess = sum(W[output, i] * X[i, example] for i in range(d_x))
            total += (guess - Y[output, example]) ** 2
    return total / (2 * N)


def test_the_loss_has_its_half_and_its_count() -> None:
    assert exact.difference(loss(W, X, Y), loss_by_loops()) is None
    assert exact.difference(loss(W, X, Y), 2 * loss_by_loops()) is not None


def test_the_gradient_is_the_derivative_of_the_loss() -> None:
    by_sympy = sympy.ImmutableDenseMatrix(d_y, d_x, lambda i, j: sympy.diff(loss_by_loops(), W[i, j]))
    assert exact.difference(gradient(W, X, Y), by_sympy) is None


def test_a_step_goes_against_the_gradient() -> None:
    assert exact.difference(weight_change(W, X, Y, eta), -eta * gradient(W, X, Y)) is None
    assert exact.difference(gradient_step(W, X, Y, eta), W - eta * gradient(W, X, Y)) is None
    assert exact.difference(gradient_step(W, X, Y, eta), W + eta * gradient(W, X, Y)) is not None


def test_a_small_step_lowers_the_loss() -> None:
    inputs, targets, start = exact.value([[1, 2]]), exact.value([[2, 3]]), exact.value([[0]])
    stepped = gradient_step(start, inputs, targets, sympy.Rational(1, 10))
    assert loss(start, inputs, targets) == sympy.Rational(13, 4)
    assert loss(stepped, inputs, targets) == sympy.Rational(37, 20)


def test_one_step_by_hand() -> None:
    """x = (1, 2), y = (2, 3), from w = 0: ∇L = −(2 + 6)/2 = −4; with η = 1/10 the weight is 2/5."""
    inputs, targets, start = exact.value([[1, 2]]), exact.value([[2, 3]]), exact.value([[0]])
    assert gradient(start, inputs, targets) == exact.value([[-4]])
    assert gradient_step(start, inputs, targets, sympy.Rational(1, 10)) == exact.value([["2/5"]])


def test_a_preconditioner_stands_on_the_right() -> None:
    C = exact.generator("C", d_x, d_x)
    expected = W - eta * gradient(W, X, Y) * C
    assert exact.difference(preconditioned_step(W, X, Y, eta, C), expected) is None
    assert exact.difference(preconditioned_step(W, X, Y, eta, C.T), expected) is not None
    assert exact.difference(preconditioned_step(W, X, Y, eta, exact.eye(d_x)), gradient_step(W, X, Y, eta)) is None


def test_a_trajectory_is_the_start_and_a_step_a_rate() -> None:
    rates = sympy.symbols("eta_1 eta_2")
    first = gradient_step(W, X, Y, rates[0])
    found = trajectory(W, X, Y, rates)
    assert len(found) == 3
    for weights, expected in zip(found, (W, first, gradient_step(first, X, Y, rates[1])), strict=True):
        assert exact.difference(weights, expected) is None
    assert trajectory(W, X, Y, []) == [W]


def test_a_data_step_leaves_the_residuals_of_the_weight_step() -> None:
    start = exact.generator("V", d_y, M)
    targets, outputs = data_step(W, X, Y, Q, start, eta)
    change = weight_change(W, X, Y, eta)
    assert exact.difference(W * X - targets, (W + change) * X - Y) is None
    assert exact.difference(start - outputs, change * Q) is None


def test_a_step_of_gdpp_by_hand() -> None:
    """x = 2, y = 3, w = 1, m = 5, N = 1: residual 1, z = 10; w gains s·1·2·25, m becomes (1 − γ·100)·5."""
    w, m, x, y = (exact.value([[number]]) for number in (1, 5, 2, 3))
    found = gdpp_step(Preconditioned(w, m), x, y, sympy.Rational(1, 10), sympy.Rational(1, 200))
    assert found == Preconditioned(exact.value([[6]]), exact.value([["5/2"]]))


def test_a_step_of_gdpp_takes_the_old_transformation() -> None:
    """At γ ≠ 0 the new one would give another weight."""
    state = Preconditioned(W, exact.eye(d_x))
    assert exact.difference(gdpp_step(state, X, Y, eta, gamma).weights, gradient_step(W, X, Y, eta)) is None


def test_gdpp_without_correction_is_gradient_descent() -> None:
    algebra = Symbolic()
    sizes = {name: Size(name) for name in ("d_x", "d_y", "N")}
    V, A, B = (algebra.generator(name, sizes[r], sizes[c]) for name, r, c in (("W", "d_y", "d_x"), ("X", "d_x", "N"), ("Y", "d_y", "N")))
    state = Preconditioned(V, algebra.eye(sizes["d_x"]))
    zero = algebra.scalar(0)
    for _ in range(2):
        state = gdpp_step(state, A, B, algebra.symbol("eta"), zero)
    expected = trajectory(V, A, B, [algebra.symbol("eta")] * 2)[-1]
    assert algebra.difference(state.weights, expected) is None


def test_the_features_of_gdpp() -> None:
    expected = (exact.eye(d_x) - gamma * X * X.T) * X
    assert exact.difference(gdpp_features(X, gamma), expected) is None


@pytest.mark.parametrize("function", [loss, gradient])
def test_mismatched_data_are_refused_with_both_sizes(function: Any) -> None:
    algebra = Symbolic()
    weights, inputs = algebra.generator("W", Size("d_y"), Size("d_x")), algebra.generator("X", Size("d_x"), Size("N"))
    with pytest.raises(ValueError, match=r"\+: expected equal shapes, got \(d_y, N\) and \(d_x, N\)"):
        function(weights, inputs, inputs)


def test_newtons_iteration_by_hand() -> None:
    """s = 4, m = 1/8: 2/8 − 4/64 = 3/16, so 1 − sm = 1/2 becomes 1/4."""
    assert newton_inverse_step(exact.value([["1/8"]]), exact.value([[4]])) == exact.value([["3/16"]])


def test_newtons_iteration_in_the_right_order() -> None:
    S, A = exact.generator("S", 2, 2), exact.generator("M", 2, 2)
    expected = sympy.ImmutableDenseMatrix(
        2, 2, lambda i, j: 2 * A[i, j] - sum(A[i, k] * S[k, m] * A[m, j] for k in range(2) for m in range(2))
    )
    assert exact.difference(newton_inverse_step(A, S), expected) is None
    assert exact.difference(newton_inverse_step(A, S.T), expected) is not None


ridge = sympy.Symbol("lambda")


def ridge_by_loops() -> sympy.Expr:
    """The loss by loops, and λ/(2N) times the sum of the squared weights."""
    return loss_by_loops() + ridge * sum(entry**2 for entry in W) / (2 * N)


def test_the_ridge_loss_has_its_half_and_its_count() -> None:
    assert exact.difference(ridge_loss(W, X, Y, ridge), ridge_by_loops()) is None
    assert exact.difference(ridge_loss(W, X, Y, 2 * ridge), ridge_by_loops()) is not None


def test_the_ridge_gradient_is_the_derivative_of_the_ridge_loss() -> None:
    by_sympy = sympy.ImmutableDenseMatrix(d_y, d_x, lambda i, j: sympy.diff(ridge_by_loops(), W[i, j]))
    assert exact.difference(ridge_gradient(W, X, Y, ridge), by_sympy) is None
    assert exact.difference(ridge_step(W, X, Y, eta, ridge), W - eta * by_sympy) is None
    assert exact.difference(ridge_step(W, X, Y, eta, -ridge), W - eta * by_sympy) is not None


def test_ridge_regression_is_where_the_gradient_is_zero() -> None:
    """x = (1, 2), y = (2, 3), λ = 3: w = 8/(5 + 3) = 1."""
    inputs, targets, three = exact.value([[1, 2]]), exact.value([[2, 3]]), sympy.Integer(3)
    assert ridge_regression(inputs, targets, three) == exact.value([[1]])
    assert ridge_gradient(exact.value([[1]]), inputs, targets, three) == exact.value([[0]])
    assert ridge_gradient(exact.value([[1]]), inputs, targets, sympy.Integer(4)) != exact.value([[0]])
