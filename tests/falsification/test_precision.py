"""What rounding may hide, and what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equivalence.falsification.callables import _step
from equivalence.falsification.laws import RegressionInstance
from equivalence.falsification.report import Counterexample
from equivalence.models.constructions import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.testing import assert_gradient_descent
from tests.support.lawless import (
    START,
    descent,
    searched,
    smallest,
)


def test_rounding_is_measured_by_the_largest_output() -> None:
    """Rows of W₀ that differ by 10¹⁰: what the first output rounds is more than the second output's size."""
    W = np.array([[1e10 / 3, 1e10 / 7], [0, 0]])
    found = searched(lambda X, Y, q: (W + 0.3 * (Y - W @ X) @ X.T) @ q, 2, 2, examples=30)
    assert not found.refuted, str(found)


def test_one_context_size_does_not_hide_another() -> None:
    """A step of size 100 on one token; on two, one of size 10⁻⁴ on squared targets, which single precision tells from a step."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return np.float32(100) * (Y @ X.T @ q) if X.shape[1] == 1 else np.float32(1e-4) * (Y**2 @ X.T @ q)

    found = searched(predict, 2, 1, dtype=np.float32)
    assert smallest(found, "affine in the targets").instance.context_x.shape == (2, 2)


def test_half_precision_says_what_it_does_not_see_and_no_verdict_is_given_where_it_sees_nothing() -> None:
    found = searched(descent(C=np.diag([1.0, 1.1])), 2, 3, dtype=np.float16)
    assert not found.refuted
    assert "so is what differs by less than 4.4e-01 of its terms" in found.conclusion
    with pytest.raises(
        ValueError, match=r"^rounding: expected less than 1/0\.00098 units, .* got 1216; use wider floats, or give a smaller"
    ):
        searched(lambda X, Y, q: Y @ X.T @ q, 16, 1, dtype=np.float16)
    assert not searched(lambda X, Y, q: Y @ X.T @ q, 16, 1, dtype=np.float16, rounding=40).refuted


def coarse_where_tokens_are_sparse(X: Any, Y: Any, q: Any) -> Any:
    """Double precision on dense probes alone."""
    found = Y @ X.T @ q
    return found if X.all() and Y.all() and q.all() else found.astype(np.float16)


@pytest.mark.parametrize(
    "predict",
    [coarse_where_tokens_are_sparse, lambda X, Y, q: (Y @ X.T @ q).astype(np.float16 if X.shape[1] == 2 else np.float64)],
    ids=["by the entries", "by the context size"],
)
def test_answers_are_of_one_type_so_that_the_resolution_is_known_before_any_law_holds(predict: Any) -> None:
    with pytest.raises(TypeError, match=r"^predict: expected predictions of one type of floats, got float16 after float64; convert"):
        searched(predict, 16, 1)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_long_doubles_are_compared_as_the_doubles_that_they_become(dtype: Any) -> None:
    found = searched(lambda X, Y, q: START @ q + dtype("0.1") * (Y - START @ X) @ X.T @ q, 2, 3, dtype=dtype, examples=30)
    assert not found.refuted, str(found)
    assert found.unit == 2.0**-52


def in_type(floats: Any, C: Any = None) -> Any:
    """A step, preconditioned if C is given, in floats of its own, handed out as doubles."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        X, Y, q, W = (array.astype(floats) for array in (X, Y, q, START))
        seen = q if C is None else C.astype(floats) @ q
        return (W @ q + floats(0.3) * (Y - W @ X) @ X.T @ seen).astype(np.float64)

    return predict


@pytest.mark.parametrize("predict", [in_type(np.float32), in_type(np.float16), lambda *data: in_type(np.float32)(*data).tolist()])
def test_narrower_floats_within_are_not_decided(predict: Any) -> None:
    found = searched(predict, 2, 3)
    assert (found.outcome, found.refuted, found.broken) == ("not decided", False, ()), str(found)
    assert str(found).splitlines()[0].endswith("contexts of 1 to 2 tokens: not decided")
    assert (
        "that is allowed for, 448 units of 2.2e-16. The noise is measured, 64 times what differences of sixth order show"
        in found.conclusion
    )
    for report in found.undecided:
        assert report.undecided is not None
        assert report.holds is None
        assert report.outcome.startswith("not decided, at X = ")
        assert ", the callable's own noise for " in report.outcome
        assert report.undecided.tolerance < abs(report.undecided.left - report.undecided.right).max() <= report.undecided.noise
    assert found.to_json()["outcome"] == "not decided"


def test_what_is_more_than_the_noise_is_refuted_in_narrower_floats_too() -> None:
    for floats, second in ((np.float32, 1.001), (np.float16, 4.0)):
        assert searched(in_type(floats, np.diag([1.0, second])), 2, 3).outcome == "refuted"
    assert searched(in_type(np.float32, np.diag([1.0, 1 + 1e-6])), 2, 3).outcome == "not decided"
    assert searched(in_type(np.float32), 2, 3, rounding=1e11).outcome == "not refuted"


@pytest.mark.parametrize("size", [1e5, 1e6])
def test_large_terms_that_cancel_are_not_refuted(size: float) -> None:
    """Of the smaller term a staircase is left, and lines may stay on one of its steps."""
    random = np.random.default_rng(1)
    A = size * random.normal(size=(3, 2, 2))

    def predict(X: Any, Y: Any, q: Any) -> Any:
        more = np.einsum("oij,in,jk->ok", A.astype(np.float32), X, q)
        return (Y @ X.T @ q + more) - more

    assert searched(predict, 2, 3, dtype=np.float32).outcome == "not decided"


def with_cancelling_heads(seed: int, size: float, is_turned: bool, right: float = 1.0) -> Any:
    """Heads of a step, in single precision, and two large ones that cancel: of the same keys, or of keys and queries turned alike."""
    random, d = np.random.default_rng(seed), 5
    more = Head(*(random.normal(size=(d, d)) for _ in Head._fields))
    turn = np.linalg.qr(random.normal(size=(d, d)))[0] if is_turned else np.eye(d)
    less = more._replace(key=turn @ more.key, query=turn @ more.query, projection=-more.projection)
    scaled = [head._replace(projection=size * head.projection) for head in (more, less)]
    step = gd_layer(2, 3, learning_rate=1, context=2).to_numpy().heads
    step = tuple(head._replace(query=head.query * np.array([right, 1, 1, 1, 1])) for head in step)
    heads = Layer((*step, *scaled)).to_numpy(np.float32).heads

    def predict(X: Any, Y: Any, q: Any) -> Any:
        E, out = np.vstack([X, Y]), np.vstack([q, np.zeros((3, 1), np.float32)])
        asked = out
        for head in heads:
            out = out + head.projection @ ((head.value @ E) @ ((head.key @ E).T @ (head.query @ asked)))
        return -out[2:]

    return predict


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("size", [1e3, 1e5])
def test_heads_that_cancel_are_not_refuted(seed: int, size: float, is_turned: bool) -> None:
    """As their difference in exact arithmetic is none, the layer is a step."""
    assert searched(with_cancelling_heads(seed, size, is_turned), 2, 3, dtype=np.float32).outcome == "not decided"


def test_what_heads_that_cancel_do_not_hide_is_refuted() -> None:
    assert searched(with_cancelling_heads(0, 10.0, True, right=3.0), 2, 3, dtype=np.float32).outcome == "refuted"


def test_the_last_binary_digit_of_answers_is_that_of_half_of_them() -> None:
    assert _step(np.array([[0.75, 0.0, 6.0, 0.5, -3.0]])) == 0.75  # 1/4, 2, 1/2 and 1
    assert _step(np.array([[2.0**-1074, 2.0**-1074 * 3]])) == 2.0**-1074
    assert _step(np.array([[0.0, 0.0]])) == 0


def test_sides_are_shown_in_as_many_digits_as_tell_them_apart() -> None:
    at = RegressionInstance(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))
    for difference, shown in ((2.0**-40, "left 1.000000000001, right 1;"), (2.0**-52, "left 1.0000000000000002, right 1;")):
        assert shown in str(Counterexample(at, {}, np.array([[1 + difference]]), np.ones((1, 1)), 0.0))


def test_what_is_not_decided_fails_an_assertion_that_says_why() -> None:
    options: dict[str, Any] = {"d_x": 2, "d_y": 3, "max_context": 1, "examples": 12}
    with pytest.raises(
        AssertionError, match=r"^expected a callable that is gradient descent, got one whose rounding may hide that it is none\n"
    ):
        assert_gradient_descent(in_type(np.float32), **options)
    assert_gradient_descent(in_type(np.float32), rounding=1e10, **options)
