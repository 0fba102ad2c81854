r"""Statements written out: the text, then each claim's chains, step by step, with the reasons.

Identities and inductions are written in the notation reading, for all sizes; the other kinds in the exact one, with the numbers that
they speak of. Parts that come again and again have names, said once at the head of a claim; what is too long for a line is broken at
sums and products; what changed from the step before is marked. Three forms: plain text, LaTeX (amsmath), and Markdown with formulas
for MathJax or KaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain as joined
from textwrap import fill
from typing import NamedTuple, Protocol

from equivalence.algebras.notation import Notation
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Size
from equivalence.formulas import (
    LATEX,
    SPACE,
    TEXT,
    Definition,
    Definitions,
    Form,
    Row,
    definitions,
    listed,
    marked,
    pointed,
    stands_out,
    underlined,
    unmarked,
)
from equivalence.formulas import Line as Broken
from equivalence.statements.assertions import Beginning, Equality, Writer
from equivalence.statements.claims import Claim
from equivalence.statements.prose import latex_prose, markdown_prose
from equivalence.statements.steps import Entry, chains

WIDTH = 100
"""Columns of a line in plain text, where no terminal says how many it has."""

PAGE = 34.0
"""Width of a formula in LaTeX, in em: the lines of an article in 10 pt have 34.5."""

NOTEBOOK = 46.0
"""The same in a notebook."""

THE_SAME = "the same"
"""Is written in the place of a formula that looks like the one of the step before."""


class Stated(Protocol):
    """What a derivation shows of a statement."""

    number: str
    title: str
    kind: str
    source: str
    text: str
    claims: list[Claim]


class Line(NamedTuple):
    """One numbered step.

    Attributes:
        number: its number in the chain.
        reason: why it is so.
        in_text, in_latex: what is claimed, as a formula that can be broken, with what changed marked.
        same: whether it looks like the step before: it says that another expression has the value that is written there already.
    """

    number: int
    reason: str
    in_text: str
    in_latex: str
    same: bool

    @property
    def text(self) -> str:
        """What is claimed, on one line of text."""
        return TEXT.finished(unmarked(self.in_text))

    @property
    def latex(self) -> str:
        """What is claimed, on one line of LaTeX."""
        return LATEX.finished(unmarked(self.in_latex))


class Written(NamedTuple):
    """A chain as it is written: the steps under one heading; the heading may be empty."""

    heading: str
    lines: list[Line]


class Derivation(NamedTuple):
    """A claim as it is written: the names of parts, and its chains."""

    definitions: Definitions
    chains: list[Written]


def written(claim: Claim, words: str = "") -> Derivation:
    """A claim's program, run for its notation.

    Args:
        claim: the claim.
        words: text in which no new name may occur, besides the claim's own reasons.
    """
    items = claim.items(Notation(), [Size(name) for name in claim.sizes]) if claim.is_identity else claim.items(exact)
    found = [(chain.heading, list(chain)) for chain in chains(items)]
    entries = [entry for _, entries in found for entry in entries]
    words += " ".join(entry.assertion.reason for entry in entries) + " ".join(heading for heading, _ in found)
    subjects = joined.from_iterable(entry.assertion.subjects() for entry in entries)
    names = definitions(subjects, words)
    return Derivation(names, [Written(heading, list(_lines(entries, names))) for heading, entries in found])


def derivations(statement: Stated) -> list[Derivation]:
    """All claims of a statement as they are written."""
    return [written(claim, statement.text) for claim in statement.claims]


def _lines(entries: Sequence[Entry], names: Definitions) -> Iterator[Line]:
    before, last = ["", ""], ""
    for entry in entries:
        text, latex = (entry.assertion.written(Writer(form, names.shown)) for form in (TEXT, LATEX))
        same = text == last and not entry.assertion.in_words
        last = text
        if isinstance(entry.assertion, Equality):
            sides = [Writer(form, names.shown).expression(entry.assertion.right) for form in (TEXT, LATEX)]
            same = sides[0] == before[0]
            text, latex = (Row(["=", side], [SPACE]) for side in _with_marks(before, sides))
            before = sides
        elif isinstance(entry.assertion, Beginning):
            before = [text, latex]
        yield Line(entry.number, entry.assertion.reason, text, latex, same)


def _with_marks(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """Text and LaTeX, both with what is new marked, or both without."""
    found = [marked(old, new) for old, new in zip(before, after, strict=True)]
    return found if stands_out(found[0]) else after


def as_text(statement: Stated, width: int = WIDTH, derived: Sequence[Derivation] | None = None) -> str:
    """Number, title, kind, source and text; then the numbered steps of each claim.

    Args:
        statement: the statement.
        width: columns of a line.
        derived: its `derivations`, if they are at hand.
    """
    lines = [_filled(f"{statement.number}  ", statement.title, width), _filled("", f"{statement.kind} · {statement.source}", width)]
    for paragraph in statement.text.replace("``", "").split("\n\n"):
        lines += ["", *(_filled("", item, width) for item in re.split(r"\n(?=\d+\. )", paragraph))]
    for claim, derivation in zip(statement.claims, derived or derivations(statement), strict=True):
        lines += ["", *([_filled("", f"— {claim.title} —", width)] if claim.title != statement.title else [])]
        lines += _where(derivation.definitions, width)
        for chain in derivation.chains:
            lines += [_filled("  ", f"{chain.heading}:", width)] if chain.heading else []
            for step in chain.lines:
                lines += _step(step, width)
    return "\n".join(lines) + "\n"


def _filled(first: str, words: str, width: int) -> str:
    """Words on lines of a width, all but the first indented by as much as stands before them."""
    words = " ".join(words.split())
    others = " " * len(first)
    return fill(words, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False)


def _where(names: Definitions, width: int) -> list[str]:
    """The names of parts, in text."""
    if not (found := names.in_order()):
        return []
    formula = listed([_definition(definition, TEXT) for definition in found])
    first, *others = TEXT.lines(formula, width - 8)
    return [f"  where {first.written}", *(f"        {'  ' * (line.depth - 1)}{line.written}" for line in others)]


def _definition(definition: Definition, form: Form) -> str:
    """A name, or several, and what they stand for."""
    signs = [form.formula(letter) for letter in definition.letters.values()]
    return Row([*joined.from_iterable((sign, "=") for sign in signs), form.formula(definition)], [SPACE] * (2 * len(signs)))


def _step(step: Line, width: int) -> list[str]:
    reason = _filled(f"  {step.number:2}. ", _reason(step, str), width)
    lines = [] if step.same else TEXT.lines(step.in_text, width - 8)
    return [reason, *joined.from_iterable(pointed(line.written, " " * (8 + 2 * line.depth)) for line in lines)]


def as_latex(statement: Stated, width: float = PAGE, derived: Sequence[Derivation] | None = None) -> str:
    r"""The same as a ``\subsection*`` for a document that uses amsmath.

    Args:
        statement: the statement.
        width: em of a line.
        derived: its `derivations`, if they are at hand.
    """
    blocks = [
        rf"\subsection*{{{statement.number}\quad {latex_prose(statement.title)}}}",
        rf"\emph{{{statement.kind}; {latex_prose(statement.source)}.}}",
        latex_prose(statement.text),
    ]
    for claim, derivation in zip(statement.claims, derived or derivations(statement), strict=True):
        blocks += [rf"\paragraph{{{latex_prose(claim.title)}.}}"] if claim.title != statement.title else []
        blocks += [f"\\noindent where {_defined(derivation.definitions, width)}."] if derivation.definitions.in_order() else []
        for chain in derivation.chains:
            blocks += [rf"\noindent\emph{{{latex_prose(chain.heading)}.}}"] if chain.heading else []
            for step in chain.lines:
                blocks += [rf"\noindent {step.number}.\ {_reason(step, latex_prose)}", *_display(step, width, (r"\[", r"\]"))]
    return "\n\n".join(blocks) + "\n"


def as_markdown(statement: Stated, width: float = NOTEBOOK, derived: Sequence[Derivation] | None = None) -> str:
    """The same for a notebook.

    Args:
        statement: the statement.
        width: em of a line.
        derived: its `derivations`, if they are at hand.
    """
    blocks = [f"### {statement.number} {statement.title}", f"*{statement.kind}; {statement.source}*", markdown_prose(statement.text)]
    for claim, derivation in zip(statement.claims, derived or derivations(statement), strict=True):
        blocks += [f"**{claim.title}**"] if claim.title != statement.title else []
        blocks += [f"where {_defined(derivation.definitions, width)}"] if derivation.definitions.in_order() else []
        for chain in derivation.chains:
            blocks += [f"*{chain.heading}*"] if chain.heading else []
            for step in chain.lines:
                # an escaped full stop, for a list would begin anew after each formula
                blocks += [rf"{step.number}\. {_reason(step, markdown_prose)}", *_display(step, width, ("$$", "$$"))]
    return "\n\n".join(blocks) + "\n"


def _reason(step: Line, prose: Callable[[str], str]) -> str:
    return f"{prose(step.reason)}: {THE_SAME}" if step.same else prose(step.reason)


def _defined(names: Definitions, width: float) -> str:
    """The names of parts, each a formula in a line of the text."""
    return ", ".join(f"${_aligned(LATEX.lines(_definition(definition, LATEX), width))}$" for definition in names.in_order())


def _display(step: Line, width: float, delimiters: tuple[str, str]) -> list[str]:
    """A displayed formula, on as many lines as it needs; none for one that was just written."""
    return [] if step.same else [f"{delimiters[0]}{_aligned(LATEX.lines(step.in_latex, width))}{delimiters[1]}"]


def _aligned(lines: Sequence[Broken]) -> str:
    """Lines one below the other, aligned on the left; a sign that begins one stands as between two terms."""
    first, *others = ((r"\quad " * line.depth, underlined(line.written)) for line in lines)
    if not others:
        return first[1]
    return "\\begin{aligned}\n&" + " \\\\\n&".join([first[1], *(f"{indent}{{}}{line}" for indent, line in others)]) + "\n\\end{aligned}"
