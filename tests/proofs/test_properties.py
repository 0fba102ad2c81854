"""Every registered claim on numbers: seeded batches in JAX, small exact instances by Hypothesis, and each comparison made to fail."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, note, reject, settings
from hypothesis import strategies as st

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras.hypotheses import SingularError
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import Claim, Differ, Statement, find, in_order
from equivalence.statements.inputs import inputs_of
from equivalence.statements.sampling import draw, replay, sample
from equivalence.statements.sizes import assignments
from equivalence.statements.steps import Items
from equivalence.statements.verification import walk
from equivalence.strategies.claims import ClaimInstance, instances

BATCH = 512


def inverts(claim: Claim) -> bool:
    """Whether an expression is inverted, for whose rounding no tolerance is known: such claims are tested on exact numbers only."""
    return claim.is_identity and inputs_of(claim, dict.fromkeys(claim.sizes, 1), {}).inverses > 0


def claims(*, identities: bool, inverses: bool | None = False) -> list[Any]:
    """The claims that are read over an algebra: identities and inductions, or those with a witness; inverting some expression or not."""
    return [
        pytest.param(found, claim, id=f"{found.number} {claim.title}")
        for found in in_order()
        for claim in found.claims
        if claim.takes_algebra and claim.is_identity is identities and inverses in (None, inverts(claim))
    ]


def alone(found: Statement, claim: Claim) -> Statement:
    """A statement with one of its claims only."""
    return dataclasses.replace(found, claims=[claim])


@pytest.mark.slow
@pytest.mark.parametrize(("found", "claim"), claims(identities=True))
@pytest.mark.parametrize(("dtype", "which"), [("float64", slice(2, 3)), ("float32", slice(0, 1))])
def test_holds_on_seeded_batches(found: Statement, claim: Claim, dtype: str, which: slice) -> None:
    """One shape each, the one in float64 with a size of 1: compiling is what takes time, and exact instances have all shapes."""
    shapes = assignments(claim, None)[which] or assignments(claim, None)
    samples = sample(alone(found, claim), sizes=shapes, batch=BATCH, seed=1, dtype=dtype)
    assert [taken.instances for taken in samples] == [BATCH] * len(shapes)
    assert all(taken.holds for taken in samples), [taken.message for taken in samples]


@pytest.mark.parametrize(("found", "claim"), claims(identities=True, inverses=True))
def test_what_inverts_is_left_out_of_the_batches(found: Statement, claim: Claim) -> None:
    assert sample(alone(found, claim)) == ()


@pytest.mark.parametrize(("found", "claim"), claims(identities=False))
def test_witness_holds_on_numbers(found: Statement, claim: Claim) -> None:
    (taken,) = sample(alone(found, claim))
    assert taken.holds, taken.message


@pytest.mark.slow
@pytest.mark.parametrize(("found", "claim"), claims(identities=True, inverses=None))
@given(data=st.data())
def test_holds_exactly_on_small_instances(found: Statement, claim: Claim, data: st.DataObject) -> None:
    assert wrong_on(found, claim, data.draw(instances(claim))) == ""


def wrong_on(found: Statement, claim: Claim, instance: ClaimInstance, **replace: Any) -> str:
    """What is wrong on an exact instance, which is noted."""
    note(repr(instance))
    algebra = instance.algebra()
    try:
        walked = walk(f"{found.number} {found.title}", algebra, claim.items(algebra, list(instance.sizes.values()), replace))
    except SingularError:
        reject()  # nothing is claimed where what is inverted has no inverse
    assert walked.compared or walked.verdict.reason
    return walked.verdict.reason


def flipped(*arguments: Any, **named: Any) -> Layer:
    """`gd_layer` with the sign of its W_V flipped."""
    (head,) = gd_layer(*arguments, **named).heads
    return Layer((head._replace(value=-head.value),))


@pytest.mark.slow
def test_broken_construction_shrinks_to_something_readable() -> None:
    found = find("2.1")

    @settings(database=None, derandomize=True)
    @given(instances(found.claims[0], replace={"layer": flipped}))
    def holds(instance: ClaimInstance) -> None:
        assert wrong_on(found, found.claims[0], instance, layer=flipped) == ""

    with pytest.raises(AssertionError) as caught:
        holds()
    assert "2.1 One linear self-attention layer is one gradient step, step 2" in str(caught.value)
    (shrunk,) = (text for text in caught.value.__notes__ if text.startswith("d_x"))
    sizes, *grids = shrunk.splitlines()
    assert sizes == "d_x = 1, d_y = 2, N = 3, M = 4, eta = 1"
    assert [grid.split(" = ")[0] for grid in grids] == ["X", "Y", "Q", "W_0"]
    entries = [entry for grid in grids for entry in grid.split(" = ")[1].strip("[]").replace(";", "").split()]
    assert sorted(entries) == ["0"] * (len(entries) - 2) + ["1", "1"]


def tampered(claim: Claim, place: int) -> Claim:
    """The claim with one in every entry added to one of its steps, or with the sides of a `Differ` made equal."""

    def program(algebra: Any, *chosen: Any, **parts: Any) -> Items:
        for number, item in enumerate(claim.program(algebra, *chosen, **parts)):
            if number != place:
                yield item
            elif isinstance(item, Differ):
                yield dataclasses.replace(item, right=item.left)
            else:
                assert isinstance(item, tuple)
                reason, expression = item
                shape = getattr(expression, "shape", ())
                yield reason, expression + (algebra.ones(*shape) if shape else algebra.scalar(1))

    return dataclasses.replace(claim, program=program)


@pytest.mark.parametrize(("found", "claim"), claims(identities=True) + claims(identities=False))
def test_every_numeric_comparison_can_fail(found: Statement, claim: Claim) -> None:
    chosen = assignments(claim, None)[0]
    values = draw(inputs_of(claim, chosen, {}), 1, 0) if claim.is_identity else {}
    instance = {name: array[0] for name, array in values.items()}
    places = list(compared_places(claim, chosen))
    assert places
    for place in places:
        message = replay(found, tampered(claim, place), chosen, {}, instance)
        assert message.startswith(f"{found.number} {found.title}, {claim.title}"), message
        assert "step" in message


def compared_places(claim: Claim, chosen: Any) -> Any:
    """Where the items stand that numbers can refute: all steps but the first of each chain, and each `Differ`."""
    from equivalence.algebras import Size, Symbolic, exact

    program = claim.program(Symbolic(), *map(Size, claim.sizes)) if claim.is_identity else claim.program(exact)
    begun = False
    for place, item in enumerate(program):
        if isinstance(item, str):
            begun = False
        elif isinstance(item, Differ) or (isinstance(item, tuple) and begun):
            yield place
        begun = begun or isinstance(item, tuple)
