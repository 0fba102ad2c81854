"""Which exact numbers weights may have: real, finite, and of parts that satisfy no equation unknown to the field; text is never run."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
import sympy
from sympy import Rational, Symbol, cos, exp, log, pi, sin, sqrt

from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.stacks import recognise_stack

a, b = sympy.symbols("a b", positive=True)
x, y = sympy.symbols("x y")


def scaled(first: Any, second: Any, product: Any) -> Layer:
    """A step of size `product`, where that is first·second: C is diag(first·second, product) before it is normalised."""
    key, query = sympy.Matrix([[first, 0, 0], [0, product, 0]]), sympy.Matrix([[second, 0, 0], [0, 1, 0]])
    return Layer(Head(key, query, sympy.Matrix([[0, 0, 1]]), sympy.Matrix([0, 0, -1])))


DEPENDENT = [
    (sqrt(2), sqrt(3), sqrt(6)),
    (1 + sqrt(2), 1 - sqrt(2), sympy.Integer(-1)),
    (sqrt(2 - sqrt(2)), sqrt(2 + sqrt(2)), sqrt(2)),
    (2 * cos(pi / 5), 1 / sympy.GoldenRatio, sympy.Integer(1)),
    (sqrt(a), a ** Rational(1, 3), a ** Rational(5, 6)),
    (sqrt(a), 1 / a, a ** Rational(-1, 2)),
    (sqrt(2) * a + b, sqrt(2) * a - b, 2 * a**2 - b**2),
    (pi + x, pi - x, pi**2 - x**2),
    ((x + 1) ** 2, 1 / (x**2 - 1), (x + 1) / (x - 1)),
    (sympy.Add(1, 1, evaluate=False), sympy.Mul(3, 1, evaluate=False), sympy.Integer(6)),
]


@pytest.mark.parametrize(("first", "second", "product"), DEPENDENT, ids=str)
def test_numbers_that_depend_on_each_other_are_known_to(first: Any, second: Any, product: Any) -> None:
    found = recognise(scaled(first, second, product), d_x=2, d_y=1)
    assert found.family == "gradient descent"
    assert sympy.simplify(found.step_size - product) == 0
    other = recognise(scaled(first, second, 2 * product), d_x=2, d_y=1)
    assert (other.family, sympy.simplify(other.step_size * 2 - 3 * product)) == ("preconditioned gradient descent", 0)


UNKNOWN = [
    (sin(x) ** 2 + cos(x) ** 2, sympy.Integer(1), sympy.Integer(1)),
    (log(6), sympy.Integer(1), log(2) + log(3)),
    (2**x, 2**x, 4**x),
    (sympy.gamma(x + 1), sympy.Integer(1), sympy.factorial(x)),
    (sqrt(1 - sqrt(a)), sqrt(1 + sqrt(a)), sqrt(1 - a)),
    (sqrt(a**2 + 2 * a * b + b**2), sympy.Integer(1), a + b),
    (exp(x + y), sympy.Integer(1), exp(x) * exp(y)),
    (log(a * b), sympy.Integer(1), log(a) + log(b)),
    (sympy.sign(x), sympy.sign(x), sympy.sign(x) ** 4),
    (sin(1) ** 2 + cos(1) ** 2, sympy.Integer(1), sympy.Integer(1)),
]


@pytest.mark.parametrize(("first", "second", "product"), UNKNOWN, ids=str)
def test_numbers_whose_dependence_is_not_known_are_refused_by_name(first: Any, second: Any, product: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^(key|query) of head 0: expected exact finite numbers or symbols, got .*: .* is not decided, as what"
    ):
        recognise(scaled(first, second, product), d_x=2, d_y=1)
    with pytest.raises(ValueError, match=r"^layer 2: (key|query) of head 0: expected exact finite numbers"):
        recognise_stack([scaled(1, 1, 1), scaled(first, second, product)], d_x=2, d_y=1)


NOT_REAL = [
    sympy.I,
    -(1 + sympy.I),
    sqrt(-2),
    sqrt(-2) * x,
    Symbol("i", imaginary=True),
    sqrt(Symbol("n", negative=True)),
    sympy.oo,
    sympy.zoo,
    sympy.nan,
    Symbol("u", infinite=True),
    Symbol("z", zero=True),
    Symbol("A", commutative=False),
    sympy.AccumBounds(-1, 1),
    sympy.Integral(1 / x, (x, 0, 1)),
    log(6) - log(2) - log(3),
    sympy.Float("0.5"),
    sympy.Float("0.5") * x,
    1 / sympy.Add(1, -1, evaluate=False),
]


@pytest.mark.parametrize("wrong", NOT_REAL, ids=str)
def test_what_is_no_finite_real_number_is_no_weight_and_no_initial_model(wrong: sympy.Expr) -> None:
    with pytest.raises(ValueError, match=r"^key of head 0: expected exact finite numbers or symbols, got "):
        recognise(scaled(wrong, 1, wrong), d_x=2, d_y=1)
    with pytest.raises(ValueError, match=r"^initial: expected exact finite numbers or symbols, got "):
        recognise(scaled(1, 1, 1), d_x=2, d_y=1, initial=sympy.Matrix([[wrong, 0]]))


def test_a_denominator_that_is_0_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected exact finite numbers, got .*, whose denominator is 0"):
        recognise(scaled(1 / ((x + 1) ** 2 - x**2 - 2 * x - 1), 1, 1), d_x=2, d_y=1)


@pytest.mark.parametrize("text", ["__import__('os').environ.setdefault('A_WEIGHT_RAN', '1')", "1", "x"])
def test_text_is_never_run(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_WEIGHT_RAN", raising=False)
    weight = np.array([[Fraction(1), 0, 0], [0, text, 0]], dtype=object)
    (head,) = scaled(1, 1, 1).heads
    with pytest.raises(TypeError, match=r"^key of head 0: expected exact finite numbers or symbols, got .* of type str"):
        recognise(Layer(head._replace(key=weight)), d_x=2, d_y=1)
    with pytest.raises(TypeError, match=r"^initial: expected exact finite numbers or symbols, got .* of type str"):
        recognise(scaled(1, 1, 1), d_x=2, d_y=1, initial=weight[1:, :2])
    assert "A_WEIGHT_RAN" not in os.environ


def test_all_whole_numbers_and_fractions_are_weights_and_bools_and_floats_are_not() -> None:
    (head,) = scaled(1, 1, 6).heads
    for six in (6, np.int64(6), Fraction(6), flint.fmpq(6), sympy.Integer(6)):
        weight = np.array([[six, 0, 0], [0, six, 0]], dtype=object)
        assert recognise(Layer(head._replace(key=weight)), d_x=2, d_y=1).step_size == 6
    for wrong in (True, 6.0, 6j, None, [6]):
        weight = np.zeros((2, 3), dtype=object)
        weight[1, 1] = wrong
        with pytest.raises(TypeError, match=r"^key of head 0: expected exact finite numbers or symbols, got"):
            recognise(Layer(head._replace(key=weight)), d_x=2, d_y=1)
