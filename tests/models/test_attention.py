"""Linear self-attention against loops over tokens in plain fractions, and its laws for all sizes."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import jax
import numpy as np
import pytest

from equivalence.algebras import Rational, Size, Symbolic
from equivalence.algebras.flint import dense
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import head_update, linear_attention, stack, update
from equivalence.models.heads import Head, Layer

Grid = list[list[Fraction]]


def drawn(seed: int) -> Rational:
    random = Random(seed)
    return Rational(lambda name, rows, cols: [random.randint(-9, 9) for _ in range(rows * cols)])


def arbitrary_layer(algebra: Any, d: Any, sizes: list[tuple[Any, Any]]) -> Layer:
    """Heads of generators, with key and value sizes of their own."""

    def weight(name: str, rows: Any, cols: Any, number: int) -> Any:
        return algebra.generator(f"{name}_{number}", rows, cols)

    return Layer(
        tuple(
            Head(weight("K", d_k, d, number), weight("Q", d_k, d, number), weight("V", d_v, d, number), weight("P", d, d_v, number))
            for number, (d_k, d_v) in enumerate(sizes)
        )
    )


def fractions(matrix: Any) -> Grid:
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in dense(matrix)]


def applied(weight: Grid, token: list[Fraction]) -> list[Fraction]:
    return [sum((w * x for w, x in zip(row, token, strict=True)), Fraction(0)) for row in weight]


def by_loops(layer: Layer, keys: Any, queries: Any) -> list[list[Fraction]]:
    """The updated query tokens, one by one: residual plus, for each head and key token, the value times the score."""
    tokens = [list(column) for column in zip(*fractions(keys), strict=True)]
    result = []
    for query in zip(*fractions(queries), strict=True):
        out = list(query)
        for head in layer.heads:
            K, Q, V, P = map(fractions, head)
            for token in tokens:
                score = sum(k * q for k, q in zip(applied(K, token), applied(Q, list(query)), strict=True))
                out = [old + score * new for old, new in zip(out, applied(P, applied(V, token)), strict=True)]
        result.append(out)
    return result


@pytest.mark.parametrize(("d", "N", "M", "sizes"), [(3, 4, 2, [(2, 5)]), (2, 3, 1, [(1, 2), (4, 1)]), (1, 1, 3, [(2, 2)])])
@pytest.mark.parametrize("queries_as_keys", [False, True])
def test_a_layer_is_a_loop_over_tokens(d: int, N: int, M: int, sizes: list[tuple[int, int]], queries_as_keys: bool) -> None:
    algebra = drawn(1)
    layer = arbitrary_layer(algebra, d, sizes)
    context, queries = algebra.generator("C", d, N), algebra.generator("q", d, M)
    keys = algebra.block([[context, queries]]) if queries_as_keys else context
    new_context, new_queries = linear_attention(layer, context, queries, queries_as_keys=queries_as_keys)
    assert [list(column) for column in zip(*fractions(new_context), strict=True)] == by_loops(layer, keys, context)
    assert [list(column) for column in zip(*fractions(new_queries), strict=True)] == by_loops(layer, keys, queries)


def test_keys_with_and_without_the_queries_differ() -> None:
    algebra = drawn(2)
    layer = arbitrary_layer(algebra, 3, [(2, 2)])
    context, queries = algebra.generator("C", 3, 2), algebra.generator("q", 3, 1)
    (first, second), (third, fourth) = (linear_attention(layer, context, queries, queries_as_keys=keys) for keys in (False, True))
    assert algebra.difference(first, third) is not None
    assert algebra.difference(second, fourth) is not None


def symbolic() -> tuple[Symbolic, Layer, Any, Any]:
    """A layer of two arbitrary heads, a context and queries, of any sizes."""
    algebra = Symbolic()
    d = Size("d")
    layer = arbitrary_layer(algebra, d, [(Size("k"), Size("v")), (Size("l"), 1)])
    return algebra, layer, algebra.generator("C", d, Size("N")), algebra.generator("q", d, Size("M"))


def test_two_heads_add_up() -> None:
    algebra, layer, context, queries = symbolic()
    apart = [head_update(head, context, queries) for head in layer.heads]
    assert algebra.difference(update(layer, context, queries), apart[0] + apart[1]) is None
    assert algebra.difference(update(layer, context, queries), apart[0]) is not None


def test_a_head_is_its_output_value_and_its_form_of_scores() -> None:
    algebra, layer, context, queries = symbolic()
    head = layer.heads[0]
    expected = head.output_value @ (context @ context.T) @ head.key_query @ queries
    assert algebra.difference(head_update(head, context, queries), expected) is None
    assert algebra.difference(head_update(head, context, queries), head.output_value @ (context @ context.T) @ head.key_query.T @ queries)


def test_a_stack_is_one_layer_after_another() -> None:
    algebra, layer, context, queries = symbolic()
    other = Layer(layer.heads[::-1][:1])
    once = linear_attention(layer, context, queries)
    expected = linear_attention(other, *once)
    for found, twice, single in zip(stack([layer, other], context, queries), expected, once, strict=True):
        assert algebra.difference(found, twice) is None
        assert algebra.difference(found, single) is not None


def test_a_stack_of_no_layers_changes_nothing() -> None:
    algebra, _, context, queries = symbolic()
    assert algebra.difference(algebra.block([stack([], context, queries)]), algebra.block([[context, queries]])) is None


def test_a_stack_passes_on_whether_queries_are_keys() -> None:
    algebra, layer, context, queries = symbolic()
    found = stack([layer], context, queries, queries_as_keys=True)
    expected = linear_attention(layer, context, queries, queries_as_keys=True)
    assert all(algebra.difference(*pair) is None for pair in zip(found, expected, strict=True))
    assert algebra.difference(found[1], linear_attention(layer, context, queries)[1]) is not None


def test_a_causal_token_sees_its_prefix_and_the_queries_see_all() -> None:
    algebra, layer, _, queries = symbolic()
    tokens = [algebra.generator(f"e_{number}", Size("d"), 1) for number in range(4)]
    updated, asked = causal_attention(layer, tokens, queries)
    assert len(updated) == 4
    for number, found in enumerate(updated):
        prefix = algebra.block([tokens[: number + 1]])
        assert algebra.difference(found, tokens[number] + update(layer, prefix, tokens[number])) is None
    assert algebra.difference(asked, queries + update(layer, algebra.block([tokens]), queries)) is None
    assert algebra.difference(updated[1], tokens[1] + update(layer, algebra.block([tokens]), tokens[1])) is not None


def test_tokens_of_another_size_are_refused() -> None:
    algebra, layer, context, _ = symbolic()
    with pytest.raises(ValueError, match="@: the columns of the left, d, are not the rows of the right, M"):
        update(layer, context, algebra.generator("r", Size("M"), 1))


def test_a_layer_is_a_pytree_of_its_weights() -> None:
    layer = Layer((Head(*(np.full((2, 2), float(number)) for number in range(4))),))
    assert [leaf[0, 0] for leaf in jax.tree.leaves(layer)] == [0, 1, 2, 3]
    doubled = jax.tree.map(lambda weight: 2 * weight, layer)
    assert isinstance(doubled, Layer)
    assert doubled.heads[0].projection[0, 0] == 6
