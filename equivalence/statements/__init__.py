"""Statements, their registry, and their verification."""

from equivalence.statements.claims import Claim, claim_of
from equivalence.statements.registry import Statement, find, in_order, registry, statement
from equivalence.statements.steps import Differ, Encloses, InIdeal, Less, Positive, simulation
from equivalence.statements.verification import Check, Result, verify

__all__ = [
    "Check",
    "Claim",
    "Differ",
    "Encloses",
    "InIdeal",
    "Less",
    "Positive",
    "Result",
    "Statement",
    "claim_of",
    "find",
    "in_order",
    "registry",
    "simulation",
    "statement",
    "verify",
]
