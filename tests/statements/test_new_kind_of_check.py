"""A new kind of check is one class: it is verified, printed, sampled or left out, and reported, and nothing else is edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pytest
import sympy

from equivalence.statements import Assertion, Statement, Verdict, verify
from equivalence.statements.assertions import Writer
from equivalence.statements.claims import claim_of
from equivalence.statements.comparisons import Comparison
from equivalence.statements.derivation import as_latex, as_markdown, as_text
from equivalence.statements.report import described
from equivalence.statements.sampling import sample
from equivalence.statements.steps import Items
from equivalence.statements.verdicts import HOLDS, not_decided, refuted


@dataclass(frozen=True)
class Divides(Assertion):
    """One integer divides another. Of floating numbers nothing is said."""

    reason: str
    divisor: Any
    multiple: Any

    def verdict(self, algebra: Any) -> Verdict:
        """By the remainder."""
        if not self.divisor:
            return not_decided("nothing is divided by 0")
        rest = self.multiple % self.divisor
        return refuted(f"the remainder is {rest}") if rest else HOLDS

    def written(self, writer: Writer) -> str:
        """Divisor ∈ divisors."""
        return writer.related(writer.expression(self.divisor), ("∘", writer.expression(self.multiple)))


class AtMost(Comparison):
    """Left ≤ right, up to rounding."""

    on_every_instance = False

    def wrong(self) -> str:
        """Empty if it holds."""
        return "" if (self.left <= self.right + self.tolerance).all() else f"{self.place}: {self.left} is more than {self.right}"


@dataclass(frozen=True)
class Below(Assertion):
    """One 1 x 1 matrix is at most another; on numbers, up to rounding."""

    reason: str
    left: Any
    right: Any

    def verdict(self, algebra: Any) -> Verdict:
        """By their difference."""
        difference = algebra.trace(self.right - self.left)
        return HOLDS if difference >= 0 else refuted(f"less by {difference}")

    def written(self, writer: Writer) -> str:
        """Left ≤ right."""
        return writer.related(writer.expression(self.left), ("≤", writer.expression(self.right)))

    def comparison(self, place: str, magnitude: Self) -> Comparison:
        """Both sides."""
        return AtMost(place, self.left, self.right, magnitude.left.bound() + magnitude.right.bound())


def stated(program: Any) -> Statement:
    return Statement("99.9", "A test", "refutation", "here", "A test.", [claim_of("A test", "refutation", program)])


def divided(multiple: int, divisor: int = 3) -> Statement:
    def program() -> Items:
        yield Divides("three and six", sympy.Integer(divisor), sympy.Integer(multiple))

    return stated(program)


def ordered(right: str) -> Statement:
    def program(algebra: Any) -> Items:
        yield Below("one third", algebra.value([["1/3"]]), algebra.value([[right]]))

    return stated(program)


@pytest.mark.parametrize(
    ("found", "outcome", "message"),
    [
        (divided(6), "holds", None),
        (divided(7), "refuted", "99.9 A test, step 1 (three and six): the remainder is 1 [exact]"),
        (divided(6, 0), "not decided", "99.9 A test, step 1 (three and six): nothing is divided by 0 [exact]"),
        (ordered("1/2"), "holds", None),
        (ordered("1/4"), "refuted", "99.9 A test, step 1 (one third): less by -1/12 [exact]"),
    ],
)
def test_it_is_verified_and_reported(found: Statement, outcome: str, message: str | None) -> None:
    result = verify(found)
    assert result.outcome == outcome
    check = described(result)["checks"][0]  # type: ignore[index]
    assert (check["outcome"], check["compared"], check.get("message")) == (outcome, 1, message)


def test_what_it_speaks_of_is_exact() -> None:
    def program() -> Items:
        yield Divides("three and six", 3.0, 6)

    (message,) = verify(stated(program)).messages
    assert message == "99.9 A test, step 1 (three and six): expected exact numbers, got 3.0 of type float [exact]"


def test_it_is_printed() -> None:
    assert "  1. three and six\n        3 ∘ 6\n" in as_text(divided(6))
    assert r"\[3 \circ 6\]" in as_latex(divided(6))
    assert r"$$3 \circ 6$$" in as_markdown(divided(6))
    assert "1/3 ≤ 1/2" in as_text(ordered("1/2")).replace("[", "").replace("]", "")


def test_it_is_sampled_or_left_out() -> None:
    assert sample(divided(6)) == ()
    (taken,) = sample(ordered("1/3"))
    assert (taken.holds, taken.instances) == (True, 1)
    (wrong,) = sample(ordered("1/4"))
    assert wrong.message == ("99.9 A test, A test, step 1 (one third): [[0.33333333]] is more than [[0.25]] [numeric]")
    assert np.isfinite(wrong.worst)


def test_an_assertion_says_what_it_claims_and_how_it_is_written() -> None:
    @dataclass(frozen=True)
    class Mute(Assertion):
        reason: str

    with pytest.raises(TypeError, match="abstract"):
        Mute("silent")  # type: ignore[abstract]
