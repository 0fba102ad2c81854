"""The exact risks against every case enumerated, in Fractions, and against the layer run on draws; the draws against their moments.

What is allowed to means of draws is said in `tests.support.means`.
"""

import dataclasses
import itertools
import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equivalence.tasks.laws import Gaussian, Uniform
from equivalence.tasks.one_step import optimal_rate, optimal_risk, risk
from equivalence.tasks.regression import Tasks, regression
from tests.support.means import assert_mean
from tests.support.oracles import descended, times

HALF = Uniform("1/2")


@dataclasses.dataclass(frozen=True)
class TwoPoints:
    """2 with probability p = 1/3 and −1 otherwise: mean 0, and a third moment that is not 0."""

    values = ((Fraction(2), Fraction(1, 3)), (Fraction(-1), Fraction(2, 3)))
    variance = Fraction(2)
    fourth_moment = Fraction(6)


FAIR = ((Fraction(1), Fraction(1, 2)), (Fraction(-1), Fraction(1, 2)))


def enumerated_risk(rate, d_x, d_y, context, deviation):
    """½E‖error‖² over all cases: inputs of `TwoPoints`, weights ±1, noise ±τ, by the loops of the oracles."""
    inputs, weights = d_x * (context + 1), d_y * d_x
    laws = [TwoPoints.values] * inputs + [FAIR] * (weights + (d_y * context if deviation else 0))
    total = Fraction(0)
    for case in itertools.product(*laws):
        probability = math.prod(p for _, p in case)
        drawn = np.array([value for value, _ in case], dtype=object)
        x, w, noise = np.split(drawn, [inputs, inputs + weights])
        X, q, W = x[d_x:].reshape(d_x, context), x[:d_x], w.reshape(d_y, d_x)
        Y = W @ X + (deviation * noise.reshape(d_y, context) if deviation else 0)
        start = np.full((d_y, d_x), Fraction(0))
        guess = times(descended(start, X, Y, [rate]), q)
        total += probability * sum((a - b) ** 2 for a, b in zip(guess, times(W, q), strict=True)) / 2
    return total


SIZES = [(2, 1, 2, 0), (1, 2, 3, 0), (3, 1, 1, 0), (1, 1, 2, 3), (1, 2, 2, 1), (2, 1, 1, 2)]


@pytest.mark.parametrize(("d_x", "d_y", "context", "deviation"), SIZES)
def test_risk_and_its_minimum_are_those_of_the_enumeration(d_x, d_y, context, deviation):
    sizes = {"d_x": d_x, "context": context, "noise_variance": deviation**2}
    at = [enumerated_risk(Fraction(rate), d_x, d_y, context, deviation) for rate in (0, 1, 2)]
    assert at == [risk(TwoPoints(), rate=rate, d_y=d_y, **sizes) for rate in (0, 1, 2)]
    slope, bend = (4 * at[1] - 3 * at[0] - at[2]) / 2, (at[0] - 2 * at[1] + at[2]) / 2  # the parabola through the three
    assert bend > 0
    assert optimal_rate(TwoPoints(), **sizes) == -slope / (2 * bend)
    assert optimal_risk(TwoPoints(), d_y=d_y, **sizes) == at[0] - slope**2 / (4 * bend)


def test_the_enumeration_sees_each_part_of_the_formula():
    assert enumerated_risk(Fraction(1), 1, 1, 2, 3) != enumerated_risk(Fraction(1), 1, 1, 2, 0)  # noise
    assert enumerated_risk(Fraction(1), 2, 1, 1, 0) != risk(Gaussian("1.5"), d_x=2, context=1, rate=1)
    assert enumerated_risk(Fraction(1), 2, 1, 1, 0) != risk(TwoPoints(), d_x=2, context=2, rate=1)


def test_moments_of_two_points_are_as_said():
    powers = {k: sum(p * value**k for value, p in TwoPoints.values) for k in (0, 1, 2, 3, 4)}
    assert powers == {0: 1, 1: 0, 2: TwoPoints.variance, 3: 2, 4: TwoPoints.fourth_moment}


def test_the_figures_of_the_literature():
    sizes = {"d_x": 10, "context": 10}
    assert optimal_rate(HALF, **sizes) == Fraction(200, 33)
    assert optimal_risk(HALF, **sizes) == Fraction(245, 1188)
    assert optimal_risk(Uniform(1), **sizes) == Fraction(245, 297)
    assert risk(HALF, rate=0, **sizes) == Fraction(5, 12)
    for noise in (0, 2):  # N / (N + d + 1 + τ²), Mahankali et al. and Zhang et al. 2023
        assert optimal_rate(Gaussian(), d_x=3, context=7, noise_variance=noise) == Fraction(7, 11 + noise)


@pytest.mark.parametrize(
    ("alpha", "expected"), [(1, Fraction(245, 1188)), (2, Fraction(20, 12) - Fraction(2000, 297) + Fraction(8000, 594))]
)
def test_inputs_scaled_at_a_fixed_rate(alpha, expected):
    assert risk(Uniform(Fraction(alpha, 2)), d_x=10, context=10, rate="200/33") == expected


LAWS = [HALF, Uniform(3), Gaussian(), Gaussian("1/3")]


@pytest.mark.parametrize("law", LAWS)
def test_draws_have_the_moments_of_their_law(law):
    draws = np.asarray(law.draw(jax.random.key(1), (40_000,), jnp.float64))
    for power, moment in ((1, 0), (2, law.variance), (3, 0), (4, law.fourth_moment)):
        assert_mean(draws**power, moment)


def test_a_wrong_moment_is_seen():
    draws = np.asarray(HALF.draw(jax.random.key(1), (40_000,), jnp.float64))
    for power, moment in ((1, 0.01), (2, HALF.variance * Fraction(21, 20)), (4, HALF.fourth_moment * Fraction(21, 20))):
        with pytest.raises(AssertionError, match="standard errors from"):
            assert_mean(draws**power, moment)


def errors_of(tasks, rate):
    """½‖error‖² of each task under one step from 0 at rate η, in NumPy."""
    X, Y, q, target = (np.asarray(each) for each in (tasks.context_x, tasks.context_y, tasks.query, tasks.target))
    guess = rate / X.shape[2] * np.einsum("bkn,bpn,bpo->bko", Y, X, q)
    return ((guess - target) ** 2).sum(axis=(1, 2)) / 2


CASES = [(HALF, 10, 1, 10, 0), (Gaussian("1/2"), 1, 3, 2, "1/4")]


@pytest.mark.parametrize(("law", "d_x", "d_y", "context", "noise"), CASES)
def test_steps_on_drawn_tasks_have_the_exact_risk(law, d_x, d_y, context, noise):
    sizes = {"d_x": d_x, "context": context, "noise_variance": noise}
    tasks = regression(jax.random.key(7), law, batch=60_000, d_y=d_y, dtype=jnp.float64, **sizes)
    rate = optimal_rate(law, **sizes)
    assert_mean(errors_of(tasks, float(rate)), optimal_risk(law, d_y=d_y, **sizes))
    assert_mean(errors_of(tasks, float(rate / 2)), risk(law, rate=rate / 2, d_y=d_y, **sizes))
    with pytest.raises(AssertionError, match="standard errors from"):
        assert_mean(errors_of(tasks, 2 * float(rate)), optimal_risk(law, d_y=d_y, **sizes))


def drawn(seed=3, noise=0, **others):
    """One size and type for all tests, which JAX compiles once."""
    sizes = {"batch": 10_000, "d_x": 3, "d_y": 2, "context": 5, "dtype": jnp.float64} | others
    return regression(jax.random.key(seed), HALF, noise_variance=noise, **sizes)


def arrays(tasks):
    return [getattr(tasks, field.name) for field in dataclasses.fields(tasks)]


@pytest.mark.parametrize(("asked", "expected"), [(None, "float32"), (jnp.float32, "float32"), (jnp.float64, "float64")])
def test_shapes_and_types(asked, expected):
    abstract = jax.eval_shape(lambda: arrays(drawn(batch=6, dtype=asked)))
    assert [each.shape for each in abstract] == [(6, 3, 5), (6, 2, 5), (6, 3, 1), (6, 2, 1)]
    assert {str(each.dtype) for each in abstract} == {expected}


def test_inputs_are_in_range():
    X, _, q, _ = arrays(drawn())
    assert 0.49 < max(np.abs(X).max(), np.abs(q).max()) <= 0.5


def test_query_and_context_share_no_draw():
    X, _, q, _ = arrays(drawn())
    assert np.intersect1d(X, q).size == 0  # by chance with a probability of about 150,000 · 30,000 / 2^52 = 1e-6


def test_the_same_key_draws_the_same_tasks_and_another_draws_others():
    again, other = arrays(drawn()), arrays(drawn(seed=4))
    for first, same, different in zip(arrays(drawn()), again, other, strict=True):
        assert (first == same).all()
        assert (first != different).any()


def test_noise_is_on_the_context_alone_and_has_its_variance():
    (X, Y, q, target), (noisy_X, noisy_Y, noisy_q, same) = arrays(drawn()), arrays(drawn(noise=4))
    for clean, noisy in ((X, noisy_X), (q, noisy_q), (target, same)):
        assert (clean == noisy).all()
    assert_mean((noisy_Y - Y) ** 2, 4)


def test_a_law_is_told_by_its_numbers():
    assert Uniform("0.5") == HALF == Uniform(0.5)
    assert Uniform(1) != HALF


GOOD = {"context_x": (4, 3, 5), "context_y": (4, 2, 5), "query": (4, 3, 1), "target": (4, 2, 1)}


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("context_x", (3, 5), r"context_x: expected shape \('any', 'any', 'any'\), got \(3, 5\)"),
        ("context_y", (4, 2, 6), r"context_y: expected shape \(4, 'any', 5\), got \(4, 2, 6\)"),
        ("context_y", (1, 2, 5), r"context_y: expected shape \(4, 'any', 5\), got \(1, 2, 5\)"),
        ("query", (4, 2, 1), r"query: expected shape \(4, 3, 1\), got \(4, 2, 1\)"),
        ("target", (4, 2), r"target: expected shape \(4, 2, 1\), got \(4, 2\)"),
        ("context_x", (0, 3, 5), "context_x: expected sizes of at least 1"),
    ],
)
def test_sizes_that_do_not_fit_are_named(name, shape, message):
    with pytest.raises(ValueError, match=message):
        Tasks(**{each: np.zeros(size) for each, size in (GOOD | {name: shape}).items()})


def test_values_that_are_no_finite_floats_are_named():
    good = {each: np.zeros(size) for each, size in GOOD.items()}
    with pytest.raises(ValueError, match="target: expected finite numbers, got NaN or infinity"):
        Tasks(**good | {"target": np.full(GOOD["target"], np.nan)})
    with pytest.raises(TypeError, match="query: expected floats, got int64"):
        Tasks(**good | {"query": np.zeros(GOOD["query"], int)})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Uniform(0), ValueError, "half_width: expected a positive number, got 0"),
        (lambda: Uniform("wide"), ValueError, "half_width: number: expected a rational"),
        (lambda: Gaussian(-1), ValueError, "deviation: expected a positive number, got -1"),
        (lambda: Gaussian(float("nan")), ValueError, "deviation: number: expected a finite number, got nan"),
        (lambda: drawn(batch=0), ValueError, "batch: expected a whole number, at least 1, got 0"),
        (lambda: drawn(context=2.0), TypeError, "context: expected a whole number, at least 1, got 2.0"),
        (lambda: drawn(noise=-1), ValueError, "noise_variance: expected a number that is not negative, got -1"),
        (lambda: drawn(dtype=int), TypeError, "dtype: expected a type of floats, got int64"),
        (lambda: regression(3, HALF, batch=1, d_x=1, context=1), TypeError, r"key: expected one key of jax.random, .* got 3"),
        (lambda: optimal_rate(HALF, d_x=0, context=1), ValueError, "d_x: expected a whole number, at least 1, got 0"),
        (lambda: optimal_risk(HALF, d_x=1, context=True), TypeError, "context: expected a whole number, at least 1, got True"),
        (lambda: optimal_risk(HALF, d_x=1, context=1, d_y=0), ValueError, "d_y: expected a whole number, at least 1, got 0"),
        (lambda: risk(HALF, d_x=1, context=1, rate=None), TypeError, "rate: number: expected an integer"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
