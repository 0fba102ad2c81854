"""The survey of exact decisions finds nothing wrong, and does find what is wrong with recognisers that are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from itertools import product
from random import Random
from typing import Any

import pytest
import sympy
from typer.testing import CliRunner

from equivalence.models.heads import Head, Layer
from equivalence.recognition import Recognition, recognise
from tests.support.by_hand import DESCENT, GDPP, STILL, complaint, is_some_step
from tests.support.constructions import KINDS, WEIGHTS, right_construction
from tests.support.decisions import LISTED, OPEN, OUTCOMES, SIZES, app, survey, surveyed

Distortion = Callable[[Recognition], Recognition]
recognised = cache(recognise)


def test_right_constructions_are_never_refused_and_wrong_ones_never_accepted() -> None:
    found = survey(range(84))
    assert (found.right.total(), found.changed.total(), found.faults) == (84, 84, [])
    assert set(found.right) == set(KINDS)
    assert {weight for weight, _ in found.changed} == set(WEIGHTS)
    assert {outcome for _, outcome in found.changed} == set(OUTCOMES)


def test_every_size_and_family_is_drawn_with_and_without_its_initial_model() -> None:
    drawn = [right_construction(Random(f"0 {number}"), *SIZES[number % len(SIZES)]) for number in range(120)]
    assert {(len(right.initial[0]), len(right.initial), right.told) for right in drawn} == {(*size, t) for size in SIZES for t in (0, 1)}
    assert {(right.kind, right.told) for right in drawn} == set(product(KINDS, (False, True)))


def test_what_a_change_brings_to_a_halt_is_rate_0_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that becomes 0 leaves no step at (1, 1); with GD++ the context may move all the same."""
    halted = [171, 408]
    assert survey(halted).faults == []
    asked = "tests.support.decisions.recognise"
    for family in (DESCENT, GDPP):
        named = partial(still_called, family=family)
        monkeypatch.setattr(asked, named)
        assert [f"wrongly accepted as {family} with γ = None: it is rate 0" in fault for fault in survey(halted).faults] == [True, True]
    monkeypatch.setattr(asked, unmoved)
    assert any("wrongly accepted as rate 0 with γ = None: it is gradient descent" in fault for fault in survey(range(6)).faults)


def still_called(layer: Layer, family: str, **how: Any) -> Recognition:
    verdict = recognised(layer, **how)
    return replace(verdict, family=family) if verdict.family == STILL else verdict


def unmoved(layer: Layer, **how: Any) -> Recognition:
    verdict = recognised(layer, **how)
    return replace(verdict, family=STILL) if verdict.family == DESCENT else verdict


@pytest.mark.slow
def test_processes_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.decisions.CHUNK", 2)
    assert surveyed(5, seed=1, processes=2) == surveyed(5, seed=1, processes=1) == survey(range(5), seed=1)


def test_the_seed_makes_a_difference() -> None:
    assert survey(range(6), seed=1) != survey(range(6), seed=2)


def accepting(verdict: Recognition) -> Recognition:
    return replace(verdict, family=DESCENT) if verdict.family == "none" else verdict


def renamed(verdict: Recognition) -> Recognition:
    return replace(verdict, family={DESCENT: GDPP, GDPP: DESCENT}.get(verdict.family, verdict.family))


def unshown(verdict: Recognition) -> Recognition:
    witness = verdict.witness
    return verdict if witness is None else replace(verdict, witness=replace(witness, prediction=witness.expected))


def unsettled(verdict: Recognition) -> Recognition:
    raise ValueError("initial: left open")


DISTORTIONS: dict[str, tuple[Distortion, str]] = {
    "refuses all": (lambda verdict: replace(verdict, family="none"), "refused, though it is right"),
    "accepts all": (accepting, "one entry changed): wrongly accepted as gradient descent: its numbers do not make its tensor"),
    "another s": (lambda verdict: replace(verdict, step_size=2 * verdict.step_size), "its numbers do not make its tensor"),
    "another W₀": (
        lambda verdict: replace(verdict, initial=verdict.initial + sympy.ones(*verdict.initial.shape)),
        "its numbers do not make its tensor",
    ),
    "another family": (renamed, "wrongly accepted as GD++ with γ = None: it is gradient descent"),
    "another γ": (
        lambda verdict: replace(verdict, gamma=verdict.gamma and 2 * verdict.gamma),
        ": it is GD++",
    ),
    "no preconditioner": (lambda verdict: replace(verdict, preconditioner=None), "its numbers do not make its tensor"),
    "no left factor": (lambda verdict: replace(verdict, left_factor=None), "its numbers do not make its tensor"),
    "another context update": (
        lambda verdict: replace(verdict, context_update=DESCENT if verdict.context_update == "none" else "none"),
        "wrongly accepted: its context update is none, not gradient descent",
    ),
    "a witness of nothing": (unshown, "one entry changed): refused, with a witness that shows nothing"),
    "the witness of another W₀": (
        lambda verdict: replace(verdict, initial=verdict.initial + int(verdict.family == "none") * sympy.ones(*verdict.initial.shape)),
        "one entry changed): refused, with a witness that shows nothing",
    ),
    "no witness": (lambda verdict: replace(verdict, witness=None), "one entry changed): refused, with a witness that shows nothing"),
    "imaginary": (lambda verdict: replace(verdict, step_size=sympy.I), "unsettled: expected real numbers, got [I, "),
    "unsettled": (unsettled, "unsettled: initial: left open"),
    "leaves all open": (lambda verdict: replace(verdict, family="not decided"), "refused, though it is right"),
    "leaves changed ones open": (
        lambda verdict: replace(verdict, family={"none": OPEN}.get(verdict.family, verdict.family)),
        "left open, though",
    ),
}


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[Distortion], None]:
    """Recognition is distorted from here on."""

    def distort(change: Distortion) -> None:
        monkeypatch.setattr("tests.support.decisions.recognise", lambda layer, **how: change(recognised(layer, **how)))

    return distort


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_wrong_recogniser_is_found(name: str, wrong: Any) -> None:
    change, message = DISTORTIONS[name]
    wrong(change)
    found = survey(range(10))
    assert any(message in fault for fault in found.faults), found.faults
    assert found.right.total() + found.changed.total() + len(found.faults) == 20


def test_a_step_that_is_refused_after_a_change_is_found(wrong: Any) -> None:
    """The right ones are judged rightly; each is followed by its changed one."""
    calls: list[Recognition] = []

    def every_second(verdict: Recognition) -> Recognition:
        calls.append(verdict)
        return replace(verdict, family="none") if len(calls) % 2 == 0 else verdict

    wrong(every_second)
    found = survey(range(18))
    assert found.right.total() == 18
    assert any("refused, though it is a step still" in fault for fault in found.faults)


def test_numbers_that_are_not_those_it_was_built_with_are_found(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there were two steps that make the same prediction, so that the tensor would not tell."""
    monkeypatch.setattr("tests.support.decisions.complaint", lambda verdict, heads: "")
    wrong(lambda verdict: replace(verdict, step_size=2 * verdict.step_size))
    assert "wrongly accepted: s or W₀ are not what it was built with" in survey(range(6)).faults[0]


def test_roots_are_checked_exactly() -> None:
    """The second solution of 2.3 at d_x = d_y = 1, with ``2 W₀² + W₀ = 2``."""
    head = [[[1, 0], [0, 1]], [[2, 0], [-1, 2]], [[0, 0], [1, 0]], [[1, 0], [0, 1]]]
    found = recognise(Layer((Head(*map(sympy.Matrix, head)),)), d_x=1, d_y=1, initial="unknown")
    assert found.family == DESCENT
    assert not found.initial[0].is_Rational
    assert complaint(found, [head]) == ""
    near = replace(found, initial=found.initial + sympy.Matrix([[sympy.Rational(1, 10**30)]]))
    assert "its numbers do not make its tensor" in complaint(near, [head])


def test_being_some_step_can_fail() -> None:
    right = right_construction(Random(3), 2, 1)
    assert is_some_step(right.heads, right.initial)
    assert not is_some_step(right.heads, [[entry + 1 for entry in row] for row in right.initial])
    nothing = [[[[Fraction(0)] * 3] * 3] * 4]
    assert is_some_step(nothing, right.initial)


def command(*arguments: str) -> Any:
    return CliRunner().invoke(app, [*arguments, "--processes", "1"])


def test_the_command_shows_counts_and_its_status_is_0() -> None:
    done = command("12", "--seed", "5")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *_, last, end = done.stdout.splitlines()
    assert first == "12 right constructions are accepted as what they are:"
    assert last == "0 refused, wrongly accepted or unsettled"
    assert end.endswith(" s on 1 processes, seed 5")


def test_the_command_shows_what_is_wrong_and_its_status_is_1(wrong: Any) -> None:
    wrong(lambda verdict: replace(verdict, family="none"))
    done = command("12")
    assert done.exit_code == 1
    assert "0 right constructions are accepted" in done.stdout
    assert "  number 0 of seed 0 (d_x = 1, d_y = 1, " in done.stdout
    assert done.stdout.count(" of seed 0 (") == LISTED
    assert "\n  …\n" in done.stdout


def test_a_count_is_positive() -> None:
    done = command("0")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: Invalid value for ")
