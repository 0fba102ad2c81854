"""What rounding may hide, and what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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
