"""The readings of a program: what running it means is decided by what its matrices are."""

from equivalence.algebras.ball import Ball
from equivalence.algebras.cost import Cost
from equivalence.algebras.degree import DegreeAlgebra, error_bound
from equivalence.algebras.detect import algebra_of
from equivalence.algebras.flint import FiniteField, Rational
from equivalence.algebras.numeric import Numeric
from equivalence.algebras.powers import Powers
from equivalence.algebras.protocol import (
    Algebra,
    AlgebraOf,
    GenericAlgebra,
    HasDiagonals,
    HasDifferences,
    HasHadamard,
    HasInverses,
    HasOrthogonals,
    HasValues,
    HasWeights,
    Matrix,
    Scalar,
)
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Dimension, Part, Size
from equivalence.algebras.symbolic import Symbolic

__all__ = [
    "Algebra",
    "AlgebraOf",
    "Ball",
    "Cost",
    "DegreeAlgebra",
    "Dimension",
    "FiniteField",
    "GenericAlgebra",
    "HasDiagonals",
    "HasDifferences",
    "HasHadamard",
    "HasInverses",
    "HasOrthogonals",
    "HasValues",
    "HasWeights",
    "Matrix",
    "Numeric",
    "Part",
    "Powers",
    "Rational",
    "Scalar",
    "Size",
    "Symbolic",
    "algebra_of",
    "error_bound",
    "exact",
    "rational",
]
