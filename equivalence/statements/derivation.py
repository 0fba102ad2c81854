r"""Statements written out: the text, then each claim's chains, step by step, with the reasons.

Identities and inductions are written in the notation reading, for all sizes; the other kinds in the exact one, with the numbers that
they speak of. Three forms: plain text, LaTeX (amsmath), and Markdown with formulas for MathJax or KaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from textwrap import fill
from typing import NamedTuple, Protocol

from equivalence.algebras.notation import Notation
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Size
from equivalence.formulas import ACCENTS, LOWERED, RAISED, SIGNS, latex_letters
from equivalence.statements.assertions import LATEX, TEXT
from equivalence.statements.claims import Claim
from equivalence.statements.steps import Entry, Items, chains

_FORMULA = re.compile(
    rf"[{''.join([*SIGNS, *RAISED, *LOWERED, *ACCENTS])}Ͱ-Ͽ]|\b[A-Za-z]_|\w\^|^[=+<>]$|^\W*[CHKMNPQRTWXYZ]([CHKMNPQRTWXYZ]|\W)*$"
)

WIDTH = 120
"""Columns of a formula in plain text; longer ones go on in the next line."""


class Stated(Protocol):
    """What a derivation shows of a statement."""

    number: str
    title: str
    kind: str
    source: str
    text: str
    claims: list[Claim]


class Line(NamedTuple):
    """One numbered step: its number in the chain, the reason, and what is claimed, in text and in LaTeX."""

    number: int
    reason: str
    text: str
    latex: str


class Written(NamedTuple):
    """A chain as it is written: the steps under one heading; the heading may be empty."""

    heading: str
    lines: list[Line]


def written(claim: Claim) -> list[Written]:
    """A claim's program, run for its notation."""
    return [Written(chain.heading, [_line(entry) for entry in chain]) for chain in chains(_items(claim))]


def _line(entry: Entry) -> Line:
    return Line(entry.number, entry.assertion.reason, entry.assertion.written(TEXT), entry.assertion.written(LATEX))


def as_text(statement: Stated) -> str:
    """Number, title, kind, source and text; then the numbered steps of each claim."""
    lines = [f"{statement.number}  {statement.title}", f"{statement.kind} · {statement.source}", "", statement.text.replace("``", "")]
    for claim in statement.claims:
        lines += ["", *([f"— {claim.title} —"] if claim.title != statement.title else [])]
        for chain in written(claim):
            lines += [f"  {chain.heading}:"] if chain.heading else []
            for step in chain.lines:
                lines += [f"  {step.number:2}. {step.reason}", _folded(step.text)]
    return "\n".join(lines) + "\n"


def _folded(formula: str) -> str:
    """A formula, indented; lines that go on are indented further, and begin with the sign rather than leave it behind."""
    tied = re.sub(r" × |(?<= )[-+−=≠<>⇐∈] ", lambda sign: sign[0].replace(" ", "\N{NO-BREAK SPACE}"), formula)
    folded = fill(tied, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12, break_long_words=False, break_on_hyphens=False)
    return folded.replace("\N{NO-BREAK SPACE}", " ")


def as_latex(statement: Stated) -> str:
    r"""The same as a ``\subsection*`` for a document that uses amsmath."""
    lines = [
        rf"\subsection*{{{statement.number}\quad {_prose(statement.title)}}}",
        rf"\emph{{{statement.kind}; {_prose(statement.source)}.}}",
        "",
        _prose(statement.text),
    ]
    for claim in statement.claims:
        lines += ["", rf"\paragraph{{{_prose(claim.title)}.}}"] if claim.title != statement.title else [""]
        for chain in written(claim):
            lines += [rf"\emph{{{_prose(chain.heading)}.}}"] if chain.heading else []
            lines += [rf"\[{_aligned(chain)}\]"] if chain.lines else []
    return "\n".join(lines) + "\n"


def as_markdown(statement: Stated) -> str:
    """The same for a notebook, a displayed formula a chain."""
    lines = [f"### {statement.number} {statement.title}", f"*{statement.kind}; {statement.source}*", _with_formulas(statement.text)]
    for claim in statement.claims:
        lines += [f"**{claim.title}**"] if claim.title != statement.title else []
        for chain in written(claim):
            lines += [f"*{chain.heading}*"] if chain.heading else []
            lines += [f"$${_aligned(chain)}$$"] if chain.lines else []
    return "\n\n".join(lines) + "\n"


def _items(claim: Claim) -> Items:
    if claim.is_identity:
        return claim.items(Notation(), [Size(name) for name in claim.sizes])
    return claim.items(exact)


def _aligned(chain: Written) -> str:
    """A reason and a formula a step, one above the other, since formulas can be as wide as the page."""
    steps = (rf"&\text{{{step.number}.}}\ {_reason(step.reason)} \\" + "\n" + rf"&\qquad {step.latex}" for step in chain.lines)
    return "\\begin{aligned}\n" + " \\\\[1ex]\n".join(steps) + "\n\\end{aligned}"


def _reason(reason: str) -> str:
    """A sentence within a formula: its words as text."""
    return r"\ ".join(_formula(run) if is_formula else rf"\text{{{_words(run)}}}" for is_formula, run in _runs(reason))


def _prose(sentence: str) -> str:
    """Sentences as LaTeX text, their formulas within dollars."""

    def paragraph(words: str) -> str:
        return " ".join(f"${_formula(run)}$" if is_formula else _words(run) for is_formula, run in _runs(words))

    return _between_backticks(sentence, lambda words: "\n\n".join(map(paragraph, words.split("\n\n"))))


def _with_formulas(sentence: str) -> str:
    """A sentence as Markdown, which shows all letters; what stands in double backticks becomes a formula."""
    return _between_backticks(sentence, lambda words: words)


def _between_backticks(sentence: str, prose: Callable[[str], str]) -> str:
    return "".join(f"${_formula(piece)}$" if place % 2 else _kept_spaces(piece, prose) for place, piece in enumerate(sentence.split("``")))


def _kept_spaces(piece: str, prose: Callable[[str], str]) -> str:
    before, after = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
    return before + prose(piece.strip()) + after if piece.strip() else piece


def _runs(sentence: str) -> list[tuple[bool, str]]:
    """Neighbouring words, and neighbouring formulas: what has a mathematical letter, an index or an exponent, or is an operator."""
    tokens = re.findall(r"\S*\{[^}]*\}\S*|\S+", sentence)
    return [(is_formula, " ".join(run)) for is_formula, run in groupby(tokens, lambda token: bool(_FORMULA.search(token)))]


def _formula(written: str) -> str:
    """A formula of a docstring as LaTeX: long names upright, long indices kept together."""
    named = re.sub(r"(?<![A-Za-z_])[a-z]{3,}", lambda name: rf"\operatorname{{{name[0]}}}", re.sub(r"([%&#])", r"\\\1", written))
    return latex_letters(re.sub(r"_([A-Za-z0-9]{2,})", r"_{\1}", named).replace("\n", " "))


def _words(sentence: str) -> str:
    """Words as LaTeX text."""
    escaped = re.sub(r"([#$%&_{}])", r"\\\1", sentence.replace("\\", r"\textbackslash ").replace("^", r"\^{}"))
    return re.sub(r"\*(\w[^*]*)\*", r"\\emph{\1}", escaped)
