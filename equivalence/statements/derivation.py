r"""Statements written out: the text, then each claim's chains, step by step, with the reasons.

Identities and inductions are written in the notation reading, for all sizes; the other kinds in the exact one, with the numbers that
they speak of. Three forms: plain text, LaTeX (amsmath), and Markdown with formulas for MathJax or KaTeX.
"""

from __future__ import annotations

import re
from textwrap import fill
from typing import NamedTuple, Protocol

from equivalence.algebras.notation import Notation
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Size
from equivalence.statements.assertions import LATEX, TEXT
from equivalence.statements.claims import Claim
from equivalence.statements.prose import formula_of, latex_prose, markdown_prose, runs, words_of
from equivalence.statements.steps import Entry, Items, chains

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
        rf"\subsection*{{{statement.number}\quad {latex_prose(statement.title)}}}",
        rf"\emph{{{statement.kind}; {latex_prose(statement.source)}.}}",
        "",
        latex_prose(statement.text),
    ]
    for claim in statement.claims:
        lines += ["", rf"\paragraph{{{latex_prose(claim.title)}.}}"] if claim.title != statement.title else [""]
        for chain in written(claim):
            lines += [rf"\emph{{{latex_prose(chain.heading)}.}}"] if chain.heading else []
            lines += [rf"\[{_aligned(chain)}\]"] if chain.lines else []
    return "\n".join(lines) + "\n"


def as_markdown(statement: Stated) -> str:
    """The same for a notebook, a displayed formula a chain."""
    lines = [f"### {statement.number} {statement.title}", f"*{statement.kind}; {statement.source}*", markdown_prose(statement.text)]
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
    return r"\ ".join(formula_of(run) if is_formula else rf"\text{{{words_of(run)}}}" for is_formula, run in runs(reason))
