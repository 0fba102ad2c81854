"""Each algebra has the capabilities that it claims, which mypy checks here, and no other, which a test does."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from equivalence.algebras import (
    Algebra,
    Ball,
    Cost,
    DegreeAlgebra,
    FiniteField,
    GenericAlgebra,
    HasDiagonals,
    HasDifferences,
    HasHadamard,
    HasInverses,
    HasOrthogonals,
    HasValues,
    HasWeights,
    Numeric,
    Powers,
    Rational,
    Symbolic,
    exact,
    protocol,
)
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.algebras.notation import Notation

NUMERIC = Numeric(np, "float64")
SYMBOLIC, NOTATION, DEGREE, RATIONAL, POWERS, BALL, MAGNITUDE = (
    Symbolic(),
    Notation(),
    DegreeAlgebra(),
    Rational(),
    Powers(),
    Ball(),
    MagnitudeAlgebra(NUMERIC),
)
FIELD = FiniteField(2**62 + 135, Random(0))

EVERY: list[Algebra] = [SYMBOLIC, NOTATION, DEGREE, FIELD, RATIONAL, POWERS, BALL, exact, NUMERIC, MAGNITUDE, Cost()]
GENERIC: list[GenericAlgebra] = [SYMBOLIC, NOTATION, DEGREE, FIELD, RATIONAL, POWERS, BALL, NUMERIC, MAGNITUDE]
INVERSES: list[HasInverses] = [*GENERIC, exact]
DIAGONALS: list[HasDiagonals] = [*GENERIC, exact]
ORTHOGONALS: list[HasOrthogonals] = [*GENERIC]
HADAMARD: list[HasHadamard] = [*GENERIC, exact]
WEIGHTS: list[HasWeights] = [*GENERIC]
VALUES: list[HasValues] = [RATIONAL, POWERS, BALL, exact, NUMERIC, MAGNITUDE]
DIFFERENCES: list[HasDifferences] = [SYMBOLIC, FIELD, RATIONAL, POWERS, BALL, exact]

CLAIMED: dict[type, list[Algebra]] = {
    HasInverses: [*INVERSES],
    HasDiagonals: [*DIAGONALS],
    HasOrthogonals: [*ORTHOGONALS],
    HasHadamard: [*HADAMARD],
    HasWeights: [*WEIGHTS],
    HasValues: [*VALUES],
    HasDifferences: [*DIFFERENCES],
}


def methods(capability: type) -> list[str]:
    return [name for name in vars(capability) if not name.startswith("_")]


@pytest.mark.parametrize("algebra", EVERY, ids=lambda algebra: algebra.name)
@pytest.mark.parametrize("capability", CLAIMED, ids=lambda capability: capability.__name__)
def test_an_algebra_has_the_capabilities_that_it_claims_and_no_other(algebra: Algebra, capability: type) -> None:
    for method in methods(capability):
        assert hasattr(algebra, method) == (algebra in CLAIMED[capability])


def test_a_capability_has_a_method_and_every_one_is_claimed() -> None:
    assert all(methods(capability) for capability in CLAIMED)
    assert set(CLAIMED) == {kind for name, kind in vars(protocol).items() if name.startswith("Has")}
