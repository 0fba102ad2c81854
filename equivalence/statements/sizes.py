"""At which sizes a claim is certified and sampled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from equivalence.algebras.sizes import total
from equivalence.statements.claims import Claim

Sizes = Mapping[str, int]

FIRST = (3, 2, 5, 4, 1, 6, 7, 8, 9, 10)
TURNS = (0, 3, 4)
"""Where the sizes of the three assignments begin; the last one begins with 1."""


def assignments(claim: Claim, sizes: Iterable[Sizes] | None) -> Sequence[Sizes]:
    """Sizes for certificates and batches: given, or three assignments of pairwise different sizes with 1 among them.

    Raises ValueError if a size is missing or below 1, TypeError for what is no integer, or no list.
    """
    if sizes is None:
        return _by_turns(claim.sizes)
    given = listed(sizes)
    for chosen in given:
        missing = [name for name in claim.sizes if name not in chosen]
        if missing:
            raise ValueError(f"sizes: expected {', '.join(claim.sizes)}, missing {', '.join(missing)}")
        for name in claim.sizes:
            _check_size(name, chosen[name])
    return given


def listed(sizes: Iterable[Sizes]) -> list[Sizes]:
    """The assignments, gone through once. Raises TypeError for a single one, outside a list, ValueError for none."""
    if isinstance(sizes, Mapping):
        raise TypeError(f"sizes: expected a list of assignments, got one assignment; write [{dict(sizes)}]")
    given = list(sizes)
    if not given:
        raise ValueError("sizes: expected at least one assignment, got none; to check in one algebra only, name it: algebras=['symbolic']")
    return given


def _by_turns(names: Sequence[str]) -> Sequence[Sizes]:
    if not names:
        return [{}]
    pool = list(chain(FIRST, range(len(FIRST) + 1, len(names) + 1)))
    return [dict(zip(names, pool[turn:] + pool[:turn], strict=False)) for turn in TURNS]


def _check_size(name: str, size: int) -> None:
    try:
        total(size)
    except (TypeError, ValueError) as error:
        raise type(error)(f"sizes: {name}: {error}") from None
