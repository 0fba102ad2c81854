"""What a callable may do and return: tensors are read, what it changes or keeps does no harm, and what is wrong is said in one line."""

from __future__ import annotations

import sys
from itertools import count
from typing import Any

import numpy as np
import pytest

from equivalence.falsification.callables import CheckedCallable
from equivalence.falsification.laws import Law, RegressionInstance, Terms
from equivalence.falsification.report import Falsification
from equivalence.falsification.search import _compare, _confirmed, falsify


def searched(predict: Any, **options: Any) -> Falsification:
    return falsify(predict, **{"d_x": 2, "d_y": 1, "max_context": 2, "examples": 12, **options})


class Countdown:
    """Gradient descent for so many calls, and then something else each time."""

    def __init__(self, calls: int):
        self.calls = calls

    def __call__(self, X: Any, Y: Any, q: Any) -> Any:
        self.calls -= 1
        return Y @ X.T @ q + min(self.calls, 0) / 3  # of all digits, so that it is no step of a staircase


class FailsOnce(Countdown):
    """Gradient descent, but one call fails."""

    def __call__(self, X: Any, Y: Any, q: Any) -> Any:
        self.calls -= 1
        if self.calls == 0:
            raise OSError("busy")
        return Y @ X.T @ q


def raising(X: Any, Y: Any, q: Any) -> Any:
    raise KeyError("weights")


def one_size(X: Any, Y: Any, q: Any) -> Any:
    if X.shape[1] != 1:
        raise TypeError("one token, please")
    return Y @ X.T @ q


def noisy(X: Any, Y: Any, q: Any, random: Any = np.random.default_rng(0)) -> Any:  # noqa: B008  (one stream over all calls)
    return Y @ X.T @ q + random.normal()


def for_pages(X: Any, Y: Any, q: Any) -> Any:
    raise TypeError("shapes (2, 1) and (3, 1) do not fit\n\nThe stack trace below is\nof no use")


class Tensor:
    """As PyTorch's: read by ``__array__``, which raises if it requires a gradient."""

    def __init__(self, values: Any, *, requires_grad: bool = False):
        self.values, self.requires_grad = values, requires_grad

    def __array__(self, dtype: Any = None) -> Any:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.values


BAD = {
    "raises": (
        raising,
        ValueError,
        r"predict: raised KeyError: 'weights', on context_x \(2, 1\), context_y \(1, 1\), query \(2, 1\) of float64; it must take",
    ),
    "takes one size": (
        one_size,
        ValueError,
        r"raised TypeError: one token, please, on context_x \(2, 2\).*set min_context and max_context.*and dtype",
    ),
    "raises pages": (for_pages, ValueError, r"predict: raised TypeError: shapes \(2, 1\) and \(3, 1\) do not fit, on context_x"),
    "shape": (
        lambda X, Y, q: (Y @ X.T @ q)[0],
        ValueError,
        r"predict: expected a prediction of shape \(d_y, 1\) = \(1, 1\), got \(1,\), on context_x",
    ),
    "integers": (lambda X, Y, q: np.ones((1, 1), int), TypeError, "predict: expected a prediction of floats, got int64; convert it"),
    "requires grad": (
        lambda X, Y, q: Tensor(Y @ X.T @ q, requires_grad=True),
        TypeError,
        r"predict: returned a Tensor that is no array of numbers \(Can't call numpy\(\) on Tensor that requires grad.*; "
        r"return a NumPy array \(of a PyTorch tensor: \.detach\(\)\.cpu\(\)\.numpy\(\)\)",
    ),
    "an object": (
        lambda X, Y, q: object(),
        TypeError,
        r"predict: returned a object that is no array of numbers \(NumPy finds an object in it\)",
    ),
    "ragged": (lambda X, Y, q: [[1.0], []], TypeError, r"predict: returned a list that is no array of numbers \(setting an array element"),
    "NaN": (
        lambda X, Y, q: Y @ X.T @ q / np.sqrt((X**2).sum()),
        ValueError,
        r"predict: expected finite numbers, got nan for context_x = \[0; 0\], .*; guard divisions that may be by 0",
    ),
    "NaN in one output of several": (
        lambda X, Y, q: np.where([[False], [True]], np.nan, Y @ X.T @ q),
        ValueError,
        r"predict: expected finite numbers, got \[.*; nan\] for context_x",
    ),
    "exits": (lambda X, Y, q: sys.exit("done"), ValueError, "predict: raised SystemExit: done, on context_x"),
    "noise": (noisy, ValueError, r"predict: expected the same prediction for the same input, got .* and then .*; fix its seed, and switch"),
    "noise later": (Countdown(130), ValueError, "predict: expected the same prediction .*, got a different one when it was asked again"),
    "fails once": (FailsOnce(130), ValueError, "predict: expected the same prediction .*, got a different one when it was asked again"),
    "no context": (
        lambda X, Y, q: q[:1],
        ValueError,
        "predict: expected a prediction that depends on the context, got the same for zeros on 16 random",
    ),
    "no callable": (3, TypeError, "predict: expected a callable of context_x, context_y and query, got int"),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("name", BAD)
def test_bad_callables_are_told_what_to_change(name: str) -> None:
    predict, error, message = BAD[name]
    with pytest.raises(error, match=message) as caught:
        searched(predict, d_y=2 if "several" in name else 1)
    assert "\n" not in str(caught.value)
    assert not getattr(caught.value, "__notes__", [])


def test_an_error_during_the_search_is_one_line_too() -> None:
    """At zeros the probes find nothing; the search does, and shrinks it."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        if 0.5 in X:
            raise OverflowError("halves")
        return Y @ X.T @ q

    with pytest.raises(ValueError, match="predict: raised OverflowError: halves, on") as caught:
        searched(predict, examples=60)
    assert not getattr(caught.value, "__notes__", [])
    assert isinstance(caught.value.__cause__, OverflowError)


def descent(X: Any, Y: Any, q: Any) -> Any:
    return Y @ X.T @ q


def descent_in_place(X: Any, Y: Any, q: Any) -> Any:
    """As in-place operations on `torch.from_numpy` of the arguments, which shares their memory."""
    found = Y @ X.T @ q
    for array in (X, Y, q):
        array *= 0
        array += 7
    return found


class SameBuffer:
    """Returns one array, written anew each time."""

    def __init__(self) -> None:
        self.out = np.zeros((1, 1))

    def __call__(self, X: Any, Y: Any, q: Any) -> Any:
        return np.matmul(Y @ X.T, q, out=self.out)


@pytest.mark.parametrize(
    "predict",
    [lambda *data: Tensor(descent(*data)), descent_in_place, SameBuffer()],
    ids=["returns a tensor", "changes its arguments", "returns one buffer"],
)
def test_what_a_callable_returns_changes_or_keeps_does_no_harm(predict: Any) -> None:
    found, expected = searched(predict), searched(descent)
    assert str(found) == str(expected)
    assert not found.refuted
    assert found.step_sizes == {1: 1, 2: 1}


def test_a_callable_that_changes_its_arguments_is_refuted_by_what_it_was_given() -> None:
    def predict(X: Any, Y: Any, q: Any) -> Any:
        found = descent(X, Y, q) ** 3
        q[:] = 5
        return found

    (cubic,) = (report.counterexample for report in searched(predict).broken if report.law.name == "cubic under scaling")
    assert cubic is not None
    assert cubic.instance.query.tolist() in ([[1], [0]], [[0], [1]])


def test_a_context_is_only_read_with_two_tokens() -> None:
    """A centred step, which stays where it is on one token, is no callable that ignores its context."""
    found = searched(lambda X, Y, q: Y @ (X - X.mean(axis=1, keepdims=True)).T @ q)
    assert "additive over tokens" in [report.law.name for report in found.broken]


def test_what_rounding_may_amount_to_counts_every_term_at_the_size_of_its_largest_output() -> None:
    at = RegressionInstance(np.ones((2, 3)), np.full((2, 3), 2.0), np.ones((2, 1)))
    asked = CheckedCallable(lambda X, Y, q: np.array([[0.0], [-8.0]]), 2, 2, np.dtype("float64"), 5.0, 0)
    unit = 2.0**-52
    assert asked.combination([(1.0, at)])[1] == 5 * unit * 8
    assert asked.combination([(3.0, at), (-2.0, at.empty)])[1] == 5 * unit * (3 * 8 + 2 * 8)
    turned, rounding = asked.combination([(np.array([[1.0, -2.0], [0.0, 0.5]]), at)])
    assert turned.tolist() == [[16], [-4]]
    assert rounding == 5 * unit * 3 * 8
    asked.gains[3] = 10.0
    assert asked.combination([(1.0, at)])[1] == pytest.approx(5 * unit * 10 * (1 + 6 + 24) * np.sqrt(2), rel=1e-14)


def test_the_gain_is_the_largest_ratio_of_a_prediction_to_its_size() -> None:
    """Of W₀q, which is largest on no context: the ratio there is |W₀q|/‖q‖, with entries ±1 and ±2 at most 3/√2 for W₀ = [1, 1]."""
    asked = CheckedCallable(lambda X, Y, q: q.sum(axis=0, keepdims=True) + 0 * (Y @ X.T @ q), 2, 1, np.dtype("float64"), 64.0, 0)
    asked.probe(1)
    assert 1 <= asked.gains[1] <= 3 / np.sqrt(2) * (1 + 1e-15)
    assert not asked.reads_context


def test_the_coarsest_type_that_comes_back_sets_the_unit() -> None:
    assert searched(lambda X, Y, q: (Y @ X.T @ q).astype(np.float16)).unit == 2.0**-10
    assert searched(lambda X, Y, q: Y @ X.T @ q).unit == 2.0**-52


def test_what_overflows_is_no_counterexample() -> None:
    at = RegressionInstance(np.ones((2, 3)), np.zeros((2, 3)), np.ones((2, 1)))
    asked = CheckedCallable(lambda X, Y, q: np.array([[1.0], [1.5e308]]), 2, 2, np.dtype("float64"), 5.0, 0)
    assert asked.combination([(1.0, at)])[0].tolist() == [[1], [1.5e308]]
    message = r"^predict: expected predictions whose sums are finite, got 1\.5e\+308; scale what it returns$"
    for terms in ([(2.0, at)], [(1.0, at), (1.0, at)], [(1.0, at), (-1.0, at)]):
        with pytest.raises(ValueError, match=message):
            asked.combination(terms)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="long doubles are doubles here")
def test_wider_floats_that_no_double_holds_are_not_finite() -> None:
    with pytest.raises(ValueError, match="predict: expected finite numbers, got "):
        searched(lambda X, Y, q: (Y @ X.T @ q).astype(np.longdouble) * np.longdouble("1e4000"))


def test_what_was_asked_is_not_asked_again_until_it_is_forgotten() -> None:
    """And −0 is 0."""
    counted = count(1.0)
    known = CheckedCallable(lambda X, Y, q: np.array([[next(counted)]]), 1, 1, np.dtype("float64"), 5.0, 0)
    zero, minus = (RegressionInstance(np.full((1, 1), value), np.ones((1, 1)), np.ones((1, 1))) for value in (0.0, -0.0))
    assert [known(zero), known(minus), known(zero)] == [1, 1, 1]
    known.forget()
    assert known(minus) == 2


def test_one_output_that_ignores_the_context_is_a_verdict_and_no_error() -> None:
    found = searched(lambda X, Y, q: np.vstack([(Y @ X.T @ q)[:1], q[:1]]), d_y=2)
    assert "turning with reflections of y" in [report.law.name for report in found.broken]


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_rounding_of_either_side_is_allowed_for(is_turned: bool) -> None:
    """One side is 0, the other a difference of two predictions near 1, four units apart."""
    full = RegressionInstance(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 1)))
    asked = CheckedCallable(lambda X, Y, q: np.array([[1.0 + 4 * 2.0**-52 * X.any()]]), 1, 1, np.dtype("float64"), 5.0, 0)
    sides: list[Terms] = [[], [(1.0, full), (-1.0, full.empty)]]
    left, right = reversed(sides) if is_turned else sides
    law = Law("a difference is 0", "", lambda at, others, start: (left, right), {})
    assert _compare(asked, law, full, {}) is None
    asked.rounding = 1.0
    assert _compare(asked, law, full, {}) is not None


def test_the_seed_draws_the_probes() -> None:
    def probed(seed: int) -> list[list[float]]:
        seen = []

        def predict(X: Any, Y: Any, q: Any) -> Any:
            seen.append([*X.flat, *Y.flat, *q.flat])
            return descent(X, Y, q)

        CheckedCallable(predict, 2, 1, np.dtype("float64"), 64.0, seed).probe(2)
        return seen

    assert probed(0) == probed(0) != probed(1)


@pytest.mark.parametrize("answers", [(1.0, 0.0), (0.0, 1.0), (1.0, 2.0)], ids=["kept then", "kept first", "broken otherwise"])
def test_a_counterexample_that_is_another_when_it_is_asked_again_is_none(answers: tuple[float, ...]) -> None:
    full = RegressionInstance(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 1)))
    law = Law("nothing is predicted", "", lambda at, others, start: ([(1.0, at)], []), {})
    given = iter([*answers, 3.0, 3.0])
    asked = CheckedCallable(lambda X, Y, q: np.array([[next(given)]]), 1, 1, np.dtype("float64"), 5.0, 0)
    asked.noises[2] = 0.0  # so that it is not measured, for which there are no answers
    with pytest.raises(ValueError, match=r"^predict: expected the same prediction .* for the law “nothing is predicted”; fix its seed"):
        _confirmed(asked, law, (full, {}))
    asked.forget()
    assert _confirmed(asked, law, (full, {})).left == 3
