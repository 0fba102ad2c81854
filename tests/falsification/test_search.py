"""Every law has a predictor that breaks it and no other; gradient descent keeps them all."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from equivalence.falsification.laws import LAWS
from equivalence.falsification.search import falsify
from equivalence.models.attention.linear import linear_attention
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.predictors.from_descents import gradient_descent
from equivalence.predictors.from_layers import softmax_layer
from tests.support.lawless import (
    BREAKERS,
    PRECONDITIONED_IS_LEFT,
    SETTLED,
    START,
    Predict,
    broken,
    descent,
    nonzero,
    not_additive,
    query_as_key,
    searched,
    smallest,
    start_by_size,
    tokenwise,
)


def test_every_law_has_a_breaker() -> None:
    assert list(BREAKERS) == [law.name for law in LAWS]


@pytest.mark.parametrize("name", BREAKERS)
def test_a_predictor_breaks_the_law_it_should_and_no_other(name: str) -> None:
    predict, d_y, size = BREAKERS[name]
    found = searched(predict, 2, d_y)
    assert broken(found) == [name]
    law, counterexample = found.broken[0].law, smallest(found, name)
    assert counterexample.instance.context_x.shape == (2, law.least_context)
    assert nonzero(counterexample) == size
    assert set(np.abs(counterexample.instance.context_x).ravel()) <= {0, 1}
    assert abs(counterexample.left - counterexample.right).max() > 1000 * counterexample.tolerance
    assert found.conclusion == (SETTLED if law.preconditioned else PRECONDITIONED_IS_LEFT)
    assert found.step_sizes == {}


def test_one_law_that_needs_another_is_not_tested() -> None:
    found = searched(query_as_key, 2, 3, examples=4)
    untested = {report.law.name: report.outcome for report in found.reports if report.holds is None}
    assert untested == dict.fromkeys(
        ["one start at all context sizes", "still on data that the start fits"], "not tested: the start is not linear, so there is no W₀"
    )


def numpy_layer(X: Any, Y: Any, q: Any) -> Any:
    layer = gd_layer(3, 2, learning_rate="1/10", context=7).to_numpy()
    return prediction(linear_attention(layer, tokens(X, Y), query_tokens(np.zeros((2, 3)), q))[1], 3, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_descent_in_jax_keeps_all_laws(dtype: Any) -> None:
    """One type of floats each, and η/N: the step size depends on the context size."""
    predict = jax.jit(gradient_descent(START.astype(dtype), learning_rate=0.5))
    found = searched(predict, 2, 3, dtype=dtype, examples=10)
    assert not found.refuted, str(found)
    assert all(report.holds for report in found.reports)
    assert found.unit == np.finfo(dtype).eps
    assert found.step_sizes == pytest.approx({1: 0.5, 2: 0.25}, rel=found.rounding * found.unit)


def test_a_layer_of_numpy_keeps_all_laws() -> None:
    found = searched(numpy_layer, 3, 2, examples=10)
    assert not found.refuted, str(found)
    assert [report.instances for report in found.reports] == [10 * (2 - report.law.least_context + 1) for report in found.reports]
    assert found.step_sizes == pytest.approx({1: 1 / 70, 2: 1 / 70}, rel=1e-15)
    assert "evidence, no proof" in found.conclusion


def test_a_badly_conditioned_gauge_is_no_counterexample() -> None:
    """Key and query turned by T and T⁻ᵀ with entries of size 100, in single precision, and two heads that cancel in part."""
    random = np.random.default_rng(3)
    T = np.eye(5) + 10 * random.normal(size=(5, 5))
    (head,) = gd_layer(3, 2, learning_rate="1/10", context=1).to_numpy().heads
    turned = head._replace(key=T @ head.key, query=np.linalg.inv(T).T @ head.query)
    heads = (turned._replace(projection=9 * head.projection), head._replace(projection=-8 * head.projection))
    layer = Layer(tuple(Head(*(weight.astype(np.float32) for weight in each)) for each in heads))

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return prediction(linear_attention(layer, tokens(X, Y), query_tokens(np.zeros((2, 3), np.float32), q))[1], 3, 2)

    found = searched(predict, 3, 2, dtype=np.float32)
    assert not found.refuted, str(found)


def test_a_preconditioner_of_one_part_in_a_million_million_is_seen() -> None:
    found = searched(descent(C=np.diag([1.0, 1 + 1e-11])), 2, 3)
    assert broken(found) == ["blind to reflections of x"]
    assert not searched(descent(C=np.diag([1.0, 1 + 1e-15])), 2, 3, examples=4).refuted


def numpy_softmax(X: Any, Y: Any, q: Any) -> Any:
    layer = gd_layer(3, 1, learning_rate=1, context=1).to_numpy()
    return prediction(softmax_update(layer, tokens(X, Y), query_tokens(np.zeros((1, 3)), q)), 3, 1)


JAX_SOFTMAX = softmax_layer(gd_layer(3, 1, learning_rate=1, context=1), np.zeros((1, 3)))


@pytest.mark.parametrize("predict", [numpy_softmax, jax.jit(JAX_SOFTMAX), JAX_SOFTMAX], ids=["NumPy", "jitted JAX", "eager JAX"])
def test_a_softmax_layer_fails_on_one_token_and_few_predictions(predict: Predict) -> None:
    """Two context sizes are asked for, not three: each costs eager JAX a compilation of every operation."""
    asked = []

    def counted(X: Any, Y: Any, q: Any) -> Any:
        asked.append(X.shape[1])
        return predict(X, Y, q)

    found = falsify(counted, d_x=3, d_y=1)
    assert set(asked) == {1, 2}
    assert len(asked) < 700
    counterexample = smallest(found, "linear in the query")
    assert counterexample.instance.context_x.shape == (3, 1)
    assert all((part == part.astype(int)).all() for part in counterexample.instance)
    assert nonzero(counterexample) == (0, 1, 0)
    assert {"additive over tokens", "cubic under scaling"} <= set(broken(found))


def test_a_counterexample_is_shrunk_in_few_steps_though_d_x_is_large() -> None:
    asked = []

    def predict(X: Any, Y: Any, q: Any) -> Any:
        asked.append(X)
        weights = np.exp(X.T @ q)
        return Y @ weights / weights.sum()

    found = falsify(predict, d_x=10, d_y=1)
    assert nonzero(smallest(found, "linear in the query")) == (0, 1, 0)
    assert nonzero(smallest(found, "additive over tokens")) == (1, 1, 1)
    assert len(asked) < 600 + 2 * 96  # 96 measure the noise of a context size


def test_what_shows_only_on_tokens_with_two_entries_is_found() -> None:
    found = searched(tokenwise(lambda x, y, q: (x @ q) * (y**3 if x.all() else y)), 2, 1)
    counterexample = smallest(found, "affine in the targets")
    inputs, targets, query = nonzero(counterexample)
    assert (inputs, targets + np.count_nonzero(counterexample.others["Z"]), query) == (2, 1, 1)


def test_larger_contexts_are_for_laws_that_say_nothing_on_smaller_ones_once_the_verdict_is_settled() -> None:
    found = searched(numpy_softmax, 3, 1, max_context=3)
    contexts = {report.law.name: report.contexts for report in found.reports if report.holds is not None}
    assert contexts == {law.name: (law.least_context,) for law in LAWS if law.name in contexts}
    assert len(contexts) == len(LAWS) - 1
    outcomes = {report.law.name: report.outcome for report in found.reports}
    assert outcomes["linear start"] == "held on 12 instances of 1 token"
    assert outcomes["blind to the order of tokens"] == "held on 12 instances of 2 tokens"


def test_a_broken_reflection_settles_nothing() -> None:
    """With one token this is preconditioned gradient descent; with two it is not affine in the targets."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return (Y + (X.shape[1] - 1) * Y**3) @ X.T @ np.diag([1.0, 2.0]) @ q

    found = searched(predict, 2, 1, max_context=3)
    assert smallest(found, "blind to reflections of x").instance.context_x.shape == (2, 1)
    assert smallest(found, "affine in the targets").instance.context_x.shape == (2, 2)
    assert found.conclusion == SETTLED
    (order,) = (report for report in found.reports if report.law.name == "blind to the order of tokens")
    assert (order.contexts, order.instances) == ((2,), 12)
    alone = searched(predict, 2, 1, max_context=1)
    assert alone.conclusion == PRECONDITIONED_IS_LEFT


def test_keys_that_read_the_targets_are_not_affine_in_them() -> None:
    (head,) = gd_layer(2, 1, learning_rate=1, context=1).to_numpy().heads
    layer = Layer((head._replace(key=np.array([[1.0, 0, 1], [0, 1, 0], [0, 0, 0]])),))

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return prediction(linear_attention(layer, tokens(X, Y), query_tokens(np.zeros((1, 2)), q))[1], 2, 1)

    found = searched(predict, 2, 1)
    assert broken(found) == ["affine in the targets", "blind to reflections of x"]
    assert smallest(found, "affine in the targets").instance.context_x.shape == (2, 1)


def test_progress_is_told_from_0_to_1() -> None:
    told: list[float] = []
    falsify(descent(), d_x=2, d_y=3, max_context=2, examples=6, progress=told.append)
    assert told == sorted(told)
    assert 0 < told[0] <= 1 / (2 * len(LAWS))
    assert told[-1] == 1
    assert len(told) > 2 * (len(LAWS) - 2)


def test_what_would_take_all_memory_is_refused_before_anything_is_asked() -> None:
    def never(*_: object) -> None:
        raise AssertionError("it is not asked")

    with pytest.raises(ValueError, match="examples: expected at most 10000, got 10001"):
        falsify(never, d_x=2, d_y=3, examples=10_001)
    with pytest.raises(ValueError, match="d_x, d_y, max_context: expected instances of at most 4096 numbers, got 4098; smaller ones"):
        falsify(never, d_x=1, d_y=3, min_context=1, max_context=1024, examples=1)


def test_one_context_size() -> None:
    """A callable that takes four tokens only: the other sizes are never asked for, and the counterexample pads with zeros."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        assert X.shape[1] == 4
        return not_additive(X, Y, q)

    found = searched(predict, 2, 1, min_context=4, max_context=4)
    assert broken(found) == ["additive over tokens"]
    assert nonzero(smallest(found, "additive over tokens")) == (2, 1, 1)
    untested = {report.law.name: report.outcome for report in found.reports if report.holds is None}
    assert untested["one start at all context sizes"] == "not tested: it compares two context sizes; set max_context above min_context"


def test_a_start_of_one_size_only_is_compared_with_the_size_before_it() -> None:
    found = searched(start_by_size, 2, 3, min_context=2, max_context=3)
    assert broken(found) == ["one start at all context sizes"]
    counterexample = smallest(found, "one start at all context sizes")
    assert counterexample.instance.context_x.tolist() == [[0] * 3] * 2
    (column,) = (START @ counterexample.instance.query).T
    assert counterexample.left[:, 0] == pytest.approx(3 * column, rel=1e-14)
    assert counterexample.right[:, 0] == pytest.approx(2 * column, rel=1e-14)


def test_laws_on_two_tokens_are_not_tested_on_one() -> None:
    found = searched(not_additive, 2, 1, max_context=1, examples=4)
    untested = {report.law.name: report.outcome for report in found.reports if report.holds is None}
    assert untested["additive over tokens"] == "not tested: it speaks of 2 tokens at least; set max_context to 2 or more"
    assert set(untested) == {
        "one start at all context sizes",
        "additive over tokens",
        "blind to the order of tokens",
        "turning with reflections of y",
    }
    assert not found.refuted
    assert "Laws that were not tested, and contexts of other sizes, are left open, and so is what differs by less than" in found.conclusion


def test_the_same_seed_finds_the_same() -> None:
    predict, d_y, _ = BREAKERS["cubic under scaling"]
    first, second = (str(searched(predict, 2, d_y, seed=5)) for _ in range(2))
    assert first == second
