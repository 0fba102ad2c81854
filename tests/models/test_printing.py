from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence import Head, Layer, gd_layer, gdpp_layer
from equivalence.algebras import Numeric, Rational, Size, Symbolic, exact
from equivalence.algebras.notated_scalars import NotatedScalar
from equivalence.algebras.notation import Notated, Notation
from equivalence.formulas import latex, latex_letters, text
from equivalence.formulas import printers as printing
from tests.support.expressions import Programs, Tree, Values, value
from tests.support.printed import from_latex, read

alg = Notation()
d, N = Size("d"), Size("N")
X, Y, W = alg.generator("X", d, N), alg.generator("Y", 1, N), alg.generator("W_0", 1, d)
eta = alg.symbol("eta")
T, T_inverse = alg.invertible("T", d)

EXPRESSIONS: list[tuple[Any, str, str]] = [
    (W @ X - Y, "W₀ X − Y", r"W_{0} X - Y"),
    (X - (X + X), "X − (X + X)", r"X - \left(X + X\right)"),
    (W @ X @ X.T, "W₀ X Xᵀ", r"W_{0} X X^{\top}"),
    (W @ (X @ X.T), "W₀ (X Xᵀ)", r"W_{0} \left(X X^{\top}\right)"),
    ((W @ X).T, "(W₀ X)ᵀ", r"\left(W_{0} X\right)^{\top}"),
    (X.T.T, "(Xᵀ)ᵀ", r"\left(X^{\top}\right)^{\top}"),
    (eta / alg.scalar(N) * X, "(η/N) X", r"\frac{\eta}{N} X"),
    (-(eta * ((alg.scalar(1) / alg.scalar(N)) * (W @ X))), "−(η/N) W₀ X", r"- \frac{\eta}{N} W_{0} X"),
    (alg.scalar("1/2") * X, "½ X", r"\tfrac{1}{2} X"),
    (alg.scalar(-1) * -X, "X", "X"),
    (X @ (-X.T), "X (−Xᵀ)", r"X \left(-X^{\top}\right)"),
    (
        alg.scalar(1) / alg.scalar(2) / alg.scalar(N) * alg.trace(Y @ Y.T),
        "(1/(2 N)) tr(Y Yᵀ)",
        r"\frac{1}{2 N} \operatorname{tr}\left(Y Y^{\top}\right)",
    ),
    (alg.trace(X @ X.T) * X, "tr(X Xᵀ) X", r"\operatorname{tr}\left(X X^{\top}\right) X"),
    (T_inverse.T @ T, "T⁻ᵀ T", r"T^{-\top} T"),
    (T_inverse @ T, "T⁻¹ T", r"T^{-1} T"),
    (alg.ones(N, 1) @ alg.ones(N, 1).T, "𝟏 𝟏ᵀ", r"\mathbf{1} \mathbf{1}^{\top}"),
    (alg.weights(X.T @ X), "weights(Xᵀ X)", r"\operatorname{weights}\left(X^{\top} X\right)"),
    (alg.block([[X], [Y]]), "[X; Y]", r"\begin{bmatrix}X \\ Y\end{bmatrix}"),
    (alg.block([[X, X]]), "[X, X]", r"\begin{bmatrix}X & X\end{bmatrix}"),
    (alg.block([[X, X], [Y, -Y]]), "[[X, X], [Y, −Y]]", r"\begin{bmatrix}X & X \\ Y & -Y\end{bmatrix}"),
    (alg.block([[alg.eye(d), alg.zeros(d, 1)]]), "[I, 0]", r"\begin{bmatrix}I & 0\end{bmatrix}"),
    (alg.eye((d, 1)), "I", "I"),
    (alg.zeros((d, 1), N), "0", "0"),
    (alg.generator("ΔW", d, d), "ΔW", r"\Delta W"),
    (alg.generator("λ_1", d, d), "λ₁", r"\lambda _{1}"),
]


@pytest.mark.parametrize(("expression", "expected", "expected_latex"), EXPRESSIONS, ids=[case[1] for case in EXPRESSIONS])
def test_expressions_as_text_and_latex(expression: Notated | NotatedScalar, expected: str, expected_latex: str) -> None:
    assert text(expression) == expected
    assert latex(expression) == expected_latex
    assert repr(expression) == expected
    assert expression._repr_latex_() == f"${expected_latex}$"


w, x = sympy.symbols("w x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (w**2 * x, "w² x"),
        (-w / x, "−w/x"),
        (sympy.sqrt(x), "√x"),
        (1 / x**2, "1/x²"),
        ((w - 1) ** 2 * x, "x (w − 1)²"),
        (sympy.Rational(-1, 3), "−1/3"),
        (sympy.Rational(1, 3) ** x, "(1/3)^x"),
        (x ** (w + 1), "x^(w + 1)"),
        (1 / (w + x), "1/(w + x)"),
        (sympy.ImmutableDenseMatrix([[1, sympy.Rational(1, 2)], [x, 0]]), "[[1, 1/2], [x, 0]]"),
    ],
)
def test_exact_expressions_as_text(expression: Any, expected: str) -> None:
    assert text(expression) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("X₀ᵀ", "X_{0}^{\\top}"), ("∇L(W)", r"\nabla L(W)"), ("⁻¹", "^{-1}"), ("X̃", r"\tilde{X}"), ("Λλ", r"\Lambda \lambda"), ("a ö", "a ö")],
)
def test_letters_become_commands(written: str, expected: str) -> None:
    assert latex_letters(written) == expected


class Lettered(Notation):
    """The notation with letters for I, 0 and 1 of each size: on the page alone, their sizes could not be told."""

    def eye(self, size: Any) -> Notated:
        return self.generator(f"E_{size}", size, size)

    def zeros(self, rows: Any, cols: Any) -> Notated:
        return self.generator(f"O_{rows}_{cols}", rows, cols)

    def ones(self, rows: Any, cols: Any) -> Notated:
        return self.generator(f"J_{rows}_{cols}", rows, cols)


SIZES = {"d": 2, "N": 3, "one": 1}
NOTATION_SIZES = {"d": Size("d"), "N": Size("N"), "one": 1}


def letters(values: Values, write: Any) -> dict[str, Any]:
    """The value of every letter that a program can have, by what it looks like."""
    found: dict[str, Any] = {write(sympy.Symbol(name)): int(values.draw(name, 1, 1)[0, 0]) for name in "st"}
    found |= {name: size for name, size in SIZES.items() if name != "one"}
    of_ones: dict[str, Any] = {}
    for rows, m in SIZES.items():
        for cols, n in SIZES.items():
            shape = [size if size != "one" else 1 for size in (rows, cols)]
            found[write(sympy.Symbol(f"G_{rows}_{cols}"))] = values.draw(f"G_{rows}_{cols}", m, n)
            of_ones[write(sympy.Symbol("J_{}_{}".format(*shape)))] = np.ones((m, n), dtype=int)
            of_ones[write(sympy.Symbol("O_{}_{}".format(*shape)))] = np.zeros((m, n), dtype=int)
        found[write(sympy.Symbol(f"E_{shape[0]}"))] = np.eye(m, dtype=int)
        found[write(sympy.Symbol(f"S_{rows}"))] = values.entries(Tree("symmetric", (f"S_{rows}",), rows, rows))
    return found | of_ones


PROGRAMS = [Programs(Random(seed)).any(*shape, 6) for seed in range(50) for shape in (("d", "N"), ("N", "N"), ("", ""))]


def misprinted(write: Any, to_text: Any) -> list[str]:
    """The prints that compute something else than their programs."""
    wrong = []
    for number, program in enumerate(PROGRAMS):
        values = Values(Random(number), SIZES)
        written = write(value(program, Lettered(), NOTATION_SIZES))
        known = {to_text(name): letter for name, letter in letters(values, write).items()}
        try:
            right = np.array_equal(read(to_text(written), known, Values.prime), values.entries(program))
        except ValueError:
            right = False
        wrong += [] if right else [written]
    return wrong


WRITERS = pytest.mark.parametrize(("write", "to_text"), [(text, str), (latex, from_latex)], ids=["text", "latex"])


@WRITERS
def test_what_is_printed_computes_what_the_program_computes(write: Any, to_text: Any) -> None:
    assert misprinted(write, to_text) == []


SCALED = printing._Matrices._scaled
FAULTS = {
    "_print_Transpose": lambda self, matrix: self._factor(matrix.arg),
    "_scaled": lambda self, scalars, others: SCALED(self, scalars, others).removeprefix("-"),
    "_factor": lambda self, expression: self._print(expression),
    "_print_Trace": lambda self, trace: "2 " + self._named("tr", self._print(trace.arg)),
}


@WRITERS
@pytest.mark.parametrize("method", FAULTS)
def test_a_printer_with_a_fault_is_noticed(monkeypatch: pytest.MonkeyPatch, write: Any, to_text: Any, method: str) -> None:
    monkeypatch.setattr(printing._Matrices, method, FAULTS[method])
    assert len(misprinted(write, to_text)) > 10


def test_the_reader_of_prints_notices_brackets_signs_and_transposes() -> None:
    random = np.random.default_rng(0)
    known = {name: random.integers(1, 99, (2, 2)) for name in "ABC"}
    right = "A (B − C)ᵀ"
    for wrong in ("A B − Cᵀ", "A (B + C)ᵀ", "A (B − C)", "(B − C)ᵀ A", "A (C − B)ᵀ", "2 A (B − C)ᵀ"):
        assert not np.array_equal(read(right, known, Values.prime), read(wrong, known, Values.prime)), wrong
    with pytest.raises(ValueError, match="expected '\\)'"):
        read("A (B − C", known, Values.prime)


def test_layers_as_text_can_be_read_back_by_sympy() -> None:
    layer = gdpp_layer(2, 1, learning_rate="eta", gamma="1/20", context="N")
    written = layer.to_text().split("\n\n")
    assert [part.split(" =\n")[0] for part in written] == ["W_K", "W_Q", "W_V", "P"]
    for part, weight in zip(written, layer.heads[0], strict=True):
        lines = [line.strip(" []").split() for line in part.split(" =\n")[1].splitlines()]
        assert sympy.ImmutableDenseMatrix([[sympy.sympify(cell, {"N": sympy.Symbol("N")}) for cell in line] for line in lines]) == weight


def test_a_layer_shows_as_latex() -> None:
    layer = gd_layer(1, 1, learning_rate="eta", context="N")
    assert layer._repr_latex_() == layer.to_latex()
    assert layer.to_latex() == (
        "$$\\begin{aligned}\n"
        r"W_K &= \begin{bmatrix}1 & 0 \\ 0 & 0\end{bmatrix} & W_Q &= \begin{bmatrix}1 & 0 \\ 0 & 0\end{bmatrix} & "
        r"W_V &= \begin{bmatrix}0 & 0 \\ 0 & -1\end{bmatrix} & P &= \begin{bmatrix}\frac{\eta}{N} & 0 \\ 0 & \frac{\eta}{N}\end{bmatrix}"
        "\n\\end{aligned}$$"
    )


def test_heads_are_numbered_where_there_are_several() -> None:
    (head,) = gd_layer(1, 1, learning_rate=1, context=2).heads
    written = Layer((head, head)).to_latex()
    for name in ("W_{K,1} &=", "W_{V,2} &=", "P_1 &=", "P_2 &="):
        assert name in written


@pytest.mark.parametrize(
    ("algebra", "expected"),
    [(Rational(), "1/10"), (Numeric(np, float), "0.1"), (exact, r"\frac{1}{10}"), (Symbolic(), "1/10"), (Notation(), r"\frac{1}{10}")],
    ids=lambda value: getattr(value, "name", None),
)
def test_layers_of_every_reading_show(algebra: Any, expected: str) -> None:
    layer = gd_layer(2, 1, learning_rate="1/5" if algebra is exact else algebra.scalar("1/5"), context=2, algebra=algebra)
    assert expected in layer.to_latex()
    assert isinstance(layer.heads[0], Head)
