"""Sentences with formulas in them, as LaTeX and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from equivalence.formulas import ACCENTS, LOWERED, RAISED, SIGNS, latex_letters

_FORMULA = re.compile(
    rf"[{''.join([*SIGNS, *RAISED, *LOWERED, *ACCENTS])}Ͱ-Ͽ]|\b[A-Za-z]_|\w\^|^[=+<>]$|^\W*[CHKMNPQRTWXYZ]([CHKMNPQRTWXYZ]|\W)*$"
)


def latex_prose(sentence: str) -> str:
    """Sentences as LaTeX text, their formulas within dollars."""

    def paragraph(words: str) -> str:
        return " ".join(f"${formula_of(run)}$" if is_formula else words_of(run) for is_formula, run in runs(words))

    return _between_backticks(sentence, lambda words: "\n\n".join(map(paragraph, words.split("\n\n"))))


def markdown_prose(sentence: str) -> str:
    """A sentence as Markdown, which shows all letters; what stands in double backticks becomes a formula."""
    return _between_backticks(sentence, lambda words: words)


def _between_backticks(sentence: str, prose: Callable[[str], str]) -> str:
    return "".join(
        f"${formula_of(piece)}$" if place % 2 else _kept_spaces(piece, prose) for place, piece in enumerate(sentence.split("``"))
    )


def _kept_spaces(piece: str, prose: Callable[[str], str]) -> str:
    before, after = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
    return before + prose(piece.strip()) + after if piece.strip() else piece


def runs(sentence: str) -> list[tuple[bool, str]]:
    """Neighbouring words, and neighbouring formulas: what has a mathematical letter, an index or an exponent, or is an operator."""
    tokens = re.findall(r"\S*\{[^}]*\}\S*|\S+", sentence)
    return [(is_formula, " ".join(run)) for is_formula, run in groupby(tokens, lambda token: bool(_FORMULA.search(token)))]


def formula_of(written: str) -> str:
    """A formula of a docstring as LaTeX: long names upright, long indices kept together."""
    named = re.sub(r"(?<![A-Za-z_])[a-z]{3,}", lambda name: rf"\operatorname{{{name[0]}}}", re.sub(r"([%&#])", r"\\\1", written))
    return latex_letters(re.sub(r"_([a-z0-9]{2,}|[A-Z]{2,})", r"_{\1}", named).replace("\n", " "))


def words_of(sentence: str) -> str:
    """Words as LaTeX text."""
    escaped = re.sub(r"([#$%&_{}])", r"\\\1", sentence.replace("\\", r"\textbackslash ").replace("^", r"\^{}"))
    return re.sub(r"\*(\w[^*]*)\*", r"\\emph{\1}", escaped)
