"""The metrics between predictors: exact on dyadic data, bounded elsewhere; what each notices, and what it does not see."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equivalence.algebras import Numeric, Rational, exact
from equivalence.algebras.flint import dense
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.alignment.metrics import Alignment, compare
from equivalence.models.attention.linear import update
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.constructions.softmax import softmax_pair, softmax_pair_with_sink
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.predictors.from_descents import centred_descent, gdpp_descent, gradient_descent, preconditioned_descent
from equivalence.predictors.from_layers import linear_layers, softmax_layer
from equivalence.predictors.predictor import Predictor, sensitivity

UNIT = np.finfo(float).eps / 2
BATCH = 5


def integers(*, d_x: int = 3, d_y: int = 2, N: int = 4, batch: int = BATCH, largest: int = 3, seed: int = 0) -> list[np.ndarray]:
    """A batch of X, Y, q and one W₀, of small integers: with N and rates powers of two all that descents compute is exact in float64."""
    rng = np.random.default_rng(seed)
    shapes = ((batch, d_x, N), (batch, d_y, N), (batch, d_x, 1), (d_y, d_x))
    return [rng.integers(-largest, largest + 1, shape).astype(float) for shape in shapes]


def gamma(roundings: int) -> float:
    """What a product of so many factors 1 + δ, or their inverses, is off by at most (Higham 2002, lemma 3.1)."""
    return roundings * UNIT / (1 - roundings * UNIT)


def assert_cosines(found: Alignment, expected: float, entries: int) -> None:
    """Of sensitivities that are computed exactly, up to a factor: n roundings in each of three sums, two under roots, and 4 more."""
    assert np.all(abs(found.model_cosines - expected) <= gamma(2 * entries + 4))
    assert np.all(abs(found.model_cosines) <= 1)


def assert_roots(found: np.ndarray, squares: list[Fraction]) -> None:
    """Square roots of sums that are exact, rounded once; a fused root is allowed one more."""
    for root, square in zip(found.tolist(), squares, strict=True):
        assert abs(Fraction(root) ** 2 - square) <= square * Fraction(gamma(4))


def square(array: Any) -> Fraction:
    """The exact sum of squares of floats."""
    return sum((Fraction(entry) ** 2 for entry in np.asarray(array).ravel().tolist()), Fraction(0))


def slopes(X: np.ndarray, Y: np.ndarray, W0: np.ndarray) -> list[np.ndarray]:
    """The slopes of one step of gradient descent at rate 1/2, exact on integers and N a power of two."""
    return [W0 - 0.5 / X.shape[2] * (W0 @ x - y) @ x.T for x, y in zip(X, Y, strict=True)]


def same(found: Alignment) -> bool:
    """Whether two predictors agree to the last bit."""
    return not found.model_differences.any() and not found.prediction_differences.any()


# Layers and descents


@pytest.mark.parametrize(("d_x", "d_y", "N"), [(3, 2, 4), (1, 3, 2)])
def test_the_constructed_layer_is_gradient_descent(d_x: int, d_y: int, N: int) -> None:
    X, Y, q, W0 = integers(d_x=d_x, d_y=d_y, N=N)
    layer = gd_layer(d_x, d_y, learning_rate="1/2", context=N, initial=exact.value(W0.astype(int).tolist()))
    found = compare(linear_layers([layer], W0), gradient_descent(W0, learning_rate=0.5), X, Y, q)
    assert found.instances == BATCH
    assert same(found)
    assert_cosines(found, 1, d_x * d_y)


@pytest.mark.parametrize("steps", [1, 2])
def test_two_layers_are_two_steps_and_not_one(steps: int) -> None:
    X, Y, q, W0 = integers(d_x=2, d_y=1, largest=1)
    layer = gd_layer(2, 1, learning_rate="1/2", context=4, initial=exact.value(W0.astype(int).tolist()))
    assert same(compare(linear_layers([layer] * 2, W0), gradient_descent(W0, learning_rate=0.5, steps=steps), X, Y, q)) is (steps == 2)


def test_gdpp_layers_are_gdpp_and_not_gradient_descent() -> None:
    X, Y, q, _ = integers(d_x=2, d_y=3, largest=1)
    zero = np.zeros((3, 2))
    layers = [gdpp_layer(2, 3, learning_rate="1/2", gamma="1/4", context=4)] * 2
    gdpp = gdpp_descent(zero, learning_rate=0.5, gamma=0.25, steps=2)
    assert same(compare(linear_layers(layers, zero), gdpp, X, Y, q))
    against = compare(gdpp, gradient_descent(zero, learning_rate=0.5, steps=2), X, Y, q)
    assert against.model_cosine < 1 - gamma(2 * 6 + 4)
    assert against.model_difference > 0


def test_preconditioning_is_seen_by_as_much_as_it_changes() -> None:
    X, Y, q, W0 = integers()
    plain = gradient_descent(W0, learning_rate=0.5)
    C = np.diag([1.0, 2.0, 4.0])
    found = compare(plain, preconditioned_descent(W0, learning_rate=0.5, preconditioner=C), X, Y, q)
    changes = [-0.5 / 4 * (W0 @ x - y) @ x.T @ (np.eye(3) - C) for x, y in zip(X, Y, strict=True)]
    assert_roots(found.model_differences, [square(change) for change in changes])
    assert_roots(found.prediction_differences, [square(change @ each) for change, each in zip(changes, q, strict=True)])


def test_the_query_among_the_keys_is_seen_unless_the_start_is_zero() -> None:
    """Statement 2.2."""
    X, Y, q, W0 = integers()
    for start, equal in ((np.zeros((2, 3)), True), (W0, False)):
        layer = gd_layer(3, 2, learning_rate="1/2", context=4, initial=exact.value(start.astype(int).tolist()))
        among, outside = (linear_layers([layer], start, queries_as_keys=each) for each in (True, False))
        found = compare(among, outside, X, Y, q)
        assert (not found.prediction_differences.any()) is equal


# Sensitivities against exact ones


def exactly(predict: Predictor, *instance: np.ndarray) -> list[list[Fraction]]:
    """What `sensitivity` gives, as fractions."""
    return [[Fraction(entry) for entry in row] for row in jax.jit(sensitivity, static_argnums=0)(predict, *instance).tolist()]


def exact_slope(predict: Any, d_x: int) -> list[list[Fraction]]:
    """The slope of an affine map of rationals: its values at the unit vectors, less that at 0."""
    algebra = Rational()
    columns = []
    for j in range(d_x):
        unit, zero = (algebra.value([[value * (i == j)] for i in range(d_x)]) for value in (1, 0))
        columns.append([Fraction(int(entry.p), int(entry.q)) for (entry,) in dense(predict(algebra, unit, zero))])
    return [list(row) for row in zip(*columns, strict=True)]


def test_sensitivities_are_the_exact_ones() -> None:
    X, Y, q, W0 = integers(batch=1)
    grids = [each.astype(int).tolist() for each in (X[0], Y[0], W0)]

    def by_layer(algebra: Rational, unit: Any, zero: Any) -> Any:
        inputs, targets, start = (algebra.value(grid) for grid in grids)
        layer = gd_layer(3, 2, learning_rate=algebra.scalar("1/2"), context=4, initial=start, algebra=algebra)
        at = [prediction(t + update(layer, tokens(inputs, targets), t), 3, 2) for t in (query_tokens(start, one) for one in (unit, zero))]
        return at[0] - at[1]

    def by_descent(algebra: Rational, unit: Any, zero: Any) -> Any:
        inputs, targets, start = (algebra.value(grid) for grid in grids)
        return gradient_step(start, inputs, targets, algebra.scalar("1/2")) @ (unit - zero)

    layer = gd_layer(3, 2, learning_rate="1/2", context=4, initial=exact.value(grids[2]))
    for predict, oracle in ((linear_layers([layer], W0), by_layer), (gradient_descent(W0, learning_rate=0.5), by_descent)):
        slope = exactly(predict, X[0], Y[0], q[0])
        assert slope == exact_slope(oracle, 3)


def test_a_sensitivity_is_a_derivative_also_where_the_prediction_is_curved() -> None:
    """p = (Σ y_i)(qᵀq) has slope 2 (Σ y_i) qᵀ."""
    X, Y, q, _ = integers()
    slope = exactly(lambda x, y, column: y.sum(axis=1, keepdims=True) * (column.T @ column), X[0], Y[0], q[0])
    assert slope == (2 * Y[0].sum(axis=1, keepdims=True) * q[0].T).tolist()


# Softmax


@pytest.mark.parametrize("beta", ["1", "1/8"])
def test_the_pair_at_the_query_zero_is_the_centred_step_at_every_temperature(beta: str) -> None:
    """There all weights are 1/N, and even orders cancel."""
    X, Y, q, W0 = integers()
    layer = softmax_pair(3, 2, learning_rate="1/2", initial=exact.value(W0.astype(int).tolist())).layer(beta)
    found = compare(softmax_layer(layer, W0), centred_descent(W0, learning_rate=0.5), X, Y, 0 * q)
    assert same(found)
    assert_cosines(found, 1, 6)


def test_softmax_is_not_gradient_descent_by_an_exact_cosine() -> None:
    """x = e₁, e₂, y = (1, 0), q = 0, W₀ = 0: the centred slope is along (1, −1), the plain one along (1, 0), cosine² 1/2."""
    algebra = Rational()
    inputs, targets, zero = algebra.eye(2), algebra.value([[1, 0]]), algebra.zeros(1, 2)
    plain, centred = (step(zero, inputs, targets, algebra.scalar(1)) for step in (gradient_step, centred_step))
    inner, *norms = (algebra.trace(a @ b.T) for a, b in ((plain, centred), (plain, plain), (centred, centred)))
    assert inner * inner / (norms[0] * norms[1]) == algebra.scalar("1/2")

    X, Y, q, start = np.eye(2)[None], np.array([[[1.0, 0.0]]]), np.zeros((1, 2, 1)), np.zeros((1, 2))
    found = compare(softmax_layer(softmax_pair(2, 1, learning_rate=1).layer(1), start), gradient_descent(start, learning_rate=1), X, Y, q)
    assert abs(found.model_cosine**2 - 0.5) <= 0.5 * gamma(2 * (2 * 2 + 4) + 1)
    assert abs(found.model_difference**2 - 0.25**2 * 2) <= gamma(4)


def rounding(X: np.ndarray, Y: np.ndarray, q: np.ndarray, W0: np.ndarray, beta: float) -> float:
    """How far rounding can set the predictions of the pair and of the centred step apart, at rate 1 and d_y = 1."""
    numeric = Numeric(np, float, {"X": X, "Y": Y, "q": q, "W": W0, "beta": np.float64(beta)})
    algebra = MagnitudeAlgebra(numeric)
    inputs, targets, query, start = (algebra.generator(name, *numeric.values[name].shape) for name in ("X", "Y", "q", "W"))
    rate, asked = algebra.scalar(1), query_tokens(start, query)
    layer = softmax_pair(X.shape[0], 1, learning_rate=rate, initial=start, algebra=algebra).layer(algebra.symbol("beta"))
    found = prediction(asked + softmax_update(layer, tokens(inputs, targets), asked), X.shape[0], 1)
    stepped = centred_step(start, inputs, targets, rate) @ query
    return (found.bound() + stepped.bound()).item()


def test_the_pair_comes_to_the_centred_step_as_the_temperature_falls() -> None:
    """Predictions within the proved bound and rounding; 1 − cosine falls as β⁴, so by more than 4 when β is halved."""
    X, Y, q, W0 = integers(d_y=1, N=5, seed=1)
    pair = softmax_pair(3, 1, learning_rate=1, initial=exact.value(W0.astype(int).tolist()))
    norms = (np.linalg.norm(np.concatenate([X, Y], axis=1), axis=1).max().item(), np.linalg.norm(q, axis=1).max().item())
    gaps = []
    for beta in (1 / 32, 1 / 64):
        found = compare(softmax_layer(pair.layer(beta), W0), centred_descent(W0, learning_rate=1), X, Y, q)
        allowed = pair.error_bound(beta, *(math.nextafter(each * (1 + gamma(8)), math.inf) for each in norms))
        noise = max(rounding(*instance, W0, beta) for instance in zip(X, Y, q, strict=True))
        assert noise < allowed
        assert found.prediction_differences.max() <= (allowed + noise) * (1 + gamma(4))
        gaps.append(1 - found.model_cosine)
    assert gaps[0] > 4 * gaps[1] > 0


def sink_slope(X: np.ndarray, Y: np.ndarray, W0: np.ndarray, rate: Fraction) -> list[list[Fraction]]:
    """Token by token, at q = 0, b = 0: all weights are p = 1/(N + 1), the sink's too.

    So ``W₀ − (η/N) Σ p v_i (x_i − Σ_j p x_j)ᵀ``, v_i = W₀x_i − y_i.
    """
    count, (d_y, d_x) = X.shape[1], W0.shape
    p = Fraction(1, count + 1)
    slope = [[Fraction(W0[k, j]) for j in range(d_x)] for k in range(d_y)]
    for i in range(count):
        for k in range(d_y):
            v = sum(Fraction(W0[k, j]) * Fraction(X[j, i]) for j in range(d_x)) - Fraction(Y[k, i])
            for j in range(d_x):
                slope[k][j] -= rate / count * p * v * (Fraction(X[j, i]) - sum(p * Fraction(X[j, m]) for m in range(count)))
    return slope


def test_the_sink_and_the_constant_reach_the_layer() -> None:
    X, Y, q, W0 = integers(N=3, batch=1)
    built = softmax_pair_with_sink(3, 2, learning_rate="3/2", context=3, initial=exact.value(W0.astype(int).tolist()))
    predict = softmax_layer(built.layer("1/2", 0), W0, sink=True)
    assert exactly(predict, X[0], Y[0], 0 * q[0]) == sink_slope(X[0], Y[0], W0, Fraction(3, 2))


def test_with_a_sink_the_pair_comes_to_the_plain_step_and_without_it_does_not() -> None:
    X, Y, q, W0 = integers(N=5)
    start = exact.value(W0.astype(int).tolist())
    plain = gradient_descent(W0, learning_rate=0.5)
    sunk = softmax_layer(softmax_pair_with_sink(3, 2, learning_rate="1/2", context=5, initial=start).layer("1/64", 12), W0, sink=True)
    centred = softmax_layer(softmax_pair(3, 2, learning_rate="1/2", initial=start).layer("1/64"), W0)
    with_sink, without = (compare(each, plain, X, Y, q) for each in (sunk, centred))
    assert with_sink.model_cosine > without.model_cosine
    assert with_sink.model_difference < without.model_difference / 10
    assert with_sink.prediction_difference < without.prediction_difference / 10


# What each metric sees, and what it does not


def after(predict: Predictor, change: Any) -> Predictor:
    return lambda X, Y, q: change(predict(X, Y, q))


def test_a_flipped_sign_has_cosine_minus_one() -> None:
    X, Y, q, W0 = integers()
    plain = gradient_descent(W0, learning_rate=0.5)
    found = compare(plain, after(plain, lambda p: -p), X, Y, q)
    assert_cosines(found, -1, 6)
    assert_roots(found.model_differences, [4 * square(slope) for slope in slopes(X, Y, W0)])


def test_cosine_one_says_nothing_about_the_scalar() -> None:
    X, Y, q, W0 = integers()
    plain = gradient_descent(W0, learning_rate=0.5)
    found = compare(plain, after(plain, lambda p: 4 * p), X, Y, q)
    assert_cosines(found, 1, 6)
    assert_roots(found.model_differences, [9 * square(slope) for slope in slopes(X, Y, W0)])
    assert_roots(found.prediction_differences, [9 * square(slope @ each) for slope, each in zip(slopes(X, Y, W0), q, strict=True)])
    assert found.model_differences.min() > 0


def test_an_offset_is_seen_by_the_predictions_alone() -> None:
    X, Y, q, W0 = integers()
    plain = gradient_descent(W0, learning_rate=0.5)
    found = compare(plain, after(plain, lambda p: p + 2), X, Y, q)
    assert_cosines(found, 1, 6)
    assert not found.model_differences.any()
    assert_roots(found.prediction_differences, [Fraction(8)] * BATCH)


def test_a_turned_model_has_cosine_zero() -> None:
    X, Y, q, W0 = integers()
    W0[1] = 0
    first, second = (lambda X, Y, q: W0 @ q), (lambda X, Y, q: W0[::-1] @ q)
    found = compare(first, second, X, Y, q)
    assert found.model_cosines.tolist() == [0] * BATCH
    assert found.model_difference > 0


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600])
def test_the_cosine_does_not_depend_on_the_scale(scale: float) -> None:
    """The squares of these sensitivities underflow or overflow."""
    X, Y, q, _ = integers(batch=1)
    W = np.array([[3.0, 4.0, 0.0]])
    first, second = (lambda X, Y, q: scale * (W @ q)), (lambda X, Y, q: W[:, ::-1] @ q)
    found = compare(first, second, X, Y[:, :1], q)
    assert abs(found.model_cosine - 16 / 25) <= gamma(2 * 3 + 8)


# Batches and what is shown


def test_each_instance_has_its_own_metrics_and_the_means_are_over_them() -> None:
    X, Y, q, W0 = integers(batch=3)
    pair = gradient_descent(W0, learning_rate=0.5), preconditioned_descent(W0, learning_rate=0.5, preconditioner=np.diag([1.0, 2.0, 4.0]))
    whole = compare(*pair, X, Y, q)
    alone = compare(*pair, X[1:2], Y[1:2], q[1:2])
    assert whole.instances == 3
    assert len(set(whole.model_differences.tolist())) == 3
    assert whole.model_differences[1] == alone.model_difference
    assert whole.prediction_differences[1] == alone.prediction_difference
    assert abs(whole.model_cosines[1] - alone.model_cosine) <= 2 * gamma(2 * 6 + 4)
    assert whole.model_cosine == whole.model_cosines.mean()
    assert whole.model_difference == whole.model_differences.mean()
    assert whole.prediction_difference == whole.prediction_differences.mean()


def test_what_is_shown() -> None:
    found = Alignment(np.array([1.0, 0.5]), np.array([0.0, 2.0]), np.array([0.25, 0.75]))
    assert repr(found) == "<Alignment on 2 instances, means: model cosine 0.75, model difference 1, prediction difference 0.5>"
    assert found._repr_markdown_().splitlines() == [
        "| 2 instances | mean | least | largest |",
        "|---|---|---|---|",
        "| model cosine | 0.75 | 0.5 | 1 |",
        "| model difference | 1 | 0 | 2 |",
        "| prediction difference | 0.5 | 0.25 | 0.75 |",
    ]


def test_arrays_and_layers_of_jax_in_single_precision_stay_so() -> None:
    X, Y, q, W0 = (jnp.asarray(each, dtype="float32") for each in integers())
    layer = gd_layer(3, 2, learning_rate=jnp.float32(0.5), context=4, initial=W0, algebra=Numeric(jnp, "float32"))
    found = compare(linear_layers([layer], W0), gradient_descent(W0, learning_rate=jnp.float32(0.5)), X, Y, q)
    assert found.model_cosines.dtype == np.float32
    assert same(found)


# Bad input


def good(X: Any, Y: Any, q: Any) -> Any:
    return Y.sum(axis=1, keepdims=True) * q.sum()


X, Y, Q, W = (np.ones((4, 3, 5)), np.ones((4, 2, 5)), np.ones((4, 3, 1)), np.ones((2, 3)))


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (([[1.0]], Y, Q), TypeError, "context_x: expected an array, got list"),
        ((X[0], Y, Q), ValueError, r"context_x: expected shape \('any', 'any', 'any'\), got \(3, 5\)"),
        ((X, Y[:3], Q), ValueError, r"context_y: expected shape \(4, 'any', 5\), got \(3, 2, 5\)"),
        ((X, Y[:, :, :4], Q), ValueError, r"context_y: expected shape \(4, 'any', 5\), got \(4, 2, 4\)"),
        ((X, Y, Q[:, :, 0]), ValueError, r"query: expected shape \(4, 3, 1\), got \(4, 3\)"),
        ((X, Y, Q[:, :2]), ValueError, r"query: expected shape \(4, 3, 1\), got \(4, 2, 1\)"),
        ((X[:, :, :0], Y, Q), ValueError, r"context_x: expected sizes of at least 1, got shape \(4, 3, 0\)"),
        ((X[:0], Y[:0], Q[:0]), ValueError, r"context_x: expected sizes of at least 1, got shape \(0, 3, 5\)"),
        ((X.astype(int), Y, Q), TypeError, "context_x: expected floats, got int64"),
        ((X, Y * np.nan, Q), ValueError, "context_y: expected finite numbers, got NaN or infinity"),
        ((X, Y, Q + np.inf), ValueError, "query: expected finite numbers, got NaN or infinity"),
        ((X, Y.astype("float32"), Q), TypeError, "context_x, context_y, query: expected one type, got float64, float32, float64"),
    ],
)
def test_bad_data_are_named(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compare(good, good, *data)


@pytest.mark.parametrize(
    ("predict", "error", "message"),
    [
        (None, TypeError, "expected a callable of context_x, context_y and query, got NoneType"),
        (lambda x, y, q: y @ y.T, ValueError, r"expected a prediction of shape \(d_y, 1\) = \(2, 1\), got \(2, 2\)"),
        (lambda x, y, q: good(x, y, q)[:, 0], ValueError, r"expected a prediction of shape \(d_y, 1\) = \(2, 1\), got \(2,\)"),
        (lambda x, y, q: good(x, y, q).T, ValueError, r"expected a prediction of shape \(d_y, 1\) = \(2, 1\), got \(1, 2\)"),
        (lambda x, y, q: (good(x, y, q),), TypeError, r"expected a prediction that is an array of shape \(d_y, 1\) = \(2, 1\), got tuple"),
        (lambda x, y, q: good(x, y, q).astype(int), TypeError, "expected a prediction of floats, got int64"),
        (
            lambda x, y, q: good(x, y, q) / (0 * q[0, 0]),
            ValueError,
            "expected finite numbers, got NaN or infinity in the prediction on instance 0",
        ),
        (
            lambda x, y, q: jnp.sqrt(q[0] - 1) + good(x, y, q),
            ValueError,
            "expected finite numbers, got NaN or infinity in the sensitivity on",
        ),
        (
            lambda x, y, q: y[:, :1],
            ValueError,
            "expected a prediction that depends on the query; the sensitivity is 0, which has no cosine, on",
        ),
    ],
)
def test_bad_predictors_are_named(predict: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"first: {message}"):
        compare(predict, good, X, Y, Q)
    with pytest.raises(error, match=f"second: {message}"):
        compare(good, predict, X, Y, Q)


def test_instances_without_sensitivity_are_counted() -> None:
    some = X.copy()
    some[1] = some[3] = 0
    with pytest.raises(ValueError, match=r"second: .* has no cosine, on instance 1, 2 in all"):
        compare(good, lambda x, y, q: y @ x.T @ q, some, Y, Q)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: gradient_descent([[1.0]], learning_rate=1), TypeError, "initial: expected an array, got list"),
        (lambda: gradient_descent(W * np.nan, learning_rate=1), ValueError, "initial: expected finite numbers"),
        (lambda: gradient_descent(W, learning_rate="fast"), TypeError, "learning_rate: expected a number, got 'fast'"),
        (lambda: centred_descent(W, learning_rate=np.nan), ValueError, "learning_rate: expected a finite number, got nan"),
        (lambda: gradient_descent(W, learning_rate=1, steps=0), ValueError, "steps: expected an integer, at least 1, got 0"),
        (lambda: gdpp_descent(W, learning_rate=1, gamma=1, steps=1.5), ValueError, "steps: expected an integer, at least 1, got 1.5"),  # type: ignore[arg-type]
        (lambda: gdpp_descent(W, learning_rate=1, gamma=np.inf), ValueError, "gamma: expected a finite number, got inf"),
        (
            lambda: preconditioned_descent(W, learning_rate=1, preconditioner=np.eye(2)),
            ValueError,
            r"preconditioner: expected shape \(3, 3\), got \(2, 2\)",
        ),
        (lambda: linear_layers([], W), ValueError, "layers: expected at least one layer, got none"),
        (
            lambda: linear_layers([gd_layer(3, 2, learning_rate=1, context=5), gd_layer(2, 2, learning_rate=1, context=5)], W),
            ValueError,
            r"layers\[1\]: expected weights on tokens of d_x \+ d_y = 5 rows, got 4 in head 0",
        ),
        (
            lambda: softmax_layer(softmax_pair(3, 2, learning_rate=1).layer(1), W, sink=True),
            ValueError,
            r"layer: expected weights on tokens of d_x \+ d_y \+ 1 = 6 rows, got 5 in head 0",
        ),
        (lambda: softmax_layer(softmax_pair(3, 2, learning_rate="eta").layer(1), W), ValueError, "found the symbols eta; give them values"),
    ],
)
def test_bad_parts_of_predictors_are_named(build: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    "predict",
    [
        gradient_descent(np.ones((3, 2)), learning_rate=1),
        linear_layers([gd_layer(2, 3, learning_rate=1, context=5)], np.ones((3, 2))),
        softmax_layer(Layer(softmax_pair(2, 3, learning_rate=1).layer(1).heads), np.ones((3, 2))),
    ],
)
def test_a_start_that_does_not_fit_the_data_is_named(predict: Predictor) -> None:
    with pytest.raises(ValueError, match=r"initial: expected W₀ of shape \(d_y, d_x\) = \(2, 3\), got \(3, 2\)"):
        compare(good, predict, X, Y, Q)
