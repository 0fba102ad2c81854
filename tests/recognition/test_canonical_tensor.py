"""The factored algebra of canonical tensors against tensors formed number by number."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from equivalence.models.heads import Head
from equivalence.recognition.tensor.canonical import (
    CanonicalTensor,
    canonical_tensor,
    descent_slope,
    inner,
    left_slope,
    norm,
    right_slope,
)
from equivalence.recognition.tensor.enclosed import enclosed_head
from equivalence.recognition.tensor.lowrank import LowRank

SHAPES = [(2, 5, 3, 1), (1, 3, 4, 2), (4, 2, 1, 3)]
"""Rows, d, columns, heads."""


def drawn(rng: np.random.Generator, *shape: int, exact: bool) -> Any:
    """Small Fractions, or floats."""
    if not exact:
        return rng.normal(size=shape)
    entries = [
        Fraction(int(a), int(b)) for a, b in zip(rng.integers(-4, 5, np.prod(shape)), rng.integers(1, 4, np.prod(shape)), strict=True)
    ]
    return np.array(entries, dtype=object).reshape(shape)


def tensor(rng: np.random.Generator, rows: int, d: int, columns: int, heads: int, *, exact: bool) -> CanonicalTensor:
    return CanonicalTensor(tuple((drawn(rng, rows, d, exact=exact), drawn(rng, d, columns, exact=exact)) for _ in range(heads)))


def brute(found: CanonicalTensor) -> Any:
    """``½ Σ (A_kp B_rj + A_kr B_pj)``, one entry at a time."""
    pairs: Any = found.pairs
    (rows, d), columns = pairs[0][0].shape, pairs[0][1].shape[1]
    whole = np.zeros((rows, d, d, columns), dtype=pairs[0][0].dtype)
    for k, p, r, j in product(range(rows), range(d), range(d), range(columns)):
        whole[k, p, r, j] = sum(A[k, p] * B[r, j] + A[k, r] * B[p, j] for A, B in pairs) / 2
    return whole


@pytest.mark.parametrize(("rows", "d", "columns", "heads"), SHAPES)
def test_the_factored_inner_product_is_that_of_the_tensors(rows: int, d: int, columns: int, heads: int) -> None:
    rng = np.random.default_rng(rows)
    left, right = (tensor(rng, rows, d, columns, count, exact=True) for count in (heads, heads + 1))
    assert inner(left, right) == (brute(left) * brute(right)).sum()
    assert (left.dense() == brute(left)).all()
    assert all((left.slice(p, r) == brute(left)[:, p, r]).all() for p in range(d) for r in range(d))


def test_the_inner_product_needs_both_halves() -> None:
    one = CanonicalTensor(((np.array([[Fraction(1), Fraction(0)]]), np.array([[Fraction(0)], [Fraction(1)]])),))
    assert inner(one, one) == Fraction(1, 2) == (brute(one) * brute(one)).sum()


@pytest.mark.parametrize(("rows", "d", "columns", "heads"), SHAPES)
def test_slopes_are_gradients_of_the_inner_product(rows: int, d: int, columns: int, heads: int) -> None:
    rng = np.random.default_rng(d)
    found = tensor(rng, rows, d, columns, heads, exact=True)
    ((A, B),) = tensor(rng, rows, d, columns, 1, exact=True).pairs
    value = inner(found, CanonicalTensor(((A, B),)))
    assert (left_slope(found, B) * A).sum() == value == (right_slope(found, A) * B).sum()


@pytest.mark.parametrize(("rows", "d", "columns", "heads"), [(2, 5, 3, 1), (1, 4, 3, 2), (4, 2, 1, 3)])
def test_the_slope_at_the_identity_needs_no_product_by_it(rows: int, d: int, columns: int, heads: int) -> None:
    found = tensor(np.random.default_rng(columns), rows, d, columns, heads, exact=True)
    unit = np.array([[Fraction(int(i == j)) for j in range(columns)] for i in range(d)], dtype=object)
    assert (descent_slope(found) == left_slope(found, unit)).all()
    assert (descent_slope(found) != left_slope(found, 2 * unit)).any()


def test_thin_heads_in_their_factors_have_the_same_tensor() -> None:
    """Entries are sums of 2 and 21 products of numbers below 5; 1e-12 is over 4000 units of 1."""
    rng = np.random.default_rng(6)
    heads = [Head(*(rng.normal(size=shape) / 4 for shape in ((2, 21), (2, 21), (2, 21), (21, 2)))) for _ in range(2)]
    forms = [enclosed_head(head, 17) for head in heads]
    kept = CanonicalTensor(tuple((form.output.matrix, form.scores.matrix) for form in forms))
    formed = canonical_tensor(heads).rows(slice(17, None))
    assert isinstance(kept.pairs[0][1], LowRank)
    assert np.abs(kept.dense() - formed.dense()).max() < 1e-12
    seen = rng.normal(size=(4, 17))
    for one, other in ((kept, formed), (kept.on_queries(seen), formed.on_queries(seen))):
        assert norm(one) == pytest.approx(norm(other), rel=1e-12)
        assert np.abs(np.asarray(descent_slope(one)) - descent_slope(other)).max() < 1e-12
    assert norm(CanonicalTensor(kept.pairs[:1])) != pytest.approx(norm(formed), rel=1e-2)


@pytest.mark.parametrize(("rows", "d", "columns", "heads"), SHAPES)
def test_a_difference_is_the_difference_of_the_tensors(rows: int, d: int, columns: int, heads: int) -> None:
    rng = np.random.default_rng(heads)
    found = tensor(rng, rows, d, columns, heads, exact=True)
    ((A, B),) = tensor(rng, rows, d, columns, 1, exact=True).pairs
    assert (found.difference(A, B).dense() == brute(found) - brute(CanonicalTensor(((A, B),)))).all()
    assert (found.difference(A, 0 * B).dense() == brute(found)).all()


def test_a_difference_keeps_the_digits_that_the_three_term_formula_loses() -> None:
    rng = np.random.default_rng(7)
    ((A, B),) = tensor(rng, 2, 5, 3, 1, exact=False).pairs
    close = CanonicalTensor(((3 * A + 1e-12 * drawn(rng, 2, 5, exact=False), B / 3),))
    target = CanonicalTensor(((A, B),))
    expected = np.linalg.norm(np.asarray(brute(CanonicalTensor(((close.pairs[0][0] / 3 - A, B),))), dtype=float))
    lost = abs(inner(close, close) - 2 * inner(close, target) + inner(target, target)) ** 0.5
    assert norm(close.difference(A, B)) == pytest.approx(expected, rel=1e-2)
    assert abs(lost - expected) > expected / 2


def test_norms_are_those_of_the_tensor() -> None:
    found = tensor(np.random.default_rng(3), 2, 5, 3, 3, exact=False)
    assert norm(found) == pytest.approx(np.linalg.norm(brute(found)), rel=1e-12)


def test_queries_and_rows_are_contracted_and_chosen() -> None:
    rng = np.random.default_rng(5)
    d_x, d_y, heads = 3, 2, []
    for d_k, d_v in ((1, 4), (2, 3)):
        heads.append((*(drawn(rng, d_k, 5, exact=True) for _ in range(2)), drawn(rng, d_v, 5, exact=True), drawn(rng, 5, d_v, exact=True)))
    initial = drawn(rng, d_y, d_x, exact=True)
    whole = canonical_tensor(heads)
    seen = whole.rows(slice(d_x, None)).on_queries(initial).dense()
    query = np.concatenate([np.array([[Fraction(int(i == j)) for j in range(d_x)] for i in range(d_x)], dtype=object), -initial])
    assert (seen == brute(whole)[d_x:] @ query).all()
    token, q = drawn(rng, 5, exact=True), query @ drawn(rng, d_x, exact=True)
    written = sum((projection @ value @ token) * ((key @ token) @ (asks @ q)) for key, asks, value, projection in heads)
    assert (np.array([token @ part @ token for part in brute(whole) @ q]) == written).all()
