"""Steps with a left factor: decomposed where the tensor is small; else searched for, and refused only where no such step can be."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.floats import two_sided
from equivalence.recognition.floats.nearest import EPSILON, Start, starts
from equivalence.recognition.floats.two_sided import best_two_sided, least_two_sided, nearest_two_sided
from equivalence.recognition.layer import FloatingLayer, read
from tests.support.floating_decisions import drawn, judged

SHAPES = [(3, 2), (2, 3), (20, 3), (2, 2)]


def member(random: np.random.Generator, initial: np.ndarray, D: np.ndarray | None = None) -> Head:
    """A step with these factors in one head, D and C random."""
    d_y, d_x = initial.shape
    A, B = np.zeros((d_x + d_y, d_x + d_y)), np.zeros((d_x + d_y, d_x + d_y))
    A[d_x:] = (random.normal(size=(d_y, d_y)) if D is None else D) @ np.concatenate([initial, -np.eye(d_y)], axis=1)
    B[:d_x, :d_x] = random.normal(size=(d_x, d_x))
    return Head(np.eye(d_x + d_y), B, A, np.eye(d_x + d_y))


def started(heads: list[Head], initial: np.ndarray) -> Start:
    d_y, d_x = initial.shape
    layer = read(Layer(tuple(heads)), d_x, d_y)
    assert isinstance(layer, FloatingLayer)
    (start,) = starts(layer, [initial])
    return start


def test_a_layer_with_a_large_hidden_pair_of_heads_is_found() -> None:
    """It was called none: sums of factors side by side lost the square of what cancels, and a search went by these."""
    assert judged(drawn(np.random.default_rng([0, 9255]), right=True)).family == "preconditioned gradient descent"


@pytest.mark.parametrize(("d_x", "d_y"), SHAPES)
@pytest.mark.parametrize("size", [0.0, 2.0])
def test_the_decomposition_is_as_near_as_any_search_and_the_least_distance_below(d_x: int, d_y: int, size: float) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        initial = size * random.normal(size=(d_y, d_x))
        one, other = member(random, initial), member(random, initial)
        noise = Head(*(random.normal(size=weight.shape) for weight in one))
        for added in (other, noise):
            start = started([one, added._replace(projection=10 ** random.uniform(-3, 0) * added.projection)], initial)
            found, searched = best_two_sided([start]), two_sided._searched(start, random.normal(size=(d_y, d_y)), 60)
            assert found.proved
            assert not searched.proved
            assert least_two_sided(start) <= found.relative_distance <= searched.relative_distance * (1 + 2 * EPSILON**0.5)  # of squares
        assert best_two_sided([started([one], initial)]).relative_distance < 1e-12


@pytest.mark.parametrize("heads", [1, 2])
def test_a_left_factor_whose_trace_is_0_is_found_from_swapped_heads(heads: int) -> None:
    """D = diag(1, −1) as heads that carry inputs in their values and read residuals: values alone do not show D."""
    layer = []
    for k, factor in enumerate((1.0, -1.0)):
        for i in range(heads):
            A, B = np.zeros((4, 4)), np.zeros((4, 4))
            A[2 + k, i], B[2 + k, i] = -factor, 1.0
            layer.append(Head(np.eye(4), B, A, np.eye(4)))
    found = recognise(Layer(tuple(layer)), d_x=2, d_y=2, tolerance=1e-5)
    assert found.family == "preconditioned gradient descent"
    assert found.left_factor is not None
    assert abs(np.trace(found.left_factor)) < 1e-12


def test_what_a_search_misses_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    initial = random.normal(size=(2, 3))
    layer = Layer((member(random, initial),))
    asked = partial(recognise, d_x=3, d_y=2, initial=initial)
    monkeypatch.setattr(two_sided, "DECOMPOSED", 0)
    assert asked(layer).family == "preconditioned gradient descent"
    monkeypatch.setattr(two_sided, "_first_left_factors", lambda start: [])
    monkeypatch.setattr(two_sided, "nearest_two_sided", lambda start, rounds: two_sided._searched(start, np.eye(2), 0))
    found = asked(layer)
    assert found.family == "not decided"
    assert "with a left factor was searched for and not found, which does not show that there is none" in found.note
    values = layer.heads[0].value.copy()
    values[3:, :3] += 10
    assert asked(Layer((layer.heads[0]._replace(value=values),))).family == "none"


@pytest.mark.parametrize(("d_x", "d_y"), SHAPES)
def test_a_search_finds_members_from_any_heads(d_x: int, d_y: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_sided, "DECOMPOSED", 0)
    for seed in range(20):
        random = np.random.default_rng(seed)
        initial = random.normal(size=(d_y, d_x))
        D = random.normal(size=(d_y, d_y))
        start = started([member(random, initial, D - np.trace(D) / d_y * np.eye(d_y))], initial)
        found = nearest_two_sided(start, 3)
        assert not found.proved
        assert found.relative_distance < 1e-12
