"""At which sizes a claim is checked: however they are given, each is used."""

from __future__ import annotations

from typing import Any

import pytest

from equivalence.statements import Statement, verify
from equivalence.statements.claims import claim_of
from equivalence.statements.sizes import assignments
from equivalence.statements.steps import Items


def claim_with(count: int) -> Any:
    """A claim with so many sizes."""
    names = [f"n{number}" for number in range(count)]
    source = f"def program(algebra, {', '.join(names)}):\n    yield 'sum', algebra.scalar(({', '.join(names)},))\n"
    source += f"    yield 'one by one', {' + '.join(f'algebra.scalar({name})' for name in names)}\n"
    made: dict[str, Any] = {}
    exec(source, made)
    return claim_of("the sum of sizes", "identity", made["program"])


@pytest.mark.parametrize("count", [1, 4, 10, 11, 23])
def test_three_assignments_of_pairwise_different_sizes_with_one_among_them(count: int) -> None:
    claim = claim_with(count)
    chosen = assignments(claim, None)
    assert [list(sizes) for sizes in chosen] == [list(claim.sizes)] * 3
    assert all(len(set(sizes.values())) == count for sizes in chosen)
    assert any(1 in sizes.values() for sizes in chosen)
    assert len({tuple(sizes.values()) for sizes in chosen}) == 3
    result = verify(Statement("99.9", "A test", "identity", "here", "", [claim]), seed=0)
    assert result.holds, result.messages
    assert len(result.checks) == 4


def commutes(algebra: Any, n: Any) -> Items:
    A, B = algebra.generator("A", n, n), algebra.generator("B", n, n)
    yield "the product", A @ B
    yield "turned round", B @ A


COMMUTES = Statement("99.9", "A test", "identity", "here", "", [claim_of(title, "identity", commutes) for title in ("first", "second")])


@pytest.mark.parametrize("given", [[{"n": 1}, {"n": 2}], ({"n": 1}, {"n": 2})])
def test_an_iterator_of_sizes_serves_every_claim(given: Any) -> None:
    """It would be used up by the first, and the second would have no certificate at all."""
    for sizes in (given, iter(given), (each for each in given)):
        result = verify(COMMUTES, seed=0, sizes=sizes, algebras=("finite field",))
        assert [(check.claim, dict(check.sizes), check.outcome) for check in result.checks] == [
            ("first", {"n": 1}, "holds"),
            ("first", {"n": 2}, "refuted"),
            ("second", {"n": 1}, "holds"),
            ("second", {"n": 2}, "refuted"),
        ]
