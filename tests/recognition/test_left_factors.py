"""Steps with a left factor are searched for, and what the search does not find is refused only where no such step can be."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.floats import nearest
from equivalence.recognition.floats.nearest import least_two_sided, nearest_two_sided
from equivalence.recognition.layer import FloatingLayer, read
from tests.support.floating_decisions import drawn, judged


def step_with_factors(random: np.random.Generator, d_x: int, d_y: int, initial: np.ndarray) -> Head:
    A, B = np.zeros((d_x + d_y, d_x + d_y)), np.zeros((d_x + d_y, d_x + d_y))
    A[d_x:] = random.normal(size=(d_y, d_y)) @ np.concatenate([initial, -np.eye(d_y)], axis=1)
    B[:d_x, :d_x] = random.normal(size=(d_x, d_x))
    return Head(np.eye(d_x + d_y), B, A, np.eye(d_x + d_y))


def started(heads: list[Head], initial: np.ndarray) -> nearest.Start:
    d_y, d_x = initial.shape
    layer = read(Layer(tuple(heads)), d_x, d_y)
    assert isinstance(layer, FloatingLayer)
    (start,) = nearest.starts(layer.outputs, [initial])
    return start


def test_a_layer_with_a_large_hidden_pair_of_heads_is_found() -> None:
    """It was called none: sums of factors side by side lost the square of what cancels, and the search went by these."""
    layer = drawn(np.random.default_rng([0, 9255]), right=True)
    assert judged(layer).family == "preconditioned gradient descent"


@pytest.mark.parametrize(("d_x", "d_y"), [(3, 2), (2, 3), (20, 3)])
@pytest.mark.parametrize("size", [0.0, 2.0])
def test_the_least_distance_is_below_that_of_every_step_that_is_found(d_x: int, d_y: int, size: float) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        initial = size * random.normal(size=(d_y, d_x))
        one = step_with_factors(random, d_x, d_y, initial)
        assert least_two_sided(started([one], initial)) < 1e-12
        other = step_with_factors(random, d_x, d_y, initial)
        two = started([one, replaced(other, 10 ** random.uniform(-3, 0))], initial)
        noise = Head(*(random.normal(size=weight.shape) for weight in one))
        three = started([one, replaced(noise, 10 ** random.uniform(-3, 0))], initial)
        for start in (two, three):
            least, reached = least_two_sided(start), nearest_two_sided(start, 60).relative_distance
            assert 0 < least <= reached
            assert reached < 20 * least * (1 + size) ** 2 * d_x


def replaced(head: Head, factor: float) -> Head:
    return head._replace(projection=factor * head.projection)


def test_what_the_search_misses_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    initial = random.normal(size=(2, 3))
    layer = Layer((step_with_factors(random, 3, 2, initial),))
    asked = partial(recognise, layer, d_x=3, d_y=2, initial=initial)
    assert asked().family == "preconditioned gradient descent"

    monkeypatch.setattr(nearest, "ALL", (*nearest.ALL[:2], nearest.ALL[2]._replace(best=nearest.best_preconditioned)))
    found = asked()
    assert found.family == "not decided"
    assert "with a left factor was searched for and not found, which does not show that there is none" in found.note
    values = layer.heads[0].value.copy()
    values[3:, :3] += 10
    wrong = recognise(Layer((layer.heads[0]._replace(value=values),)), d_x=3, d_y=2, initial=initial)
    assert wrong.family == "none"
