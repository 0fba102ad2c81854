"""Which entries are the weights of which layer: names against the endings of layouts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from equivalence.loading.files import shown
from equivalence.loading.layouts import LAYOUTS, Layout

Pieces = tuple[str, ...]
Group = dict[str, str]
"""Of one layer: ending to entry."""


class Place(NamedTuple):
    """Where an entry stands."""

    layer: str
    ending: str


@dataclass(frozen=True)
class Match:
    """The layers that a layout finds.

    Attributes:
        layout: the layout.
        groups: of each layer, by what its entries' names begin with, the entries.
        doubled: two entries for one place, as a message; "" if there are none.
    """

    layout: Layout
    groups: dict[str, Group]
    doubled: str = ""

    @property
    def most(self) -> int:
        """Entries of the layer that has most of them."""
        return max(map(len, self.groups.values()))

    @property
    def is_complete(self) -> bool:
        """Whether each layer has all weights."""
        return all(self.layout.weights.keys() <= group.keys() for group in self.groups.values())

    @property
    def ordered(self) -> list[Group]:
        """The layers by number. Raises ValueError if they differ in more than numbers, or have the same."""
        kinds, orders = {re.sub(r"_?\d+", "", layer) for layer in self.groups}, {numbers(layer) for layer in self.groups}
        if len(kinds) > 1 or len(orders) < len(self.groups):
            raise ValueError(f"source: expected layers that differ in numbers only, got {listed(sorted(self.groups))}; give names")
        return [self.groups[layer] for layer in sorted(self.groups, key=numbers)]

    @property
    def lacking(self) -> str:
        """What the first layer that is not whole lacks."""
        layer, group = next((layer, group) for layer, group in self.groups.items() if not self.layout.weights.keys() <= group.keys())
        roles = {ending: text.split(":")[0].replace(" ", ", ") for ending, text in self.layout.weights.items()}
        missing = [role for ending, role in roles.items() if ending not in group]
        return f"source: expected {', '.join(roles.values())}, of layer {shown(layer)}, found no {', no '.join(missing)}; give names"


def matches(available: Sequence[str]) -> list[Match]:
    """What the layouts find in a file, those with most entries of a layer first, whole layers before others, then as the table has them."""
    cut = {name: pieces_of(name) for name in available}
    found = [match for layout in LAYOUTS if (match := _match(layout, cut)).groups]
    return sorted(found, key=lambda match: (-match.most, not match.is_complete))


def named(available: Sequence[str], names: Mapping[str, str], layout: Layout) -> Match:
    """The layers whose entries the user names, ``{}`` where a layer's number stands.

    Args:
        available: the names in the file.
        names: role to name.
        layout: has the roles as its endings.

    Raises ValueError: an entry that is not there.
    """
    counted = sorted({number for name in names.values() for number in _numbers_in(available, name)}, key=int) or [""]
    groups = {number: {role: name.replace("{}", number) for role, name in names.items()} for number in counted}
    there = set(available)
    for role, entry in (item for group in groups.values() for item in group.items()):
        if entry not in there:
            raise ValueError(f"names: {role}: expected an entry of the file, got {shown(entry)}; it holds {listed(available)}")
    return Match(layout, groups)


def pieces_of(name: str) -> Pieces:
    """A name cut into modules, in small letters; an nnx variable's ``value`` is left out."""
    pieces = [piece for piece in re.split(r"[/.:]", name.lower()) if piece not in ("", "~")]
    return tuple(pieces[:-1] if len(pieces) > 2 and pieces[-1] == "value" and pieces[-2] in ("kernel", "bias", "scale") else pieces)


def numbers(layer: str) -> tuple[int, ...]:
    """The numbers in a name, which order layers."""
    return tuple(int(number) for number in re.findall(r"\d+", layer))


def listed(names: Collection[str]) -> str:
    """Some of the names, and how many more."""
    most = 6
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown(name) for name in [*names][:most]) + more if names else "none"


def _match(layout: Layout, cut: Mapping[str, Pieces]) -> Match:
    groups: dict[str, Group] = {}
    doubled = ""
    for name, pieces in cut.items():
        if (place := _place(layout, pieces)) is not None:
            first = groups.setdefault(place.layer, {}).setdefault(place.ending, name)
            if first != name:
                doubled = f"{shown(name)}: expected one such entry of a layer, got {shown(first)} too; give names"
    kept = {layer: group for layer, group in groups.items() if not _is_projection_only(layout, group)}
    return Match(layout, kept, doubled)


def _is_projection_only(layout: Layout, group: Group) -> bool:
    """As of an MLP, whose last layer often has the name of a projection."""
    return all(layout.weights.get(ending, "projection").startswith("projection") for ending in group)


def _place(layout: Layout, pieces: Pieces) -> Place | None:
    for ending, spellings in layout.endings.items():
        for length in {len(spellings), len([piece for piece in spellings if "" not in piece])}:
            found = _ends(pieces, spellings[:length])
            if found is not None:
                return Place(found, ending)
    return None


def _ends(pieces: Pieces, spellings: tuple[Pieces, ...]) -> str | None:
    """What stands before the ending; Haiku numbers repeated modules, key and key_1, and the number belongs to the layer."""
    if len(pieces) < len(spellings):
        return None
    before, ended = pieces[: len(pieces) - len(spellings)], pieces[len(pieces) - len(spellings) :]
    module, number = re.fullmatch(r"(.*?)((?:_\d+)?)", ended[0], re.DOTALL).groups()  # type: ignore[union-attr]
    if all(piece in spelling for piece, spelling in zip((module, *ended[1:]), spellings, strict=True)):
        return "/".join(before) + number
    return None


def _numbers_in(available: Sequence[str], name: str) -> list[str]:
    before, braces, after = name.partition("{}")
    pattern = re.compile(re.escape(before) + r"(0|[1-9][0-9]{0,8})" + re.escape(after))
    return [match[1] for entry in available if braces and (match := pattern.fullmatch(entry))]
