"""What rounding may have moved covers what it moved: floats taken as the rationals that they are, at a scale of 10⁸ too."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.floats.bounds import (
    _by_heads,
    _by_slices,
    _quartic,
    certified_norm,
    largest_eigenvalue,
    largest_singular_value,
)
from equivalence.recognition.rounding import TINY, gamma, size
from equivalence.recognition.tensor import enclosed
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.recognition.tensor.enclosed import Ball, Scores, compressed, enclosed_head, enclosure
from equivalence.recognition.tensor.lowrank import LowRank
from equivalence.recognition.witness import _run, _run_rounding, clearest_columns

SCALE = 1e8
rational = np.vectorize(Fraction, otypes=[object])


def exact(matrix: Any) -> Any:
    """Of an array, or of factors multiplied exactly."""
    return rational(matrix.left) @ rational(matrix.right) if isinstance(matrix, LowRank) else rational(matrix)


def dense(pairs: Any) -> Any:
    """``Σ (A_kp B_rj + A_kr B_pj)/2``."""
    whole = sum(A[:, :, None, None] * B for A, B in pairs)
    return (whole + whole.transpose(0, 2, 1, 3)) / 2


def distance(left: Any, right: Any) -> float:
    """The Frobenius distance of exact arrays."""
    return float(((left - right) ** 2).sum()) ** 0.5


def cancelling(seed: int, rows: int = 2, d: int = 5, columns: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two heads of size 10⁸ that cancel but for rounding, and one of size 1."""
    random = np.random.default_rng(seed)
    A, B, A2, B2 = (random.normal(size=shape) for shape in ((rows, d), (d, columns)) * 2)
    return [(SCALE * A, B), (-SCALE * A / 3, 3 * B), (A2, B2)]


def balls(pairs: Any) -> list[tuple[Ball, Ball]]:
    return [(Ball(A, 0.0), Ball(B, 0.0)) for A, B in pairs]


@pytest.mark.parametrize("formed", [True, False])
def test_the_slack_of_a_tensor_and_of_a_difference(formed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Radii are 0, so that what is covered is what forming and subtracting move. Each by itself: a term that is left out shows."""
    monkeypatch.setattr(enclosed, "FORMED", 16 if formed else 0)
    monkeypatch.setattr(enclosed, "NUMBERS", 0)
    for seed in range(20):
        pairs = cancelling(seed)
        tensor, true = enclosure(balls(pairs)), dense([(rational(A), rational(B)) for A, B in pairs])
        member = balls([(SCALE * pairs[2][0] + 1, pairs[2][1])])[0]
        apart, wanted = tensor.difference(member), true - dense([(rational(member[0].matrix), rational(member[1].matrix))])
        for found, expected in ((tensor, true), (apart, wanted)):
            computed = dense([(exact(A), exact(B)) for A, B in found.tensor.pairs])
            assert distance(computed, expected) <= found.slack
            norm = found.norm()
            assert norm.low <= float((expected**2).sum()) ** 0.5 <= norm.high
            if formed:
                assert 0 < distance(rational(found.dense), expected) <= found.slack < 1e-4


def test_norms_of_what_cancels_are_not_below_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """From pairs the square of the norm is off by ``γ(Σ‖A‖‖B‖)²``, which is all of it here."""
    monkeypatch.setattr(enclosed, "FORMED", 0)
    monkeypatch.setattr(enclosed, "NUMBERS", 0)
    lost = 0
    for seed in range(30):
        pairs = cancelling(seed)
        tensor = enclosure(balls(pairs))
        true = float((dense([(rational(A), rational(B)) for A, B in pairs]) ** 2).sum()) ** 0.5
        assert true <= tensor.norm().high
        assert true <= certified_norm(tensor)
        lost += true > tensor.value() * (1 + 1e-9)
    assert lost > 0


@pytest.mark.parametrize(("d", "rank"), [(5, 5), (5, 2), (24, 2)])
def test_products_of_weights_are_within_their_radii(d: int, rank: int) -> None:
    """Formed and thin ones, at a scale of 10⁸, and so gauged that they cancel."""
    random, d_x = np.random.default_rng(rank), d - 2
    gauge = np.eye(rank) + SCALE * np.eye(rank, k=1)
    back = np.eye(rank) - SCALE * np.eye(rank, k=1)
    key, query, value, projection = (random.normal(size=(rank, d)) for _ in range(4))
    head = Head(gauge.T @ key, back @ query, gauge @ value, projection.T @ back)
    form = enclosed_head(head, d_x)
    A, B = rational(head.projection) @ rational(head.value), rational(head.key).T @ rational(head.query)
    assert isinstance(form.scores.matrix, LowRank) == (d > 5)
    for ball, true in ((form.input, A[:d_x]), (form.output, A[d_x:])):
        assert 0 < distance(exact(ball.matrix), true) <= ball.radius
    whole = exact(form.scores.matrix)
    for part, radius in zip((slice(d_x), slice(d_x, None)), form.scores.radii, strict=True):
        assert 0 < distance(whole[:, part], B[:, part]) <= radius
    initial = SCALE * random.normal(size=(2, d_x))
    seen = form.scores.on(initial)
    assert 0 < distance(exact(seen.matrix), B[:, :d_x] - B[:, d_x:] @ rational(initial)) <= seen.radius
    assert form.scores.on(np.zeros((2, d_x))).radius == form.scores.radii[0]


def test_what_is_compressed_is_the_same_tensor_within_its_slack() -> None:
    for seed in range(5):
        pairs = cancelling(seed, columns=5)
        kept = compressed([(Ball(A, 0.0), Scores(B, 3, (0.0, 0.0))) for A, B in pairs])
        true = dense([(rational(A), rational(B)) for A, B in pairs])
        tensor = enclosure([(A, scores.on(None)) for A, scores in kept])
        assert 0 < distance(dense([(exact(A), exact(B)) for A, B in tensor.tensor.pairs]), true) <= tensor.slack
        basis = np.stack([A.matrix.ravel() for A, _ in kept])
        assert np.abs(basis @ basis.T - np.eye(3)).max() < 1e-12
        assert tensor.size() < 1e-6 * enclosure(balls(pairs)).size()
        with_radii = compressed([(Ball(A, 0.5), Scores(B, 3, (0.25, 0.0))) for A, B in pairs])
        first = with_radii[0][1].radii
        sizes = [(np.linalg.norm(A), np.linalg.norm(B[:, :3])) for A, B in pairs]
        assert first[0] >= sum(0.5 * right + (left + 0.5) * 0.25 for left, right in sizes)


def test_norms_are_never_below_the_exact_ones() -> None:
    """Of tensors ``κ e eᵀ γ`` all norms are the same product: what rounds it down anywhere is seen, in a few hundred draws."""
    random = np.random.default_rng(0)
    for _ in range(200):
        row = SCALE * random.normal(size=(1, 3))
        square = sum(Fraction(entry) ** 2 for entry in row[0])
        assert Fraction(size(row)) ** 2 >= square
        assert Fraction(largest_singular_value(row)) ** 2 >= square
        assert Fraction(largest_eigenvalue(row.T @ row)) * (1 + Fraction(gamma(8))) >= square
        kappa, e, c = random.normal(size=2), random.normal(size=4), random.normal(size=3)
        pair = (np.outer(kappa, e), np.outer(e, c))
        left, right = rational(pair[0]), rational(pair[1])
        true = (dense([(left, right)]) ** 2).sum()
        tensor = CanonicalTensor((pair,))
        for bound in (
            _by_heads(tensor),
            _by_slices(tensor),
            _quartic(tensor.dense()) * (1 + gamma(8)),
            certified_norm(enclosure(balls([pair]))),
        ):
            assert Fraction(bound) ** 2 >= true
            assert bound <= (1 + 1e-6) * float(true) ** 0.5 + TINY


@pytest.mark.parametrize("scale", [1.0, SCALE])
def test_a_witness_of_several_heads_is_no_further_off_than_it_says(scale: float) -> None:
    random = np.random.default_rng(3)
    layer = Layer(tuple(Head(*(random.normal(size=(5, 5)) for _ in range(4))) for _ in range(2)))
    (head, other) = layer.heads
    layer = Layer((head._replace(value=scale * head.value), head._replace(value=-scale * head.value / 3, key=3 * head.key), other))
    initial, columns = random.normal(size=(2, 3)), [random.normal(size=(rows, 1)) for rows in (3, 2, 3)]
    predicted, slack = _run(layer, columns, initial, 0.3)[0], _run_rounding(layer, columns, initial, 0.3)
    true = _run(
        Layer(tuple(Head(*map(rational, head)) for head in layer.heads)), [rational(c) for c in columns], rational(initial), Fraction(0.3)
    )[0]
    off = np.abs((true - rational(predicted)).astype(float))
    assert (off <= slack).all()
    assert (off > 0).any()


def test_a_witness_is_sought_in_what_is_left_after_symmetrising() -> None:
    """The larger entries of ``Σ A ⊗ B`` are of two heads that cancel once (p,r) and (r,p) are averaged; a token at these shows nothing."""
    unit = np.eye(3)
    pairs = ((SCALE * unit[:1], np.outer(unit[1], unit[0, :2])), (-SCALE * unit[1:2], np.outer(unit[0], unit[0, :2])))
    small = (unit[2:], np.outer(unit[2], unit[1, :2]))
    x, y, q = clearest_columns(CanonicalTensor((*pairs, small)), np.zeros((1, 2)))
    assert (x.tolist(), y.tolist(), q.tolist()) == ([[0.0], [0.0]], [[1.0]], [[0.0], [1.0]])


def test_hidden_heads_do_not_hide_a_witness() -> None:
    random = np.random.default_rng(0)
    alpha, p, r, c = random.normal(size=(4, 4))
    pair = [Head(r[None], c[None], p[None], alpha[:, None]), Head(p[None], -c[None], r[None], alpha[:, None])]
    wrong = Head(np.eye(4), np.ones((4, 4)), np.eye(4), np.eye(4))
    found = recognise(Layer((pair[0], wrong, pair[1])), d_x=3, d_y=1)
    assert found.family == "none"
    assert found.witness is not None
    assert np.abs(found.witness.prediction - found.witness.expected).max() > 0.1
