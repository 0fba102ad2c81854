"""The mesa-layer and the common map against references that share no code with them: elimination and loops, in fractions and floats."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from equivalence.algebras import Ball, DegreeAlgebra, Rational, algebra_of
from equivalence.algebras.detect import inverting
from equivalence.algebras.flint import dense
from equivalence.models.attention.common_map import common_map
from equivalence.models.attention.linear import stack
from equivalence.models.attention.mesa import MesaState, mesa_attention, mesa_step
from equivalence.models.heads import Head, Layer
from tests.support import oracles

STRENGTH = Fraction(3, 2)
READING = Rational()


def drawn(random: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Small positive integers, as Fractions."""
    return np.vectorize(lambda entry: Fraction(int(entry)), otypes=[object])(random.integers(1, 6, (rows, cols)))


def heads_of(d: int, count: int) -> list[tuple[np.ndarray, ...]]:
    """Weights W_K, W_Q, W_V and P of heads whose inner sizes differ."""
    random = np.random.default_rng([d, count])
    shapes = [((h + 1, d), (h + 1, d), (h + 2, d), (d, h + 2)) for h in range(count)]
    return [tuple(drawn(random, *shape) for shape in four) for four in shapes]


def in_rationals(matrix: np.ndarray) -> Any:
    return READING.value(matrix.tolist())


def fractions(matrix: Any) -> np.ndarray:
    return np.array([[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in dense(matrix)], dtype=object)


def answered(heads: list[tuple[np.ndarray, ...]], context: np.ndarray, asked: np.ndarray, strength: Fraction) -> np.ndarray:
    """A column after the layer, its keys and values those of the context: each head's ridge regression solved by elimination."""
    result = asked.copy()
    for key, query, value, projection in heads:
        learned = oracles.ridge(key @ context, value @ context, 1 / strength)
        result = result + projection @ learned @ query @ asked
    return result


@pytest.mark.parametrize(("d", "tokens", "asked", "count"), [(3, 4, 2, 2), (2, 1, 3, 1), (1, 3, 1, 3)])
def test_every_token_is_answered_by_ridge_regression_on_its_prefix(d: int, tokens: int, asked: int, count: int) -> None:
    random = np.random.default_rng([d, tokens, asked])
    context, queries, heads = drawn(random, d, tokens), drawn(random, d, asked), heads_of(d, count)
    layer = Layer(tuple(Head(*map(in_rationals, head)) for head in heads))
    columns = [in_rationals(context[:, j : j + 1]) for j in range(tokens)]
    updated, after = mesa_attention(layer, columns, in_rationals(queries), READING.scalar(STRENGTH))
    for j, found in enumerate(updated):
        assert (fractions(found) == answered(heads, context[:, : j + 1], context[:, j : j + 1], STRENGTH)).all()
    expected = answered(heads, context, queries, STRENGTH)
    assert (fractions(after) == expected).all()
    assert (expected != answered(heads, context, queries, 2 * STRENGTH)).any()


def test_it_runs_on_arrays() -> None:
    """k = v = q = 1 and λ = 1: a half, then two thirds, are added, up to a few roundings of numbers at most 2."""
    one = np.ones((1, 1))
    updated, queries = mesa_attention(Layer((Head(one, one, one, one),)), [one, one], one, np.float64(1))
    assert [float(each[0, 0]) for each in (*updated, queries)] == pytest.approx([3 / 2, 5 / 3, 5 / 3], rel=0, abs=2.0**-48)


def test_a_step_by_hand() -> None:
    """R = 2, k = 3, v = 5, memory 7: 2 − 36/19 = 2/19, and 7 + 15."""
    two, three, five, seven = (READING.value([[number]]) for number in (2, 3, 5, 7))
    found = mesa_step(MesaState(seven, two), three, five)
    assert [fractions(part)[0, 0] for part in found] == [22, Fraction(2, 19)]


def test_no_token_is_refused() -> None:
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match="tokens: expected at least one, got none"):
        mesa_attention(Layer((Head(one, one, one, one),)), [], one, np.float64(1))


@pytest.mark.parametrize(("key", "value", "name"), [((2, 3), (1, 1), "key"), ((2, 1), (1, 2), "value")])
def test_a_key_or_value_of_more_columns_is_refused(key: tuple[int, int], value: tuple[int, int], name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected one column, got shape \(\d, \d\)"):
        mesa_step(MesaState(np.zeros((1, 2)), np.eye(2)), np.ones(key), np.ones(value))


@pytest.mark.parametrize("matrix", [Ball().eye(2), np.eye(2), DegreeAlgebra().eye(2)], ids=["ball", "numpy", "degree"])
def test_what_has_inverses_is_found(matrix: Any) -> None:
    assert type(inverting(matrix)) is type(algebra_of(matrix))


class WithoutInverses:
    """A matrix of a reading that has none."""

    algebra = type("Bare", (), {"name": "bare"})()


def test_a_reading_without_inverses_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="matrix: the bare reading has no inverses"):
        inverting(WithoutInverses())


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_all_tokens_have_one_matrix_in_common(depth: int) -> None:
    """d = 3, two heads, other weights in each layer; the stack is the loop over tokens."""
    d, random = 3, np.random.default_rng(depth)
    context, queries = drawn(random, d, 4), drawn(random, d, 2)
    weights = [[tuple(drawn(random, *shape) for shape in ((2, d), (2, d), (1, d), (d, 1))) for _ in range(2)] for _ in range(depth)]
    layers = [Layer(tuple(Head(*map(in_rationals, head)) for head in heads)) for heads in weights]
    found, gram = READING.eye(d), in_rationals(context @ context.T)
    for layer in layers:
        found = common_map(layer, found, gram)
    moved = context, queries
    for heads in weights:
        moved = oracles.linear_layer(heads, *moved)
    for before, after in zip((context, queries), moved, strict=True):
        assert (fractions(found) @ before == after).all()
    assert (fractions(stack(layers, in_rationals(context), in_rationals(queries))[1]) == moved[1]).all()
    assert (fractions(common_map(layers[0], READING.eye(d), gram + gram)) != fractions(common_map(layers[0], READING.eye(d), gram))).any()
