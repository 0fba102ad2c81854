"""What can be wrong with a derivation on the page, found without setting it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import sympy

from equivalence.formulas import Definitions
from equivalence.formulas.forms import columns
from equivalence.statements import find
from equivalence.statements.derivation import Derivation, derivations

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_']|\s+|.", re.DOTALL)
PAIRS = {r"\left": r"\right", r"\begin": r"\end"}


@cache
def derived(number: str) -> list[Derivation]:
    """The derivation of a registered statement: several tests read the same one."""
    return derivations(find(number))


def too_wide(page: str, width: int) -> list[str]:
    """The lines that are wider."""
    return [line for line in page.splitlines() if columns(line) > width]


def repeated(page: str) -> list[str]:
    """The formulas that are written though the step before in their chain has them already."""
    found = []
    for chain in re.split(r"\n(?= +1\. )", page):
        steps = [_formula(step) for step in re.split(r"\n +\d+\. ", f"\n{chain}")[1:]]
        found += [after for before, after in pairwise(steps) if after and before.removeprefix("= ") == after.removeprefix("= ")]
    return found


def _formula(step: str) -> str:
    """The formula of a step, on one line, without its reason and without the marks below it; what is argued in words has none."""
    lines = [line for line in step.splitlines()[1:] if line.startswith(" " * 8) and line.strip(" ^")]
    formula = " ".join(" ".join(lines).split())
    return "" if formula.startswith("informal:") else formula


def misread(latex: str) -> list[str]:
    """What TeX would say of a formula: brackets without their partners, and two indices or two exponents on one letter."""
    tokens = [token for token in TOKEN.findall(latex) if not token.isspace()]
    found = [] if tokens.count("{") == tokens.count("}") else ["braces do not match"]
    found += [f"{first} without {last}" for first, last in PAIRS.items() if tokens.count(first) != tokens.count(last)]
    return [*found, *_scripts(tokens)]


def _scripts(tokens: Sequence[str]) -> Iterator[str]:
    """Double scripts: two of a kind with nothing but the argument of the first, and scripts of the other kind, in between."""
    seen, place = "", 0
    while place < len(tokens):
        token = tokens[place]
        if token in "^_":
            if token in seen:
                yield f"double {token} before {''.join(tokens[place : place + 8])}"
            seen, place = seen + token, _after_argument(tokens, place + 1)
        else:
            seen, place = seen if token == "'" else "", place + 1


def _after_argument(tokens: Sequence[str], place: int) -> int:
    depth = 0
    while place < len(tokens):
        depth += {"{": 1, "}": -1}.get(tokens[place], 0)
        place += 1
        if depth == 0:
            break
    return place


def ill_defined(names: Definitions, trees: Sequence[sympy.Basic]) -> list[str]:
    """Letters that are defined twice, or that the expressions have themselves, or that are not used more than once."""
    definitions = [*names.named, *names.others]
    letters = [letter for definition in definitions for letter in definition.letters.values()]
    own = {leaf for tree in trees for leaf in tree.atoms(sympy.Symbol, sympy.MatrixSymbol)}
    uses = names.uses(trees)
    wrong = [f"{letter} is defined twice" for letter in set(letters) if letters.count(letter) > 1]
    wrong += [f"{letter} is a letter of the program" for letter in letters if letter in own]
    return wrong + [
        f"{definition.letter} is not used" for definition in definitions if sum(uses[letter] for letter in definition.letters.values()) < 2
    ]
