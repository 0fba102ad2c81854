"""Chapter 6: deliberately wrong versions of each statement are rejected, and the numbers are those of real softmax."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

import proofs.softmax  # noqa: F401  (registers chapter 6)
from equivalence.algebras import Symbolic
from equivalence.algebras.blocks import Blocked
from equivalence.attention import Layer
from equivalence.construction import gd_layer
from equivalence.descent import gradient
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
    from proofs.softmax.expansion import softmax_series

    values, scores = exact.value([[1, 0]]), exact.value([[1, 0], [0, 0]])
    found = [each[0, 0] for each in softmax_series(exact, values, scores, 2)]
    assert found == [exact.scalar(number) for number in ("1/2", "1/4", 0, "-1/48", 0, "1/480")]
