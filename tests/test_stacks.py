"""Stacks: K right layers are recognised and certified end to end, wrong ones are refused with the layer named, and bounds hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equivalence.algebras import exact
from equivalence.attention import Head, Layer, stack
from equivalence.construction import gd_layer, gdpp_layer, prediction, query_tokens, tokens
from equivalence.descent import trajectory
from equivalence.stacks import recognise_stack

START = exact.value([[1, -2, 0]])
ZERO = exact.zeros(1, 3)


def descent(*rates: str, initial: Any = START) -> list[Layer]:
    return [gd_layer(3, 1, learning_rate=rate, context=1, initial=initial) for rate in rates]


def curved(*pairs: tuple[str, str], initial: Any = ZERO) -> list[Layer]:
    return [gdpp_layer(3, 1, learning_rate=rate, gamma=gamma, context=1, initial=initial) for rate, gamma in pairs]


def changed(layer: Layer, weight: str, entry: tuple[int, int]) -> Layer:
    (head,) = layer.heads
    grid = getattr(head, weight).as_mutable()
    grid[entry] += 1
    return Layer((head._replace(**{weight: grid.as_immutable()}),))


def test_steps_of_descent_are_recognised_and_certified() -> None:
    found = recognise_stack(descent("1/10", "1/7", "1/5"), d_x=3, d_y=1)
    assert found.family == "gradient descent"
    assert [str(layer.step_size) for layer in found.layers] == ["1/10", "1/7", "1/5"]
    assert found.certificate is not None
    assert found.certificate < 2.0**-50
    assert "end to end: agrees over a prime field" in str(found)
    assert found.error_bound(2.0, 3.0) == 0


def test_steps_of_gdpp_are_recognised_and_certified() -> None:
    found = recognise_stack(curved(("1/10", "1/20"), ("1/7", "1/30")), d_x=3, d_y=1)
    assert found.family == "GD++"
    assert found.certificate is not None


def test_gdpp_from_another_start_is_refused() -> None:
    found = recognise_stack(curved(("1/10", "1/20"), ("1/7", "1/30"), initial=START), d_x=3, d_y=1)
    assert (found.family, found.reason) == ("none", "layers of GD++ are its steps for W₀ = 0 only (3.3)")


def test_every_layer_must_have_the_same_start() -> None:
    found = recognise_stack([*descent("1/10"), *descent("1/7", initial=ZERO)], d_x=3, d_y=1)
    assert found.family == "none"
    assert found.reason == "layer 2 by itself is none"


@pytest.mark.parametrize("place", [0, 1])
def test_a_changed_entry_is_refused(place: int) -> None:
    layers = descent("1/10", "1/7")
    layers[place] = changed(layers[place], "value", (3, 1))
    found = recognise_stack(layers, d_x=3, d_y=1, initial=START)
    assert found.family == "none"
    assert found.reason == f"layer {place + 1} by itself is none"
    with pytest.raises(ValueError, match="error_bound: the stack is none of the families, layer"):
        found.error_bound(1.0, 1.0)


def test_only_the_last_layer_may_leave_the_context_alone() -> None:
    layers = descent("1/10", "1/7")
    stray = changed(layers[0], "value", (0, 0))
    assert recognise_stack([layers[0], changed(layers[1], "value", (0, 0))], d_x=3, d_y=1).family == "gradient descent"
    found = recognise_stack([stray, layers[1]], d_x=3, d_y=1)
    assert (found.family, found.reason) == ("none", "layer 1 does not update the context tokens as its step does")


def test_what_the_layers_alone_do_not_show_the_end_to_end_run_does() -> None:
    """A last layer that is a step on the query tokens [q; −W₀q], but not on those that the first layer leaves: B's y columns differ."""
    first, last = descent("1/10", "1/7", initial=ZERO)
    (head,) = last.heads
    query = head.query.as_mutable()
    query[0, 3] = 1
    found = recognise_stack([first, Layer((head._replace(query=query.as_immutable()),))], d_x=3, d_y=1, initial=ZERO)
    assert found.family == "none"
    assert found.reason.startswith("it is not end to end: stack 2 layers against 2 steps, step 2")


def test_no_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="layers: expected at least one, got none"):
        recognise_stack([], d_x=3, d_y=1)


def perturbed(layers: list[Layer], size: float, random: np.random.Generator) -> list[Layer]:
    return [
        Layer(tuple(Head(*(w + size * random.uniform(-1, 1, w.shape) for w in head.to_numpy().heads[0])) for head in [layer]))
        for layer in layers
    ]


def error(layers: list[Layer], found: Any, X: np.ndarray, Y: np.ndarray, Q: np.ndarray) -> float:
    start = np.asarray(found.initial, dtype=float)
    seen = prediction(stack(layers, tokens(X, Y), query_tokens(start, Q))[1], 3, 1)
    rates = [layer.step_size * X.shape[1] for layer in found.layers]
    return float(abs(seen - trajectory(start, X, Y, rates)[-1] @ Q).max())


def rounded_up(matrix: np.ndarray) -> float:
    """The Frobenius norm, and 2n units of rounding for its at most n + 1 roundings."""
    return float(np.linalg.norm(matrix)) * (1 + 2 * matrix.size * 2.0**-52)


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_of_trained_weights_holds_and_falls_with_the_distance(seed: int) -> None:
    random = np.random.default_rng(seed)
    bounds = []
    for size in (1e-3, 1e-5):
        layers = perturbed(descent("1/2", "1/3"), size, random)
        found = recognise_stack(layers, d_x=3, d_y=1, initial=np.array([[1.0, -2.0, 0.0]]))
        assert found.family == "gradient descent", found.reason
        for _ in range(50):
            X, Y, Q = (random.uniform(-0.4, 0.4, shape) for shape in ((3, 5), (1, 5), (3, 1)))
            assert 0 < error(layers, found, X, Y, Q) <= found.error_bound(rounded_up(np.concatenate([X, Y])), rounded_up(Q))
        bounds.append(found.error_bound(1.0, 1.0))
    assert bounds[1] < bounds[0] / 50
