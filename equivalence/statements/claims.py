"""Claims: what is checked by itself."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equivalence.algebras.protocol import Algebra
from equivalence.algebras.sizes import Part
from equivalence.statements.kinds import KINDS, kind_of
from equivalence.statements.steps import Items, Program


@dataclass(frozen=True)
class Claim:
    """A part of a statement that is checked by itself.

    Attributes:
        title: what it says.
        kind: one of `KINDS`.
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
        return KINDS[self.kind].arbitrary

    def items(self, algebra: Algebra, sizes: Sequence[Part] = (), parts: Mapping[str, object] | None = None) -> Items:
        """What its program yields in an algebra, at sizes in the claim's own order."""
        return self.program(*([algebra] if self.takes_algebra else []), *sizes, **(parts or {}))

    def parts_of(self, replace: Mapping[str, object]) -> dict[str, object]:
        """Those of the parts that the claim has."""
        return {name: value for name, value in replace.items() if name in self.parts}


def claim_of(title: str, kind: str, program: Program) -> Claim:
    """A claim from its program, whose parameters are read: the algebra, then sizes, then keyword-only parts.

    Raises ValueError for an unknown kind, and for parameters that do not fit it.
    """
    arbitrary = kind_of(kind).arbitrary
    parameters = list(inspect.signature(program).parameters.values())
    positional = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    parts = tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)
    takes_algebra = positional[:1] == ["algebra"]
    if not takes_algebra and (positional or arbitrary):
        raise ValueError(f"{title}: expected the first parameter to be algebra, got {positional}")
    if len(positional) > 1 and not arbitrary:
        raise ValueError(f"{title}: only claims of arbitrary matrices have sizes, a {kind} has none, got {', '.join(positional[1:])}")
    return Claim(title, kind, program, takes_algebra, tuple(positional[1:]), parts)
