"""In which of the ways that a layout allows the shapes of a file can be read: one way, none, or several, which is asked.

A way is a convention, an order in a fused weight, whether layers are stacked, and whether the projection has the read-out rows only.
Shapes decide what they can; what they leave open is an error that names the argument, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from equivalence.loading.axes import MisfitError, Part, Sizes, solved
from equivalence.loading.files import shown
from equivalence.loading.layouts import CONVENTIONS, FUSED, MERGED, PLAIN, Layout
from equivalence.loading.matching import Group, Match

Shapes = Mapping[str, tuple[int, ...]]
READ_FIRST = ("query", "key", "value", "projection", "output_value", "key_query")
"""The order in which shapes are read: d_k comes from the query, and from d_k how many heads the keys have."""


@dataclass(frozen=True)
class Asked:
    """What is known of a file beside its names and shapes; None where nothing is.

    Attributes:
        convention, fused: as for `load_layers`.
        d, d_y, heads, groups, layers: sizes; groups is the number of heads of keys and values.
    """

    convention: str | None = None
    fused: str | None = None
    d: int | None = None
    d_y: int | None = None
    heads: int | None = None
    groups: int | None = None
    layers: int | None = None

    @property
    def sizes(self) -> Sizes:
        """Those of axes that are known."""
        known = {"d": self.d, "c": self.d, "out": self.d, "head": self.heads, "group": self.groups}
        return {name: size for name, size in known.items() if size is not None}


@dataclass(frozen=True)
class Reading:
    """A way of reading that fits all shapes.

    Attributes:
        layout: whose names they are.
        convention, fused: as for `Layout`, decided.
        is_stacked: whether layers lie on a leading axis.
        is_read_out: whether the projection has the read-out rows only.
        parts: of each ending.
        sizes: of each layer that the file has apart.
    """

    layout: Layout
    convention: str
    fused: str
    is_stacked: bool
    is_read_out: bool
    parts: dict[str, Part]
    sizes: tuple[Sizes, ...]

    @property
    def layers(self) -> int:
        """How many there are in all."""
        return sum(sizes.get("layer", 1) for sizes in self.sizes)


def readings(match: Match, shapes: Shapes, asked: Asked) -> list[Reading]:
    """All ways that fit.

    Raises:
        ValueError: none fits; or the order in a fused weight is not told.
    """
    _check_contradictions(match, asked)
    fused, hint = _fused(match, asked), _hint(match.layout, asked)
    found: list[Reading] = []
    faults: list[MisfitError] = []
    for convention, is_stacked, is_read_out in _ways(match.layout, asked):
        parts = match.layout.parts(convention, fused)
        parts = {ending: part.stacked for ending, part in parts.items()} if is_stacked else parts
        known = asked.sizes | ({"out": asked.d_y} if is_read_out and asked.d_y else {})
        try:
            sizes = tuple(_sizes(parts, group, shapes, known, hint) for group in match.ordered)
        except MisfitError as fault:
            faults.append(fault)
        else:
            found.append(Reading(match.layout, convention, fused, is_stacked, is_read_out, parts, sizes))
    if not found:
        raise faults[0]
    return found


def one_of(found: Sequence[Reading], entry: str, asked: Asked) -> Reading:
    """The one way there is. Raises ValueError where there are several: it says what to give."""
    told = [reading for reading in found if asked.layers in (None, reading.layers)] or found
    if len({reading.is_stacked for reading in told}) > 1:
        counts = " or ".join(map(str, sorted({reading.layers for reading in told})))
        raise ValueError(f"layers: expected {counts}, as {shown(entry)} may have an axis of layers, or of heads; the shapes fit both")
    if told[0].is_stacked and asked.layers is None and told[0].layout.title in (PLAIN, MERGED):
        raise ValueError(
            f"layers: expected {told[0].layers} to be given, if the first axis of {shown(entry)} is of layers: these names do not tell "
            "whether it is of heads"
        )
    if len({reading.convention for reading in told}) > 1:
        widths = [reading.sizes[0]["d"] for reading in told]
        where = f", at d = {widths[0]} and d = {widths[-1]}" if len(set(widths)) > 1 else ""
        raise ValueError(
            "convention: expected 'rows' (y = x @ w) or 'columns' (y = w @ x): the shapes fit both"
            f"{where}, and {shown(entry)} does not tell"
        )
    return next((reading for reading in told if not reading.is_read_out), told[0])


def _ways(layout: Layout, asked: Asked) -> Iterator[tuple[str, bool, bool]]:
    """Those that the layout and the user leave open, the likelier first."""
    open_to = (layout.convention,) if layout.convention else (asked.convention,) if asked.convention else CONVENTIONS
    read_outs = (False,) if asked.d_y is None else (False, True)
    yield from product(open_to, (False, True), read_outs)


def _check_contradictions(match: Match, asked: Asked) -> None:
    layout, entry = match.layout, match.ordered[0][next(iter(match.layout.weights))]
    for argument, given, told in (("convention", asked.convention, layout.convention), ("fused", asked.fused, layout.fused)):
        if given and told and given != told:
            raise ValueError(
                f"{argument}: expected {told!r}, as {shown(entry)} is a name of {layout.title}, got {given!r}; if it is stored otherwise, "
                "give names"
            )


def _fused(match: Match, asked: Asked) -> str:
    """How query, key and value lie in one weight. One head is the same both ways."""
    told = match.layout.fused if match.layout.fused is not None else asked.fused
    if told is None and asked.heads == 1:
        return FUSED[0]
    if told is None:
        raise ValueError(
            f"fused: expected 'parts' (all queries, then all keys, then all values) or 'heads' (each head's query, key and value together: "
            f"GPT-NeoX, BLOOM), as {shown(match.ordered[0][next(iter(match.layout.weights))])} is a name of both"
        )
    return told


def _hint(layout: Layout, asked: Asked) -> str:
    """What there is to try where a shape does not fit."""
    if layout.convention or not asked.convention:
        return "check d = d_x + d_y"
    return f"check d = d_x + d_y, or try the convention {'columns' if asked.convention == 'rows' else 'rows'!r}"


def _sizes(parts: Mapping[str, Part], group: Group, shapes: Shapes, known: Sizes, hint: str) -> Sizes:
    """Of one layer. Raises MisfitError naming the entry."""
    if "head" not in known:
        known = known | _heads_on_an_axis(parts, group, shapes)
    if known["head"] == 1:
        known = {"group": 1} | known
    elif not any("head" in axis for part in parts.values() for axis in part.axes):
        entries = ", ".join(shown(entry) for entry in group.values())
        raise MisfitError(f"heads: expected 1, as {entries} are products that have no heads to cut, got {known['head']}")
    for ending in sorted(parts, key=lambda ending: READ_FIRST.index(parts[ending].roles[0])):
        part, entry = parts[ending], group[ending]
        try:
            known = solved(part, shapes[entry], known)
        except MisfitError as fault:
            raise MisfitError(_told(part, entry, shapes[entry], known["head"], f"{fault}; {hint}")) from None
    return known


def _heads_on_an_axis(parts: Mapping[str, Part], group: Group, shapes: Shapes) -> Sizes:
    """The number of heads where they have an axis of their own; 1 where nothing tells."""
    for ending, part in parts.items():
        if ("head",) in part.axes and len(shapes[group[ending]]) == len(part.axes):
            return {"head": shapes[group[ending]][part.axes.index(("head",))]}
    return {"head": 1}


def _told(part: Part, entry: str, shape: tuple[int, ...], heads: int, fault: str) -> str:
    if len(shape) == len(part.axes):
        for names, size in zip(part.axes, shape, strict=True):
            if "head" in names and len(names) > 1 and size % heads:
                return f"heads: expected a number that divides the {size} dimensions of all heads in {shown(entry)}, got {heads}"
    role = f" as {part.roles[0]}" if len(part.roles) == 1 else ""
    grouped = ", and where several heads share keys and values, give heads" if part.roles == ("key",) and heads == 1 else ""
    return f"{shown(entry)}{role}: {fault}{grouped}"
