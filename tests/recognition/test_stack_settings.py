"""Stacks with other keys or another read-out, against loops over tokens in fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.models.biases import biased
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Layer
from equivalence.recognition.stacks import recognise_stack
from equivalence.recognition.stacks.result import AcceptedStack, RefusedStack, StackRecognition, UndecidedStack
from tests.support import oracles

SIZES: dict[str, Any] = {"d_x": 2, "d_y": 1}
ZERO = gd_layer(2, 1, learning_rate=0, context=1)
BOTH = pytest.mark.parametrize("numeric", [False, True], ids=["exact", "floats"])


def steps(*rates: str, initial: Any = None) -> list[Layer]:
    return [gd_layer(2, 1, learning_rate=rate, context=1, **({} if initial is None else {"initial": initial})) for rate in rates]


def given(layers: list[Layer], numeric: bool) -> list[Layer]:
    return [layer.to_numpy() for layer in layers] if numeric else layers


def fractions(matrix: Any) -> np.ndarray:
    return np.array([[Fraction(int(e.p), int(e.q)) for e in row] for row in sympy.Matrix(matrix).tolist()])


def run(layers: list[Layer], verdict: StackRecognition, keys: str) -> tuple[np.ndarray, np.ndarray]:
    """The stack at the witness, and steps of the layers' sizes, in loops."""
    assert verdict.witness is not None
    X, Y, q = map(fractions, (verdict.witness.context_x, verdict.witness.context_y, verdict.witness.query))
    W = fractions(verdict.initial)
    context, query = np.concatenate([X, Y]), np.concatenate([q, -W @ q])
    for layer in layers:
        heads: Any = [tuple(map(fractions, head)) for head in layer.heads]
        attend = oracles.causal_layer(heads, context, query) if keys == "causal" else oracles.linear_layer(heads, context, query, True)
        context, query = attend
    for step in verdict.layers:
        s = fractions([[step.step_size]])[0, 0]
        W = W + s * (Y - W @ X) @ X.T
    return -query[2:], W @ q


@pytest.mark.parametrize("keys", ["all", "causal"])
@pytest.mark.parametrize("rates", [("1/3", "1/5"), ("1", "2", "-2/3")])
def test_two_steps_are_none_with_other_keys_and_a_context_shows_it(keys: str, rates: tuple[str, ...]) -> None:
    layers = steps(*rates)
    assert isinstance(recognise_stack(layers, **SIZES), AcceptedStack)
    verdict = recognise_stack(layers, **SIZES, keys=keys)
    assert isinstance(verdict, RefusedStack)
    assert verdict.reason.startswith("from the second step on")
    ran, expected = run(layers, verdict, keys)
    assert verdict.witness is not None
    assert (ran == fractions(verdict.witness.prediction)).all()
    assert (expected == fractions(verdict.witness.expected)).all()
    assert (ran != expected).any()
    assert isinstance(recognise_stack(given(layers, True), **SIZES, keys=keys), RefusedStack)


@BOTH
@pytest.mark.parametrize("keys", ["all", "causal"])
def test_one_step_among_layers_that_do_nothing_is_that_step(keys: str, numeric: bool) -> None:
    layers = given([ZERO, *steps("1/3"), ZERO], numeric)
    verdict = recognise_stack(layers, **SIZES, keys=keys)
    assert isinstance(verdict, AcceptedStack)
    assert (verdict.family, float(verdict.step_sizes[1])) == ("gradient descent", pytest.approx(1 / 3))
    assert verdict.assumed is not None
    assert verdict.to_json()["assumed"]["keys"] == keys  # type: ignore[index]


@BOTH
def test_the_query_among_the_keys_adds_to_a_step_from_another_w0(numeric: bool) -> None:
    W = sympy.Matrix([[1, -2]])
    layers = [*steps("1/3", initial=W), ZERO]
    start = np.array([[1.0, -2.0]]) if numeric else W
    verdict = recognise_stack(given(layers, numeric), **SIZES, initial=start, keys="all")
    assert isinstance(verdict, RefusedStack)
    assert verdict.reason == "in layer 1 the query token, a key itself, adds to its own prediction (2.9)"
    assert recognise_stack(given(layers, numeric), **SIZES, initial=start, keys="causal").family == "gradient descent"
    if not numeric:
        ran, expected = run(layers, verdict, "all")
        assert (ran != expected).any()


def test_the_bound_holds_with_the_query_among_the_keys() -> None:
    random = np.random.default_rng(5)
    (head,) = steps("1/3")[0].to_numpy().heads
    layer = Layer((head._replace(key=head.key + 1e-3 * random.normal(size=(3, 3)), value=head.value + 1e-3 * random.normal(size=(3, 3))),))
    layers = [ZERO.to_numpy(), layer]
    verdict = recognise_stack(layers, **SIZES, keys="all")
    assert isinstance(verdict, AcceptedStack)
    for _ in range(50):
        X, Y, q = random.normal(size=(2, 3)), random.normal(size=(1, 3)), random.normal(size=(2, 1))
        context, query = np.concatenate([X, Y]), np.concatenate([q, [[0.0]]])
        for each in layers:
            context, query = oracles.linear_layer(list(each.heads), context, query, True)
        apart = np.linalg.norm(-query[2:] - verdict.step_sizes[1] * Y @ X.T @ q)
        assert 0 < apart <= verdict.error_bound(np.sqrt((X**2).sum() + (Y**2).sum()), np.linalg.norm(q))


def test_what_is_not_decided_says_so() -> None:
    curved = [gdpp_layer(2, 1, learning_rate="1/3", gamma="1/7", context=1)] * 2
    verdict = recognise_stack(curved, **SIZES, keys="causal")
    assert isinstance(verdict, UndecidedStack)
    assert verdict.reason == "several steps with these keys are judged if they are of plain gradient descent"
    (head,) = steps("1/3")[0].heads
    stray = Layer((head._replace(value=sympy.Matrix(head.value) + sympy.diag(1, 0, 0)),))
    assert "as a function it was not decided with these keys" in recognise_stack([stray, ZERO], **SIZES, keys="causal").reason
    reading = Layer((biased(head, key=sympy.ImmutableDenseMatrix([1, 0, 0])),))
    constant = recognise_stack([reading, reading], **SIZES, constant_row=3)
    assert isinstance(constant, UndecidedStack)
    assert constant.reason == "layer 1 reads the row that is 1, which is judged in single layers only"
    idle = Layer((biased(head),))
    assert recognise_stack([idle, idle], **SIZES, constant_row=3).family == "gradient descent"


@BOTH
def test_plus_is_one_step_and_no_more(numeric: bool) -> None:
    layers = given(steps("-1/3"), numeric)
    assert recognise_stack(layers, **SIZES, prediction="plus").step_sizes == pytest.approx([1 / 3])
    verdict = recognise_stack(layers * 2, **SIZES, prediction="plus")
    assert isinstance(verdict, RefusedStack if numeric else UndecidedStack)
    assert verdict.reason.startswith("layer 1 does not update the context tokens as its step does")


def test_gdpp_is_plain_descent_where_the_query_is_a_key() -> None:
    layers = [gdpp_layer(2, 1, learning_rate="1/3", gamma="1/7", context=1), ZERO]
    assert recognise_stack(layers, **SIZES).family == "GD++"
    assert recognise_stack(layers, **SIZES, keys="all").family == "gradient descent"
