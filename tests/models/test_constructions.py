"""The constructions' weights, entry by entry as a reader would write them down; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from equivalence.algebras import Size, Symbolic
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer, gdpp_layer, preconditioned_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.tokens import prediction, query_tokens, separate_tokens, tokens

fiftieth = sympy.Rational(1, 50)


def grid(*rows: list[Any]) -> sympy.ImmutableDenseMatrix:
    return sympy.ImmutableDenseMatrix(rows)


def test_the_weights_of_one_step_from_zero() -> None:
    """d_x = 2, d_y = 1, η = 1/10, N = 5: von Oswald et al. 2022, appendix A.1, with s = 1/50."""
    (head,) = gd_layer(2, 1, learning_rate="1/10", context=5).heads
    assert head.key == head.query == grid([1, 0, 0], [0, 1, 0], [0, 0, 0])
    assert head.value == grid([0, 0, 0], [0, 0, 0], [0, 0, -1])
    assert head.projection == grid([fiftieth, 0, 0], [0, fiftieth, 0], [0, 0, fiftieth])


def test_the_weights_of_one_step_with_symbols_and_a_start() -> None:
    eta, N, a, b = sympy.symbols("eta N a b")
    (head,) = gd_layer(1, 2, learning_rate="eta", context="N", initial=grid([a], [b])).heads
    assert head.key == head.query == grid([1, 0, 0], [0, 0, 0], [0, 0, 0])
    assert head.value == grid([0, 0, 0], [a, -1, 0], [b, 0, -1])
    assert head.projection == grid([eta / N, 0, 0], [0, eta / N, 0], [0, 0, eta / N])


def test_the_weights_of_a_preconditioned_step() -> None:
    """W_Q carries C, and the rest is as without it."""
    C = grid([1, 2], [3, 4])
    (head,) = preconditioned_layer(2, 1, learning_rate="1/10", context=5, preconditioner=C).heads
    (plain,) = gd_layer(2, 1, learning_rate="1/10", context=5).heads
    assert head.query == grid([1, 2, 0], [3, 4, 0], [0, 0, 0])
    assert head._replace(query=plain.query) == plain


def test_the_weights_of_gdpp() -> None:
    """Appendix A.10, eq. 23: γ has no 1/N."""
    gamma, w = sympy.Rational(1, 20), sympy.Symbol("w")
    (head,) = gdpp_layer(1, 1, learning_rate=0.1, gamma="1/20", context=5, initial=grid([w])).heads
    assert head.key == head.query == grid([1, 0], [0, 0])
    assert head.value == grid([1, 0], [w, -1])
    assert head.projection == grid([-gamma, 0], [0, fiftieth])


def test_the_weights_that_pair() -> None:
    """d_x = 1, d_y = 2, N = 2, M = 1: rows x, y, y, positions of two x-tokens, two y-tokens and the query."""
    (head,) = pairing_layer(1, 2, context=2, queries=1).heads
    assert head.value == grid([1, 0, 0, 0, 0, 0, 0, 0])
    assert head.projection == head.value.T
    assert head.key == grid([0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0])
    assert head.query == grid([0, 0, 0, -1, 0, 1, 0, 0], [0, 0, 0, 0, -1, 0, 1, 0])


def test_tokens_that_carry_one_thing_each() -> None:
    found = separate_tokens(grid([1, 2]), grid([3, 4], [5, 6]), grid([7]))
    assert found == grid(
        [1, 2, 0, 0, 7],
        [0, 0, 3, 4, 0],
        [0, 0, 5, 6, 0],
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    )


def test_tokens_and_predictions() -> None:
    X, Y, Q, W = grid([1, 2], [3, 4]), grid([5, 6]), grid([7], [8]), grid([9, 10])
    assert tokens(X, Y) == grid([1, 2], [3, 4], [5, 6])
    assert query_tokens(W, Q) == grid([7], [8], [-143])
    assert prediction(query_tokens(W, Q), 2, 1) == grid([143])


def test_a_layer_of_weights_in_numbers_takes_the_step_by_hand() -> None:
    """x = (1, 2), y = (2, 3), w = 0, η = 1/10: the weight becomes 2/5, so q = 5 is predicted 2 and the targets are 8/5 and 11/5."""
    X, Y, Q = grid([1, 2]), grid([2, 3]), grid([5])
    context, queries = linear_attention(gd_layer(1, 1, learning_rate="1/10", context=2), tokens(X, Y), query_tokens(grid([0]), Q))
    assert context == grid([1, 2], [sympy.Rational(8, 5), sympy.Rational(11, 5)])
    assert prediction(queries, 1, 1) == grid([2])


def test_a_padded_layer_is_blind_to_the_rows_below_and_leaves_them() -> None:
    algebra = Symbolic()
    d_x, d_y, N, M, p, r = map(Size, ("d_x", "d_y", "N", "M", "p", "r"))
    layer = gdpp_layer(d_x, d_y, learning_rate=algebra.symbol("eta"), gamma=algebra.symbol("gamma"), context=N, algebra=algebra)
    context = tokens(algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N))
    queries = tokens(algebra.generator("Q", d_x, M), algebra.generator("V", d_y, M))
    below = [
        algebra.block([[algebra.generator(f"{name}_p", p, size)], [algebra.generator(f"{name}_r", r, size)]])
        for name, size in (("C", N), ("S", M))
    ]
    wide = linear_attention(padded(layer, (p, r)), *(tokens(top, more) for top, more in zip((context, queries), below, strict=True)))
    for found, top, more in zip(wide, linear_attention(layer, context, queries), below, strict=True):
        assert algebra.difference(found, tokens(top, more)) is None


def test_padding_keeps_every_head() -> None:
    layer = gd_layer(1, 1, learning_rate=1, context=2)
    both = padded(layer._replace(heads=layer.heads * 2), 3)
    assert [weight.shape for head in both.heads for weight in head] == [(2, 5), (2, 5), (2, 5), (5, 2)] * 2


GOOD: dict[str, Any] = {"d_x": 2, "d_y": 1, "learning_rate": "eta", "context": "N"}


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"d_x": 0}, ValueError, "d_x: expected a whole number, at least 1, got 0"),
        ({"d_y": -1}, ValueError, "d_y: expected a whole number, at least 1, got -1"),
        ({"d_x": "2"}, TypeError, "d_x: expected a whole number, at least 1, got '2' of type str"),
        ({"d_y": 1.0}, TypeError, "d_y: expected a whole number, at least 1, got 1.0 of type float"),
        ({"context": 0}, ValueError, "context: expected a whole number, at least 1, got 0"),
        ({"context": "0"}, ValueError, "context: expected a whole number, at least 1, or a symbol such as N, got '0'"),
        ({"context": "1/2"}, ValueError, "context: expected a whole number, at least 1, or a symbol such as N, got '1/2'"),
        ({"context": -2.0}, ValueError, "context: expected a whole number, at least 1, or a symbol such as N, got -2.0"),
        ({"context": True}, TypeError, "context: expected a finite number such as 1/10"),
        (
            {"learning_rate": float("nan")},
            ValueError,
            "learning_rate: expected a finite number such as 1/10 or 0.1, or a symbol such as eta, got nan",
        ),
        ({"learning_rate": "inf"}, ValueError, "learning_rate: expected a finite number"),
        ({"learning_rate": None}, TypeError, "learning_rate: expected a finite number"),
        ({"initial": sympy.eye(2)}, ValueError, r"initial: expected W₀ of shape \(d_y, d_x\) = \(1, 2\), got \(2, 2\)"),
        ({"initial": sympy.Matrix([1, 2])}, ValueError, r"initial: expected W₀ of shape \(d_y, d_x\) = \(1, 2\), got \(2, 1\)"),
        ({"initial": [[1, 2]]}, TypeError, "initial: expected W₀ as a matrix, d_y x d_x, got .* of type list"),
    ],
)
def test_bad_input_is_refused_by_name(bad: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments = {**GOOD, **bad}
    sizes = arguments.pop("d_x"), arguments.pop("d_y")
    with pytest.raises(error, match=message):
        gd_layer(*sizes, **arguments)
    with pytest.raises(error, match=message):
        gdpp_layer(*sizes, gamma="gamma", **arguments)
    with pytest.raises(error, match=message):
        preconditioned_layer(*sizes, preconditioner=sympy.eye(2), **arguments)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (sympy.eye(3), ValueError, r"preconditioner: expected C of shape \(d_x, d_x\) = \(2, 2\), got \(3, 3\)"),
        ([[1, 0], [0, 1]], TypeError, "preconditioner: expected C as a matrix, d_x x d_x, got .* of type list"),
    ],
)
def test_a_bad_preconditioner_is_refused_by_name(bad: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        preconditioned_layer(2, 1, learning_rate="eta", context="N", preconditioner=bad)


@pytest.mark.parametrize("name", ["d_x", "d_y", "context", "queries"])
@pytest.mark.parametrize(
    ("size", "error", "message"),
    [
        (0, ValueError, "expected a whole number, at least 1, got 0"),
        ("N", TypeError, "expected a whole number, at least 1, got 'N' of type str; a symbolic size is a Size"),
    ],
)
def test_a_bad_size_of_a_pairing_layer_is_refused_by_name(name: str, size: Any, error: type[Exception], message: str) -> None:
    sizes = {"d_x": 2, "d_y": 1, "context": 3, "queries": 4, name: size}
    with pytest.raises(error, match=f"^{name}: {message}$"):
        pairing_layer(**sizes)


def test_a_bad_gamma_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"gamma: expected a finite number such as 1/10 or 0.1, or a symbol such as eta, got inf"):
        gdpp_layer(2, 1, learning_rate="eta", gamma=float("inf"), context="N")
