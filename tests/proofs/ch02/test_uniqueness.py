"""Statements 2.3 and 2.4: wrong parametrisations are rejected, and the exceptions are where the statement says they are."""

from __future__ import annotations

import pytest
import sympy

from equivalence.algebras import exact
from equivalence.models.attention.linear import update
from equivalence.statements import InIdeal, Verdict, verify
from equivalence.statements.verdicts import HOLDS
from proofs.ch02_one_layer.parametrisations import ContextUnknowns, Unknowns
from proofs.vocabulary import head_of


def test_2_3_rejects_the_wrong_sign_of_the_targets() -> None:
    result = verify("2.3", seed=1, replace={"sign": 1}, algebras=("symbolic", "finite field"))
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"symbolic", "finite field"}
    assert all(check.message.startswith("2.3 Which parametrisations are one gradient step, the prediction, step 2") for check in failed)


def conclusion(unknown: Unknowns, ideal: tuple[sympy.Expr, ...]) -> Verdict:
    return InIdeal("unique", unknown.conclusion(), ideal, unknown.symbols).verdict(exact)


@pytest.mark.parametrize(("d_x", "d_y"), [(3, 1), (1, 3), (2, 2)])
def test_2_3_only_if_for_the_prediction_at_further_sizes(d_x: int, d_y: int) -> None:
    """The statement decides (2, 1) and (1, 2), and says that these are decided here."""
    unknown = Unknowns(d_x, d_y)
    assert conclusion(unknown, unknown.hypothesis()) == HOLDS


def context_conclusion(unknown: ContextUnknowns, ideal: tuple[sympy.Expr, ...]) -> Verdict:
    return InIdeal("unique", unknown.conclusion(), ideal, unknown.symbols).verdict(exact)


def test_2_3_only_if_for_the_context_tokens_at_two_and_two() -> None:
    unknown = ContextUnknowns(2, 2)
    assert context_conclusion(unknown, unknown.hypothesis()) == HOLDS


@pytest.mark.parametrize(("d_x", "d_y"), [(2, 1), (1, 2)])
def test_2_3_context_tokens_need_c_to_be_nonzero(d_x: int, d_y: int) -> None:
    unknown = ContextUnknowns(d_x, d_y)
    weaker = context_conclusion(unknown, unknown.hypothesis()[:-1])
    assert weaker.outcome == "refuted"
    assert "is not in the ideal: the remainder is" in weaker.reason


@pytest.mark.parametrize(("d_x", "d_y"), [(2, 1), (1, 2)])
def test_2_3_every_equation_family_is_needed(d_x: int, d_y: int) -> None:
    unknown = Unknowns(d_x, d_y)
    assert conclusion(unknown, unknown.hypothesis()) == HOLDS
    weaker = conclusion(unknown, unknown.hypothesis()[:-2])
    assert weaker.outcome == "refuted"
    assert "is not in the ideal: the remainder is" in weaker.reason


def test_2_3_is_false_for_one_input_and_one_target() -> None:
    verdict = conclusion(unknown := Unknowns(1, 1), unknown.hypothesis())
    assert verdict.outcome == "refuted"
    assert "is not in the ideal" in verdict.reason


def test_2_3_swapped_solution_meets_the_hypothesis_and_not_the_conclusion() -> None:
    unknown = Unknowns(1, 1)
    w = unknown.W0[0, 0]
    swap = dict(zip([*unknown.A, *unknown.U], [1, 0, w, -1], strict=True))
    assert [sympy.expand(equation.subs(swap)) for equation in unknown.hypothesis()] == [0, 0, 0]
    assert any(sympy.expand(equation.subs(swap)) != 0 for equation in unknown.conclusion())


def test_2_3_at_one_and_one_only_the_swap_is_left_besides() -> None:
    unknown = Unknowns(1, 1)
    (a, b), w = unknown.A, unknown.W0[0, 0]
    straight, swapped = a + b * w, b  # A_y parallel to (w, −1); A_y parallel to (1, 0)
    either = InIdeal("one of the two", (straight * swapped,), unknown.hypothesis(), unknown.symbols)
    assert either.verdict(exact) == HOLDS
    alone = InIdeal("the straight one", (straight,), unknown.hypothesis(), unknown.symbols)
    assert alone.verdict(exact).outcome == "refuted"
    assert "is not in the ideal" in alone.verdict(exact).reason


def test_2_4_one_token_tells_apart_what_differs_by_more_than_an_antisymmetric_matrix() -> None:
    """D = B − B' with D + Dᵀ = diag(2, 0): eᵀDe is e₁², and not 0."""
    D, e = exact.value([[1, 1], [-1, 0]]), exact.value([[3], [2]])
    own = update(head_of(exact, exact.eye(2), D), e, e)
    assert own == exact.value([[27], [18]])
