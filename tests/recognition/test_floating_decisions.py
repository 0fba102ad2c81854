"""The survey of verdicts on floats, and the attack on error bounds, find nothing wrong, and do find recognisers that are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from equivalence.recognition import Recognition
from equivalence.recognition.stacks.composition import StackNorms
from tests.support import bound_attacks, floating_decisions
from tests.support.bound_attacks import attacks
from tests.support.floating_decisions import Drawn, drawn, judged, squared_distance, survey

Distortion = Callable[[Recognition], Recognition]


def test_right_layers_are_never_called_none_and_wrong_ones_never_accepted() -> None:
    found = survey(range(60))
    assert found.faults == []
    assert found.undecided <= 0.01
    kinds = {"gradient descent", "preconditioned gradient descent", "GD++"}
    assert kinds <= {family for kind, family in found.judged if kind == "right"}
    assert {family for kind, family in found.judged if kind == "wrong"} <= {"none", "not decided"}


def test_no_bound_is_exceeded_by_what_is_climbed_to() -> None:
    found = attacks(range(100))
    assert found.faults == []
    assert found.held.total() == 120
    assert 0.99 < found.tightest <= 1


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[Distortion], None]:
    """Recognition is distorted from here on."""

    def distort(change: Distortion) -> None:
        def other(layer: Drawn) -> Recognition:
            return change(judged(layer))

        monkeypatch.setattr(floating_decisions, "judged", other)
        monkeypatch.setattr(bound_attacks, "judged", other)

    return distort


DISTORTIONS: dict[str, tuple[Distortion, str]] = {
    "refuses all": (lambda verdict: replace(verdict, family="none"), "called none, though it is right"),
    "accepts all": (lambda verdict: replace(verdict, family="gradient descent"), "wrongly accepted as gradient descent"),
    "stands still": (lambda verdict: replace(verdict, family="rate 0"), "called rate 0, though it is right"),
    "another s": (lambda verdict: replace(verdict, step_size=1.2 * float(verdict.step_size)), "at a distance of 2.00e-01"),
    "another W₀": (lambda verdict: replace(verdict, initial=verdict.initial + 1.0), "at a distance of"),
    "no preconditioner": (lambda verdict: replace(verdict, preconditioner=None), "accepted as preconditioned gradient descent at a"),
}


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_wrong_recogniser_is_found(name: str, wrong: Callable[[Distortion], None]) -> None:
    change, message = DISTORTIONS[name]
    wrong(change)
    found = survey(range(12))
    assert any(message in fault for fault in found.faults), found.faults


def test_too_many_that_are_not_decided_are_found(wrong: Callable[[Distortion], None]) -> None:
    wrong(lambda verdict: replace(verdict, family="not decided"))
    found = survey(range(6))
    assert (found.faults, found.undecided) == ([], 1.0)
    done = CliRunner().invoke(floating_decisions.app, ["4", "--processes", "1"])
    assert done.exit_code == 1
    assert "with scales within 10³ are not decided: 100.00%" in done.stdout


class Tighter:
    """The gap of another verdict, a little too small."""

    def __init__(self, verdict: Recognition) -> None:
        self.verdict = verdict

    def certified_norm(self) -> float:
        return 0.7 * self.verdict.certified_norm


def test_a_bound_that_is_too_small_is_found(wrong: Callable[[Distortion], None], monkeypatch: pytest.MonkeyPatch) -> None:
    wrong(lambda verdict: replace(verdict, gap=Tighter(verdict)))
    assert any("(layer, " in fault for fault in attacks(range(20)).faults)
    nothing = StackNorms(query=bound_attacks.flint.arb(1), layers=())
    recognise_stack = bound_attacks.recognise_stack

    def without_layers(*layers: object, **how: object) -> object:
        verdict = recognise_stack(*layers, **how)
        return replace(verdict, norms=verdict.norms and nothing)

    monkeypatch.setattr(bound_attacks, "recognise_stack", without_layers)
    assert any("(stack, " in fault for fault in attacks(range(10)).faults)


def test_the_exact_distance_is_that_of_the_verdict() -> None:
    """Of wrong layers of floats the distance that is reported is that of the nearest step."""
    for number in range(8):
        layer = drawn(np.random.default_rng([1, number]), right=False)
        verdict = judged(layer)
        assert verdict.relative_distance == pytest.approx(float(squared_distance(layer, verdict)) ** 0.5, rel=1e-6)


def test_the_commands_show_counts_and_their_status_is_0() -> None:
    done = CliRunner().invoke(floating_decisions.app, ["3", "--processes", "1", "--seed", "2"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 wrong verdicts" in done.stdout
    done = CliRunner().invoke(bound_attacks.app, ["3", "--processes", "1"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 bounds exceeded" in done.stdout
