"""From open arrays to layers: which entries are read as what, what stands beside them, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from equivalence.loading.beside import Bias, biases_of, candidates, norms_of
from equivalence.loading.building import built
from equivalence.loading.files import ArrayFile, check, read, shown
from equivalence.loading.layouts import Layout
from equivalence.loading.loaded import NOT_DIVIDED, ROUNDINGS, Assumed
from equivalence.loading.matching import Group, Match, listed, matches, named
from equivalence.loading.objects import Told
from equivalence.loading.reading import Asked, Reading, Shapes, one_of, readings
from equivalence.models.heads import Layer
from equivalence.models.origins import Kind, LeftOut

BIASES = ("constant", "leave out")
GIVEN = "entries of the names given"
NAMED = {
    frozenset({"key", "query", "value", "projection"}): (
        {"query": "query: (head k) d", "key": "key: (group k) d", "value": "value: (group v) d", "projection": "projection: out (head v)"},
        {"query": "query: d head k", "key": "key: d group k", "value": "value: d group v", "projection": "projection: head v out"},
    ),
    frozenset({"in_proj", "projection"}): ({"in_proj": "query key value: (fused k) d", "projection": "projection: out (head k)"},),
    frozenset({"output_value", "key_query"}): ({"output_value": "output_value: out c", "key_query": "key_query: c d"},),
}
"""Of the roles that the user may name together, the axes of their entries; those with an axis of heads are in "rows"."""
EXPECTED = "key, query, value and projection, or in_proj and projection, or output_value and key_query"


@dataclass(frozen=True)
class Plan:
    """Which entries are read as what.

    Attributes:
        groups: of each layer, or stack of layers, ending to entry.
        reading: the way of reading.
    """

    groups: list[Group]
    reading: Reading

    @property
    def entries(self) -> list[str]:
        """Of all weights, each once."""
        return [*dict.fromkeys(group[ending] for group in self.groups for ending in self.reading.parts)]

    def layers(self, content: Content, factor: float | None) -> Iterator[Layer]:
        """The layers, in order."""
        parts, arrays = self.reading.parts, content.arrays
        for number, (group, sizes) in enumerate(zip(self.groups, self.reading.sizes, strict=True)):
            weights = [(part, arrays[group[ending]]) for ending, part in parts.items()]
            biases = [(bias.part, arrays[bias.entry]) for bias in content.constant[number] if bias.part] if content.constant else None
            yield from built(weights, biases, sizes, sizes["d"], factor)


class Content(NamedTuple):
    """What was read.

    Attributes:
        arrays: of weights and biases, by entry.
        constant: of each layer, the biases that become weights of a constant coordinate; empty if there is none.
        dropped: biases that are not 0 and are left out.
        biases: the same in a word.
        norms: of each entry of a norm, by how much it differs from one that does nothing.
        stored: the type of the weights with the coarsest rounding.
        others: entries that are left alone.
    """

    arrays: dict[str, np.ndarray]
    constant: list[list[Bias]]
    dropped: list[str]
    biases: str
    norms: dict[str, float]
    stored: str
    others: list[str]


class Scores(NamedTuple):
    """What is done to scores: by which factor, None for 1/√d_k, in words, and how that is known."""

    factor: float | None
    said: str
    because: str


def planned(file: ArrayFile, asked: Asked, names: Mapping[str, str] | None, max_bytes: int) -> Plan:
    """The one way in which the file can be read. Raises ValueError or TypeError where there is none, or more than one."""
    forms = _whole(file) if names is None else _named(file, names)
    entries = [*dict.fromkeys(group[ending] for match in forms for group in match.groups.values() for ending in match.layout.weights)]
    check(file, entries, max_bytes)
    shapes = {entry: file.declared(entry).shape for entry in entries}
    fitting = _fitting(_of_their_ranks(forms, shapes), shapes, asked)
    reading, count = one_of([plan.reading for plan in fitting], fitting[0].entries[0], asked), asked.layers
    if count not in (None, reading.layers):
        raise ValueError(f"layers: expected {count} in the file, found {reading.layers}; a recurrent stack is [layer] * {count}")
    return next(plan for plan in fitting if plan.reading is reading)


def _fitting(forms: list[Match], shapes: Shapes, asked: Asked) -> list[Plan]:
    """The ways of reading that fit. Raises ValueError where there is none."""
    fitting: list[Plan] = []
    faults: list[ValueError] = []
    for match in forms:
        try:
            fitting += [Plan(match.ordered, reading) for reading in readings(match, shapes, asked)]
        except ValueError as fault:
            faults.append(fault)
    if not fitting:
        raise faults[0]
    return fitting


def _whole(file: ArrayFile) -> list[Match]:
    """What finds most of a layer, with all its weights."""
    found = matches(file.names)
    if not found:
        raise ValueError(f"source: found no layer: expected entries such as 'attn/key/w', got {listed(file.names)}; give names")
    first = found[0]
    if first.doubled:
        raise ValueError(first.doubled)
    if not first.is_complete:
        raise ValueError(first.lacking)
    return [match for match in found if match.most == first.most and match.is_complete]


def _named(file: ArrayFile, names: Mapping[str, str]) -> list[Match]:
    """What the user names."""
    if frozenset(names) not in NAMED:
        raise ValueError(f"names: expected {EXPECTED}, got {', '.join(map(repr, names)) or 'none'}")
    if not all(isinstance(name, str) for name in names.values()):
        raise TypeError(f"names: expected the names of entries, got {list(names.values())}")
    forms = NAMED[frozenset(names)]
    layouts = [
        Layout(GIVEN, form, fused=None if "in_proj" in names else "", convention="rows" if number else None)
        for number, form in enumerate(forms)
    ]
    return [named(file.names, names, layout) for layout in layouts]


def _of_their_ranks(found: list[Match], shapes: Shapes) -> list[Match]:
    """The forms of the first layout whose entries have as many axes as it says, or one more, of layers."""
    fitting = [match for match in found if _has_ranks(match, shapes)]
    if not fitting:
        match = found[0]
        parts = match.layout.parts("columns", "parts")
        entry, part = next(
            (group[e], part) for group in match.ordered for e, part in parts.items() if len(shapes[group[e]]) != len(part.axes)
        )
        expected = "a matrix" if len(part.axes) == 2 else f"{len(part.axes)} axes"
        raise ValueError(f"{shown(entry)}: expected {expected}, got shape {shapes[entry]}")
    return [match for match in fitting if match.layout.title == fitting[0].layout.title]


def _has_ranks(match: Match, shapes: Shapes) -> bool:
    parts = match.layout.parts("columns", "parts")
    more = {len(shapes[group[ending]]) - len(part.axes) for group in match.groups.values() for ending, part in parts.items()}
    return more in ({0}, {1})


def contents(file: ArrayFile, plan: Plan, biases: str | None, max_bytes: int) -> Content:
    """The arrays, and what stands beside them. Raises ValueError for biases that are not 0, unless they are told what to become."""
    named_so = candidates(file.names)
    found = [biases_of(named_so, group, plan.reading.parts, plan.reading.layout) for group in plan.groups]
    beside = [bias.entry for of_layer in found for bias in of_layer]
    arrays = read(file, [*plan.entries, *beside], max_bytes)
    kept = [[bias for bias in of_layer if arrays[bias.entry].any()] for of_layer in found]
    for bias in (bias for of_layer in kept for bias in of_layer):
        _check_bias(bias, arrays[bias.entry], biases)
    norms = norms_of(file)
    return Content(
        arrays,
        kept if biases == "constant" else [],
        [bias.entry for of_layer in kept for bias in of_layer] if biases == "leave out" else [],
        _in_a_word(beside, kept, biases),
        norms,
        max((file.declared(entry).dtype for entry in plan.entries), key=lambda dtype: ROUNDINGS.get(dtype, 0.0)),
        [name for name in file.names if name not in arrays],
    )


def _check_bias(bias: Bias, array: np.ndarray, biases: str | None) -> None:
    size = f"{np.abs(array).max():g}"
    if biases is None:
        raise ValueError(
            f"{shown(bias.entry)}: expected no bias, or zeros, as the layers here have none, got up to {size}; biases='constant' takes it "
            "as a weight of a last coordinate 1, and biases='leave out' leaves it out"
        )
    if biases == "constant" and (bias.part is None or "projection" in bias.part.roles):
        what = "is added once, whatever the context, which no head does" if bias.part else "is no bias of keys, queries or values"
        raise ValueError(f"{shown(bias.entry)}: it {what}, got up to {size}; biases='leave out' leaves all biases out")


def _in_a_word(beside: list[str], kept: list[list[Bias]], biases: str | None) -> str:
    if any(kept):
        return "taken as weights of a last coordinate 1" if biases == "constant" else "left out"
    return "zero" if beside else "none"


def scores_of(scale: bool | None, told: Told, plan: Plan) -> Scores:
    """What is done to scores: as the user says, else as the module does, else as its library does, else nothing."""
    layout = plan.reading.layout
    if scale and "k" not in plan.reading.sizes[0]:
        raise ValueError(f"scale: expected False, as {shown(plan.entries[-1])} is merged and its d_k not known; divide it by √d_k yourself")
    own = told.get("scaling")
    if scale is None and isinstance(own, float):
        return Scores(own, f"multiplied by {own:.6g}", "the module says so")
    is_divided, because = (scale, "given") if scale is not None else (bool(layout.divides), "as its library does")
    if scale is None and layout.divides is None:
        because = "nothing says otherwise"
    return Scores(None, "divided by √d_k", because) if is_divided else Scores(1.0, NOT_DIVIDED, because)


def assumed(title: str, asked: Asked, plan: Plan, content: Content, scores: Scores, told: Told) -> Assumed:
    """What was assumed."""
    reading, sizes = plan.reading, plan.reading.sizes[0]
    because = {"convention": _of_convention(reading, asked), "heads": _of_heads(sizes, asked, told, reading), "scores": scores.because}
    return Assumed(
        source=title,
        layout=reading.layout.title,
        convention=reading.convention,
        heads=sizes["head"],
        groups=sizes.get("group", sizes["head"]),
        scores=scores.said,
        because=because,
        biases=content.biases,
        constant=bool(content.constant),
        left_out=tuple(_left_out(reading, content, told)),
        stored=content.stored,
        rounding=ROUNDINGS.get(content.stored, 0.0),
    )


def _of_convention(reading: Reading, asked: Asked) -> str:
    if reading.layout.convention:
        return f"{reading.layout.title} has it so"
    return "given" if asked.convention else "no other fits the shapes"


def _of_heads(sizes: Mapping[str, int], asked: Asked, told: Told, reading: Reading) -> str:
    if asked.heads is not None:
        return "the module says so" if "heads" in told else "given"
    if any(("head",) in part.axes for part in reading.parts.values()):
        return "their axis of the weights"
    d_k, d = sizes.get("k", 0), sizes["d"]
    more = f"; but d_k = {d_k} is more than d = {d}, as if there were several" if d_k > d else ""
    return f"nothing says otherwise{more}"


def _left_out(reading: Reading, content: Content, told: Told) -> Iterator[LeftOut]:
    yield from (LeftOut(Kind.operation, what, 0.0) for what in reading.layout.omits)
    if told.get("zero_token"):
        yield LeftOut(Kind.operation, "the token of zeros of add_zero_attn, which changes softmax only", 0.0)
    if reading.is_read_out:
        yield LeftOut(Kind.other, "what is written to other rows than the read-out", 0.0)
    yield from (LeftOut(Kind.bias, entry, float(np.abs(content.arrays[entry]).max())) for entry in content.dropped)
    yield from (LeftOut(Kind.norm, name, largest) for name, largest in content.norms.items())
