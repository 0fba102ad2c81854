"""The ball reading: its enclosures against exact fractions and against 300 bits, how they widen, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, pairwise
from typing import Any

import flint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equivalence.algebras.ball import Ball
from equivalence.algebras.flint import Rational, dense
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.heads import Head, Layer
from equivalence.strategies.draws import layers, matrices, rationals

SHARP = 300
LARGE_RATIONALS = rationals(max_numerator=60, max_denominator=7)


def ends(ball: flint.arb) -> tuple[Fraction, Fraction]:
    """The exact ends of a ball; its middle and radius have no more bits than these."""
    with flint.ctx.workprec(4 * SHARP):
        low, high = ball.lower().fmpq(), ball.upper().fmpq()
    return Fraction(int(low.p), int(low.q)), Fraction(int(high.p), int(high.q))


def holds(ball: flint.arb, number: Fraction) -> bool:
    """Whether a ball contains an exact number, decided by fractions."""
    low, high = ends(ball)
    return low <= number <= high


def fractions(matrix: Any) -> list[list[Fraction]]:
    """The entries of an exact matrix of FLINT's."""
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in dense(matrix)]


def entries(matrix: Any) -> list[Any]:
    """All entries, row by row."""
    return list(chain(*dense(matrix)))


def sharp_softmax(scores: Sequence[Fraction]) -> list[flint.arb]:
    """e^z / Σ e^z, as it stands, at 300 bits: an oracle for scores of moderate size."""
    with flint.ctx.workprec(SHARP):
        grown = [flint.arb(flint.fmpq(score.numerator, score.denominator)).exp() for score in scores]
        total = sum(grown, flint.arb(0))
        return [each / total for each in grown]


def weights_of(scores: Sequence[Any]) -> list[flint.arb]:
    """The weights of one column of scores."""
    ball = Ball()
    return [weight for (weight,) in dense(ball.weights(ball.value([[score] for score in scores])))]


@given(data=st.data())
def test_products_sums_and_traces_hold_the_exact_value(data: st.DataObject) -> None:
    ball, rational = Ball(), Rational()
    grids = [data.draw(matrices(*shape, algebra=rational, elements=LARGE_RATIONALS).map(fractions)) for shape in ((2, 3), (3, 2))]

    def program(algebra: Any) -> tuple[Any, Any]:
        left, right = (algebra.value(grid) for grid in grids)
        return algebra.scalar("1/3") * (left @ right @ left) - right.T, algebra.trace(left @ right)

    (exact, trace), (enclosed, traced) = program(rational), program(ball)
    assert all(map(holds, entries(enclosed), chain(*fractions(exact))))
    assert holds(traced, Fraction(int(trace.p), int(trace.q)))


def test_a_ball_is_not_as_wide_as_that_it_holds_anything() -> None:
    third = Ball().scalar("1/3")
    assert holds(third, Fraction(1, 3))
    assert not holds(third, Fraction(1, 3) + Fraction(1, 2**50))
    assert not holds(third, Fraction(1, 3) - Fraction(1, 2**50))


@given(scores=st.lists(rationals(max_numerator=90, max_denominator=3), min_size=1, max_size=5))
def test_softmax_holds_what_300_bits_give_and_is_nearly_as_sharp_as_its_bits(scores: list[Fraction]) -> None:
    for weight, sharp in zip(weights_of(scores), sharp_softmax(scores), strict=True):
        assert weight.overlaps(sharp)
        assert not weight.overlaps(sharp * (1 + flint.arb(2) ** -30))
        assert not weight.overlaps(sharp * (1 - flint.arb(2) ** -30))


@given(data=st.data(), size=st.integers(1, 4))
def test_columns_sum_to_one(data: st.DataObject, size: int) -> None:
    ball = Ball()
    scores = ball.value(data.draw(matrices(size, 3, algebra=Rational(), elements=LARGE_RATIONALS).map(fractions)))
    for (total,) in dense((ball.ones(1, size) @ ball.weights(scores)).T):
        assert holds(total, Fraction(1))
        assert not holds(total, Fraction(1) + Fraction(1, 2**40))


@given(
    middles=st.lists(rationals(max_numerator=9), min_size=2, max_size=4),
    radius=st.sampled_from([Fraction(1, 1000), Fraction(1, 4), Fraction(3)]),
    within=st.lists(st.sampled_from([Fraction(-1, 2), Fraction(0), Fraction(1, 2)]), min_size=4, max_size=4),
)
def test_softmax_of_balls_holds_the_weights_of_all_scores_within(middles: list[Fraction], radius: Fraction, within: list[Fraction]) -> None:
    balls = [flint.arb(flint.fmpq(z.numerator, z.denominator), flint.fmpq(radius.numerator, radius.denominator)) for z in middles]
    inside = [z + t * radius for z, t in zip(middles, within, strict=False)]
    for weight, sharp in zip(weights_of(balls), sharp_softmax(inside), strict=True):
        assert weight.contains(sharp)


@pytest.mark.parametrize("radius", [1e5, 1e30])
def test_scores_that_are_hardly_known_give_weights_between_0_and_1(radius: float) -> None:
    for weight in weights_of([flint.arb(0, radius), 0]):
        low, high = ends(weight)
        assert -Fraction(1, 2**25) < low <= 0
        assert 1 <= high < 1 + Fraction(1, 2**25)


@pytest.mark.parametrize("score", [10**4, 10**30, 10**400])
def test_scores_that_would_overflow_give_a_sharp_maximum(score: int) -> None:
    first, second = weights_of([score, 0])
    assert holds(first, Fraction(1))
    assert ends(first)[0] > 1 - Fraction(1, 2**50)
    assert 0 <= second.abs_upper() < flint.arb(2) ** -1000


def test_huge_scores_widen_rather_than_lie_and_more_bits_tell() -> None:
    """At 53 bits 10^30 and 10^30 + 1 are one ball, so nothing is known of the weights; at 200 bits their difference of 1 is seen."""
    scores = [10**30 + 1, 10**30]
    wide = weights_of(scores)
    with flint.ctx.workprec(200):
        sharp = weights_of(scores)
        expected = flint.arb(1) / (1 + flint.arb(-1).exp())
    assert ends(wide[0])[0] <= 0
    assert ends(wide[0])[1] >= 1
    assert sharp[0].overlaps(expected)
    assert sharp[0].rel_accuracy_bits() > 90
    assert all(each.contains(fine) for each, fine in zip(wide, sharp, strict=True))


def test_the_precision_is_that_of_flint_when_the_program_runs() -> None:
    ball = Ball()
    radii = []
    for bits in (20, 53, 200):
        with flint.ctx.workprec(bits):
            radii.append(ends(dense(ball.weights(ball.value([[1], [0]])))[0][0]))
    widths = [high - low for low, high in radii]
    for bits, width in zip((20, 53, 200), widths, strict=True):
        assert 0 < width < Fraction(16, 2**bits)
    assert all(finer < coarser for coarser, finer in pairwise(widths))


def test_scores_in_several_blocks_are_one_column() -> None:
    ball = Ball()
    above, below = ball.value([[1, 2], [3, -1]]), ball.zeros(1, 2)
    scores = ball.block([[above], [below]])
    assert scores.rows == (2, 1)
    cut, whole = ball.weights(scores), ball.weights(ball.value([[1, 2], [3, -1], [0, 0]]))
    assert cut.rows == (2, 1)
    assert all(x.overlaps(y) and x.rel_accuracy_bits() > 40 for x, y in zip(entries(cut), entries(whole), strict=True))


@given(layer=layers(2, algebra=Rational()), context=matrices(2, 3, algebra=Rational()), query=matrices(2, 1, algebra=Rational()))
def test_softmax_attention_at_53_bits_holds_that_at_300(layer: Any, context: Any, query: Any) -> None:
    def run() -> list[flint.arb]:
        ball = Ball()
        heads = Layer(tuple(Head(*(ball.value(fractions(weight)) for weight in head)) for head in layer.heads))
        return entries(softmax_update(heads, *(ball.value(fractions(each)) for each in (context, query))))

    coarse = run()
    with flint.ctx.workprec(SHARP):
        fine = run()
    for wide, narrow in zip(coarse, fine, strict=True):
        assert wide.overlaps(narrow)
        assert narrow.rad() < flint.arb(2) ** -250


def test_a_difference_is_one_that_is_certain() -> None:
    ball = Ball()
    third, near = ball.value([["1/3", 1]]), ball.value([[flint.arb(1) / 3, 1]])
    assert ball.difference(third, near) is None
    assert ball.difference(ball.scalar(3) * third, ball.value([[1, 3]])) is None
    assert str(ball.difference(third, ball.value([["1/3", "1.0001"]]))).startswith("in block (0, 0), entry (0, 1): 1.0000")
    assert str(ball.difference(third, ball.zeros(1, 2))).startswith("in block (0, 0), entry (0, 0): [0.333")
    assert ball.difference(third, third.T) == "shape (1, 2) against (2, 1)"
    assert ball.difference(ball.scalar(1), ball.scalar(1)) is None
    assert str(ball.difference(ball.scalar(1), ball.scalar(2))).startswith("1.0000")


@pytest.mark.parametrize("bad", [flint.arb("nan"), flint.arb("inf"), flint.arb("-inf"), flint.arb(0, float("inf"))])
def test_balls_that_are_not_finite_are_refused(bad: flint.arb) -> None:
    with pytest.raises(ValueError, match=r"number: expected a finite ball, got \[?(nan|[+/-]*\s?inf)"):
        Ball().value([[1, bad]])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "nan"])
def test_numbers_that_are_not_finite_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="number: expected"):
        Ball().value([[bad]])


def test_scores_that_are_lost_are_refused() -> None:
    ball = Ball()
    unknown = ball.scalar(1) / flint.arb(0, 1)
    with pytest.raises(ValueError, match=r"number: expected a finite ball, got nan; more bits in flint.ctx.prec may help"):
        ball.weights(unknown * ball.ones(2, 1))


def test_there_are_no_unknowns() -> None:
    with pytest.raises(ValueError, match="X: this reading has no source of 2 x 3 generators"):
        Ball().generator("X", 2, 3)
    with pytest.raises(ValueError, match="beta: this reading has no source of symbols"):
        Ball().symbol("beta")
