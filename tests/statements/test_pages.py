"""All derivations on the page: nothing is too wide or written twice, names are defined once and used, and all LaTeX can be read."""

from __future__ import annotations

import re

import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence import Statement, find, in_order
from equivalence.algebras import Size, Symbolic
from equivalence.algebras.conversion import convert
from equivalence.algebras.notated_scalars import NotatedScalar
from equivalence.algebras.notation import Notated, Notation
from equivalence.formulas import Definitions
from equivalence.formulas.definitions import Definition
from equivalence.statements import Claim
from equivalence.statements.derivation import as_latex, as_markdown, as_text, written
from equivalence.statements.steps import chains
from tests.support.pages import derived, ill_defined, misread, repeated, too_wide

STATEMENTS = [pytest.param(found, id=found.number) for found in in_order()]
CLAIMS = [pytest.param(claim, id=f"{found.number} {claim.title}") for found in in_order() for claim in found.claims if claim.is_identity]
X, Y, Z = (sympy.MatrixSymbol(name, 2, 2) for name in "XYZ")


def expressions(claim: Claim) -> list[Notated | NotatedScalar]:
    """What the steps of a claim show."""
    items = claim.items(Notation(), [Size(name) for name in claim.sizes])
    subjects = (subject for chain in chains(items) for entry in chain for subject in entry.assertion.subjects())
    return [subject for subject in subjects if isinstance(subject, Notated | NotatedScalar)]


@pytest.mark.parametrize("found", STATEMENTS)
def test_no_line_is_wider_than_asked_for_and_none_is_repeated(found: Statement) -> None:
    for width in (80, 100, 120):
        page = as_text(found, width, derived(found.number))
        assert too_wide(page, width) == []
        assert repeated(page) == []


@pytest.mark.parametrize("found", STATEMENTS)
def test_formulas_can_be_read(found: Statement) -> None:
    latex, markdown = as_latex(found, derived=derived(found.number)), as_markdown(found, derived=derived(found.number))
    formulas = re.findall(r"\\\[(.*?)\\\]", latex, flags=re.DOTALL)
    assert formulas
    shown = re.findall(r"\$\$(.*?)\$\$", markdown, flags=re.DOTALL)
    assert len(shown) == len(formulas)
    for formula in [*formulas, *shown, *re.findall(r"(?<!\$)\$([^$]+)\$(?!\$)", latex)]:
        assert misread(formula) == []
        assert re.sub(r"\\text\{[^{}]*\}", "", formula).isascii(), re.findall(r".{9}[^\x00-\x7f]", formula)
    assert "``" not in latex + markdown


@pytest.mark.parametrize("claim", CLAIMS)
def test_names_are_defined_once_and_used_and_stand_for_what_they_say(claim: Claim) -> None:
    """What is shown, with each name written out, is what the program made: names decide nothing."""
    shown, symbolic = expressions(claim), Symbolic()
    names = written(claim).definitions
    assert ill_defined(names, [expression.expression for expression in shown]) == []
    for expression in shown:
        again = names.written_out(names.lettered(expression.expression))
        same = (
            Notated(expression.algebra, expression.rows, expression.cols, again)
            if isinstance(expression, Notated)
            else NotatedScalar(again)
        )
        assert symbolic.difference(convert(same, symbolic), convert(expression, symbolic)) is None


@pytest.mark.parametrize(("number", "place", "names"), [("2.1", 0, {"E", "P", "W_K", "W_Q", "W_V"}), ("6.8", 1, {"C"}), ("1.1", 0, set())])
def test_what_comes_often_has_the_programs_own_name(number: str, place: int, names: set[str]) -> None:
    found = written(find(number).claims[place]).definitions.in_order()
    assert {str(letter) for definition in found for letter in definition.letters.values()} == names


@pytest.mark.parametrize(
    ("latex", "wrong"),
    [
        ("x_{a}_{b}", ["double _ before _{b}"]),
        ("L_xL_x^{2}", []),
        ("x_a^2_b", ["double _ before _b"]),
        (r"X^{\top}^{2}", ["double ^ before ^{2}"]),
        ("W'^{2}_{1}", []),
        ("{x", ["braces do not match"]),
        (r"\{x", []),
        (r"\left(x", [r"\left without \right"]),
        (r"\begin{bmatrix}x", [r"\begin without \end"]),
    ],
)
def test_what_tex_would_refuse_is_found(latex: str, wrong: list[str]) -> None:
    assert misread(latex) == wrong


def test_a_line_that_is_too_wide_is_found() -> None:
    assert too_wide("12345\n123456\n1234X̃", 5) == ["123456"]


def test_a_formula_that_is_repeated_is_found() -> None:
    page = "Title\n\n   1. start\n        a\n          + b\n   2. again\n        = a + b\n   3. other\n        = b\n            ^\n"
    assert repeated(page) == ["= a + b"]
    assert repeated(page.replace("        = a + b\n", "")) == []


def definition(name: str, matrix: sympy.Basic) -> Definition:
    return Definition(matrix, {"": sympy.MatrixSymbol(name, 2, 2)}, matrix)


def test_a_name_that_is_idle_or_double_or_taken_is_found() -> None:
    tree = X * Y + Z * (X * Y) * Z
    once, twice = definition("G", X * Y), definition("H", Y + Z)
    assert ill_defined(Definitions((), (twice,)), [tree]) == ["H is not used"]
    assert "G is defined twice" in ill_defined(Definitions((), (once, once)), [tree])
    assert ill_defined(Definitions((), (definition("Z", X + Y),)), [tree, tree * (X + Y)])[0] == "Z is a letter of the program"
