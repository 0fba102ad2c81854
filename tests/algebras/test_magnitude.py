"""The magnitude reading: its bound is never exceeded, and never far off; each rule by itself; what it refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import Numeric, Rational
from equivalence.algebras.flint import dense
from equivalence.algebras.magnitude import Magnitude, MagnitudeAlgebra
from equivalence.statements import Claim, in_order
from equivalence.statements.inputs import Inputs, inputs_of
from equivalence.statements.sampling import draw
from equivalence.statements.sizes import assignments


def is_bounded(claim: Claim) -> bool:
    """Claims on softmax have no exact rational reading, see the test of weights; of what inverts no rounding is bounded."""
    inputs = inputs_of(claim, assignments(claim, None)[0], {})
    return not inputs.weights and not inputs.inverses


IDENTITIES = [
    pytest.param(claim, id=f"{found.number} {claim.title}")
    for found in in_order()
    for claim in found.claims
    if claim.is_identity and is_bounded(claim)
]
UNIT = 2.0**-53
TINY32 = np.finfo(np.float32).tiny


def reading(dtype: Any = "float64", **values: Any) -> MagnitudeAlgebra:
    return MagnitudeAlgebra(Numeric(np, dtype, {name: np.asarray(value, dtype) for name, value in values.items()}))


def exactly(inputs: Inputs, values: dict[str, np.ndarray]) -> Rational:
    """The rational reading of the same floats."""
    algebra = Rational(nonzero=lambda name: Fraction(float(values[name])))
    inverses = [f"{name}⁻¹" for name in inputs.invertible]
    for name in (*inputs.generators, *inputs.diagonal, *inputs.invertible, *inverses):
        algebra.matrices[name] = algebra.matrix(
            values[name].shape[0], values[name].shape[1], [Fraction(float(entry)) for entry in values[name].flat]
        )
    return algebra


def fractions(side: Any) -> np.ndarray:
    """A result of the rational reading as an array of fractions."""
    rows = dense(side) if hasattr(side, "blocks") else [[side]]
    found = np.array([[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in rows], dtype=object)
    return found if hasattr(side, "blocks") else found[0, 0]


def as_fractions(array: Any) -> np.ndarray:
    return np.vectorize(lambda entry: Fraction(float(entry)), otypes=[object])(array)


def errors_and_bounds(claim: Claim, dtype: str, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """|computed − exact| and the bound, entry by entry, for all that a claim's chains compute."""
    sizes = assignments(claim, None)[0]
    inputs = inputs_of(claim, sizes, {})
    values = {name: array[0] for name, array in draw(inputs, 1, seed, dtype).items()}
    numeric = Numeric(np, dtype, values)
    algebras = (numeric, MagnitudeAlgebra(numeric), exactly(inputs, values))
    programs = (claim.program(algebra, *(sizes[name] for name in claim.sizes)) for algebra in algebras)
    steps = [[item[1] for item in items] for items in zip(*programs, strict=True) if isinstance(items[0], tuple)]
    return [(abs(as_fractions(computed) - fractions(exact)), as_fractions(bound.bound())) for computed, bound, exact in steps]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("claim", IDENTITIES)
def test_no_result_is_further_from_the_exact_one_than_the_bound(claim: Claim, dtype: str) -> None:
    for error, bound in errors_and_bounds(claim, dtype, seed=3):
        assert np.all(error <= bound)


def test_the_bound_is_not_far_off_and_would_be_exceeded_without_its_factors() -> None:
    """Over all claims the worst error uses at least a hundredth of some bound; so a bound a hundred times as small would be wrong."""
    used = max(
        float(error / bound)
        for parameter in IDENTITIES
        for errors, bounds in errors_and_bounds(parameter.values[0], "float32", seed=3)
        for error, bound in zip(np.ravel(errors), np.ravel(bounds), strict=True)
        if bound
    )
    assert 1 / 100 < used < 1


def test_a_sum_that_cancels_keeps_its_terms() -> None:
    found = reading(a=[[1.0]], b=[[1.0]])
    difference = found.generator("a", 1, 1) - found.generator("b", 1, 1)
    assert difference.roundings == 1
    assert difference.bound()[0, 0] == pytest.approx(2 * UNIT * 2, rel=1e-12)


@pytest.mark.parametrize(
    ("expression", "roundings"),
    [
        (lambda a, b, s, alg: a @ b, 3),
        (lambda a, b, s, alg: a @ b @ a, 5),
        (lambda a, b, s, alg: a @ b + b.T @ a.T, 4),
        (lambda a, b, s, alg: s * a, 1),
        (lambda a, b, s, alg: (s / s) * a, 2),
        (lambda a, b, s, alg: (alg.scalar(1) / alg.scalar(3)) * a, 2),
        (lambda a, b, s, alg: alg.scalar("1/3") * a, 2),
        (lambda a, b, s, alg: alg.scalar("1/4") * a, 1),
        (lambda a, b, s, alg: alg.trace(a @ b), 5),
        (lambda a, b, s, alg: -a.T, 0),
        (lambda a, b, s, alg: alg.block([[a, s * a]]), 1),
        (lambda a, b, s, alg: alg.scalar((2, 3)), 0),
    ],
)
def test_roundings_are_counted(expression: Any, roundings: int) -> None:
    found = reading(a=np.ones((2, 3)), b=np.ones((3, 2)), s=0.5)
    result = expression(found.generator("a", 2, 3), found.generator("b", 3, 2), found.symbol("s"), found)
    assert result.roundings == roundings


def test_a_scalar_of_another_type_is_rounded_twice_on_its_way_there() -> None:
    assert [reading(dtype).scalar("1/3").roundings for dtype in ("float64", "float32")] == [1, 2]


@pytest.mark.parametrize("library", [np, jnp])
def test_underflow_is_within_the_bound(library: Any) -> None:
    """Products of 2⁻⁸⁰ vanish in float32: all that is left of the bound is the underflow term, which covers them."""
    values = {"a": library.full((1, 5), 2.0**-80, dtype="float32"), "b": library.full((5, 1), 2.0**-70, dtype="float32")}
    numeric = Numeric(library, "float32", values)
    product = numeric.generator("a", 1, 5) @ numeric.generator("b", 5, 1)
    magnitude = MagnitudeAlgebra(numeric)
    bound = (magnitude.generator("a", 1, 5) @ magnitude.generator("b", 5, 1)).bound()
    exact = 5 * Fraction(2) ** -150
    assert Fraction(float(product[0, 0])) != exact
    assert abs(Fraction(float(product[0, 0])) - exact) <= Fraction(float(bound[0, 0])) < 100 * Fraction(float(TINY32))


def test_flushed_differences_are_within_the_bound() -> None:
    values = {"a": jnp.full((1, 1), 1.5 * TINY32, dtype="float32"), "b": jnp.full((1, 1), TINY32, dtype="float32")}
    numeric = Numeric(jnp, "float32", values)
    magnitude = MagnitudeAlgebra(numeric)
    difference = jax.jit(lambda a, b: a - b)(values["a"], values["b"])
    bound = (magnitude.generator("a", 1, 1) - magnitude.generator("b", 1, 1)).bound()
    assert abs(float(difference[0, 0]) - 0.5 * float(TINY32)) <= float(bound[0, 0])


def test_a_monomial_that_may_have_underflowed_gives_no_bound() -> None:
    found = reading("float32", s=2.0**-70)
    assert np.isnan((found.symbol("s") * found.symbol("s")).bound())
    assert np.isfinite(found.symbol("s").bound())


def test_a_sum_is_no_divisor() -> None:
    found = reading(s=0.5)
    with pytest.raises(ValueError, match="division: expected a number or a product of symbols, got a sum"):
        found.scalar(1) / (found.symbol("s") + found.scalar(1))
    with pytest.raises(ValueError, match="division"):
        found.scalar(1) / found.scalar(0)


def test_too_many_roundings_are_refused() -> None:
    bfloat16 = MagnitudeAlgebra(Numeric(jnp, jnp.bfloat16, {"a": jnp.ones((1, 33), dtype=jnp.bfloat16)}))
    row = bfloat16.generator("a", 1, 33)
    with pytest.raises(ValueError, match="bound: expected at most 32 roundings in bfloat16, got 33"):
        (row @ row.T).bound()


def test_shapes_that_would_be_broadcast_are_refused() -> None:
    found = reading(a=np.ones((2, 1)), b=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"\+: expected equal shapes, got \(2, 1\) and \(2, 3\)"):
        found.generator("a", 2, 1) + found.generator("b", 2, 3)
    with pytest.raises(TypeError, match=r"scalar \*: expected a scalar on the left, got shape \(2, 1\)"):
        found.generator("a", 2, 1) * found.generator("b", 2, 3)


def test_a_scalar_outside_the_normal_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scalar: .* is outside the normal range of float32"):
        reading("float32").scalar(Fraction(1, 10**40))


@pytest.mark.parametrize("number", [0.5, np.float64(0.5), True])
def test_numbers_that_do_not_know_the_algebra_are_refused(number: Any) -> None:
    matrix = reading(a=[[1.0]]).generator("a", 1, 1)
    with pytest.raises(TypeError, match=r"scalar \*: expected a scalar of the magnitude algebra, got .*; build it with algebra.scalar"):
        number * matrix


def test_it_runs_under_vmap_and_jit() -> None:
    def bound(a: Any) -> Any:
        found = MagnitudeAlgebra(Numeric(jnp, "float64", {"a": a}))
        row: Magnitude = found.generator("a", 1, 3)
        return (row @ row.T).bound()[0, 0]

    batch = np.ones((4, 1, 3)) * np.arange(4)[:, None, None]
    assert np.asarray(jax.jit(jax.vmap(bound))(batch)) == pytest.approx(3 * 3 * 2 * UNIT * np.arange(4) ** 2, rel=1e-12)


def test_values_are_read_as_magnitudes() -> None:
    found = reading().value([[-1, "1/3"]])
    assert found.terms.tolist() == [[1, 1 / 3]]
    assert found.roundings == 1


@pytest.mark.parametrize("library", [np, jnp])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [0.5, 8.0, 40.0])
def test_softmax_is_within_the_bound(library: Any, dtype: str, scale: float) -> None:
    rng = np.random.default_rng(5)
    values = {"K": library.asarray(scale * rng.random((3, 7)), dtype=dtype), "q": library.asarray(rng.random((3, 2)), dtype=dtype)}
    numeric = Numeric(library, dtype, values)
    computed = numeric.weights(values["K"].T @ values["q"])
    magnitude = MagnitudeAlgebra(numeric)
    bound = magnitude.weights(magnitude.generator("K", 3, 7).T @ magnitude.generator("q", 3, 2)).bound()
    keys, queries = (as_fractions(values[name]) for name in ("K", "q"))
    exact = arb_softmax(keys.T @ queries)
    error = abs(as_fractions(computed) - exact)
    assert np.all(error <= as_fractions(bound))
    assert np.any(error > 0)


def arb_softmax(scores: np.ndarray) -> np.ndarray:
    """To 60 digits, as fractions."""
    balls = np.vectorize(lambda z: sympy.exp(sympy.Rational(z.numerator, z.denominator)).evalf(70), otypes=[object])(scores)
    return np.vectorize(lambda p: Fraction(str(p)), otypes=[object])(balls / balls.sum(axis=0))


def test_softmax_of_scores_that_are_not_known_well_gives_no_bound() -> None:
    found = reading("float32", z=[[2.0**24], [1.0]])
    assert np.isnan(found.weights(found.generator("z", 2, 1)).bound()).all()
