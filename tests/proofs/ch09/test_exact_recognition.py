"""Statement 9.1: wrong layers and wrong equations are rejected at their step, and what is read off is what the code reads off."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import proofs  # noqa: F401  (registers the statements)
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.recognition.members import Member
from equivalence.recognition.tensor.canonical import CanonicalTensor
from proofs.ch09_recognition.nearest_members import residual_form
from tests.support.perturbations import fallen, negated, perturbed

KNOWN = "W₀ known: D and C are read off, up to scale"
UNKNOWN = "W₀ unknown: linear equations in (W₀, s, V), and V = sW₀"


@pytest.mark.parametrize(
    ("layer", "step"),
    [
        (negated(gd_layer, "value"), "a layer for the step: what it adds to W₀q, step 2"),
        (perturbed(gd_layer, "A", "y", "x"), "a layer for the step: what it adds to W₀q, step 2"),
        (perturbed(gd_layer, "B", "x", "x"), "a layer for the step: what it adds to W₀q, step 2"),
    ],
)
def test_another_layer_is_rejected(layer: Any, step: str) -> None:
    (message,) = fallen("9.1", layer=layer).values()
    assert message.startswith(step)


def test_the_targets_have_a_minus_sign() -> None:
    def flipped(algebra: Any, s: Any, V: Any) -> Any:
        return residual_form(algebra, -s, V)

    assert fallen("9.1", form=flipped)[KNOWN].startswith("its tensor is T(sDF, [C; 0]), by the y rows of A, step 2")


def test_the_equations_are_linear_in_V_with_the_factor_1() -> None:
    def halved(algebra: Any, s: Any, V: Any) -> Any:
        return residual_form(algebra, s, algebra.scalar("1/2") * V)

    message = fallen("9.1", form=halved)[UNKNOWN]
    assert message.startswith("a slice: a is a row of A, ")
    assert "step 2 (T_x − T_y W₀ − M(s, V), and T([V − sW₀, 0], [I; 0])" in message


def test_the_linear_system_for_the_left_part_has_both_terms() -> None:
    def without_trace(algebra: Any, A: Any, B: Any, R: Any) -> Any:
        return algebra.scalar("1/2") * (A @ R @ B.T)

    ((claim, message),) = fallen("9.1", slope=without_trace).items()
    assert claim == "D and C known, B's columns of targets 0: DW₀ solves a linear system"
    assert message.startswith("step 2 (is L times a matrix that is positive definite for C ≠ 0)")


def test_the_witness_is_for_the_step_down() -> None:
    def uphill(weights: Any, inputs: Any, targets: Any, rate: Any) -> Any:
        return weights - weight_change(weights, inputs, targets, rate)

    (message,) = fallen("9.1", step=uphill).values()
    assert message.startswith("the layer (A, B) and the step are run on one context token e = [x; y], step 2")


@pytest.mark.parametrize(
    ("corrected", "step"),
    [
        (negated(gdpp_layer, "projection"), "what the prediction reads, the y rows of A, step 2"),
        (perturbed(gdpp_layer, "A", "x", "y"), "the x rows of A, step 2"),
        (perturbed(gdpp_layer, "B", "y", "x"), "on queries, B[I; −W₀], step 2"),
    ],
)
def test_the_curvature_is_read_off_GDpp_alone(corrected: Any, step: str) -> None:
    (message,) = fallen("9.1", corrected=corrected).values()
    assert message.startswith(step)


def fractions(array: Any) -> Any:
    """Numbers that the code may halve."""
    return np.vectorize(Fraction, otypes=[object])(array)


def integers(random: np.random.Generator, *shape: int) -> Any:
    return fractions(random.integers(-4, 5, shape))


def identity(size: int) -> Any:
    return fractions(np.eye(size, dtype=int))


def test_the_entries_that_the_code_reads() -> None:
    """−2 T at a target's and an input's row is s D_km C_ij, an entry at a time, of the pair that the code builds."""
    random, d_x, d_y = np.random.default_rng(3), 3, 2
    member = Member(Fraction(2, 3), integers(random, d_y, d_x), integers(random, d_y, d_y), integers(random, d_x, d_x))
    T, seen = CanonicalTensor(((member.A, member.B),)).dense(), set()
    for k, m, i, j in np.ndindex(d_y, d_y, d_x, d_x):
        expected = member.step * member.left_factor[k, m] * member.preconditioner[i, j]
        assert -2 * T[k, d_x + m, i, j] == expected
        seen.add(expected)
    assert len(seen) > 5


@pytest.mark.parametrize("preconditioned", [False, True])
def test_the_equations_hold_for_a_step_and_not_for_a_preconditioned_one(preconditioned: bool) -> None:
    """T_x = T_y W₀ + M(s, V) where B has any columns of targets, on tensors written out by the code."""
    random, d_x, d_y = np.random.default_rng(4), 2, 3
    W0, B_y = integers(random, d_y, d_x), integers(random, d_x + d_y, d_y)
    plain = Member(Fraction(5), W0, identity(d_y), identity(d_x))
    step = plain._replace(preconditioner=integers(random, d_x, d_x)) if preconditioned else plain
    T_x, T_y = (CanonicalTensor(((step.A, B),)).dense() for B in (step.B + B_y @ W0, B_y))
    linear = T_y @ W0 + CanonicalTensor(((plain.A, plain.B),)).dense()
    assert bool((T_x == linear).all()) is not preconditioned
