"""Recognition of floating weights: nearest members, W₀ that is found, sizes and gauges that do not matter, and witnesses that show."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from equivalence.algebras import exact
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.witness import _run, _run_rounding

W = exact.value([["1/2", 3, -1], [0, 2, "2/3"]])
SIZES = {"d_x": 3, "d_y": 2}


def plain() -> Layer:
    return gd_layer(3, 2, learning_rate="3/10", context=5, initial=W)


@pytest.mark.slow
@pytest.mark.parametrize(("d_y", "known"), [(1, False), (64, True), (64, False)])
def test_one_head_of_576_rows_fits_into_100_megabytes(d_y: int, known: bool) -> None:
    rng, d_x = np.random.default_rng(0), 576 - d_y
    head = Head(*(rng.normal(size=shape) / 24 for shape in ((64, 576), (64, 576), (64, 576), (576, 64))))
    tracemalloc.start()
    found = recognise(Layer((head,)), d_x=d_x, d_y=d_y, initial=np.zeros((d_y, d_x)) if known else "unknown")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.relative_distance > 0.01
    assert peak < 100e6


def thin_heads(d_x: int, d_y: int, heads: int, noise: float) -> Layer:
    """D[W₀, −I] and [C, 0] of low rank with noise on the factors, split over heads: all far thinner than they are wide."""
    rng, d = np.random.default_rng(d_x), d_x + d_y
    initial = rng.normal(size=(d_y, d_x)) / 2
    parts = []
    for _ in range(heads):
        key, value, projection = np.zeros((2, d)), np.zeros((d_y, d)), np.zeros((d, d_y))
        key[:, :d_x] = rng.normal(size=(2, d_x))
        value[:, :d_x], value[:, d_x:] = initial, -np.eye(d_y)
        projection[d_x:] = np.diag(np.arange(1.0, d_y + 1))
        parts.append(Head(*(weight + noise * rng.normal(size=weight.shape) for weight in (key, key, value, projection))))
    return Layer(tuple(parts))


@pytest.mark.parametrize(
    ("d_x", "d_y", "heads", "noise", "family"),
    [
        (30, 1, 1, 0.0, "preconditioned gradient descent"),
        (30, 1, 1, 0.02, "preconditioned gradient descent"),
        (26, 3, 1, 0.0, "preconditioned gradient descent"),
        (26, 3, 2, 0.01, "preconditioned gradient descent"),
        (26, 3, 1, 0.5, "none"),
        (8, 24, 1, 0.3, "none"),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_thin_heads_are_judged_as_their_products_are(
    d_x: int, d_y: int, heads: int, noise: float, family: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = thin_heads(d_x, d_y, heads, noise)
    initial = layer.heads[0].value[:d_y, :d_x] if known or heads > 1 else "unknown"
    found = recognise(layer, d_x=d_x, d_y=d_y, initial=initial, tolerance=0.2)
    monkeypatch.setattr("equivalence.recognition.tensor.enclosed.is_thin", lambda left, right: False)
    formed = recognise(layer, d_x=d_x, d_y=d_y, initial=initial, tolerance=0.2)
    assert found.family == formed.family
    assert not known or found.family == family
    assert found.context_update == formed.context_update
    assert found.relative_distance == pytest.approx(formed.relative_distance, rel=1e-7, abs=1e-13)
    assert found.step_size == pytest.approx(formed.step_size, rel=1e-7)
    assert found.error_bound(1, 1) == pytest.approx(formed.error_bound(1, 1), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (1e-40, "layer: expected weights that do something: P W_V times W_Kᵀ W_Q of at least 1e-30 in some head, got"),
        (1e40, r"layer: expected P W_V of head 0 to have entries of at most 1e\+20, got"),
        (1e160, r"layer: expected P W_V of head 0 to have entries of at most 1e\+20, got (inf|nan)"),
    ],
)
@pytest.mark.parametrize(("d_x", "rank"), [(3, 4), (30, 2)])
def test_weights_whose_products_no_float_holds_are_refused(size: float, message: str, d_x: int, rank: int) -> None:
    """They would be said to be nothing, or at a distance that is no number."""
    rng = np.random.default_rng(0)
    shapes = ((rank, d_x + 1), (rank, d_x + 1), (rank, d_x + 1), (d_x + 1, rank))
    with pytest.raises(ValueError, match=message):
        recognise(Layer((Head(*(size * rng.normal(size=shape) for shape in shapes)),)), d_x=d_x, d_y=1, initial="unknown")


@pytest.mark.parametrize("size", [1e6, 1e12, 1e20])
def test_a_huge_w0_is_taken_and_a_larger_one_refused(size: float) -> None:
    """W₀W₀ᵀ + I is singular in floats then."""
    rng = np.random.default_rng(0)
    layer = Layer((Head(*(rng.normal(size=(5, 5)) for _ in range(4))),))
    assert 0 < recognise(layer, **SIZES, initial=size * np.ones((2, 3))).relative_distance <= 1
    with pytest.raises(ValueError, match=r"initial: expected W₀ with entries of at most 1e\+20, got 1.0e\+21"):
        recognise(layer, **SIZES, initial=1e21 * np.ones((2, 3)))


@pytest.mark.slow
@pytest.mark.parametrize(("d_x", "d_y", "rank"), [(1, 1, 2), (6, 5, 11), (10, 1, 4), (40, 3, 2), (30, 30, 2)])
@pytest.mark.parametrize("sizes", [(1e19, 1e19, 1e19), (1e19, 1e19, 0.0), (1e-12, 1e-12, 1.0), (1e19, 1e-14, 1.0)])
def test_nothing_overflows_at_the_limits(d_x: int, d_y: int, rank: int, sizes: tuple[float, float, float]) -> None:
    """Warnings are errors here."""
    rng, d = np.random.default_rng(d_x), d_x + d_y
    key, query, value, projection = (rng.uniform(-1, 1, size=shape) / rank for shape in ((rank, d), (rank, d), (rank, d), (d, rank)))
    layer = Layer((Head(sizes[1] * key, query, sizes[0] * value, projection),))
    for initial in ("unknown", sizes[2] * rng.uniform(-1, 1, size=(d_y, d_x))):
        found = recognise(layer, d_x=d_x, d_y=d_y, initial=initial)
        assert 0 <= found.relative_distance <= 1
        assert 0 < found.error_bound(1, 1) < np.inf


@pytest.mark.slow
def test_an_estimate_of_w0_is_never_so_large_that_nothing_else_is_seen() -> None:
    """The fixed point divides by s, which is 0 up to rounding for heads that read no targets at inputs."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        weights = (rng.normal(size=shape) * (rng.random(shape) < 0.15) for shape in ((6, 12), (6, 12), (6, 12), (12, 6)))
        found = recognise(Layer((Head(*weights),)), d_x=7, d_y=5, initial="unknown")
        assert np.abs(found.initial).max() < 1e8


@pytest.mark.parametrize("size", [1e-7, 1e9])
@pytest.mark.parametrize(("d_x", "rank"), [(3, 4), (30, 2)])
def test_size_does_not_matter_and_a_dead_head_does_no_harm(size: float, d_x: int, rank: int) -> None:
    rng = np.random.default_rng(0)
    shapes = ((rank, d_x + 1), (rank, d_x + 1), (rank, d_x + 1), (d_x + 1, rank))
    head = Head(*(rng.normal(size=shape) for shape in shapes))
    expected = recognise(Layer((head,)), d_x=d_x, d_y=1, initial=np.zeros((1, d_x)))
    scaled, dead = (Head(*(factor * weight for weight in head)) for factor in (size, size * 1e-60))
    found = recognise(Layer((dead, scaled)), d_x=d_x, d_y=1, initial=np.zeros((1, d_x)))
    assert found.family == expected.family == "none"
    assert found.relative_distance == pytest.approx(expected.relative_distance, rel=1e-9)
    assert found.step_size == pytest.approx(size**4 * expected.step_size, rel=1e-9)


def test_a_small_layer_has_a_witness_that_shows() -> None:
    """Run as they are, its update of a query token would be lost in W₀q."""
    rng = np.random.default_rng(3)
    layer = Layer((Head(*(1e-5 * rng.normal(size=(5, 5)) for _ in range(4))),))
    found = recognise(layer, **SIZES, initial=np.ones((2, 3)))
    assert found.family == "none"
    assert found.witness is not None
    assert np.abs(found.witness.prediction - found.witness.expected).max() > 0.1


@pytest.mark.parametrize("d_x", [3, 40])
def test_a_layer_that_shows_on_no_single_entry_token_has_a_witness(d_x: int) -> None:
    """Σ T(−D, [C; 0]) is 0 on every e_p, and so is its distance from any step at W₀ = 0."""
    rng = np.random.default_rng(d_x)
    heads = []
    for _ in range(2):
        A, B = np.zeros((d_x + 2, d_x + 2)), np.zeros((d_x + 2, d_x + 2))
        A[d_x:, d_x:], B[:d_x, :d_x] = rng.normal(size=(2, 2)), rng.normal(size=(d_x, d_x))
        heads.append(Head(np.eye(d_x + 2), B, A, np.eye(d_x + 2)))
    found = recognise(Layer(tuple(heads)), d_x=d_x, d_y=2, initial=np.zeros((2, d_x)))
    assert found.family == "none"
    assert found.witness is not None
    assert np.count_nonzero(found.witness.context_x) == np.count_nonzero(found.witness.context_y) == 1
    assert np.abs(found.witness.prediction - found.witness.expected).max() > 0.1


@pytest.mark.parametrize("start", [0.0, 0.3])
@pytest.mark.parametrize("d_x", [3, 40])
def test_a_left_factor_of_trace_0_is_found_in_floats(d_x: int, start: float) -> None:
    """From D = I the alternation would not begin: a quarter turn is orthogonal to it."""
    rng = np.random.default_rng(d_x)
    initial, C = start * rng.normal(size=(2, d_x)), rng.normal(size=(d_x, d_x))
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    A, B = np.zeros((d_x + 2, d_x + 2)), np.zeros((d_x + 2, d_x + 2))
    A[d_x:], B[:d_x, :d_x] = turn @ np.concatenate([initial, -np.eye(2)], axis=1), C
    found = recognise(Layer((Head(np.eye(d_x + 2), B, A, np.eye(d_x + 2)),)), d_x=d_x, d_y=2, initial=initial)
    assert found.family == "preconditioned gradient descent"
    assert found.relative_distance < 1e-9
    assert found.left_factor is not None
    assert np.abs(found.left_factor + found.left_factor.T).max() <= 1e-9 * np.abs(found.left_factor).max()


def test_floating_verdicts_do_not_depend_on_gauge_or_splitting() -> None:
    rng = np.random.default_rng(4)
    key, query, value, projection = (rng.normal(size=(5, 5)) for _ in range(4))
    T = rng.normal(size=(5, 5))
    turned = Layer((Head(T @ key, np.linalg.solve(T.T, query), value / 7, 7 * projection),))
    halves = Layer(tuple(Head(key[cut], query[cut], value, projection) for cut in (slice(3, 5), slice(3))))
    start = np.array(W.tolist(), dtype=float)
    expected = recognise(Layer((Head(key, query, value, projection),)), **SIZES, initial=start)
    for layer in (turned, halves):
        found = recognise(layer, **SIZES, initial=start)
        assert found.family == expected.family == "none"
        assert found.relative_distance == pytest.approx(expected.relative_distance, rel=1e-9)
        assert found.step_size == pytest.approx(expected.step_size, rel=1e-8)


def test_the_nearest_step_is_that_of_brute_least_squares() -> None:
    rng = np.random.default_rng(2)
    A, B, d_x, d_y = rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), 3, 2
    found = recognise(Layer((Head(np.eye(5), B, A, np.eye(5)),)), d_x=d_x, d_y=d_y, initial=np.zeros((d_y, d_x)))
    target = np.zeros((d_y, 5, 5, d_x))
    seen = np.einsum("kp,rj->kprj", A[d_x:], B[:, :d_x])
    seen = (seen + seen.transpose(0, 2, 1, 3)) / 2
    for k in range(d_y):
        for j in range(d_x):
            target[k, d_x + k, j, j] = target[k, j, d_x + k, j] = -0.5
    step = (seen * target).sum() / (target**2).sum()
    assert found.step_size == pytest.approx(step, rel=1e-10)
    assert found.relative_distance == pytest.approx(np.linalg.norm(seen - step * target) / np.linalg.norm(seen), rel=1e-10)


@pytest.mark.parametrize(("start", "free"), [(1.0, (0.5, -0.5)), (-1.0, (0.25, 2.0)), (3.0, (-1.0, -0.75)), (0.5, (3.0, 0.0))])
@pytest.mark.parametrize("swapped", [False, True])
def test_w0_is_found_in_floats_where_the_linear_equations_leave_it_open(start: float, free: tuple[float, float], swapped: bool) -> None:
    """At d_x = d_y = 1 with B's y column free (and, in 2.3, with A and B's roles swapped) two linear equations hold of W₀, s and V."""
    A, B = ([1.0, -0.0], [start, -1.0]) if swapped else ([start, -1.0], [1.0, 0.0])
    columns = np.array([[B[0] + free[0] * start, free[0]], [B[1] + free[1] * start, free[1]]])
    layer = Layer((Head(np.eye(2), columns, np.array([[0.0, 0.0], A]), 0.75 * np.eye(2)),))
    found = recognise(layer, d_x=1, d_y=1, initial="unknown")
    assert found.family == "gradient descent"
    assert found.relative_distance < 1e-9
    assert recognise(layer, d_x=1, d_y=1, initial=found.initial + 0.1).relative_distance > 0.01


def test_weights_that_cancel_below_rounding_are_not_decided() -> None:
    """A right layer in a gauge of condition 1e18: what is left of the products is rounding, which is no reason to say none."""
    (head,) = plain().to_numpy().heads
    gauge = np.eye(5) + 1e9 * np.eye(5, k=1)
    turned = head._replace(value=gauge @ head.value, projection=head.projection @ (np.eye(5) - 1e9 * np.eye(5, k=1)))
    turned = turned._replace(projection=turned.projection + 1e3 * np.eye(5, k=-1))
    found = recognise(
        Layer((turned, turned._replace(projection=-turned.projection), *plain().to_numpy().heads)),
        **SIZES,
        tolerance=1e-8,
        initial=np.array(W.tolist(), dtype=float),
    )
    assert found.family == "not decided"
    assert "cannot tell at this precision: rounding may account for" in found.note


@pytest.mark.parametrize("gauge", [1.0, 1e6])
def test_what_rounding_is_said_to_do_to_a_witness_covers_what_it_does(gauge: float) -> None:
    """The same numbers taken as the rationals that they are."""
    rng, step = np.random.default_rng(int(gauge)), 0.3
    key, query, value, projection = (rng.normal(size=(5, 5)) for _ in range(4))
    turn, back = np.eye(5) + gauge * np.eye(5, k=1), np.eye(5) - gauge * np.eye(5, k=1)
    layer = Layer((Head(key, query, turn @ value, projection @ back),))
    initial, columns = rng.normal(size=(2, 3)), [rng.normal(size=(size, 1)) for size in (3, 2, 3)]
    found, slack = _run(layer, columns, initial, step), _run_rounding(layer, columns, initial, step)
    rational = np.vectorize(Fraction, otypes=[object])
    exactly = _run(Layer((Head(*map(rational, layer.heads[0])),)), [rational(each) for each in columns], rational(initial), Fraction(step))
    gaps = [predicted - expected for predicted, expected in (exactly, found)]
    off = np.abs((gaps[0] - rational(gaps[1])).astype(float))
    assert (off <= slack).all()
    assert (off > 0).any()
    assert slack.max() < 1e-9 * gauge**2


def test_where_nothing_is_left_of_a_layer_no_w0_is_read_off() -> None:
    """[q; −W₀q] with W₀ = 1 scores 0 here; W₀ is not said to be that. Given, floats do not tell 0 from what rounding hides."""
    B = np.array([[2.0, 2.0], [1.0, 1.0]])
    layer = Layer((Head(np.eye(2), B, np.array([[0.0, 0.0], [1.0, 3.0]]), np.eye(2)),))
    assert abs(recognise(layer, d_x=1, d_y=1, initial="unknown").initial[0, 0] - 1) > 0.01
    found = recognise(layer, d_x=1, d_y=1, initial=np.array([[1.0]]))
    assert (found.family, found.step_size) == ("not decided", 0.0)
    assert "which is all of the tensor; give exact weights" in found.note


def test_small_noise_is_within_the_tolerance_and_w0_is_estimated() -> None:
    rng = np.random.default_rng(1)
    noisy = Layer(tuple(Head(*(weight + 1e-4 * rng.normal(size=weight.shape) for weight in head)) for head in plain().to_numpy().heads))
    found = recognise(noisy, **SIZES, initial="unknown")
    assert found.family == "gradient descent"
    assert 0 < found.relative_distance < 0.02
    assert np.abs(found.initial - np.array(W.tolist(), dtype=float)).max() < 0.02
    refused = recognise(noisy, **SIZES, tolerance=found.relative_distance / 1000, initial="unknown")
    assert (refused.family, refused.note) == ("not decided", "not found for an unknown W₀: give `initial`")
    assert recognise(noisy, **SIZES, tolerance=found.relative_distance / 1000, initial=found.initial).family == "none"


@pytest.mark.parametrize("size", [1e-170, 1e-290])
def test_what_underflows_is_not_called_rate_0(size: float) -> None:
    """A step of that rate, beside scores that queries [q; 0] do not see."""
    layer = Layer((Head(np.eye(2), np.diag([size, 1.0]), np.diag([0.0, -1.0]), np.eye(2)),))
    with pytest.raises(ValueError, match=f"in some head, got {size:.0e} on the query tokens in question"):
        recognise(layer, d_x=1, d_y=1)
    with pytest.raises(ValueError, match="in some head, got 1e-330"):
        recognise(Layer((Head(np.eye(2), 1e-130 * np.eye(2), -1e-200 * np.eye(2), np.eye(2)),)), d_x=1, d_y=1)


def test_rate_0_has_no_learning_rate_whatever_the_context() -> None:
    layer = Layer((Head(np.eye(2), np.eye(2), np.diag([1.0, 0.0]), np.eye(2)),))
    found = recognise(layer, d_x=1, d_y=1, context=7)
    assert (found.family, found.step_size, found.learning_rate, found.exact) == ("rate 0", 0.0, 0.0, False)
