"""The kinds of claims: what each is called, in which status it stands if it holds, and how it is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of claim.

    Attributes:
        name: what it is called.
        status: what can be said of a claim that holds.
        arbitrary: whether it speaks of arbitrary matrices, so that it is read in the symbolic and the finite-field algebra; the others
            speak of numbers and polynomials, and are read exactly.
        headings: the first words of the headings of its chains, each at least once.
    """

    name: str
    status: str
    arbitrary: bool = False
    headings: tuple[str, ...] = ()


KINDS = {
    kind.name: kind
    for kind in (
        Kind("identity", "proved for all sizes", arbitrary=True),
        Kind("induction", "by induction for any depth, all sizes", arbitrary=True, headings=("base", "step")),
        Kind("series", "series to the order named, all sizes", arbitrary=True),
        Kind("refutation", "exact counterexample"),
        Kind("characterisation", "exact for the cases named"),
        Kind("bound", "bound proved"),
        Kind("expectation", "exact expectation"),
    )
}
"""By name, in the order in which a statement lists them."""


def kind_of(name: str) -> Kind:
    """The kind of a name. Raises ValueError for one that there is not."""
    if name not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {name!r}")
    return KINDS[name]


def status(names: Iterable[str]) -> str:
    """The status of a statement whose claims have these kinds."""
    present = set(names)
    return "; ".join(kind.status for kind in KINDS.values() if kind.name in present)
