from __future__ import annotations

from random import Random
from typing import Any

import pytest
import sympy
from sympy.matrices.expressions import MatrixSymbol

from equivalence.formulas import LATEX, TEXT, Written, marked, pointed, stands_out, underlined, unmarked
from equivalence.formulas.changes import pieces
from equivalence.formulas.definitions import Shown
from equivalence.formulas.layout import COMMA, PLUS, TIMES, Bracketed, Brackets, Grid, Marked, Row, broken, negated, summed, without_minus
from equivalence.formulas.widths import ems
from tests.models.test_printing import NOTATION_SIZES, Lettered
from tests.support.expressions import Programs, value

ROUND = Brackets("(", ")", "<(", ")>")


def lines(formula: str, width: int) -> list[str]:
    return [" " * (2 * line.depth) + line.written for line in broken(formula, width, len, 2)]


def test_what_fits_stays_on_one_line() -> None:
    assert lines(summed(["aaa", "-bbb", "ccc"]), 15) == ["aaa - bbb + ccc"]


def test_a_sum_is_broken_before_its_signs() -> None:
    assert lines(summed(["aaa", "-bbb", "ccc"]), 14) == ["aaa - bbb", "  + ccc"]
    assert lines(summed(["aaa", "-bbb", "ccc"]), 8) == ["aaa", "  - bbb", "  + ccc"]


def test_a_sum_is_broken_before_a_product_within_it() -> None:
    product = Row(["aa", "bb"], [TIMES])
    assert lines(summed(["x", product]), 9) == ["x + aa bb"]
    assert lines(summed(["xxxx", product]), 9) == ["xxxx", "  + aa bb"]


def test_a_product_goes_on_within_brackets_that_fit_no_line() -> None:
    inner = Bracketed(ROUND, summed(["aaaa", "bbbb", "cccc"]))
    assert lines(Row(["x", inner], [TIMES]), 12) == ["x <(aaaa", "    + bbbb", "    + cccc)>"]


def test_brackets_that_are_broken_are_those_that_can_stand_on_two_lines() -> None:
    inner = summed(["aaa", "bbb"])
    assert lines(Bracketed(ROUND, inner, "ᵀ"), 12) == ["(aaa + bbb)ᵀ"]
    assert lines(Bracketed(ROUND, inner, "ᵀ"), 11) == ["<(aaa", "  + bbb)>ᵀ"]


def test_a_wide_matrix_has_a_line_a_row() -> None:
    grid = Grid([["aaa", "bb"], ["c", "dd"]], lambda cells: "; ".join(", ".join(line) for line in cells), ROUND)
    assert lines(grid, 14) == ["aaa, bb; c, dd"]
    assert lines(grid, 13) == ["<((aaa, bb),", "  (c, dd))>"]


def test_only_what_has_no_parts_is_wider() -> None:
    assert lines(summed(["a" * 9, "b"]), 5) == ["a" * 9, "  + b"]


def test_a_list_keeps_its_commas_at_the_ends_of_lines() -> None:
    assert lines(Row(["aaa", "bbb", "ccc"], [COMMA, COMMA]), 8) == ["aaa,", "  bbb,", "  ccc"]


def test_signs_within_sums() -> None:
    assert summed(["a", negated(Row(["b", "c"], [TIMES])), "-d"]) == "a - b c - d"
    assert summed(["a", summed(["-b", "c"])]) == "a - b + c"
    assert without_minus(negated("x")) == "x"
    assert summed(["-a", "b"]) == "-a + b"


PROGRAMS = [Programs(Random(seed)).any(*shape, 6) for seed in range(30) for shape in (("d", "N"), ("N", "N"), ("", ""))]


@pytest.mark.parametrize("form", [TEXT, LATEX], ids=["text", "latex"])
@pytest.mark.parametrize("width", [12, 25, 60])
def test_breaking_loses_nothing(form: Any, width: int) -> None:
    """Whatever the program: without the breaks it is the formula of one line, but for brackets that stand on two lines and matrices."""
    for program in PROGRAMS:
        formula = form.formula(value(program, Lettered(), NOTATION_SIZES))
        written = "".join(line.written for line in form.lines(formula, width))
        assert letters(written) == letters(form.finished(formula))


def letters(written: str) -> list[str]:
    """The letters, numbers and signs of a formula, without what only lays it out."""
    for layout in (r"\left", r"\right", r"\bigl", r"\bigr", r"\begin{bmatrix}", r"\end{bmatrix}", r"\\"):
        written = written.replace(layout, "")
    return [character for character in written if character.isalnum() or character in "+−-"]


def test_what_is_new_is_marked_where_it_stands() -> None:
    before, after = summed(["a", Row(["b", "c"], [TIMES])]), summed(["a", Row(["b", "d"], [TIMES])])
    assert list(pieces(marked(before, after))) == [(False, "a + b "), (True, "d")]
    assert pointed(marked(before, after), "  ") == ["  a + b d", "        ^"]
    assert underlined(marked(before, after)) == r"a + b \underline{d}"
    assert unmarked(marked(before, after)) == after


def test_what_stayed_is_not_marked() -> None:
    before = summed(["a", "b"])
    assert marked(before, before) == before
    assert list(pieces(marked(before, summed(["a", "c", "b"])))) == [(False, "a + "), (True, "c"), (False, " + b")]
    assert list(pieces(marked(before, summed(["a", "-b"])))) == [(False, "a - "), (True, "b")]


def test_nothing_stands_out_where_all_is_new() -> None:
    assert stands_out(marked(summed(["a", "b", "c"]), summed(["a", "b", "d"])))
    assert not stands_out(marked(summed(["a", "b"]), summed(["c", "d"])))


def test_a_mark_ends_in_the_line_in_which_it_begins() -> None:
    formula = Row(["x", Marked(Bracketed(ROUND, summed(["aaaa", "bbbb", "cccc"])))], [PLUS])
    found = broken(formula, 14, lambda written: len(unmarked(written)), 2)
    assert len(found) > 1
    assert all(line.written.count("\ue000") == line.written.count("\ue001") for line in found)
    assert any("\ue000" in line.written for line in found)


@pytest.mark.parametrize(
    ("latex", "measured"),
    [
        (r"W_{0} X - Y", 4.325),
        (r"\frac{\eta}{N} \left(W_{0} X - Y\right) X^{\top}", 8.171),
        (r"\begin{bmatrix}X & Q \\ Y & -W_{0} Q\end{bmatrix}", 5.924),
        (r"\operatorname{tr}\left(X X^{\top}\right)", 4.353),
    ],
)
def test_widths_are_near_those_that_tex_measures(latex: str, measured: float) -> None:
    """Measured by pdflatex in Computer Modern of 10 pt; `make typeset` does so for all lines of all derivations."""
    assert ems(latex) == pytest.approx(measured, rel=0.2)


def test_widths_add_up() -> None:
    assert ems("X + X") > 2 * ems("X")
    assert ems(r"\frac{X + Y}{Z}") < ems("X + Y + Z")
    assert ems(r"X_{a}^{b}") < ems("X_{a} X^{b}")
    assert ems(r"\begin{bmatrix}X \\ Y\end{bmatrix}") < ems(r"\begin{bmatrix}X & Y\end{bmatrix}")


def test_a_prime_stays_outside_of_the_index() -> None:
    name = MatrixSymbol("W_V'", 2, 2)
    assert (TEXT.formula(name), LATEX.formula(name)) == ("W_V'", "W_{V}'")
    assert isinstance(Shown(name), Written)
    assert LATEX.formula(Shown(sympy.Transpose(name))) == "W_{V}'ᵀ"
