"""The assertion passes for gradient descent, as a layer and as a callable, and its message shows what is wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.algebras import exact
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.models.origins import Kind, LeftOut, Origin, ReadLayer
from equivalence.testing.assertions import assert_gradient_descent

LAYER = gd_layer(3, 2, learning_rate="1/10", context=4)
SEARCH = {"max_context": 2, "examples": 6}


def step(X: Any, Y: Any, q: Any) -> Any:
    """From W₀ = 0 at η = 1/10: the step size is η/N."""
    return Y @ X.T @ q / (10 * X.shape[1])


def stretched(layer: Layer, by: float = 2) -> Layer:
    """Preconditioned: the second coordinate of the query is multiplied."""
    (head,) = layer.heads
    C = np.diag([1, by, 1, 1, 1])
    return Layer((head._replace(query=head.query @ (sympy.Matrix(C) if isinstance(head.query, sympy.MatrixBase) else C)),))


@pytest.mark.parametrize("layer", [LAYER, LAYER.to_numpy(), LAYER.to_numpy(np.float32)], ids=["exact", "float64", "float32"])
def test_a_construction_passes(layer: Layer) -> None:
    assert_gradient_descent(layer, d_x=3, d_y=2)
    assert_gradient_descent(layer, d_x=3, d_y=2, step_size=0.025)
    with pytest.raises(AssertionError, match=r"expected gradient descent with step size s = 0\.1, got (1/40|0\.025)"):
        assert_gradient_descent(layer, d_x=3, d_y=2, step_size=0.1)


@pytest.mark.parametrize("layer", [LAYER, LAYER.to_numpy()], ids=["exact", "float64"])
def test_a_preconditioned_layer_fails(layer: Layer) -> None:
    with pytest.raises(AssertionError, match="expected a layer that is gradient descent, got\nfamily: preconditioned gradient descent"):
        assert_gradient_descent(stretched(layer), d_x=3, d_y=2)


def test_a_layer_of_no_family_fails_with_a_witness() -> None:
    (head,) = LAYER.heads
    wrong = Layer((head._replace(key=head.key + exact.ones(5, 5)),))
    with pytest.raises(AssertionError, match=r"family: none(.|\n)*witness: x = .*: predicts .*, the nearest step"):
        assert_gradient_descent(wrong, d_x=3, d_y=2)


def test_the_tolerance_of_a_layer_is_that_of_rounded_weights() -> None:
    near = stretched(LAYER.to_numpy(), 1.001)
    with pytest.raises(AssertionError, match="preconditioned"):
        assert_gradient_descent(near, d_x=3, d_y=2)
    assert_gradient_descent(near, d_x=3, d_y=2, tolerance=0.01)


def test_a_callable_passes() -> None:
    assert_gradient_descent(step, d_x=3, d_y=2, **SEARCH)
    with pytest.raises(AssertionError, match=r"expected gradient descent with step size s = 0\.1, got 0\.05 at N = 2"):
        assert_gradient_descent(step, d_x=3, d_y=2, step_size=0.1, **SEARCH)
    assert_gradient_descent(step, d_x=3, d_y=2, step_size=0.05, min_context=2, **SEARCH)


def test_a_callable_that_breaks_a_law_fails_with_the_counterexample() -> None:
    def quadratic(X: Any, Y: Any, q: Any) -> Any:
        return Y**2 @ X.T @ q

    with pytest.raises(AssertionError) as caught:
        assert_gradient_descent(quadratic, d_x=1, d_y=1, **SEARCH)
    message = str(caught.value)
    assert message.startswith(
        "expected a callable that is gradient descent\nOne step of gradient descent, d_x = 1, d_y = 1, contexts of 1 to 2 tokens: refuted"
    )
    assert "affine in the targets" in message
    assert "broken by X = 1, Y = 1, q = 1, t = " in message


def test_options_of_the_other_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'tolerance'"):
        assert_gradient_descent(step, d_x=3, d_y=2, tolerance=0.1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'examples'"):
        assert_gradient_descent(LAYER, d_x=3, d_y=2, examples=10)


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(TypeError, match="predict: expected a callable of context_x, context_y and query, got int"):
        assert_gradient_descent(3, d_x=3, d_y=2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="layers: expected Layers, got int as layer 1"):
        assert_gradient_descent([3], d_x=3, d_y=2)  # type: ignore[list-item]


def stacked(*rates: str) -> list[Layer]:
    return [gd_layer(3, 2, learning_rate=rate, context=4) for rate in rates]


@pytest.mark.parametrize("numeric", [False, True])
def test_a_stack_passes_at_its_rates(numeric: bool) -> None:
    layers = [layer.to_numpy() if numeric else layer for layer in stacked("1", "1/2")]
    assert_gradient_descent(layers, d_x=3, d_y=2)
    assert_gradient_descent(layers, d_x=3, d_y=2, step_size=[0.25, 0.125])
    assert_gradient_descent(layers[:1] * 2, d_x=3, d_y=2, step_size=0.25)
    with pytest.raises(AssertionError, match=r"expected gradient descent with step sizes s = 0\.25, 0\.25, got (1/4, 1/8|0\.25, 0\.125)"):
        assert_gradient_descent(layers, d_x=3, d_y=2, step_size=0.25)
    with pytest.raises(ValueError, match="step_size: expected one number or 2, one a layer, got 3"):
        assert_gradient_descent(layers, d_x=3, d_y=2, step_size=[0.25, 0.125, 0.5])


@pytest.mark.parametrize("numeric", [False, True])
def test_a_stack_with_a_preconditioned_layer_fails(numeric: bool) -> None:
    layers = [stretched(stacked("1")[0]), *stacked("1/2")]
    with pytest.raises(
        AssertionError, match=r"expected a stack that is gradient descent, got\n2 layers: preconditioned gradient descent\n"
    ):
        assert_gradient_descent([layer.to_numpy() if numeric else layer for layer in layers], d_x=3, d_y=2)


def test_rates_of_a_stack_are_compared_in_any_order_and_symbols_too() -> None:
    assert_gradient_descent(stacked("8", "40"), d_x=3, d_y=2, step_size=["10", "2"])
    assert_gradient_descent([layer.to_numpy() for layer in stacked("8", "40")], d_x=3, d_y=2, step_size=np.array([10.0, 2.0]))
    symbols, (first, second) = stacked("eta", "mu"), (sympy.Symbol(name) / 4 for name in ("eta", "mu"))
    assert_gradient_descent(symbols, d_x=3, d_y=2, step_size=[second, first])
    with pytest.raises(AssertionError, match=r"expected gradient descent with step sizes s = eta/4, eta/4, got eta/4, mu/4"):
        assert_gradient_descent(symbols, d_x=3, d_y=2, step_size=first)
    with pytest.raises(AssertionError, match=r"expected gradient descent with step sizes s = 0\.1, 0\.1, got eta/4, mu/4"):
        assert_gradient_descent(symbols, d_x=3, d_y=2, step_size=0.1)


@pytest.mark.parametrize("subject", [LAYER, step])
def test_only_a_stack_has_several_rates(subject: Any) -> None:
    with pytest.raises(TypeError, match=r"step_size: expected one number, got \[0\.025\]; only a list of layers takes several"):
        assert_gradient_descent(subject, d_x=3, d_y=2, step_size=[0.025])


def zero(layer: Layer) -> Layer:
    return Layer(tuple(head._replace(projection=0 * head.projection) for head in layer.heads))


def swapped(layer: Layer) -> Layer:
    """As for tokens in the order [y; x]: the rows that are read out are never written."""
    (head,) = layer.heads
    return Layer((head._replace(projection=head.projection[::-1, :]),))


@pytest.mark.parametrize("layer", [zero(LAYER), zero(LAYER.to_numpy()), swapped(LAYER.to_numpy())], ids=["exact", "floats", "swapped"])
def test_a_layer_that_never_moves_its_prediction_fails_unless_asked_for(layer: Layer) -> None:
    with pytest.raises(AssertionError, match=r"expected (gradient descent, got a layer whose prediction never moves|a layer that is grad)"):
        assert_gradient_descent(layer, d_x=3, d_y=2)
    with pytest.raises(AssertionError, match="expected"):
        assert_gradient_descent(layer, d_x=3, d_y=2, step_size=0.025)
    assert_gradient_descent(layer, d_x=3, d_y=2, step_size=0)


@pytest.mark.parametrize("numeric", [False, True])
def test_a_stack_with_a_layer_that_never_moves_it_is_fewer_steps(numeric: bool) -> None:
    layers = [LAYER, zero(LAYER)]
    layers = [layer.to_numpy() if numeric else layer for layer in layers]
    with pytest.raises(AssertionError, match=r"expected (2 steps of gradient descent, got 1 of size 0|a stack that is gradient descent)"):
        assert_gradient_descent(layers, d_x=3, d_y=2)
    assert_gradient_descent(layers, d_x=3, d_y=2, step_size=[0, 0.025])


def moves_from_two_on(X: Any, Y: Any, q: Any) -> Any:
    return (q[:1] + (X.shape[1] - 1) * (Y - X[:1]) @ X.T @ q) * 0.1 + 0.9 * q[:1]


def test_a_callable_that_no_target_moves_at_some_size_fails() -> None:
    with pytest.raises(AssertionError, match=r"callable that targets do not move everywhere\n(.|\n)*At N = 1 no target was seen to move"):
        assert_gradient_descent(moves_from_two_on, d_x=2, d_y=1, **SEARCH)
    assert_gradient_descent(moves_from_two_on, d_x=2, d_y=1, min_context=2, **SEARCH)
    with pytest.raises(AssertionError, match=r"with step size s = 0, got 0\.(1|09999\d+) at N = 2\n"):
        assert_gradient_descent(moves_from_two_on, d_x=2, d_y=1, step_size=0, **SEARCH)


def test_what_a_callable_was_searched_on_is_in_the_message() -> None:
    with pytest.raises(AssertionError, match=r"got 0\.1 at N = 1, 0\.05 at N = 2\nOne step of .* contexts of 1 to 2 tokens: not refuted"):
        assert_gradient_descent(step, d_x=3, d_y=2, step_size="1/5", **SEARCH)


def test_step_sizes_are_numbers_of_any_kind() -> None:
    assert_gradient_descent(LAYER.to_numpy(), d_x=3, d_y=2, step_size="1/40")
    assert_gradient_descent(LAYER.to_numpy(), d_x=3, d_y=2, step_size=np.float32(0.025))
    assert_gradient_descent(step, d_x=3, d_y=2, step_size="1/20", min_context=2, **SEARCH)
    with pytest.raises(TypeError, match="step_size: expected a number, as what it is compared with is in floats, got 'eta'"):
        assert_gradient_descent(LAYER.to_numpy(), d_x=3, d_y=2, step_size="eta")
    with pytest.raises(ValueError, match="step_size: expected a finite number"):
        assert_gradient_descent(LAYER.to_numpy(), d_x=3, d_y=2, step_size=float("nan"))


def test_a_step_size_is_compared_up_to_the_rounding_of_what_it_was_read_off() -> None:
    """It is a difference of predictions, here of size 10⁷, so the last seven digits of 1/10 are rounding."""
    W = 1e7 * np.array([[1.0, -1.0 / 3]])

    def from_far(X: Any, Y: Any, q: Any) -> Any:
        return W @ q + 0.1 * ((Y - W @ X) @ X.T @ q)

    assert_gradient_descent(from_far, d_x=2, d_y=1, step_size=0.1, **SEARCH)
    with pytest.raises(AssertionError, match=r"with step size s = 0\.101, got 0\.\d+ at N = 1"):
        assert_gradient_descent(from_far, d_x=2, d_y=1, step_size=0.101, **SEARCH)


INFINITE = [np.float64("inf"), np.float32("inf"), float("-inf"), 10**400, "1e400", Fraction(10**400), sympy.oo, -(10**400), "1e-400"]
COMPLEX = [np.complex128(0.025 + 9j), np.complex64(0.025), 0.025j, sympy.I, 1 + sympy.I, sympy.Symbol("u", infinite=True)]
SUBJECTS = [LAYER.to_numpy(), [LAYER.to_numpy()], step]


@pytest.mark.parametrize("subject", SUBJECTS, ids=["layer", "stack", "callable"])
@pytest.mark.parametrize("wrong", [*INFINITE, *COMPLEX, {}, np.bool_(True), sympy.zeros(1, 1)], ids=str)
def test_a_step_size_that_is_no_finite_real_float_is_refused_by_name(subject: Any, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^step_size: expected a (finite |)(real |)number"):
        assert_gradient_descent(subject, d_x=3, d_y=2, step_size=wrong)
    if isinstance(subject, list):
        with pytest.raises((TypeError, ValueError), match=r"^step_size: expected a (finite |)(real |)number"):
            assert_gradient_descent(subject, d_x=3, d_y=2, step_size=[wrong])


@pytest.mark.parametrize("wrong", [*COMPLEX, np.float64("nan"), np.float32("inf")], ids=str)
def test_for_exact_weights_too(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^step_size: expected a finite (real |)number"):
        assert_gradient_descent(LAYER, d_x=3, d_y=2, step_size=wrong)


@pytest.mark.parametrize("subject", [LAYER, [LAYER], LAYER.to_numpy(), [LAYER.to_numpy()]], ids=["exact", "exact stack", "floats", "stack"])
@pytest.mark.parametrize(
    "right",
    [np.float32(0.025), np.longdouble(1) / 40, np.array(0.025), np.array(1) / np.int64(40), sympy.Float("0.025"), sympy.Rational(1, 40)],
)
def test_numbers_of_all_libraries_and_arrays_without_axes_are_step_sizes(subject: Any, right: Any) -> None:
    assert_gradient_descent(subject, d_x=3, d_y=2, step_size=right)
    with pytest.raises(AssertionError, match=r"expected gradient descent with step sizes? s = "):
        assert_gradient_descent(subject, d_x=3, d_y=2, step_size=right + right)
    with pytest.raises(AssertionError, match=r"expected gradient descent with step sizes? s = 7"):
        assert_gradient_descent(subject, d_x=3, d_y=2, step_size=np.int64(7))


def test_a_name_is_a_symbol_for_exact_weights() -> None:
    assert_gradient_descent(gd_layer(3, 2, learning_rate="s", context=1), d_x=3, d_y=2, step_size="s")
    with pytest.raises(AssertionError, match=r"with step size s = s, got 1/40"):
        assert_gradient_descent(LAYER, d_x=3, d_y=2, step_size="s")


def ascending(X: Any, Y: Any, q: Any) -> Any:
    return -step(X, Y, q)


UP = gd_layer(3, 2, learning_rate="-1/10", context=4)


@pytest.mark.parametrize("subject", [UP, UP.to_numpy(), [LAYER, UP], [LAYER.to_numpy(), UP.to_numpy()], ascending])
def test_a_step_uphill_fails_unless_a_negative_step_size_is_asked_for(subject: Any) -> None:
    options = SEARCH if subject is ascending else {}
    with pytest.raises(
        AssertionError, match=r"expected gradient descent, got s = -(1/40|0\.025|0\.1)\d*(, -0\.0\d+)?: a negative step goes uphill"
    ):
        assert_gradient_descent(subject, d_x=3, d_y=2, **options)
    asked: Any = ["1/40", "-1/40"] if isinstance(subject, list) else "-1/40"
    context = {"min_context": 4, "max_context": 4, "examples": 6} if subject is ascending else {}
    assert_gradient_descent(subject, d_x=3, d_y=2, step_size=asked, **context)


def test_what_a_loader_left_out_is_refused_unless_it_is_allowed() -> None:
    parts = (LeftOut(Kind.bias, "key/b", 0.25), LeftOut(Kind.bias, "value/b", 0.0), LeftOut(Kind.norm, "ln/scale", 1.0))
    layer = ReadLayer(LAYER.to_numpy().heads, Origin("rows", False, left_out=parts))
    for subject in (layer, [layer]):
        with pytest.raises(AssertionError, match="got layers without bias 'key/b', norm 'ln/scale'; say allow_left_out=True"):
            assert_gradient_descent(subject, d_x=3, d_y=2)
        assert_gradient_descent(subject, d_x=3, d_y=2, allow_left_out=True)
    assert_gradient_descent(ReadLayer(layer.heads, Origin("rows", False, left_out=parts[1:2])), d_x=3, d_y=2)


def test_keys_and_read_out_are_options_of_a_layer() -> None:
    W = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
    layer = gd_layer(3, 2, learning_rate="1/10", context=4, initial=sympy.Matrix([[1, 2, 0], [0, 0, 1]])).to_numpy()
    assert_gradient_descent(layer, d_x=3, d_y=2, initial=W)
    with pytest.raises(AssertionError, match=r"family: none(.|\n)*keys: the context tokens and the query token"):
        assert_gradient_descent(layer, d_x=3, d_y=2, initial=W, keys="all")
    with pytest.raises(AssertionError, match=r"expected gradient descent with step size s = 0\.025, got -0\.025"):
        assert_gradient_descent(LAYER.to_numpy(), d_x=3, d_y=2, prediction="plus", step_size=0.025)
