"""Which query token is asked about."""

from __future__ import annotations

from enum import StrEnum


class Query(StrEnum):
    """The query token, [q; −W₀q]."""

    zeros = "zeros"
    given = "given"
    unknown = "unknown"


TOKENS = {
    Query.zeros: "[q; 0]: W₀ = 0, as is assumed unless another is given",
    Query.given: "[q; −W₀q] with the W₀ given",
    Query.unknown: "[q; −W₀q] with the W₀ shown, which was searched for",
}
