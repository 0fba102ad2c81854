"""The metrics between predictors: what each notices, and what it does not see."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from equivalence.algebras import Numeric
from equivalence.alignment.metrics import Alignment, compare
from equivalence.models.constructions.linear import gd_layer
from equivalence.predictors.from_descents import gradient_descent, preconditioned_descent
from equivalence.predictors.from_layers import linear_layers
from equivalence.predictors.predictor import Predictor
from tests.support.instances import BATCH, assert_cosines, assert_roots, gamma, integers, same, slopes, square

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


@pytest.mark.parametrize("scale", [2.0**-600, 1.0, 2.0**600])
def test_no_metric_overflows_or_vanishes_by_its_squares(scale: float) -> None:
    X, Y, q, _ = integers(batch=1)
    W = np.array([[3.0, 4.0, 0.0]])
    first, second = (lambda X, Y, q: scale * (W @ q)), (lambda X, Y, q: scale * (W[:, ::-1] @ q))
    found = compare(first, second, X, Y[:, :1], q)
    assert abs(found.model_cosine - 16 / 25) <= gamma(2 * 3 + 8)
    assert_roots(found.model_differences / scale, [Fraction(18)])
    assert found.prediction_difference == scale * abs((W - W[:, ::-1]) @ q[0]).item()
    (mixed,) = compare(first, lambda X, Y, q: W[:, ::-1] @ q, X, Y[:, :1], q).model_cosines
    assert abs(mixed - 16 / 25) <= gamma(2 * 3 + 8)


def test_differences_of_what_is_equal_are_0_and_a_difference_beyond_all_floats_is_infinite() -> None:
    X, Y, q, W0 = integers(batch=1)
    same_twice = gradient_descent(W0, learning_rate=0.5)
    assert same(compare(same_twice, same_twice, X, Y, q))
    largest = np.finfo(float).max
    first, second = (lambda X, Y, q: largest * q[:1]), (lambda X, Y, q: -largest * q[:1])
    assert compare(first, second, X, Y[:, :1], np.ones_like(q)).model_difference == np.inf


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


X, Y, Q = np.ones((4, 3, 5)), np.ones((4, 2, 5)), np.ones((4, 3, 1))


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
