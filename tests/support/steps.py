"""How many steps and checks each chain of each claim has: ``python -m tests.support.steps`` writes the table that a test pins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import Size, Symbolic
from equivalence.algebras.rational_functions import Exact
from equivalence.statements import Claim, in_order
from equivalence.statements.steps import chains

TABLE = Path(__file__).with_name("steps.txt")


def counted(claim: Claim) -> list[int]:
    """The number of entries of each chain."""
    items = claim.items(Symbolic(), [Size(name) for name in claim.sizes]) if claim.is_identity else claim.items(Exact())
    return [len(list(chain)) for chain in chains(items)]


def lines() -> Iterator[str]:
    """Number, title, kind and counts of each claim."""
    for statement in in_order():
        for claim in statement.claims:
            yield f"{statement.number} | {claim.title} | {claim.kind} | {' '.join(map(str, counted(claim)))}"


if __name__ == "__main__":
    TABLE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
