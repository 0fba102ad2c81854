"""No step, claim or title of a statement goes unnoticed when it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from equivalence.statements import find
from tests.support.steps import TABLE, counted, lines


def test_every_claim_has_its_title_and_its_steps() -> None:
    """After a change that is meant: ``python -m tests.support.steps``, and the change of the table is there to be read."""
    assert list(lines()) == TABLE.read_text(encoding="utf-8").splitlines()


def test_a_lost_step_changes_the_table() -> None:
    claim = find("9.2").claims[0]

    def shortened(*arguments: Any, **parts: Any) -> Iterator[Any]:
        yield from list(claim.program(*arguments, **parts))[:-1]

    assert sum(counted(replace(claim, program=shortened))) == sum(counted(claim)) - 1
