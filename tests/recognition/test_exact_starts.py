"""Exact weights whose W₀ is not known: what is said of a layer that is none, and where queries see their targets."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy

from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise


def single(A: list[list[Any]], B: list[list[Any]]) -> Layer:
    """One head with these A and B."""
    d = len(A)
    return Layer((Head(sympy.eye(d), sympy.Matrix(B), sympy.Matrix(A), sympy.eye(d)),))


def test_w0_and_the_distance_of_an_exact_none_are_those_of_the_nearest_step() -> None:
    """At d_x = d_y = 1 with A = [a, −b] and B = [c; e]: T is ac, (ae − bc)/2 and −be at xx, xy and yy, and a step sW₀, −s/2 and 0."""
    a, b, c, e = 3, 2, 5, 1
    found = recognise(single([[0, 0], [a, -b]], [[c, 0], [e, 0]]), d_x=1, d_y=1, initial="unknown")
    step = sympy.Rational(b * c - a * e)
    assert (found.family, found.step_size, found.initial[0]) == ("none", step, sympy.Rational(a * c) / step)
    whole = (a * c) ** 2 + 2 * Fraction(a * e - b * c, 2) ** 2 + (b * e) ** 2
    assert found.relative_distance == pytest.approx(float((b * e) ** 2 / whole) ** 0.5, rel=1e-12)


@pytest.mark.parametrize("C", [[[1, 0], [0, 1]], [[1, 0], [0, 2]]])
def test_w0_is_found_where_queries_see_their_targets(C: list[list[int]]) -> None:
    """W₀ = [1, 2] with B's y column [1, 3; 5]: by the equations for a plain step, and by A's ratio for a preconditioned one."""
    W0, column = sympy.Matrix([[1, 2]]), sympy.Matrix([1, 3, 5])
    inputs = sympy.Matrix([*C, [0, 0]]) + column * W0
    layer = single([[0, 0, 0], [0, 0, 0], [3, 6, -3]], sympy.Matrix.hstack(inputs, column).tolist())
    found = recognise(layer, d_x=2, d_y=1, initial="unknown")
    assert found.family == ("gradient descent" if C[1][1] == 1 else "preconditioned gradient descent")
    assert (found.initial, found.exact) == (W0, True)
    assert found.step_size == 3 * sympy.Rational(C[0][0] + C[1][1], 2)


def test_a_start_that_is_a_root_of_a_symbolic_expression_is_not_decided() -> None:
    """W₀² t + W₀ = 2: of √(8t + 1) the field does not know what it is among the other parts."""
    t = sympy.Symbol("t", positive=True)
    with pytest.raises(ValueError, match=r"initial: expected exact finite numbers or symbols: sqrt\(8\*t \+ 1\) is not decided, as what"):
        recognise(single([[0, 0], [1, 0]], [[2, 0], [-1, t]]), d_x=1, d_y=1, initial="unknown")
