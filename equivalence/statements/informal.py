"""What a claim argues in words, marked as such where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from equivalence.algebras.protocol import HasDifferences
from equivalence.statements.assertions import Assertion, Writer
from equivalence.statements.verdicts import HOLDS, Verdict


@dataclass(frozen=True)
class Informal(Assertion):
    """A part of an argument that no machine checks. It compares nothing: a chain of such parts alone has shown nothing.

    Derivations print it as informal, and a result lists it (`Result.informal`).

    Attributes:
        reason: the part of the argument, in words.
    """

    reason: str
    compares = False
    in_words = True

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """There is nothing that could be found wrong."""
        return HOLDS

    def written(self, writer: Writer) -> str:
        """That it is not checked."""
        return writer.words("informal: argued in words, not checked")

    def subjects(self) -> tuple[object, ...]:
        """Nothing."""
        return ()
