"""Statements, their registry, and their verification."""

from equivalence.statements.assertions import Assertion
from equivalence.statements.claims import Claim, claim_of
from equivalence.statements.differences import Differ
from equivalence.statements.informal import Informal
from equivalence.statements.orders import Encloses, Less
from equivalence.statements.polynomials import Inconsistent, InIdeal, Positive
from equivalence.statements.registry import Statement, find, in_order, registry, statement
from equivalence.statements.results import Check, Result
from equivalence.statements.simulation import simulation
from equivalence.statements.verdicts import Verdict
from equivalence.statements.verification import verify

__all__ = [
    "Assertion",
    "Check",
    "Claim",
    "Differ",
    "Encloses",
    "InIdeal",
    "Inconsistent",
    "Informal",
    "Less",
    "Positive",
    "Result",
    "Statement",
    "Verdict",
    "claim_of",
    "find",
    "in_order",
    "registry",
    "simulation",
    "statement",
    "verify",
]
