"""Chapter 6: deliberately wrong versions of each statement are rejected, and the numbers are those of real softmax."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import flint
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import proofs.ch06_softmax_breaks_it  # noqa: F401  (registers chapter 6)
from equivalence.algebras import Symbolic
from equivalence.algebras.blocks import Blocked
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient
from equivalence.models.heads import Layer
from equivalence.statements import verify


def fallen(number: str, **options: Any) -> list[Any]:
    return [check for check in verify(number, seed=3, **options).checks if not check.holds]


def unnormalised(self: Symbolic, scores: Blocked) -> Blocked:
    """Weights of which nothing is known, as e^z without its denominator."""
    (rows,), (cols,) = scores.rows, scores.cols
    return self.generator(f"e{len(self.letters)}", rows, cols)


@pytest.mark.parametrize("number", ["6.3", "6.5"])
def test_normalisation_is_what_is_used(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Symbolic, "weights", unnormalised)
    messages = [check.message for check in fallen(number, algebras=("symbolic",))]
    assert messages
    assert all(message.startswith(f"{number} ") and "step" in message for message in messages)


def test_6_2_a_step_that_ignores_the_query_is_no_witness() -> None:
    def blind(*sizes: Any, **rest: Any) -> Layer:
        (head,) = gd_layer(*sizes, **rest).heads
        return Layer((head._replace(query=head.query - head.query),))

    wrong = fallen("6.2", replace={"layer": blind}, algebras=("exact", "rational"))
    assert len(wrong) == 2
    assert all("both sides are equal" in check.message for check in wrong)


def test_6_4_the_enclosure_is_of_this_gap() -> None:
    def reversed_step(*sizes: Any, **rest: Any) -> Layer:
        (head,) = gd_layer(*sizes, **rest).heads
        return Layer((head._replace(projection=-head.projection),))

    (wrong,) = fallen("6.4", replace={"layer": reversed_step})
    assert "6.4 Growth: the layer is linear, the step is cubic, step 1" not in wrong.message
    assert "is outside (14621/20000, 36553/50000)" in wrong.message
    assert Fraction(14621, 20000) < 1 - Fraction(1 / (1 + math.e)) < Fraction(36553, 50000)


def uncentred(algebra: Any, N: Any) -> Any:
    return algebra.eye(N)


@pytest.mark.parametrize(
    ("number", "part", "wrong_one", "where"), [("6.6", "centred", uncentred, "order 1, step 2"), ("6.8", "slope", gradient, "step 2")]
)
def test_the_centring_matrix_cannot_be_dropped(number: str, part: str, wrong_one: Any, where: str) -> None:
    wrong = fallen(number, replace={part: wrong_one}, algebras=("symbolic", "finite field"))
    assert {check.algebra for check in wrong} == {"symbolic", "finite field"}
    assert all(where in check.message for check in wrong)


def test_6_7_heads_of_one_sign_do_not_cancel_the_even_orders() -> None:
    wrong = fallen("6.7", replace={"second_sign": 1})
    assert {check.algebra for check in wrong} == {"symbolic", "finite field"}
    assert all("is minus the difference at β" in check.message for check in wrong)


def test_6_7_half_the_bound_is_below_the_truth() -> None:
    (wrong,) = fallen("6.7", replace={"constant": 94})
    assert wrong.message.startswith("6.7 Two heads of opposite sign, the bound is 2/47, step 1")
    assert "is outside (1/2, 1)" in wrong.message


def test_6_7_the_best_possible_constant_holds_there_too() -> None:
    assert not fallen("6.7", replace={"constant": 48})


def test_6_6_against_softmax_in_numbers() -> None:
    """Orders 0 to 5 of 1/(1 + e^{−β}), whose series is known: 1/2 + β/4 − β³/48 + β⁵/480."""
    from equivalence.algebras import exact
    from proofs.ch06_softmax_breaks_it.expansion import softmax_series

    values, scores = exact.value([[1, 0]]), exact.value([[1, 0], [0, 0]])
    found = [each[0, 0] for each in softmax_series(exact, values, scores, 2)]
    assert found == [exact.scalar(number) for number in ("1/2", "1/4", 0, "-1/48", 0, "1/480")]


def entries(*, most: int = 9) -> Any:
    """Numbers of one decimal, small or large."""
    return st.integers(-10 * most, 10 * most).map(lambda number: Fraction(number, 10))


@st.composite
def values_and_scores(draw: Any) -> tuple[Any, list[Fraction]]:
    """V as rows (1 or 2 of them) and z, of 1 to 6 tokens."""
    count = draw(st.integers(1, 6))
    rows = draw(st.lists(st.lists(entries(), min_size=count, max_size=count), min_size=1, max_size=2))
    return rows, draw(st.lists(entries(most=3), min_size=count, max_size=count))


def norm(column: Any) -> flint.arb:
    """The Euclidean norm of numbers or balls."""
    return sum((each * each for each in column), flint.arb(0)).sqrt()


def balls(numbers: Any) -> list[flint.arb]:
    return [flint.arb(flint.fmpq(number.numerator, number.denominator)) for number in numbers]


def head(rows: Any, scores: Any, extra: Any = ()) -> list[flint.arb]:
    """Σ p_i v_i with p = softmax of the scores, further scores being those of tokens of value 0."""
    grown = [score.exp() for score in scores]
    total = sum(grown, sum((score.exp() for score in extra), flint.arb(0)))
    return [sum((v * weight for v, weight in zip(balls(row), grown, strict=True)), flint.arb(0)) / total for row in rows]


decades = st.sampled_from([Fraction(10) ** power for power in range(-6, 3)])


@pytest.fixture
def precise() -> Any:
    """Balls of 300 bits."""
    before, flint.ctx.prec = flint.ctx.prec, 300
    yield
    flint.ctx.prec = before


@pytest.mark.usefixtures("precise")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values_and_scores(), decades)
def test_6_7_bound_holds_over_decades_of_beta(instance: tuple[Any, list[Fraction]], beta: Fraction) -> None:
    rows, z = instance
    count, (steep,) = len(z), balls([beta])
    up, down = (head(rows, [sign * steep * each for each in balls(z)]) for sign in (1, -1))
    mean = sum(z) / count
    centred = [sum(v * (each - mean) for v, each in zip(row, z, strict=True)) / count for row in rows]
    error = norm([(a - b) / (2 * steep) - c for a, b, c in zip(up, down, balls(centred), strict=True)])
    columns = [balls(column) for column in zip(*rows, strict=True)]
    diameter = max((norm([a - b for a, b in zip(left, right, strict=True)]) for left in columns for right in columns), key=float)
    (spread,) = balls([max(z) - min(z)])
    assert not error > steep * steep * diameter * spread**3 / 47


@pytest.mark.usefixtures("precise")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values_and_scores(), decades, st.integers(-3, 60))
def test_6_9_bound_holds_over_decades_of_beta(instance: tuple[Any, list[Fraction]], beta: Fraction, sink: int) -> None:
    rows, z = instance
    (steep,), b = balls([beta]), flint.arb(sink)
    up, down = (head(rows, [sign * steep * each for each in balls(z)], extra=[b]) for sign in (1, -1))
    plain = balls([sum(v * each for v, each in zip(row, z, strict=True)) for row in rows])
    error = norm([b.exp() * (p - m) / (2 * steep) - c for p, m, c in zip(up, down, plain, strict=True)])
    sizes, reach = [norm(balls(column)) for column in zip(*rows, strict=True)], balls([abs(each) for each in z])
    largest = max(reach, key=float)
    weighted = sum((size * each for size, each in zip(sizes, reach, strict=True)), flint.arb(0))
    cubes = sum((size * each**3 for size, each in zip(sizes, reach, strict=True)), flint.arb(0))
    drained = len(z) * weighted + sum(sizes, flint.arb(0)) * sum(reach, flint.arb(0))
    bound = steep * steep / 6 * (steep * largest).cosh() * cubes + (2 * steep * largest - b).exp() * drained
    assert not error > bound


@pytest.mark.usefixtures("precise")
def test_6_7_the_comparison_notices_half_the_bound() -> None:
    """N = 2, z = (1/2, −1/2), V = (1, −1), β = 1/10: the error is above half the bound."""
    steep = flint.arb(flint.fmpq(1, 10))
    z = balls([Fraction(1, 2), Fraction(-1, 2)])
    up, down = (head([[Fraction(1), Fraction(-1)]], [sign * steep * each for each in z]) for sign in (1, -1))
    error = abs((up[0] - down[0]) / (2 * steep) - flint.arb(flint.fmpq(1, 2)))
    assert error > steep * steep * 2 / 94
    assert error < steep * steep * 2 / 47
