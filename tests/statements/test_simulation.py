"""Inductions: a base and a step, from a state that is arbitrary because it is made here."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from equivalence.algebras import Rational, Size, Symbolic, exact
from equivalence.algebras.names import Fresh
from equivalence.algebras.notation import Notation
from equivalence.statements import Statement, simulation, verify
from equivalence.statements.claims import claim_of
from equivalence.statements.steps import Items

REASONS = ("nothing is counted yet", "one more")


def stated(program: Any, kind: str = "induction") -> Statement:
    return Statement("99.9", "A test", kind, "here", "A test.", [claim_of("A test", kind, program)])


def counter(algebra: Any, *, start: int = 0, jump: int = 2) -> Items:
    """A left machine that counts in twos what the right machine counts in ones."""
    return simulation(
        algebra,
        state={"steps": None},
        begins={"steps": algebra.scalar(0)},
        right=lambda steps: {"steps": steps + algebra.scalar(1)},
        start={"count": algebra.scalar(start)},
        left=lambda count: {"count": count + algebra.scalar(jump)},
        related=lambda steps: {"count": algebra.scalar(2) * steps},
        reasons=REASONS,
    )


def test_a_simulation_is_a_base_and_a_step() -> None:
    n = sympy.Symbol(Fresh("steps"))
    assert list(counter(exact)) == [
        "base, count",
        ("before the first step", 0),
        ("nothing is counted yet", 0),
        "step, count",
        ("one step from a related state", 2 * n + 2),
        ("one more", 2 * (n + 1)),
    ]
    assert verify(stated(counter), seed=0).holds


@pytest.mark.parametrize(("wrong", "place"), [({"start": 1}, "base"), ({"jump": 3}, "step")])
def test_a_wrong_base_and_a_wrong_step_are_refuted(wrong: dict[str, int], place: str) -> None:
    result = verify(stated(counter), seed=0, replace=wrong)
    assert {check.outcome for check in result.checks} == {"refuted"}
    assert all(message.startswith(f"99.9 A test, {place}, count, step 2 (") for message in result.messages)


def test_a_simulation_compares_every_part() -> None:
    items = simulation(
        exact,
        state={"s": None},
        begins={"s": 0},
        right=lambda s: {"s": s},
        start={"a": 0, "b": 0},
        left=lambda a, b: {"a": a, "b": b},
        related=lambda s: {"a": s, "b": -s},
        reasons=("base", "step"),
    )
    assert [item for item in items if isinstance(item, str)] == ["base, a", "base, b", "step, a", "step, b"]


def parts(**changes: Any) -> dict[str, Any]:
    """A machine that stands still, in two parts each, but for the changes."""
    still = {
        "state": {"s": None, "t": None},
        "begins": {"s": 0, "t": 0},
        "right": lambda s, t: {"s": s, "t": t},
        "start": {"a": 0, "b": 0},
        "left": lambda a, b: {"a": a, "b": b},
        "related": lambda s, t: {"a": s, "b": t},
        "reasons": REASONS,
    }
    return still | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"begins": {"s": 0}}, "missing 1 required positional argument: 't'"),
        ({"begins": {"s": 0, "t": 0, "u": 0}}, "unexpected keyword argument 'u'"),
        ({"right": lambda s, t: {"s": s}}, "missing 1 required positional argument: 't'"),
        ({"start": {"a": 0}}, "simulation: related at the start has the parts a, b, expected a"),
        ({"start": {"a": 0, "b": 0, "c": 0}}, "simulation: related at the start has the parts a, b, expected a, b, c"),
        ({"left": lambda a, b: {"a": a}}, "simulation: left has the parts a, expected a, b"),
        ({"left": lambda a, b: {"a": a, "b": b, "c": a}}, "simulation: left has the parts a, b, c, expected a, b"),
        ({"related": lambda s, t: {"a": s}, "left": lambda a: {"a": a}}, "simulation: related at the start has the parts a, expected a, b"),
        ({"start": {}, "related": lambda s, t: {}, "left": lambda: {}}, "simulation: the left machine has no parts, so nothing is claimed"),
        (
            {"state": {}, "begins": {}, "right": lambda: {}, "related": lambda: {"a": 0, "b": 0}},
            "simulation: the right machine has no parts, so nothing is claimed",
        ),
    ],
)
def test_parts_that_are_missing_are_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        list(simulation(exact, **parts(**changes)))


def test_parts_that_the_right_machine_drops_are_an_error() -> None:
    with pytest.raises(ValueError, match="simulation: right has the parts s, expected s, t"):
        list(simulation(exact, **parts(right=lambda s, t: {"s": s}, related=lambda s, t=0: {"a": s, "b": t})))


def still_is_squaring(algebra: Any, n: Any, *, letter: str = "S") -> Items:
    """False: the left machine stands still, the right one squares. True from P = I; and from any P if the state were that P's own I."""
    P = algebra.generator(letter, n, n)
    return simulation(
        algebra,
        state={"S": (n, n)},
        begins={"S": algebra.eye(n)},
        right=lambda S: {"S": S @ S},
        start={"S": algebra.eye(n)},
        left=lambda S: {"S": S + P - P},
        related=lambda S: {"S": S},
        reasons=REASONS,
    )


@pytest.mark.parametrize("letter", ["S", "P"])
def test_the_state_is_arbitrary_whatever_the_start_is_called(letter: str) -> None:
    result = verify(stated(still_is_squaring), seed=0, sizes=[{"n": 2}], replace={"letter": letter})
    assert {check.outcome for check in result.checks} == {"refuted"}
    assert all("step, S, step 2" in message for message in result.messages)


def test_a_state_is_not_the_start_of_the_same_name() -> None:
    """With the start for the state, S + S would be S + S."""

    def program(algebra: Any, n: Any) -> Items:
        S = algebra.generator("S", n, n)
        return simulation(
            algebra,
            state={"S": (n, n)},
            begins={"S": S},
            right=lambda **state: {"S": state["S"] + state["S"]},
            start={"S": S},
            left=lambda **state: {"S": state["S"] + S},
            related=lambda **state: dict(state),
            reasons=REASONS,
        )

    result = verify(stated(program), seed=0, sizes=[{"n": 2}])
    assert {check.outcome for check in result.checks} == {"refuted"}


@pytest.mark.parametrize("ask", ["generator", "symbol"])
@pytest.mark.parametrize("reading", [Symbolic, lambda: Rational(lambda *_: [1], lambda _: 1)], ids=["symbolic", "rational"])
def test_no_program_can_name_the_state_s_letter(reading: Any, ask: str) -> None:
    algebra = reading()
    sizes = (1, 1) if ask == "generator" else ()
    with pytest.raises(ValueError, match=r"S\[any\]: a name has no bracket; such names are the algebra's own"):
        getattr(algebra, ask)(str.__str__(Fresh("S")), *sizes)
    assert getattr(algebra, ask)(Fresh("S"), *sizes) is not None


def test_a_state_is_printed_without_its_mark() -> None:
    algebra, n = Notation(), Size("n")
    assert repr(algebra.generator(Fresh("S"), n, n).T) == "Sᵀ"
    assert algebra.symbol(Fresh("g"))._repr_latex_() == "$g$"


def no_base(algebra: Any) -> Items:
    yield "step, one"
    yield "one", algebra.scalar(1)
    yield "the same", algebra.scalar(1)


def no_step(algebra: Any) -> Items:
    yield "base, one"
    yield "one", algebra.scalar(1)
    yield "the same", algebra.scalar(1)


def neither(algebra: Any) -> Items:
    yield "one", algebra.scalar(1)
    yield "the same", algebra.scalar(1)


def other_words(algebra: Any) -> Items:
    """A heading that only begins with the letters of the word is another word."""
    yield "baseline"
    yield "one", algebra.scalar(1)
    yield "the same", algebra.scalar(1)
    yield "steps of another kind"
    yield "one", algebra.scalar(1)
    yield "the same", algebra.scalar(1)


@pytest.mark.parametrize(
    ("program", "missing"),
    [(no_base, "'base'"), (no_step, "'step'"), (neither, "'base' or 'step'"), (other_words, "'base' or 'step'")],
)
def test_an_induction_has_a_base_and_a_step(program: Any, missing: str) -> None:
    result = verify(stated(program), seed=0)
    assert (result.outcome, result.messages[0]) == ("not decided", f"99.9 A test: no chain is headed {missing} [symbolic]")
    assert verify(stated(program, "identity"), seed=0).holds
