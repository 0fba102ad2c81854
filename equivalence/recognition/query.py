"""Which query token is asked about."""

from __future__ import annotations

from enum import StrEnum

from equivalence.recognition.setting import TOKEN, Sign


class Query(StrEnum):
    """The query token, [q; −W₀q]: how W₀ is known."""

    zeros = "zeros"
    given = "given"
    unknown = "unknown"


def token_of(query: Query, prediction: Sign) -> str:
    """The query token, in words."""
    if query is Query.zeros:
        return "[q; 0]: W₀ = 0, as is assumed unless another is given"
    which = "the W₀ given" if query is Query.given else "the W₀ shown, which was searched for"
    return f"{TOKEN[prediction]} with {which}"
