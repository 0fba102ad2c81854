"""Claims: what is checked by itself."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from equivalence.statements.steps import Program

IDENTITIES = ("identity", "induction", "series")


KINDS = (*IDENTITIES, "refutation", "characterisation", "bound", "expectation")


@dataclass(frozen=True)
class Claim:
    """A part of a statement that is checked by itself.

    Attributes:
        title: what it says.
        kind: one of `KINDS`; identities and inductions are read in the symbolic and the finite-field algebra, the rest exactly.
        program: the generator function of its steps.
        takes_algebra: whether its first parameter is the algebra; else it is written in SymPy.
        sizes: the names of its sizes, from its positional parameters.
        parts: the keyword-only parameters, which negative tests replace.
    """

    title: str
    kind: str
    program: Program
    takes_algebra: bool
    sizes: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def is_identity(self) -> bool:
        """Whether it speaks of arbitrary matrices: an identity, an induction's base and step, or the coefficients of a series."""
        return self.kind in IDENTITIES


def claim_of(title: str, kind: str, program: Program) -> Claim:
    """A claim from its program, whose parameters are read: the algebra, then sizes, then keyword-only parts.

    Raises ValueError for an unknown kind, and for parameters that do not fit it.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    parameters: list[Any] = list(inspect.signature(program).parameters.values())
    positional = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    parts = tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)
    takes_algebra = positional[:1] == ["algebra"]
    if not takes_algebra and (positional or kind in IDENTITIES):
        raise ValueError(f"{title}: expected the first parameter to be algebra, got {positional}")
    return Claim(title, kind, program, takes_algebra, tuple(positional[1:]), parts)
