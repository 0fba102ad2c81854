"""For every registered claim and every one of its comparisons: tampered with, it falls, and the message names statement and step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import Size, Symbolic, exact
from equivalence.statements import Claim, Differ, Encloses, InIdeal, Less, Positive, Statement, in_order, verify
from equivalence.statements.steps import Items

CLAIMS = [pytest.param(found, claim, id=f"{found.number} {claim.title}") for found in in_order() for claim in found.claims]


def tampered(item: Any, algebra: Any) -> Any:
    """The same step, wrong: one more in every entry; or a check that does not hold."""
    if isinstance(item, tuple):
        reason, expression = item
        shape = getattr(expression, "shape", None)
        return reason, expression + (algebra.ones(*shape) if shape else algebra.scalar(1))
    if isinstance(item, Differ):
        return replace(item, right=item.left)
    if isinstance(item, Positive):
        return replace(item, expression=-item.expression - 1)
    if isinstance(item, InIdeal):
        return replace(item, members=(*item.members, sympy.Integer(1)))
    if isinstance(item, Less):
        return replace(item, values=tuple(reversed(item.values)))
    if isinstance(item, Encloses):
        return replace(item, low=item.high, high=item.high + 1)
    return item.tampered()


def comparisons(claim: Claim) -> list[int]:
    """The places of the items that are compared, in the claim's program as it runs for all sizes, or exactly."""
    arguments = [Symbolic(), *map(Size, claim.sizes)] if claim.is_identity else [exact] if claim.takes_algebra else []
    items = claim.program(*arguments)
    found, chain = [], 0
    for place, item in enumerate(items):
        chain = 0 if isinstance(item, str) else chain + 1
        if chain > 1 or (chain and not isinstance(item, tuple)):
            found.append(place)
    return found


def with_tampering(claim: Claim, place: int) -> Claim:
    """The claim with one of its items tampered with."""

    def program(*arguments: Any, **parts: Any) -> Items:
        def items() -> Iterator[Any]:
            algebra = arguments[0] if claim.takes_algebra else exact
            for number, item in enumerate(claim.program(*arguments, **parts)):
                yield tampered(item, algebra) if number == place else item

        return items()

    return replace(claim, program=program)


@pytest.mark.parametrize(("found", "claim"), CLAIMS)
def test_every_comparison_can_fail_in_every_algebra(found: Statement, claim: Claim) -> None:
    places = comparisons(claim)
    assert places, "the claim compares nothing"
    for place in places:
        wrong = Statement(found.number, found.title, found.kind, found.source, found.text, [with_tampering(claim, place)])
        result = verify(wrong, seed=place, sizes=[dict(zip(claim.sizes, range(2, 9), strict=False))])
        assert not any(check.holds for check in result.checks)
        assert all(message.startswith(f"{found.number} {found.title}") and "step" in message for message in result.messages)


@pytest.mark.parametrize(("found", "claim"), CLAIMS)
def test_every_claim_holds(found: Statement, claim: Claim) -> None:
    alone = Statement(found.number, found.title, found.kind, found.source, found.text, [claim])
    result = verify(alone, seed=0)
    assert result.holds, result.messages
    assert {check.algebra for check in result.checks} in ({"symbolic", "finite field"}, {"exact", "rational"}, {"exact"})
