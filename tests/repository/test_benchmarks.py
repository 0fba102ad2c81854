"""The benchmarks fail when a binding target is missed, and measure what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.measures import Measure, certificate
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import find

SMALL = {"d_x": 3, "d_y": 1, "N": 5, "M": 2}


@pytest.mark.parametrize(("met", "binding", "status"), [(True, True, 0), (False, False, 0), (False, True, 1)])
def test_only_a_missed_binding_target_fails(met: bool, binding: bool, status: int, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(command, "MEASURES", {"one": lambda: Measure("the ratio", "999x", "at least 1000x", met, binding)})
    assert command.main() == status
    shown = capsys.readouterr()
    assert "the ratio" in shown.out
    assert ("missed: the ratio: 999x, target at least 1000x" in shown.err) == bool(status)


def test_the_certificate_is_measured_with_its_bound() -> None:
    found = certificate(SMALL, limit=60.0)
    assert found.met
    assert "error bound" in found.figure


def test_a_limit_that_is_missed_is_said() -> None:
    assert not certificate(SMALL, limit=0.0).met


def test_a_false_statement_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import measures

    def flipped(*sizes: Any, **rest: Any) -> Layer:
        (head,) = gd_layer(*sizes, **rest).heads
        return Layer((head._replace(value=-head.value),))

    program = find("2.1").claims[0].program
    monkeypatch.setitem(program.__kwdefaults__, "layer", flipped)
    with pytest.raises(AssertionError, match=r"2\.1: the symbolic check fails"):
        measures.symbolic()
    with pytest.raises(AssertionError, match=r"2\.1: the certificate fails"):
        certificate(SMALL, limit=60.0)


def test_a_failing_instance_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import measures

    monkeypatch.setattr(measures, "checker", lambda *arguments, **named: lambda values: np.array([0.5, np.nan]))
    with pytest.raises(AssertionError, match=r"2\.1: an instance fails, by nan tolerances"):
        measures.instances_a_second()


def test_recognition_is_measured() -> None:
    from benchmarks.measures import recognition, recognition_memory

    assert recognition(10, 1, 2, limit=60.0).met
    assert not recognition(10, 1, 2, limit=0.0).met
    found = recognition_memory(10, 1, 2, limit=1.0)
    assert not found.met
    assert found.binding


def test_a_search_that_finds_no_single_token_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import measures

    searched = measures.falsify
    monkeypatch.setattr(measures, "falsify", lambda predict, **rest: searched(predict, **rest, min_context=2, max_context=2, examples=5))
    with pytest.raises(AssertionError, match="falsification: expected a counterexample of one token, the smallest has 2"):
        measures.falsification(limit=10.0)
