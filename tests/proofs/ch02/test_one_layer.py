"""Chapter 2, first half: wrong layers are rejected, and the witnesses are what a reader computes by hand."""

from __future__ import annotations

from typing import Any

import pytest

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import verify


def flipped_value(*sizes: Any, **rest: Any) -> Layer:
    (head,) = gd_layer(*sizes, **rest).heads
    return Layer((head._replace(value=-head.value),))


def per_token_rate(*sizes: Any, **rest: Any) -> Layer:
    """The 1/N dropped."""
    return gd_layer(*sizes, **{**rest, "context": 1})


@pytest.mark.parametrize("number", ["2.1", "2.2", "2.7"])
def test_a_flipped_value_is_rejected(number: str) -> None:
    result = verify(number, seed=2, replace={"layer": flipped_value}, algebras=("symbolic", "finite field"))
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"symbolic", "finite field"}
    assert all(message.startswith(f"{number} ") and "step" in message for message in result.messages)


@pytest.mark.parametrize("number", ["2.1", "2.2", "2.7"])
def test_a_dropped_count_is_rejected(number: str) -> None:
    result = verify(number, seed=2, replace={"layer": per_token_rate}, algebras=("symbolic",))
    assert not result.holds
    assert "[symbolic]" in result.messages[0]


@pytest.mark.parametrize("number", ["2.2", "2.5", "2.6"])
def test_the_witnesses_need_the_construction(number: str) -> None:
    """With a layer that does nothing there is no counterexample, and the refutation says so."""

    def nothing(*sizes: Any, **rest: Any) -> Layer:
        layer = gd_layer(*sizes, **rest)
        (head,) = layer.heads
        return Layer((head._replace(projection=head.projection - head.projection),))

    result = verify(number, replace={"layer": nothing}, algebras=("exact", "rational"))
    failed = [check.message for check in result.checks if not check.holds]
    assert len(failed) == 2
    assert all(message.startswith(f"{number} ") for message in failed)


def test_2_2_witness_by_hand() -> None:
    """N = 1, x = y = q = η = 1, W₀ = 0, the query among the keys: layer 1 uses the target up, and the query undoes itself."""
    x, y, q, out = 1, 1, 1, 0
    for _ in range(2):
        read = {"context": -y, "query": -out}
        y, out = (target + read["context"] * x * key + read["query"] * q * key for target, key in ((y, x), (out, q)))
    assert -out == 0
    weight = 0
    for _ in range(2):
        weight += (1 - weight * x) * x
    assert weight * q == 1
