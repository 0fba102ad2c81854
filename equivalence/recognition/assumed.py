"""What a verdict takes for granted, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from equivalence.checks import legible, several
from equivalence.models.origins import Kind, LeftOut, Origin
from equivalence.recognition.layout import Layout
from equivalence.recognition.query import Query
from equivalence.recognition.setting import KEYS, TOKEN, Keys

SCALED = {
    True: "scores divided by √d_k, which was put into W_Q",
    False: "scores not divided by √d_k",
    None: "scores with no factor but that of the weights",
}


ANY = "any"
"""What N is where it makes no difference."""


class Assumed(NamedTuple):
    """What a verdict takes for granted.

    Attributes:
        attention: "linear" or "softmax".
        key_dimensions: d_k of each head.
        keys: which tokens are keys.
        query: how W₀ of the query token is known.
        context: N, as it is written; `ANY` where it makes no difference, None where it was not given, and rates are s = η/N.
        layout: which rows of a token are x, y and read out, and with which sign; none is judged that is no row of these.
        reads, writes: whether the layer reads and writes other rows.
        origin: how the weights were read, and what was left out.
    """

    attention: str
    key_dimensions: tuple[int, ...]
    keys: Keys
    query: Query
    context: str | None
    layout: Layout
    reads: bool
    writes: bool
    origin: Origin

    def __str__(self) -> str:
        parts = [f"{self.attention} attention of {self._heads()}", f"keys: {KEYS[self.keys]}", self._query()]
        parts.append(self._count())
        return "; ".join([*parts, *self._rows(), *self._reading(), *self._left_out()])

    def _count(self) -> str:
        if self.context is None:
            return "N not given, so that η is s"
        return "any N" if self.context in (ANY, "N") else f"N = {self.context}"

    def _heads(self) -> str:
        sizes = sorted(set(self.key_dimensions))
        return f"{several(len(self.key_dimensions), 'head')} of d_k = {', '.join(map(str, sizes))}"

    def _query(self) -> str:
        token = "[q; 0]" if self.query is Query.zeros else TOKEN[self.layout.prediction]
        part = "its y-part" if self.layout.read == self.layout.y else f"its {rows_text(self.layout.read)}"
        return f"query token {token}, prediction {self.layout.prediction} {part}"

    def _reading(self) -> list[str]:
        """How the weights were read: as is told with them, or what is known of it."""
        origin = self.origin
        known = [] if origin.convention is None else [f"weights in the convention of {origin.convention}"]
        return [legible(line, 400) for line in origin.assumed] or [SCALED[origin.scaled], *known]

    def _rows(self) -> list[str]:
        layout, said = self.layout, []
        if (*layout.x, *layout.y) != tuple(range(layout.size)):
            said.append(f"x in {rows_text(layout.x)}, y in {rows_text(layout.y)} of {layout.size}")
        if layout.constant is not None:
            said.append(f"row {layout.constant} is 1 in every token")
        if layout.others:
            done = " and ".join([name for name, true in (("reads", self.reads), ("writes", self.writes)) if true])
            said.append(
                f"{rows_text(layout.others)} taken as 0" + (f", which the layer {done}" if done else ", which the layer leaves alone")
            )
        return said

    def _left_out(self) -> list[str]:
        return [
            f"left out: {part.kind} {legible(part.name)!r}" + (f" of up to {part.largest:.3g}" if part.largest else "")
            for part in self._missing
            if part.matters or part.kind is Kind.operation
        ]

    @property
    def _missing(self) -> list[LeftOut]:
        """Softmax is not left out of a verdict on softmax attention."""
        return [part for part in self.origin.left_out if part.name != self.attention]

    def to_json(self) -> dict[str, object]:
        """The same for `json`."""
        layout, origin = self.layout, self.origin
        return {
            "attention": self.attention,
            "heads": len(self.key_dimensions),
            "key_dimensions": list(self.key_dimensions),
            "scaled": origin.scaled,
            "convention": origin.convention,
            "keys": str(self.keys),
            "query": str(self.query),
            "prediction": str(layout.prediction),
            "context": self.context,
            "x_rows": list(layout.x),
            "y_rows": list(layout.y),
            "read_rows": list(layout.read),
            "constant_row": layout.constant,
            "other_rows": {"rows": list(layout.others), "read": self.reads, "written": self.writes},
            "reading": list(origin.assumed),
            "left_out": [{**part._asdict(), "kind": str(part.kind), "matters": part.matters} for part in self._missing],
        }


def rows_text(rows: Sequence[int]) -> str:
    """Rows in words: row 3, rows 0 to 9, rows 0 to 2 and 5."""
    runs = [[row for _, row in run] for _, run in groupby(enumerate(rows), lambda placed: placed[1] - placed[0])]
    texts = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ("row " if len(rows) == 1 else "rows ") + " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
