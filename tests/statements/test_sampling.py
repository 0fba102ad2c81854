"""Seeded batches: what is drawn, that a wrong construction is found and replayed, and what is refused."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import Numeric
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import Differ, Less, Positive, Statement, find
from equivalence.statements.comparisons import Comparison
from equivalence.statements.inputs import Inputs, inputs_of
from equivalence.statements.registry import registry, statement
from equivalence.statements.sampling import checker, draw, replay, sample

SIZES = {"d_x": 3, "d_y": 2, "N": 5, "M": 1}


def changed(**weights: Any) -> Any:
    """`gd_layer` with some weights mapped to others."""

    def build(*arguments: Any, **named: Any) -> Layer:
        (head,) = gd_layer(*arguments, **named).heads
        return Layer((head._replace(**{name: change(getattr(head, name)) for name, change in weights.items()}),))

    return build


def nudged(by: str) -> Any:
    """`gd_layer` with W_V too large by a factor."""

    def build(*arguments: Any, algebra: Any, **named: Any) -> Layer:
        return changed(value=lambda weight: algebra.scalar(by) * weight)(*arguments, algebra=algebra, **named)

    return build


def local(program: Any, kind: str = "identity") -> Statement:
    """A statement that is registered nowhere."""
    program.__doc__ = "A statement of this test."
    try:
        return statement("99.7", "Only here", source="this test", kind=kind)(program)
    finally:
        registry.pop("99.7", None)


def test_a_true_statement_holds_and_says_on_what() -> None:
    first, second = sample("2.1", sizes=[SIZES, {"d_x": 1, "d_y": 2, "N": 3, "M": 4}], batch=20, seed=7)
    assert (first.statement, first.claim, first.sizes, first.dtype, first.seed, first.instances) == (
        "2.1",
        "One linear self-attention layer is one gradient step",
        SIZES,
        "float64",
        7,
        20,
    )
    for taken in (first, second):
        assert taken.holds
        assert (taken.failing, taken.message) == (None, "")
        assert 0 < taken.worst < 1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "layer",
    [
        changed(value=lambda weight: -weight),
        changed(projection=lambda weight: weight + weight),
        changed(key=lambda weight: -weight),
        nudged("1.0001"),
    ],
    ids=["sign of W_V", "doubled 1/N", "sign of W_K", "a factor 1.0001"],
)
def test_a_wrong_construction_is_found_and_replayed(layer: Any, dtype: str) -> None:
    (taken,) = sample("2.1", sizes=[SIZES], batch=10, dtype=dtype, replace={"layer": layer})
    assert not taken.holds
    assert taken.worst > 1
    assert 0 <= taken.failing < 10
    assert taken.message.startswith(
        "2.1 One linear self-attention layer is one gradient step, One linear self-attention layer is one gradient step, "
        "step 2 (the values are s(W₀X − Y), the scores XᵀX and XᵀQ): in entry ("
    )
    assert " against " in taken.message
    assert ", tolerance " in taken.message
    assert taken.message.endswith("[numeric]")


def test_a_change_in_the_last_digits_is_found() -> None:
    """2⁻⁴⁴ is some five hundred units in the last place; the tolerance at these sizes is below that."""
    (taken,) = sample("2.1", sizes=[SIZES], batch=300, replace={"layer": nudged(f"{1 + 2**-44:.20f}")})
    assert not taken.holds


def test_a_single_wrong_instance_is_named() -> None:
    claim = find("2.1").claims[0]
    values = draw(inputs_of(claim, SIZES, {}), 8, 0)
    ratios = np.asarray(checker(claim, tuple(SIZES.values()), "float64")(values))
    assert ratios.shape == (8,)
    alone = {name: array[int(np.argmax(ratios))] for name, array in values.items()}
    assert replay(find("2.1"), claim, SIZES, {}, alone) == ""
    assert "step 2" in replay(find("2.1"), claim, SIZES, {"layer": changed(key=lambda weight: -weight)}, alone)


def test_the_failing_instance_is_the_worst() -> None:
    """X + c·X with c the sign of a symbol: instances with a positive symbol fail, and only those."""

    def program(algebra: Any, n: Any) -> Any:
        c = algebra.symbol("c")
        X = algebra.generator("X", n, 1)
        yield "one", c * X
        yield "its size", abs_of(c) * X

    def abs_of(scalar: Any) -> Any:
        return scalar if hasattr(scalar, "terms") or hasattr(scalar, "degree") else abs(scalar)

    found = local(program)
    (taken,) = sample(found, sizes=[{"n": 2}], batch=16, seed=1)
    symbols = draw(Inputs({"X": (2, 1, False)}, symbols=["c"]), 16, 1)["c"]
    assert symbols[taken.failing] < 0


def test_no_tolerance_is_no_pass() -> None:
    """A monomial that may have underflowed has no bound, so equal sides do not pass by it."""

    def program(algebra: Any) -> Any:
        small = algebra.scalar("1e-30") * algebra.scalar("1e-30")
        yield "one", small * algebra.eye(1)
        yield "the same", small * algebra.eye(1)

    (taken,) = sample(local(program), batch=2, dtype="float32")
    assert not taken.holds
    assert np.isnan(taken.worst)
    assert "tolerance nan" in taken.message


@pytest.mark.parametrize("data", [False, True])
def test_no_tolerance_in_a_later_step_is_no_pass_either(data: bool) -> None:
    """NaN must not be lost among numbers, in a batch or in a claim without data."""

    def program(algebra: Any) -> Any:
        one = algebra.generator("X", 1, 1) if data else algebra.eye(1)
        yield "one", one
        yield "the same", one + algebra.zeros(1, 1)
        small = algebra.scalar("1e-30") * algebra.scalar("1e-30")
        yield "the same but for nothing", one + small * algebra.zeros(1, 1)

    (taken,) = sample(local(program), batch=2, dtype="float32")
    assert taken.instances == (2 if data else 1)
    assert not taken.holds
    assert "step 3 (the same but for nothing): in entry (0, 0)" in taken.message
    assert "tolerance nan" in taken.message


@pytest.mark.parametrize("data", [False, True])
def test_a_claim_that_compares_nothing_is_refused(data: bool) -> None:
    def program(algebra: Any) -> Any:
        yield "alone", algebra.generator("X", 1, 1) if data else algebra.eye(1)

    with pytest.raises(ValueError, match="Only here: nothing is compared, so nothing can be tested on numbers"):
        sample(local(program), batch=2)


def test_sides_of_different_shape_are_refused() -> None:
    def program(algebra: Any, n: Any, m: Any) -> Any:
        yield "a column", algebra.ones(n, 1)
        yield "a row", algebra.ones(1, m)

    with pytest.raises(ValueError, match=r"Only here, step 2 \(a row\): shape \(2, 1\) against \(1, 3\)"):
        sample(local(program), sizes=[{"n": 2, "m": 3}], batch=2)


def test_an_exact_difference_is_not_tolerated() -> None:
    def program(algebra: Any, n: Any) -> Any:
        yield "ones", algebra.ones(n, 1)
        yield "the first column of the identity", algebra.block([[algebra.eye(1)], [algebra.zeros((n, 1), 1)]])

    def same(algebra: Any, n: Any) -> Any:
        yield "ones", algebra.ones(n, 1)
        yield "ones again", algebra.ones(n, 1)

    with pytest.raises(ValueError, match="shape"):
        sample(local(program), sizes=[{"n": 2}], batch=2)
    assert all(taken.worst == 0 for taken in sample(local(same), sizes=[{"n": 2}], batch=2))


def test_a_witness_must_differ_by_more_than_rounding() -> None:
    def program(algebra: Any) -> Any:
        third = algebra.value([["1/3"]])
        yield "three thirds", third + third + third
        yield "are one", algebra.value([[1]])
        yield Differ("but three thirds are not one", third + third + third, algebra.value([[1]]))

    (taken,) = sample(local(program, "refutation"))
    assert not taken.holds
    assert "step 3 (but three thirds are not one): the sides do not differ by more than the tolerance" in taken.message


def test_a_witness_whose_steps_are_wrong_falls() -> None:
    def program(algebra: Any) -> Any:
        yield "two", algebra.value([[2]])
        yield "is three", algebra.value([[3]])

    (taken,) = sample(local(program, "refutation"))
    assert "step 2 (is three): in entry (0, 0), 2.0 against 3.0" in taken.message
    assert taken.worst > 1


def test_data_are_what_is_said() -> None:
    inputs = Inputs({"X": (2, 3, False), "S": (3, 3, True)}, {"T": 4}, {"D": 2}, ["eta"])
    drawn = draw(inputs, 200, 3)
    assert {name: array.shape for name, array in drawn.items()} == {
        "X": (200, 2, 3),
        "S": (200, 3, 3),
        "D": (200, 2, 2),
        "eta": (200,),
        "T": (200, 4, 4),
        "T⁻¹": (200, 4, 4),
    }
    assert -1 <= drawn["X"].min() < -0.99
    assert 0.99 < drawn["X"].max() < 1
    assert (drawn["S"] == drawn["S"].swapaxes(1, 2)).all()
    assert (drawn["D"][:, 0, 1] == 0).all()
    assert (abs(drawn["eta"]) >= 0.5).all()
    assert (abs(drawn["eta"]) <= 1).all()
    assert set(np.sign(drawn["eta"])) == {-1, 1}
    assert (drawn["T"] @ drawn["T⁻¹"] == np.eye(4)).all()
    assert len({matrix.tobytes() for matrix in drawn["T"]}) > 100


def test_a_seed_gives_the_same_data_again_and_another_does_not() -> None:
    inputs = Inputs({"X": (2, 3, False)})
    assert (draw(inputs, 5, 1)["X"] == draw(inputs, 5, 1)["X"]).all()
    assert (draw(inputs, 5, 1)["X"] != draw(inputs, 5, 2)["X"]).any()
    assert draw(inputs, 5, 1, "float32")["X"].dtype == np.float32


def test_what_a_program_asks_for_is_recorded() -> None:
    def program(algebra: Any, n: Any) -> Any:
        T, _ = algebra.invertible("T", n)
        S, D = algebra.generator("S", n, n, symmetric=True), algebra.diagonal("D", n)
        yield "all", algebra.symbol("a") * (T @ S @ D @ algebra.weights(algebra.generator("X", n, 1)))

    assert inputs_of(local(program).claims[0], {"n": 3}, {}) == Inputs(
        {"S": (3, 3, True), "X": (3, 1, False)}, {"T": 3}, {"D": 3}, ["a"], 1
    )


def test_random_inverses_are_not_unimodular() -> None:
    """What is true of determinant 1 only fails on the numbers: at size 1 already, and in the plane T + T⁻¹ = tr T."""

    def is_one(algebra: Any) -> Any:
        yield "T of size 1", algebra.invertible("T", 1)[0]
        yield "is I", algebra.eye(1)

    def cayley(algebra: Any) -> Any:
        T, inverse = algebra.invertible("T", 2)
        yield "T + T⁻¹", T + inverse
        yield "tr(T) I", algebra.trace(T) * algebra.eye(2)

    for program in (is_one, cayley):
        (failed,) = sample(local(program))
        assert not failed.holds
        assert "step 2" in failed.message


def test_a_large_random_inverse_is_refused_where_it_is_not_exact() -> None:
    with pytest.raises(
        ValueError, match="T: a random inverse of size 60 has entries that float32 does not hold exactly; use a smaller size"
    ):
        draw(Inputs(invertible={"T": 60}), 1, 0, "float32")


@pytest.mark.parametrize("library", [np, jnp])
def test_ratios_are_not_a_number_where_the_tolerance_is_not_finite(library: Any) -> None:
    one = Numeric(library, "float64").ones(1, 3)
    tolerance = library.asarray([[np.inf, np.nan, 1.0]])
    ratios = Comparison("here", one, one, tolerance).ratios(library)
    assert np.isnan(ratios).tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch": 0}, "batch: expected a positive integer, got 0"),
        ({"dtype": "float16"}, "dtype: expected 'float64' or 'float32', got 'float16'"),
        ({"replace": {"weights": None}}, "replace: 2.1 has no part named weights"),
        ({"sizes": [{"d_x": 1}]}, "sizes: expected d_x, d_y, N, M, missing d_y, N, M"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample("2.1", **arguments)


def test_double_precision_needs_its_mode() -> None:
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(ValueError, match="float64 needs JAX's x64 mode"):
            sample("2.1", batch=2)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_checks_that_numbers_say_nothing_of_are_left_out_among_steps() -> None:
    def program(algebra: Any) -> Any:
        yield Less("an order", (1, 2))
        yield "two", algebra.value([[2]])
        yield Positive("a sign", sympy.Symbol("x"), (sympy.Symbol("x"),))
        yield "is two", algebra.value([[2]])

    def alone(algebra: Any) -> Any:
        yield Less("an order", (1, 2))

    (taken,) = sample(local(program, "bound"))
    assert (taken.holds, taken.instances, taken.worst) == (True, 1, 0)
    assert sample(local(alone, "bound")) == ()


def test_the_number_of_instances_is_that_of_the_batch() -> None:
    for batch in (1, 5, 8):
        (taken,) = sample("1.2", sizes=[{"d_x": 2, "d_y": 1, "N": 3}], batch=batch)
        assert taken.instances == batch
    assert {taken.instances for taken in sample("1.4", batch=9)} <= {1}
