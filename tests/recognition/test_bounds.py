"""The certified bound: never below what gradient ascent finds, and not idle."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equivalence import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.floats.bounds import _by_slices, certified_norm, largest_eigenvalue, largest_singular_value
from equivalence.recognition.floats.nearest import enclosed
from equivalence.recognition.layer import FloatingLayer, read
from equivalence.recognition.members import Member
from equivalence.recognition.rounding import gamma
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.recognition.tensor.enclosed import Ball, Enclosure, enclosure

STARTS, STEPS = 16, 100


def noisy(d_x: int, d_y: int, noise: float, seed: int) -> Layer:
    """A step from 0 of rate 1/2 with noise on A and B."""
    rng, d = np.random.default_rng(seed), d_x + d_y
    A, B = noise * rng.normal(size=(d, d)), noise * rng.normal(size=(d, d))
    A[d_x:, d_x:] -= np.eye(d_y) / 2
    B[:d_x, :d_x] += np.eye(d_x)
    return Layer((Head(np.eye(d), B, A, np.eye(d)),))


def worst_found(layer: Layer, found: Any, d_x: int, d_y: int, tokens: int, seed: int) -> float:
    """The largest error over contexts with Σ‖e‖² = 1 and ‖q‖ = 1, by gradient ascent on all entries from several starts."""
    W0, step = jnp.asarray(found.initial), found.step_size
    left = jnp.eye(d_y) if found.left_factor is None else jnp.asarray(found.left_factor)
    right = jnp.eye(d_x) if found.preconditioner is None else jnp.asarray(found.preconditioner)

    def error(point: Any) -> Any:
        context = point[0] / jnp.linalg.norm(point[0])
        query = point[1] / jnp.linalg.norm(point[1])
        token = jnp.concatenate([query, -W0 @ query])
        added = sum(h.projection @ (h.value @ context) @ ((h.key @ context).T @ (h.query @ token)) for h in layer.heads)
        X, Y = context[:d_x], context[d_x:]
        return jnp.linalg.norm(added[d_x:] + step * left @ (Y - W0 @ X) @ X.T @ right @ query)

    def climb(point: Any) -> Any:
        def move(_: Any, at: Any) -> Any:
            slope = jax.grad(error)(at)
            return tuple(p / jnp.linalg.norm(p) + g / (1e-30 + jnp.linalg.norm(g)) * 0.3 for p, g in zip(at, slope, strict=True))

        return error(jax.lax.fori_loop(0, STEPS, move, point))

    rng = np.random.default_rng(seed)
    points = (jnp.asarray(rng.normal(size=(STARTS, d_x + d_y, tokens))), jnp.asarray(rng.normal(size=(STARTS, d_x))))
    return float(jax.jit(jax.vmap(climb))(points).max())


def known(tensor: CanonicalTensor, radius: float = 0.0) -> Enclosure:
    """A tensor that is off by no more than the radius."""
    whole = enclosure([(Ball(A, 0.0), Ball(B, 0.0)) for A, B in tensor.pairs])
    return Enclosure(whole.tensor, whole.dense, whole.slack + radius)


@pytest.mark.slow
@pytest.mark.parametrize(("d_x", "d_y", "noise"), [(10, 1, 0.005), (10, 1, 0.5), (6, 5, 0.01), (1, 2, 0.3)])
def test_the_bound_is_sound_and_within_a_factor_3(d_x: int, d_y: int, noise: float) -> None:
    layer = noisy(d_x, d_y, noise, seed=d_x)
    found = recognise(layer, d_x=d_x, d_y=d_y, initial="unknown")
    worst = worst_found(layer, found, d_x, d_y, tokens=3, seed=d_y)
    bound = found.error_bound(1, 1)
    assert worst <= bound <= 3 * worst
    assert found.error_bound(3, 2) == pytest.approx(18 * bound)


def test_the_bound_of_a_right_layer_is_rounding_and_covers_it() -> None:
    layer = noisy(10, 1, 0.0, seed=0)
    found = recognise(layer, d_x=10, d_y=1, initial="unknown")
    assert found.family == "gradient descent"
    assert 0 < found.error_bound(1, 1) < 1e-12


def test_large_heads_are_bounded_without_the_tensor() -> None:
    layer = noisy(30, 2, 0.003, seed=1)
    found = recognise(layer, d_x=30, d_y=2, initial=np.zeros((2, 30)))
    worst = worst_found(layer, found, 30, 2, tokens=1, seed=0)
    assert worst <= found.error_bound(1, 1) <= 3 * worst


@pytest.mark.parametrize(("rows", "columns", "heads"), [(1, 20, 1), (3, 17, 2), (20, 2, 3)])
def test_inner_products_of_slices_give_the_first_unfolding(rows: int, columns: int, heads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, d = np.random.default_rng(rows), 21
    tensor = CanonicalTensor(tuple((rng.normal(size=(rows, d)), rng.normal(size=(d, columns))) for _ in range(heads)))
    unfolding = tensor.dense().transpose(1, 2, 0, 3).reshape(d * d, rows * columns)
    norm = np.linalg.norm(unfolding, 2)
    assert norm <= _by_slices(tensor) <= (1 + 1e-9) * norm
    assert certified_norm(known(tensor)) <= (1 + 1e-9) * norm
    monkeypatch.setattr("equivalence.recognition.floats.bounds.SLICES", 0)
    assert certified_norm(known(tensor)) > 1.01 * norm


def test_rounding_covers_the_exact_difference() -> None:
    """All numbers taken as the rationals they are, the tensor formed from Fractions."""
    rng, d_x, d_y = np.random.default_rng(8), 3, 2
    shapes = [((d_k, 5), (d_k, 5), (d_v, 5), (5, d_v)) for d_k, d_v in ((4, 2), (1, 3))]
    layer = Layer(tuple(Head(*(rng.normal(size=shape) for shape in head)) for head in shapes))
    member = Member(0.3, rng.normal(size=(d_y, d_x)), np.eye(d_y) / 3, rng.normal(size=(d_x, d_x)))
    read_layer = read(layer, d_x, d_y)
    assert isinstance(read_layer, FloatingLayer)
    difference = read_layer.outputs(member.initial).difference(enclosed(member))
    exactly = Member(*map(fractions, member))
    heads = [Head(*map(fractions, head)) for head in layer.heads]
    seen = CanonicalTensor(tuple((head.projection[d_x:] @ head.value, head.key.T @ head.query) for head in heads)).on_queries(
        exactly.initial
    )
    expected = seen.difference(exactly.A, exactly.B).dense()
    for computed in (difference.dense, difference.tensor.dense()):
        gap = np.linalg.norm((expected - fractions(computed)).astype(float))
        assert 0 < gap <= difference.slack < 1e-10


def fractions(array: Any) -> Any:
    """Floats as the rationals they are."""
    return Fraction(array) if isinstance(array, float) else np.vectorize(Fraction, otypes=[object])(array)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (1, 5), (40, 40)])
def test_norms_are_bounded_from_above_and_closely(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(shape[0])
    U, V = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in shape)
    matrix = 3.0 * np.outer(U[:, 0], V[:, 0])
    assert 3.0 - 1e-13 <= largest_singular_value(matrix) <= 3.0 + 1e-9
    assert largest_singular_value(np.zeros(shape)) < 1e-100


def test_an_eigenvalue_bound_is_not_below_an_integer_eigenvalue() -> None:
    for n in (1, 2, 9):
        assert n <= largest_eigenvalue(np.ones((n, n))) <= n * (1 + 1e-11)
    assert largest_eigenvalue(-np.eye(3)) >= 0


def test_the_least_norm_is_taken() -> None:
    """A rank-one tensor has norm at most ‖a‖‖b‖ = 1; e eᵀ with a = b attains it; Frobenius agrees, with a ⊥ b it is √½."""
    unit = np.eye(4)
    same = CanonicalTensor(((unit[:1], unit[:, :1]),))
    assert certified_norm(known(same)) == pytest.approx(1, rel=1e-9)
    assert certified_norm(known(same, 0.5)) == pytest.approx(1.5, rel=1e-9)
    apart = CanonicalTensor(((unit[:1], unit[:, 1:2]),))
    assert certified_norm(known(apart)) == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize(("token_norm", "query_norm"), [(1e-170, 1e300), (1e140, 1e-300), (3.0, 5e-324)])
def test_the_bound_is_not_lost_on_the_way(token_norm: float, query_norm: float) -> None:
    """A square of 1e-340 is no float, but its product with what is large is."""
    layer = gd_layer(3, 1, learning_rate="1/10", context=5).to_numpy()
    off = Layer((layer.heads[0]._replace(value=layer.heads[0].value + 1e-3),))
    found = recognise(off, d_x=3, d_y=1)
    unit = Fraction(found.certified_norm) * Fraction(token_norm) ** 2 * Fraction(query_norm)
    assert unit <= Fraction(found.error_bound(token_norm, query_norm)) <= unit * (1 + Fraction(1, 2**50)) + Fraction(5e-324) * 2


def test_norms_whose_bound_is_no_float_are_refused() -> None:
    layer = gd_layer(3, 1, learning_rate="1/10", context=5).to_numpy()
    found = recognise(layer, d_x=3, d_y=1)
    with pytest.raises(ValueError, match=r"token_norm, query_norm: the bound for 1e\+300 and 1e\+300 is larger than a float can be"):
        found.error_bound(1e300, 1e300)


def test_the_first_unfolding_by_slices_has_its_rounding_where_heads_cancel() -> None:
    """40 rows and two heads that cancel bit for bit: their inner products are rounding alone, and a bound below 0 would have no root."""
    random = np.random.default_rng(0)
    A, B = 1e8 * random.normal(size=(2, 40)), 1e8 * random.normal(size=(40, 38))
    cancelled = CanonicalTensor(((A, B), (-A, B)))
    bound, size = _by_slices(cancelled), 2 * np.linalg.norm(A) * np.linalg.norm(B)
    assert np.sqrt(gamma(2 * 40)) * size < bound < 1e-6 * size
