"""Two softmax heads, with and without a sink: the documented weights, and bounds that hold, nearly tight, against rigorous enclosures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from equivalence.algebras import FiniteField, Numeric, Rational, Symbolic, exact
from equivalence.algebras.ball import Ball
from equivalence.algebras.flint import dense
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.softmax import softmax_pair, softmax_pair_with_sink
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.least_squares import gradient, gradient_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens, with_constant, with_sink
from equivalence.strategies.draws import rationals

BITS = 400
"""Enough that what cancels in the difference of the heads, some e^b/β ≤ 2^72, is far below every bound, squared too."""


@dataclass(frozen=True)
class Example:
    """A context and a query, rows of rationals: X, Y, q and W₀."""

    X: list[list[Any]]
    Y: list[list[Any]]
    q: list[list[Any]]
    W0: list[list[Any]]

    @property
    def sizes(self) -> tuple[int, int, int]:
        return len(self.X), len(self.Y), len(self.X[0])

    def over(self, algebra: Any) -> list[Any]:
        return [algebra.value(each) for each in (self.X, self.Y, self.q, self.W0)]

    def norms(self) -> tuple[float, float]:
        """Floats that are at least every token's norm, and the query's: these the bounds take."""
        return max(map(norm_above, zip(*self.X, *self.Y, strict=True))), norm_above(row[0] for row in self.q)


def norm_above(entries: Any) -> float:
    """A float that is at least the norm, by an exact comparison of squares."""
    square = sum((Fraction(entry) ** 2 for entry in entries), Fraction(0))
    found = math.sqrt(square)
    while Fraction(found) ** 2 < square:
        found = math.nextafter(found, math.inf)
    return found


def pair_error(example: Example, beta: Any, *, to: Callable[..., Any] = centred_step) -> flint.arb:
    """How far the pair's prediction is from a step's, squared and enclosed."""
    ball, (d_x, d_y, _) = Ball(), example.sizes
    X, Y, q, W0 = example.over(ball)
    layer = softmax_pair(d_x, d_y, learning_rate=ball.scalar(1), initial=W0, algebra=ball).layer(ball.scalar(beta))
    asked = query_tokens(W0, q)
    found = prediction(asked + softmax_update(layer, tokens(X, Y), asked), d_x, d_y)
    return squared(found - to(W0, X, Y, ball.scalar(1)) @ q)


def sink_error(example: Example, beta: Any, sink: Any, *, to: Callable[..., Any] = gradient_step) -> flint.arb:
    """How far the prediction of the pair with a sink is from a step's, squared and enclosed."""
    ball, (d_x, d_y, count) = Ball(), example.sizes
    X, Y, q, W0 = example.over(ball)
    built = softmax_pair_with_sink(d_x, d_y, learning_rate=ball.scalar(1), context=count, initial=W0, algebra=ball)
    asked = with_constant(query_tokens(W0, q))
    update = softmax_update(built.layer(ball.scalar(beta), ball.scalar(sink)), with_sink(with_constant(tokens(X, Y))), asked)
    found = -(ball.block([[ball.zeros(d_y, d_x), ball.eye(d_y), ball.zeros(d_y, 1)]]) @ (asked + update))
    return squared(found - to(W0, X, Y, ball.scalar(1)) @ q)


def squared(column: Any) -> flint.arb:
    """The squared norm, as a ball around 0 has no root."""
    return sum((entry * entry for (entry,) in dense(column)), flint.arb(0))


def pair_bound(example: Example, beta: Any) -> float:
    d_x, d_y, _ = example.sizes
    return softmax_pair(d_x, d_y, learning_rate=1, initial=exact.value(example.W0)).error_bound(beta, *example.norms())


def sink_bound(example: Example, beta: Any, sink: Any) -> float:
    d_x, d_y, count = example.sizes
    built = softmax_pair_with_sink(d_x, d_y, learning_rate=1, context=count, initial=exact.value(example.W0))
    return built.error_bound(beta, sink, *example.norms())


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """Sizes up to 3, any N up to 5; entries k/3 at most 3."""
    d_x, d_y, count = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 5))

    def grid(rows: int, cols: int) -> list[list[Fraction]]:
        return [[draw(rationals()) for _ in range(cols)] for _ in range(rows)]

    return Example(grid(d_x, count), grid(d_y, count), grid(d_x, 1), grid(d_y, d_x))


BETAS = st.builds(lambda digit, exponent: Fraction(digit) * Fraction(10) ** exponent, st.integers(1, 9), st.integers(-4, 2))
"""1e-4 to 9e2, a digit in each decade."""


# The weights


def test_the_pair_has_the_documented_weights() -> None:
    eta, beta, w1, w2 = sympy.symbols("eta beta w_1 w_2")
    found = softmax_pair(2, 1, learning_rate="eta", initial=exact.value([[w1, w2]])).layer("beta")
    assert len(found.heads) == 2
    for sign, head in zip((1, -1), found.heads, strict=True):
        assert head.key == exact.value([[1, 0, 0], [0, 1, 0]])
        assert head.query == sign * beta * exact.value([[1, 0, 0], [0, 1, 0]])
        assert head.value == exact.value([[w1, w2, -1]])
        assert head.projection == sign * eta / (2 * beta) * exact.value([[0], [0], [1]])


def test_the_pair_with_a_sink_has_the_documented_weights() -> None:
    eta, beta, b, w = sympy.symbols("eta beta b w")
    found = softmax_pair_with_sink(1, 2, learning_rate="eta", context=3, initial=exact.value([[w], [0]])).layer("beta", "b")
    assert len(found.heads) == 2
    for sign, head in zip((1, -1), found.heads, strict=True):
        assert head.key == exact.value([[1, 0, 0, 0], [0, 0, 0, 1]])
        assert head.query == exact.value([[sign * beta, 0, 0, 0], [0, 0, 0, -b]])
        assert head.value == exact.value([[w, -1, 0, 0], [0, 0, -1, 0]])
        assert (
            exact.difference(head.projection, sign * eta * sympy.exp(b) / (6 * beta) * exact.value([[0, 0], [1, 0], [0, 1], [0, 0]]))
            is None
        )


def test_the_paper_s_size_in_numbers() -> None:
    """d_x = 10, d_y = 1, N = 10, from exact weights: the shapes, and a prediction within the bound of the centred step."""
    rng = np.random.default_rng(0)
    X, Y, q = (rng.integers(-8, 9, shape) / 16 for shape in ((10, 10), (1, 10), (10, 1)))
    layer = softmax_pair(10, 1, learning_rate=1).layer("1/8").to_numpy()
    assert [weight.shape for weight in layer.heads[0]] == [(10, 11), (10, 11), (1, 11), (11, 1)]
    assert [weight.shape for weight in softmax_pair_with_sink(10, 1, learning_rate=1, context=10).layer(1, 5).to_numpy().heads[1]] == [
        (11, 12),
        (11, 12),
        (1, 12),
        (12, 1),
    ]
    sized = Example(*([list(map(Fraction, row)) for row in each.tolist()] for each in (X, Y, q, np.zeros((1, 10)))))
    with flint.ctx.workprec(BITS):
        assert_within(pair_error(sized, Fraction(1, 8)), pair_bound(sized, Fraction(1, 8)))
    asked = query_tokens(np.zeros((1, 10)), q)
    found = prediction(asked + softmax_update(layer, tokens(X, Y), asked), 10, 1)
    assert found.shape == (1, 1)
    assert abs(found - centred_step(np.zeros((1, 10)), X, Y, 1.0) @ q).item() < pair_bound(sized, Fraction(1, 8))


# The bounds


def assert_within(error: flint.arb, bound: float) -> None:
    """The enclosure of the squared error is sharp enough to tell, and not above the bound."""
    assert error.rad() < flint.arb(2) ** -200
    assert not exceeds(error, bound)


def exceeds(error: flint.arb, bound: float) -> bool:
    """Whether an error, given squared, is certainly above a bound."""
    return error > flint.arb(bound) ** 2


@given(example=examples(), beta=BETAS)
def test_the_pair_s_bound_holds(example: Example, beta: Fraction) -> None:
    with flint.ctx.workprec(BITS):
        assert_within(pair_error(example, beta), pair_bound(example, beta))


@given(example=examples(), beta=BETAS, sink=st.integers(-2, 40))
def test_the_sink_s_bound_holds(example: Example, beta: Fraction, sink: int) -> None:
    with flint.ctx.workprec(BITS):
        assert_within(sink_error(example, beta, sink), sink_bound(example, beta, sink))


OPPOSITE = Example([[10, -10]], [[-1, 1]], [["1/10"]], [[10]])
"""Two tokens, opposite, each along [W₀, −I]: N = 2 attains 1/48, and the value's norm its bound κρ."""

ALONE = Example([[10]], [[-1]], [["1/10"]], [[10]])
"""One token, along [W₀, −I]."""


@pytest.mark.parametrize("beta", [Fraction(1, 10**4), Fraction(1, 10**3), Fraction(1, 100), Fraction(1, 10)])
def test_half_the_pair_s_bound_is_false(beta: Fraction) -> None:
    with flint.ctx.workprec(BITS):
        error, bound = pair_error(OPPOSITE, beta), pair_bound(OPPOSITE, beta)
        assert_within(error, bound)
        assert exceeds(error, bound / 2)


@pytest.mark.parametrize(
    ("beta", "sink"),
    [
        pytest.param(Fraction(1, 10), 40, id="the curvature, b large"),
        pytest.param(Fraction(1, 10**4), 30, id="the curvature, β small"),
        pytest.param(Fraction(1, 10**4), 5, id="the drain"),
    ],
)
def test_half_the_sink_s_bound_is_false(beta: Fraction, sink: int) -> None:
    with flint.ctx.workprec(BITS):
        error, bound = sink_error(ALONE, beta, sink), sink_bound(ALONE, beta, sink)
        assert_within(error, bound)
        assert exceeds(error, bound / 2)


def test_the_bounds_are_their_formulas_rounded_up() -> None:
    """With W₀ = 0, κ = 1; the pair's bound is rational, the sink's at β = 1, b = 2R is too but for cosh R."""
    rate, beta, rho, r, count = Fraction(3, 7), Fraction(1, 3), Fraction(5, 4), Fraction(2, 3), 5
    formula = rate * beta**2 * (2 * rho) * (2 * rho * r) ** 3 / 47
    with flint.ctx.workprec(BITS):
        found = softmax_pair(2, 1, learning_rate=rate).error_bound(beta, rho, r)
        assert formula < Fraction(found) <= Fraction(math.nextafter(math.nextafter(float(formula), math.inf), math.inf))
        R = flint.arb(flint.fmpq(5, 6))
        curved = R.cosh() / 6 * 5 * flint.arb(flint.fmpq(5, 4)) * R**3
        formula_with_sink = flint.arb(flint.fmpq(3, 35)) * (curved + 2 * 25 * flint.arb(flint.fmpq(5, 4)) * R)
        with_a_sink = softmax_pair_with_sink(2, 1, learning_rate=rate, context=count).error_bound(1, Fraction(5, 3), rho, r)
        assert formula_with_sink < with_a_sink
        assert with_a_sink <= math.nextafter(math.nextafter(float(formula_with_sink), math.inf), math.inf)


def test_the_norm_of_the_values_counts() -> None:
    """κ = √(1 + ‖W₀‖²) for one output: with W₀ = (3/4) it is 5/4."""
    plain, steeper = (softmax_pair(1, 1, learning_rate=1, initial=exact.value([[w]])).error_bound(1, 1, 1) for w in (0, Fraction(3, 4)))
    assert steeper / plain == pytest.approx(5 / 4, rel=4 * np.finfo(float).eps)


def test_every_reading_s_weights_give_one_bound() -> None:
    values = [["1/2", "-1/4", 2]]
    ball, numpy, single = Ball(), Numeric(np, float), Numeric(jnp, "float32")
    bounds = {
        softmax_pair(3, 1, learning_rate=rate, initial=algebra.value(values), algebra=algebra).error_bound(0.5, 1.0, 1.0)
        for algebra, rate in (
            (exact, "1/2"),
            (Rational(), flint.fmpq(1, 2)),
            (ball, ball.scalar("1/2")),
            (numpy, 0.5),
            (single, jnp.float32(0.5)),
        )
    }
    assert len(bounds) == 1


def test_weights_that_are_balls_around_zero_have_a_bound_above_all_within() -> None:
    ball = Ball()
    wide = softmax_pair(1, 1, learning_rate=ball.scalar(1), initial=ball.value([[flint.arb(0, 0.5)]]), algebra=ball)
    largest = softmax_pair(1, 1, learning_rate=1, initial=exact.value([["1/2"]])).error_bound(1, 1, 1)
    assert largest <= wide.error_bound(1, 1, 1) < 2 * largest
    assert wide.error_bound(flint.arb(0, 1), 1, 1) >= wide.error_bound(1, 1, 1)


def test_a_float_is_taken_for_what_it_is() -> None:
    """0.1 is a little above 1/10, and so must its bound be."""
    pair = softmax_pair(1, 1, learning_rate=1)
    with flint.ctx.workprec(BITS):
        assert Fraction(pair.error_bound(0.1, 1, 1)) > Fraction(0.1) ** 2 * 16 / 47


@pytest.mark.parametrize("norm", [1e200, 10.0**300])
def test_a_bound_beyond_floats_is_infinite(norm: float) -> None:
    assert softmax_pair(1, 1, learning_rate=1).error_bound(1.0, norm, norm) == math.inf
    assert softmax_pair_with_sink(1, 1, learning_rate=1, context=2).error_bound(1.0, 1.0, norm, norm) == math.inf


# What they come to


TASK = Example([[1, 2, -1], [0, 1, 1]], [[1, 0, 2]], [[1], ["1/2"]], [["1/2", 0]])


def test_the_pair_comes_to_the_centred_step_and_not_to_the_plain_one() -> None:
    with flint.ctx.workprec(BITS):
        assert not exceeds(pair_error(TASK, Fraction(1, 10**6)), 1e-10)
        assert exceeds(pair_error(TASK, Fraction(1, 10**6), to=gradient_step), 0.1)


def test_the_pair_with_a_sink_comes_to_the_plain_step_and_not_to_the_centred_one() -> None:
    with flint.ctx.workprec(BITS):
        assert not exceeds(sink_error(TASK, Fraction(1, 10**6), 40), 1e-10)
        assert exceeds(sink_error(TASK, Fraction(1, 10**6), 40, to=centred_step), 0.1)


def test_a_pair_with_a_flipped_sign_is_refuted() -> None:
    """The two heads added instead of subtracted are no step, and the bound says so."""
    ball = Ball()
    with flint.ctx.workprec(BITS):
        X, Y, q, W0 = TASK.over(ball)
        first, second = softmax_pair(2, 1, learning_rate=ball.scalar(1), initial=W0, algebra=ball).layer(ball.scalar("1/100")).heads
        asked = query_tokens(W0, q)
        update = softmax_update(Layer((first, second._replace(projection=-second.projection))), tokens(X, Y), asked)
        off = squared(prediction(asked + update, 2, 1) - centred_step(W0, X, Y, ball.scalar(1)) @ q)
        assert exceeds(off, pair_bound(TASK, Fraction(1, 100)))


# Bad input


@pytest.mark.parametrize("beta", ["0", 0, 0.0, sympy.Integer(0)])
def test_zero_temperature_states_the_limit(beta: Any) -> None:
    with pytest.raises(ValueError, match=r"beta: expected a number that is not 0, got 0; the limit β → 0 is the centred step"):
        softmax_pair(2, 1, learning_rate=1).layer(beta)
    with pytest.raises(ValueError, match="beta: expected a number that is not 0"):
        softmax_pair_with_sink(2, 1, learning_rate=1, context=3).layer(beta, 1)


@pytest.mark.parametrize(
    ("algebra", "beta"),
    [
        (Numeric(np, float), 0.0),
        (Numeric(np, float), np.float64(-0.0)),
        (Numeric(jnp, float), jnp.zeros(())),
        (Ball(), flint.arb(0)),
        (Ball(), flint.arb(0.25, 0.5)),
        (Rational(), flint.fmpq(0)),
    ],
)
def test_zero_in_every_reading_and_a_ball_that_holds_it(algebra: Any, beta: Any) -> None:
    with pytest.raises(ValueError, match=r"beta: expected a number that is not 0, got .*; the limit"):
        softmax_pair(2, 1, learning_rate=algebra.scalar(1), algebra=algebra).layer(beta)


PLAIN = softmax_pair(2, 1, learning_rate="eta", initial=exact.value([["1/2", 0]]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, -1, 1), "token_norm: expected a number that is not negative, got -1"),
        ((1, 1, -0.5), "query_norm: expected a number that is not negative, got -0.5"),
        ((1, math.nan, 1), "token_norm: expected a finite number for a bound, got nan"),
        ((1, 1, math.inf), "query_norm: expected a finite number for a bound, got inf"),
        ((math.nan, 1, 1), "beta: expected a finite number for a bound, got nan"),
        ((1, flint.arb("nan"), 1), "token_norm: expected a finite number for a bound, got nan"),
        (("many", 1, 1), "beta: expected a finite number for a bound, got 'many'"),
    ],
)
def test_bad_numbers_in_a_bound_are_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        softmax_pair(2, 1, learning_rate=1).error_bound(*arguments)


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        (
            lambda: softmax_pair(2, 1, learning_rate="eta").error_bound(1, 1, 1),
            "learning_rate: expected a finite number for a bound, got eta",
        ),
        (lambda: softmax_pair(2, 1, learning_rate=1).error_bound(sympy.Symbol("b"), 1, 1), "beta: expected a finite number for a bound"),
        (
            lambda: softmax_pair(1, 1, learning_rate=1, initial=exact.generator("w", 1, 1)).error_bound(1, 1, 1),
            "initial: expected a finite number for a bound, got w_11",
        ),
        (
            lambda: softmax_pair(1, 1, learning_rate=1, initial=(s := Symbolic()).generator("w", 1, 1), algebra=s).error_bound(1, 1, 1),
            "initial: expected numbers for a bound, got a matrix of the symbolic reading",
        ),
        (
            lambda: softmax_pair_with_sink(1, 1, learning_rate=1, context="N").error_bound(1, 1, 1, 1),
            "context: expected a finite number for a bound, got N",
        ),
        (
            lambda: softmax_pair_with_sink(1, 1, learning_rate=1, context=2).error_bound(1, sympy.Symbol("b"), 1, 1),
            "sink: expected a finite number for a bound, got b",
        ),
    ],
)
def test_symbols_in_a_bound_are_named(bound: Callable[[], float], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        bound()


def test_a_context_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="context: expected a whole number, at least 1, got 0"):
        softmax_pair_with_sink(1, 1, learning_rate=1, context=0)
    numpy = Numeric(np, float)
    with pytest.raises(ValueError, match=r"context: expected a whole number, at least 1, or a symbol such as N, got -2\.0"):
        softmax_pair_with_sink(1, 1, learning_rate=1.0, context=-2.0, algebra=numpy)


@pytest.mark.parametrize("name", ["learning_rate", "beta", "sink"])
@pytest.mark.parametrize("algebra", [exact, Numeric(np, float)])
def test_nan_weights_are_refused(name: str, algebra: Any) -> None:
    values = {"learning_rate": 1.0, "beta": 1.0, "sink": 1.0, name: math.nan}
    with pytest.raises(ValueError, match=f"{name}: expected a finite number"):
        softmax_pair_with_sink(1, 1, learning_rate=values["learning_rate"], context=2, algebra=algebra).layer(
            values["beta"], values["sink"]
        )


def test_a_wrong_start_is_refused() -> None:
    with pytest.raises(ValueError, match=r"initial: expected W₀ of shape \(d_y, d_x\) = \(1, 2\), got \(2, 1\)"):
        softmax_pair(2, 1, learning_rate=1, initial=exact.value([[1], [2]]))


# The sink's exponential, in every reading


def test_the_sink_s_exponential_is_enclosed() -> None:
    ball = Ball()
    built = softmax_pair_with_sink(1, 1, learning_rate=ball.scalar(1), context=1, algebra=ball)
    weight = dense(built.layer(ball.scalar("1/2"), ball.scalar("3/10")).heads[0].projection)[1][0]
    with flint.ctx.workprec(BITS):
        sharp = flint.arb(flint.fmpq(3, 10)).exp()
    assert weight.contains(sharp)
    assert not weight.contains(flint.arb(math.exp(0.3)) + flint.arb(2) ** -45)


@pytest.mark.parametrize("algebra", [Rational(), FiniteField(2**62 + 135, None)])  # type: ignore[arg-type]
def test_readings_without_an_exponential_are_named(algebra: Any) -> None:
    built = softmax_pair_with_sink(1, 1, learning_rate=algebra.scalar(1), context=2, algebra=algebra)
    with pytest.raises(TypeError, match=f"sink: e\\^b is no number of the {algebra.name} reading; build the layer in the exact, ball or"):
        built.layer(algebra.scalar(1), algebra.scalar(1))


@pytest.mark.parametrize(("dtype", "sink"), [("float64", 710.0), ("float32", 89.0)])
@pytest.mark.parametrize("library", [np, jnp])
def test_an_exponential_that_overflows_is_refused(library: Any, dtype: str, sink: float) -> None:
    algebra = Numeric(library, dtype)
    built = softmax_pair_with_sink(1, 1, learning_rate=algebra.scalar(1), context=2, algebra=algebra)
    with pytest.raises(ValueError, match=f"sink: e\\^b overflows {dtype} at b = {sink}"):
        built.layer(algebra.scalar(1), algebra.scalar(sink))
    assert np.isfinite(built.layer(algebra.scalar(1), algebra.scalar(sink - 2)).heads[0].projection).all()


@pytest.mark.parametrize("library", [np, jnp])
def test_numbers_keep_their_type(library: Any) -> None:
    algebra = Numeric(library, "float32")
    built = softmax_pair_with_sink(1, 1, learning_rate=algebra.scalar(1), context=2, algebra=algebra)
    assert {str(weight.dtype) for head in built.layer(algebra.scalar("1/2"), algebra.scalar(3)).heads for weight in head} == {"float32"}


def test_weights_are_traced_through_temperature_and_sink() -> None:
    algebra = Numeric(jnp, float)
    built = softmax_pair_with_sink(1, 1, learning_rate=algebra.scalar(1), context=2, algebra=algebra)
    slope = jax.grad(lambda sink: built.layer(jnp.float64(0.5), sink).heads[0].projection[1, 0])(jnp.float64(0.0))
    assert slope == 0.5
    widths = jax.vmap(lambda beta: built.pair.layer(beta).heads[0].query[0, 0])(jnp.array([0.5, 2.0]))
    assert widths.tolist() == [0.5, 2.0]


# Tokens


@pytest.mark.parametrize("algebra", [exact, Rational(), Ball(), Numeric(np, float), Numeric(jnp, float)])
def test_the_constant_is_a_row_of_ones_and_the_sink_a_column_of_zeros(algebra: Any) -> None:
    found = with_sink(with_constant(algebra.value([[1, 2, 3], [4, 5, 6]])))
    rows = dense(found) if hasattr(found, "algebra") else found.tolist()
    assert rows == [[1, 2, 3, 0], [4, 5, 6, 0], [1, 1, 1, 0]]


@pytest.mark.parametrize("library", [np, jnp])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_scores_that_would_overflow_give_the_largest_one_s_value(library: Any, dtype: str) -> None:
    """Scores ±10⁴: each head takes one token whole, so the prediction is (η/2β)(v₁ − v₂)."""
    algebra = Numeric(library, dtype)
    layer = softmax_pair(1, 1, learning_rate=algebra.scalar(1), algebra=algebra).layer(algebra.scalar("1/2"))
    X, Y, q = (algebra.value(rows) for rows in ([[100, -100]], [[3, 5]], [[200]]))
    asked = query_tokens(algebra.zeros(1, 1), q)
    assert prediction(asked + softmax_update(layer, tokens(X, Y), asked), 1, 1).tolist() == [[-2.0]]


@pytest.mark.parametrize("empty", [np.zeros((2, 0)), jnp.zeros((2, 0)), sympy.ImmutableDenseMatrix(2, 0, [])])
def test_an_empty_context_is_refused(empty: Any) -> None:
    algebra = exact if isinstance(empty, sympy.MatrixBase) else Numeric(np if isinstance(empty, np.ndarray) else jnp, float)
    layer = softmax_pair(1, 1, learning_rate=algebra.scalar(1), algebra=algebra).layer(algebra.scalar(1))
    with pytest.raises(ValueError, match=r"context: expected at least one token for softmax to attend to, got shape \(2, 0\)"):
        softmax_update(layer, empty, algebra.ones(2, 1))
    with pytest.raises(ValueError, match=r"inputs: expected at least one example, as the loss is a mean over them, got shape \(2, 0\)"):
        gradient(algebra.zeros(2, 2), empty, empty)
