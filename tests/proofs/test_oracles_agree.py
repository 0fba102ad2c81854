"""The programs against references that share no code with them: loops over tokens, `jax.grad`, and SymPy's derivative.

Data are small integers and rates are powers of two, with N a power of two where something is divided by it: every intermediate result
is then a multiple of a power of two with far fewer than 53 bits, so that floats are exact in any order, and equality needs no tolerance.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from equivalence.algebras import exact
from equivalence.algebras.flint import Rational, dense
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import linear_attention, stack
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import gradient, gradient_step, loss, trajectory
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, separate_tokens, tokens
from tests.support import oracles

SIZES = [(3, 2, 4, 1), (1, 2, 4, 3), (2, 1, 8, 5), (1, 3, 1, 2)]
RATE = 0.5


def integers(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.integers(-2, 3, shape).astype(float)


def task(d_x: int, d_y: int, N: int, M: int) -> tuple[np.ndarray, ...]:
    """X, Y, Q and W₀ of small integers."""
    random = np.random.default_rng([d_x, d_y, N, M])
    return tuple(integers(random, *shape) for shape in ((d_x, N), (d_y, N), (d_x, M), (d_y, d_x)))


def heads(d: int, count: int) -> Layer:
    """Random heads of integers with different inner sizes."""
    random = np.random.default_rng(d)
    shapes = [((h + 1, d), (h + 1, d), (h + 2, d), (d, h + 2)) for h in range(count)]
    return Layer(tuple(Head(*(integers(random, *shape) for shape in four)) for four in shapes))


def assert_same(left: Any, right: Any) -> None:
    """Equality, with a message that names the entry."""
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    assert left.shape == right.shape
    for place in np.argwhere(left != right):
        raise AssertionError(f"entry {tuple(map(int, place))}: {left[tuple(place)]} against {right[tuple(place)]}")


def assert_differs(left: Any, right: Any) -> None:
    with pytest.raises(AssertionError, match=r"entry \(\d+, \d+\): .* against .*"):
        assert_same(left, right)


def flipped(layer: Layer) -> Layer:
    """The layer with the sign of every W_V flipped."""
    return Layer(tuple(head._replace(value=-head.value) for head in layer.heads))


@pytest.mark.parametrize("queries_as_keys", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_linear_attention_is_the_loop(sizes: tuple[int, ...], queries_as_keys: bool) -> None:
    d_x, d_y, _N, _M = sizes
    X, Y, Q, W0 = task(*sizes)
    layer, context, queries = heads(d_x + d_y, 2), tokens(X, Y), query_tokens(W0, Q)
    found = linear_attention(layer, context, queries, queries_as_keys=queries_as_keys)
    expected = oracles.linear_layer(layer.heads, context, queries, queries_as_keys)
    wrong = linear_attention(flipped(layer), context, queries, queries_as_keys=queries_as_keys)
    for ours, theirs, other in zip(found, expected, wrong, strict=True):
        assert_same(ours, theirs)
        assert_differs(other, theirs)


@pytest.mark.parametrize("sizes", SIZES)
def test_causal_attention_is_the_loop(sizes: tuple[int, ...]) -> None:
    d_x, d_y, N, _M = sizes
    X, Y, Q, W0 = task(*sizes)
    layer, context, queries = heads(d_x + d_y, 2), tokens(X, Y), query_tokens(W0, Q)
    columns, asked = causal_attention(layer, [context[:, j : j + 1] for j in range(N)], queries)
    expected = oracles.causal_layer(layer.heads, context, queries)
    assert_same(np.concatenate(columns, axis=1), expected[0])
    assert_same(asked, expected[1])
    if N > 1:
        assert_differs(np.concatenate(columns, axis=1), oracles.linear_layer(layer.heads, context, queries)[0])


def test_softmax_update_is_the_loop_up_to_rounding() -> None:
    """Each side is off by at most γ_n Σ|terms|, n = 4(N + 8), with room to spare.

    Scores and values are integers, so exact. Exponentials right to 4 units in the last place count 8, their sum N, the quotient and the
    product with a value 1 each, the sums over tokens, inner sizes and heads N + 5 at most.
    """
    X, Y, Q, W0 = task(3, 2, 4, 1)
    layer, context, queries = heads(5, 2), tokens(X, Y), query_tokens(W0, Q)
    found = softmax_update(layer, context, queries)[:, 0]
    expected = np.array(oracles.softmax_update(layer.heads, context, queries[:, 0]))
    terms = sum(abs(head.projection) @ abs(head.value) @ abs(context).sum(axis=1) for head in layer.heads)
    count = 4 * (context.shape[1] + 8)
    tolerance = 2 * count * 2.0**-53 / (1 - count * 2.0**-53) * terms
    assert (abs(found - expected) <= tolerance).all()
    assert (abs(found + expected) > tolerance).any()


@pytest.mark.parametrize("sizes", SIZES)
def test_loss_and_gradient_are_the_loops_and_jax_grad(sizes: tuple[int, ...]) -> None:
    X, Y, _, W = task(*sizes)

    def written_apart(weights: Any) -> Any:
        return jnp.mean(jnp.sum((jnp.einsum("ij,jn->in", weights, X) - Y) ** 2, axis=0)) / 2

    assert float(loss(W, X, Y)) == float(oracles.loss(W, X, Y)) == float(written_apart(W))
    for reference in (oracles.gradient(W, X, Y), jax.grad(written_apart)(jnp.asarray(W))):
        assert_same(gradient(W, X, Y), reference)
        assert_differs(gradient(W, X, Y) + gradient(W, X, Y) + 1, reference)
    if X.shape[1] > 1:
        assert_differs(X.shape[1] * gradient(W, X, Y), oracles.gradient(W, X, Y))


def test_gradient_is_sympys_derivative() -> None:
    X, Y, W = (exact.generator(name, *shape) for name, shape in {"X": (2, 3), "Y": (1, 3), "W": (1, 2)}.items())
    squares = sum((sum(W[0, j] * X[j, i] for j in range(2)) - Y[0, i]) ** 2 for i in range(3)) / sympy.Integer(6)
    derivative = sympy.Matrix(1, 2, [sympy.diff(squares, W[0, j]) for j in range(2)])
    assert exact.difference(gradient(W, X, Y), exact.value(derivative.tolist())) is None
    assert "in entry (0, 0)" in str(exact.difference(3 * gradient(W, X, Y), exact.value(derivative.tolist())))


@pytest.mark.parametrize("sizes", SIZES)
def test_one_layer_is_one_step_of_the_loop(sizes: tuple[int, ...]) -> None:
    d_x, d_y, N, _M = sizes
    X, Y, Q, W0 = task(*sizes)
    layer = gd_layer(d_x, d_y, learning_rate="1/2", context=N, initial=exact.value(W0.astype(int).tolist())).to_numpy()
    context, queries = linear_attention(layer, tokens(X, Y), query_tokens(W0, Q))
    stepped = oracles.descended(W0, X, Y, [RATE])
    assert_same(prediction(queries, d_x, d_y), stepped @ Q)
    assert_same(context, np.concatenate([X, Y - (stepped - W0) @ X]))
    dropped = gd_layer(d_x, d_y, learning_rate="1/2", context=1, initial=exact.value(W0.astype(int).tolist())).to_numpy()
    for wrong in [flipped(layer)] + [dropped] * (N > 1):
        assert_differs(prediction(linear_attention(wrong, tokens(X, Y), query_tokens(W0, Q))[1], d_x, d_y), stepped @ Q)


def fractions(array: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda entry: Fraction(int(entry)), otypes=[object])(array)


def rational_value(algebra: Rational, array: np.ndarray) -> Any:
    return algebra.value([[int(entry) for entry in row] for row in array])


def exactly(matrix: Any) -> np.ndarray:
    return np.array([[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in dense(matrix)], dtype=object)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(3, 2, 5, 1), (1, 2, 3, 4)])
def test_k_layers_are_k_steps_of_the_loop_in_fractions(sizes: tuple[int, ...], depth: int) -> None:
    d_x, d_y, N, _M = sizes
    X, Y, Q, W0 = task(*sizes)
    algebra, rates = Rational(), [Fraction(1, 7 + k) for k in range(depth)]
    values = [rational_value(algebra, array) for array in (X, Y, Q, W0)]
    layers = [gd_layer(d_x, d_y, learning_rate=algebra.scalar(rate), context=N, initial=values[3], algebra=algebra) for rate in rates]
    _, queries = stack(layers, tokens(values[0], values[1]), query_tokens(values[3], values[2]))
    expected = oracles.descended(fractions(W0), fractions(X), fractions(Y), rates)
    assert (exactly(prediction(queries, d_x, d_y)) == expected @ fractions(Q)).all()
    steps = trajectory(values[3], values[0], values[1], [algebra.scalar(rate) for rate in rates])
    assert (exactly(steps[-1]) == expected).all()
    assert (exactly(steps[-1]) != oracles.descended(fractions(W0), fractions(X), fractions(Y), [2 * rate for rate in rates])).any()


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(3, 2, 5, 1), (1, 2, 3, 4)])
def test_gdpp_is_the_loop_in_fractions(sizes: tuple[int, ...], depth: int) -> None:
    d_x, d_y, N, _M = sizes
    X, Y, Q, _ = task(*sizes)
    algebra = Rational()
    rates = [(Fraction(1, 7 + k), Fraction(1, 20 + k)) for k in range(depth)]
    x, y, q = (rational_value(algebra, array) for array in (X, Y, Q))
    layers = [
        gdpp_layer(d_x, d_y, learning_rate=algebra.scalar(rate), gamma=algebra.scalar(gamma), context=N, algebra=algebra)
        for rate, gamma in rates
    ]
    context, queries = stack(layers, tokens(x, y), query_tokens(algebra.zeros(d_y, d_x), q))
    residuals, predictions = oracles.gdpp_tokens(fractions(X), fractions(Y), fractions(Q), rates)
    assert (exactly(-prediction(context, d_x, d_y)) == residuals).all()
    assert (exactly(prediction(queries, d_x, d_y)) == predictions).all()
    state = Preconditioned(algebra.zeros(d_y, d_x), algebra.eye(d_x))
    for rate, gamma in rates:
        state = gdpp_step(state, x, y, algebra.scalar(rate), algebra.scalar(gamma))
    assert (exactly(state.weights @ q) == predictions).all()
    wrong = oracles.gdpp_tokens(fractions(X), fractions(Y), fractions(Q), [(2 * rate, gamma) for rate, gamma in rates])
    assert (predictions != wrong[1]).any()


@pytest.mark.parametrize("sizes", SIZES)
def test_separate_tokens_are_paired_and_descend(sizes: tuple[int, ...]) -> None:
    d_x, d_y, N, M = sizes
    X, Y, Q, _ = task(*sizes)
    pairing = pairing_layer(d_x, d_y, context=N, queries=M).to_numpy()
    step = padded(gd_layer(d_x, d_y, learning_rate="1/2", context=N), 2 * N + M).to_numpy()
    raw = separate_tokens(X, Y, Q)
    paired = oracles.linear_layer(pairing.heads, raw, raw)[0]
    assert_same(paired[:d_x], np.concatenate([np.zeros((d_x, N)), X, Q], axis=1))
    stacked, _ = stack([pairing, step], raw, raw)
    stepped = oracles.descended(np.zeros((d_y, d_x)), X, Y, [RATE])
    assert_same(-stacked[d_x : d_x + d_y, 2 * N :], stepped @ Q)
    for wrong in ([flipped(pairing), step], [pairing, flipped(step)]):
        assert_differs(-stack(wrong, raw, raw)[0][d_x : d_x + d_y, 2 * N :], stepped @ Q)


def test_gradient_step_in_jax_is_the_loop() -> None:
    X, Y, _, W0 = task(3, 2, 4, 1)
    stepped = jax.jit(gradient_step)(*(jnp.asarray(each) for each in (W0, X, Y)), jnp.asarray(RATE))
    assert_same(stepped, oracles.descended(W0, X, Y, [RATE]))
    assert_differs(stepped, oracles.descended(W0, X, Y, [-RATE]))
