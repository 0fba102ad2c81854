"""What results say: three outcomes, told apart everywhere, and what it takes to check again."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from random import Random
from typing import Any

import flint
import numpy as np
import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras.flint import FiniteField
from equivalence.statements import Differ, Statement, find, verify
from equivalence.statements.claims import claim_of
from equivalence.statements.kinds import KINDS, status
from equivalence.statements.report import counted, described, versions
from equivalence.statements.results import Check, Result
from equivalence.statements.steps import Items
from equivalence.statements.verdicts import OUTCOMES, together
from equivalence.statements.verification import walk


def stated(program: Any, kind: str = "identity") -> Statement:
    return Statement("99.9", "A test", kind, "here", "A test.", [claim_of("A test", kind, program)])


@pytest.mark.parametrize(
    ("outcomes", "all_in_all"),
    [
        ([], "not decided"),
        (["holds"], "holds"),
        (["holds", "holds"], "holds"),
        (["holds", "not decided"], "not decided"),
        (["not decided", "refuted", "holds"], "refuted"),
        (["refuted"], "refuted"),
    ],
)
def test_outcomes_together(outcomes: Any, all_in_all: str) -> None:
    checks = tuple(Check("c", "exact", outcome, 0.0, {}, None, True, 1, "") for outcome in outcomes)
    result = Result(find("1.1"), checks, 0)
    assert together(outcomes) == result.outcome == all_in_all
    assert result.holds is (all_in_all == "holds")
    assert repr(result) == f"<Result 1.1: {all_in_all}, {len(outcomes)} check{'s' * (len(outcomes) != 1)}>"
    assert described(result)["outcome"] == all_in_all


class OddError(Exception):
    """Of a type that nobody expects."""


def raising(error: Exception) -> Any:
    def program(algebra: Any, n: Any) -> Items:
        yield "one", algebra.eye(n)
        raise error

    return program


UNDECIDED = {
    "KeyError: 'k'": raising(KeyError("k")),
    "AttributeError: a": raising(AttributeError("a")),
    "OddError: o": raising(OddError("o")),
    "RecursionError: deep": raising(RecursionError("deep")),
}


@pytest.mark.parametrize("message", UNDECIDED)
def test_whatever_a_program_raises_nothing_is_decided(message: str) -> None:
    result = verify(stated(UNDECIDED[message]), seed=0, sizes=[{"n": 2}])
    assert [(check.outcome, check.decides) for check in result.checks] == [("not decided", False)] * 2
    place = "99.9 A test, step 2 (the program raises)"
    assert result.messages == (f"{place}: {message} [symbolic]", f"{place}: {message} [finite field]")


def raises_at_once(algebra: Any) -> Items:
    raise OddError("before anything")


def no_program(algebra: Any) -> Any:
    return None


def a_step_of_nothing(algebra: Any) -> Items:
    yield "one", object()
    yield "two", object()


@pytest.mark.parametrize("program", [raises_at_once, no_program, a_step_of_nothing])
@pytest.mark.parametrize("kind", ["identity", "refutation"])
def test_what_is_no_program_decides_nothing(program: Any, kind: str) -> None:
    result = verify(stated(program, kind), seed=0)
    assert {check.outcome for check in result.checks} == {"not decided"}
    assert len(result.checks) >= 2


def partitioned(algebra: Any, n: Any) -> Items:
    yield "cut here", algebra.eye((1, n))
    yield "cut there", algebra.eye((n, 1))


def test_equal_matrices_in_other_partitions_are_not_refuted() -> None:
    result = verify(stated(partitioned), seed=0, sizes=[{"n": 2}])
    assert [(check.outcome, check.decides) for check in result.checks] == [("not decided", False)] * 2
    assert "partition ((1, n), (1, n)) against ((n, 1), (n, 1)) of one shape, which cannot be compared" in result.messages[0]


def unequal_with_an_inverse(algebra: Any, n: Any) -> Items:
    """Different forms, which prove nothing beside an inverse; the certificate refutes."""
    matrix, inverse = algebra.invertible("T", n)
    yield "T", matrix
    yield "T⁻¹", inverse


def test_a_certificate_refutes_what_forms_leave_open() -> None:
    result = verify(stated(unequal_with_an_inverse), seed=0, sizes=[{"n": 2}])
    assert [check.outcome for check in result.checks] == ["not decided", "refuted"]
    assert result.outcome == "refuted"
    assert "which proves nothing here [symbolic]" in result.messages[0]
    table = result._repr_markdown_()
    assert "| A test | symbolic | all sizes | not decided | exact |" in table
    assert "| A test | finite field | n = 2 | refuted | 2^-" in table


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_outcome_is_called_another_in_any_form(outcome: str) -> None:
    programs: dict[str, Any] = {
        "holds": lambda: iter([Differ("two numbers", sympy.Integer(1), sympy.Integer(2))]),
        "refuted": lambda: iter([Differ("two numbers", sympy.Integer(1), sympy.Integer(1))]),
        "not decided": lambda: iter([Differ("two numbers", sympy.Symbol("x"), sympy.Integer(1))]),
    }
    result = verify(stated(programs[outcome], "refutation"))
    shown = [repr(result), result._repr_markdown_(), json.dumps(described(result)), *result.messages]
    for other in {"holds", "refuted", "not decided", "FAILS", "FALLS", "falls"} - {outcome}:
        assert not any(other in text.replace('"holds": ', "") for text in shown), other
    assert any(outcome in text for text in shown)


def test_the_count_says_what_is_not_decided_only_where_something_is() -> None:
    holding, open_ = verify("1.1", seed=0), Result(find("1.2"), (), 0)
    assert counted([holding]) == "1 statement holds, 0 refuted"
    assert counted([holding, open_, open_]) == "1 statement holds, 0 refuted, 2 not decided"


def test_json_says_what_the_table_says_and_how_to_check_again() -> None:
    result = verify("2.1", seed=7)
    told = json.loads(json.dumps(described(result), allow_nan=False))
    assert (told["id"], told["chapter"], told["kinds"], told["status"]) == ("2.1", 2, ["identity"], "proved for all sizes")
    assert told["checked"] == {"symbolic": "decided for all sizes", "finite field": "3 sizes"}
    assert told["error_bound"] == result.error_bound
    assert told["seed"] == 7
    assert told["versions"] == versions()
    assert all(2**62 < prime < 2**63 for check in told["checks"][1:] for prime in check["primes"])
    assert "primes" not in told["checks"][0]


def test_a_result_without_a_seed_can_be_made_again_by_the_one_it_names() -> None:
    drawn = verify("2.1")
    again = verify("2.1", seed=drawn.seed)
    assert [check.primes for check in again.checks] == [check.primes for check in drawn.checks]
    assert drawn.seed != verify("2.1").seed


def test_the_recorded_prime_is_the_modulus() -> None:
    """With the recorded seed the draws can be followed: after its prime, the certificate's numbers come from the same source."""

    def shifted(algebra: Any, n: Any) -> Items:
        X = algebra.generator("X", n, 1)
        yield "X", X
        yield "X + 1", X + algebra.ones(n, 1)

    (check,) = verify(stated(shifted), seed=3, sizes=[{"n": 2}], algebras=("finite field",)).checks
    random = Random(3)
    while True:
        candidate = 2**62 + random.getrandbits(62) | 1
        if flint.fmpz(candidate).is_prime():
            break
    assert check.primes == (candidate,)
    claim = claim_of("A test", "identity", shifted)
    algebra = FiniteField(candidate, random)
    assert walk("99.9 A test", algebra, claim.items(algebra, [2])).verdict.reason == check.message


def test_versions_are_those_that_run() -> None:
    told = versions()
    assert told["python"] == platform.python_version()
    assert (told["sympy"], told["numpy"], told["python-flint"]) == (sympy.__version__, np.__version__, flint.__version__)
    assert told["attention-descent-equivalence"] == version("attention-descent-equivalence")


def test_statuses_come_in_the_order_of_kinds() -> None:
    assert status(["bound", "identity", "bound"]) == "proved for all sizes; bound proved"
    assert status(KINDS) == "; ".join(kind.status for kind in KINDS.values())
