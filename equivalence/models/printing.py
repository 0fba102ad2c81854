r"""How expressions, matrices and layers are written: one line of text, or LaTeX for amsmath, MathJax and KaTeX.

Expressions are SymPy's (the exact reading, and the notation reading before it is evaluated). Weights of the other readings are written
by their entries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions import BlockMatrix, Identity, Inverse, MatAdd, MatMul, MatrixExpr, OneMatrix, Trace, Transpose, ZeroMatrix
from sympy.printing.latex import LatexPrinter
from sympy.printing.pretty.pretty_symbology import pretty_symbol
from sympy.printing.str import StrPrinter

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Flint, dense
from equivalence.algebras.notation import Notated, Scalar, Weights, is_monomial
from equivalence.models.heads import Layer

WEIGHTS = {"key": "W_K", "query": "W_Q", "value": "W_V", "projection": "P"}
"""The papers' names of a head's weights."""

SIGNS = {
    "−": "-",
    "½": r"\tfrac{1}{2}",
    "‖": r"\|",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "∇": r"\nabla",
    "∂": r"\partial",
    "√": r"\surd",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "→": r"\to",
    "←": r"\leftarrow",
    "↦": r"\mapsto",
    "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow",
    "⇐": r"\Leftarrow",
    "⇔": r"\Leftrightarrow",
    "∈": r"\in",
    "∏": r"\prod",
    "Σ": r"\sum",
    "·": r"\cdot",
    "×": r"\times",
    "⊗": r"\otimes",
    "∧": r"\wedge",
    "⊙": r"\odot",
    "∘": r"\circ",
    "±": r"\pm",
    "∞": r"\infty",
    "…": r"\ldots",
    "𝟏": r"\mathbf{1}",
    "ε": r"\varepsilon",
}
"""LaTeX for the signs that texts use, in mathematics; Greek letters go by their Unicode names."""

ACCENTS = {"\N{COMBINING TILDE}": "tilde", "\N{COMBINING MACRON}": "bar"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᴷⁿᵏ", [*"0123456789+-", r"\top", *"Knk"], strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₓₜₖₙᵢⱼ", "0123456789+-xtknij", strict=True))
_TO_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class _Matrices:
    """Matrix expressions, written the same way in text and LaTeX but for brackets, blocks and letters."""

    def _factor(self, expression: Any) -> str:
        written = self._print(expression)  # type: ignore[attr-defined]
        return self._bracketed(written) if isinstance(expression, MatAdd | MatMul | sympy.Add) or written.startswith("-") else written

    def _print_MatMul(self, product: MatMul) -> str:
        scalars = [factor for factor in product.args if not isinstance(factor, MatrixExpr)]
        return self._scaled(_flat(scalars), [factor for factor in product.args if isinstance(factor, MatrixExpr)])

    def _print_MatAdd(self, total: MatAdd) -> str:
        first, *others = (self._print(term) for term in total.args)  # type: ignore[attr-defined]
        return first + "".join(f" - {term[1:].lstrip()}" if term.startswith("-") else f" + {term}" for term in others)

    def _scaled(self, scalars: list[sympy.Expr], others: list[Any]) -> str:
        """Numbers and symbols as one coefficient, then what cannot be gathered, in the order given."""
        gathered = sympy.Mul(*(scalar for scalar in scalars if is_monomial(scalar)))
        factors = " ".join(map(self._factor, [*(scalar for scalar in scalars if not is_monomial(scalar)), *others]))
        return factors if gathered == 1 else f"-{factors}" if gathered == -1 else f"{self._coefficient(gathered)} {factors}"

    def _print_Identity(self, identity: Identity) -> str:
        return "I"

    def _print_ZeroMatrix(self, zero: ZeroMatrix) -> str:
        return "0"

    def _print_OneMatrix(self, ones: OneMatrix) -> str:
        return "𝟏" if ones.cols == 1 else self._lowered("𝟏", " × ".join(map(self._print, ones.shape)))  # type: ignore[attr-defined]

    def _print_Trace(self, trace: Trace) -> str:
        return self._named("tr", self._print(trace.arg))  # type: ignore[attr-defined]

    def _print_Weights(self, weights: Weights) -> str:
        return self._named("weights", self._print(weights.args[0]))  # type: ignore[attr-defined]

    def _print_Transpose(self, matrix: Transpose) -> str:
        if isinstance(matrix.arg, Inverse):
            return self._print(matrix.arg.arg) + "⁻ᵀ"  # type: ignore[attr-defined]
        written = self._factor(matrix.arg)
        return (self._bracketed(written) if isinstance(matrix.arg, Transpose) else written) + "ᵀ"

    def _print_Inverse(self, matrix: Inverse) -> str:
        return self._factor(matrix.arg) + "⁻¹"

    def _print_BlockMatrix(self, matrix: BlockMatrix) -> str:
        grid = matrix.blocks.tolist()
        if all(isinstance(block, ZeroMatrix) for line in grid for block in line):
            return "0"
        square = len(grid) == len(grid[0])
        if square and all(isinstance(grid[i][j], Identity if i == j else ZeroMatrix) for i in range(len(grid)) for j in range(len(grid))):
            return "I"
        return self._grid(grid)

    def _print_MatrixBase(self, matrix: sympy.MatrixBase) -> str:
        return self._grid(matrix.tolist())

    _print_ImmutableDenseMatrix = _print_MatrixBase

    def _bracketed(self, written: str) -> str:
        raise NotImplementedError

    def _coefficient(self, scalar: sympy.Expr) -> str:
        raise NotImplementedError

    def _grid(self, grid: list[list[Any]]) -> str:
        raise NotImplementedError

    def _lowered(self, written: str, index: str) -> str:
        raise NotImplementedError

    def _named(self, name: str, argument: str) -> str:
        raise NotImplementedError


class _Text(_Matrices, StrPrinter):
    """One line, with the letters of Unicode: (η/N) (W₀ X − Y) Xᵀ."""

    def _print_Symbol(self, symbol: sympy.Symbol) -> str:
        return pretty_symbol(symbol.name)

    _print_MatrixSymbol = _print_Symbol

    def _print_Mul(self, product: sympy.Mul) -> str:
        factors = _flat(product.args)
        if _has_brackets_above_only(factors):
            return self._scaled(factors, [])
        return self._fraction(*sympy.fraction(product))

    def _fraction(self, above: sympy.Expr, below: sympy.Expr) -> str:
        number, letters = above.as_coeff_Mul()
        factors = [*([abs(number)] if abs(number) != 1 or letters == 1 else []), *(letters.as_ordered_factors() if letters != 1 else [])]
        written = ("-" if number < 0 else "") + " ".join(map(self._factor, factors))
        if below == 1:
            return written
        divisor = self._print(below)
        return f"{written}/{divisor if below.is_Atom or below.is_Pow else self._bracketed(divisor)}"

    def _print_Pow(self, power: sympy.Pow, rational: bool = False) -> str:
        base, exponent = power.args
        if exponent.is_number and exponent.is_negative:
            return self._fraction(sympy.Integer(1), base**-exponent)
        inside = self._print(base)
        inside = inside if base.is_Atom and not inside.startswith("-") and "/" not in inside else self._bracketed(inside)
        if exponent == sympy.Rational(1, 2):
            return f"√{inside}"
        written = self._print(exponent)
        return inside + (written.translate(_TO_RAISED) if exponent.is_Integer else f"^{written if exponent.is_Atom else f'({written})'}")

    def _coefficient(self, scalar: sympy.Expr) -> str:
        written = "½" if scalar == sympy.Rational(1, 2) else self._print(scalar)
        sign, written = ("-", written[1:]) if written.startswith("-") else ("", written)
        return sign + (self._bracketed(written) if "/" in written else written)

    def _bracketed(self, written: str) -> str:
        return f"({written})"

    def _grid(self, grid: list[list[Any]]) -> str:
        lines = [", ".join(map(self._print, line)) for line in grid]
        if len(lines) == 1 or len(grid[0]) == 1:
            return f"[{'; '.join(lines)}]"
        return f"[{', '.join(f'[{line}]' for line in lines)}]"

    def _lowered(self, written: str, index: str) -> str:
        return f"{written}[{index}]"

    def _named(self, name: str, argument: str) -> str:
        return f"{name}({argument})"


class _Latex(_Matrices, LatexPrinter):
    r"""LaTeX as in a paper: \frac{\eta}{N} \left(W_{0} X - Y\right) X^{\top}."""

    def _print_Mul(self, product: sympy.Mul) -> str:
        factors = _flat(product.args)
        if _has_brackets_above_only(factors):
            return self._scaled(factors, [])
        return super()._print_Mul(product)

    def _coefficient(self, scalar: sympy.Expr) -> str:
        return r"\tfrac{1}{2}" if scalar == sympy.Rational(1, 2) else self._print(scalar)

    def _bracketed(self, written: str) -> str:
        return rf"\left({written}\right)"

    def _grid(self, grid: list[list[Any]]) -> str:
        return bmatrix([[self._print(entry) for entry in line] for line in grid])

    def _lowered(self, written: str, index: str) -> str:
        return f"{written}_{{{index}}}"

    def _named(self, name: str, argument: str) -> str:
        return rf"\operatorname{{{name}}}\left({argument}\right)"


def text(expression: Any) -> str:
    """One line of text, for a SymPy matrix or expression or one of the notation reading."""
    return _written(_Text, expression).replace("-", "−")


def latex(expression: Any) -> str:
    """LaTeX without delimiters, for the same."""
    return latex_letters(_written(_Latex, expression))


def latex_letters(written: str) -> str:
    r"""The same mathematics with LaTeX commands for its letters and signs: ``ηX₀ᵀ`` becomes ``\eta X_{0}^{\top}``."""
    for accent, command in ACCENTS.items():
        written = re.sub(rf"(\w){accent}", rf"\\{command}{{\1}}", written)
    for mark, letters in (("^", RAISED), ("_", LOWERED)):
        pieces = re.split(f"([{''.join(letters)}]+)", written)
        runs = ("".join(letters[letter] for letter in run) for run in pieces[1::2])
        written = pieces[0] + "".join(f"{mark}{{{run}}}{after}" for run, after in zip(runs, pieces[2::2], strict=True))
    return re.sub(r"[^\x00-\x7F] ?", lambda found: _command(found[0]), written).rstrip()


def bmatrix(grid: list[list[str]]) -> str:
    """A LaTeX matrix of entries already written."""
    return r"\begin{bmatrix}" + r" \\ ".join(" & ".join(line) for line in grid) + r"\end{bmatrix}"


def layer_text(layer: Layer) -> str:
    """The weights of a layer, one aligned matrix after another, with exact entries as SymPy writes and reads them: eta/N."""
    return "\n\n".join(f"{name} =\n{_aligned(_cells(weight, str))}" for name, weight in _named_weights(layer))


def layer_latex(layer: Layer) -> str:
    """The weights of a layer as a displayed formula, one line a head."""
    named = [f"{name} &= {bmatrix(_cells(weight, latex))}" for name, weight in _named_weights(layer)]
    lines = [" & ".join(named[start : start + len(WEIGHTS)]) for start in range(0, len(named), len(WEIGHTS))]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"


def _named_weights(layer: Layer) -> list[tuple[str, Any]]:
    several = len(layer.heads) > 1
    return [
        ((f"{name}_{number}" if name == "P" else f"{name[:2]}{{{name[2]},{number}}}") if several else name, getattr(head, field))
        for number, head in enumerate(layer.heads, 1)
        for field, name in WEIGHTS.items()
    ]


def _cells(weight: Any, write: Callable[[Any], str]) -> list[list[str]]:
    """What stands in a weight, entry by entry or, where a reading has no entries, block by block."""
    if isinstance(weight, Notated):
        grid = weight.expression.blocks.tolist() if isinstance(weight.expression, BlockMatrix) else [[weight.expression]]
        return [[write(Notated(weight.algebra, (1,), (1,), block)) for block in line] for line in grid]
    if isinstance(weight, sympy.MatrixBase):
        return [[write(entry) for entry in line] for line in weight.tolist()]
    if isinstance(weight, Blocked):
        if isinstance(weight.algebra, Flint):
            return [[str(entry) for entry in line] for line in dense(weight)]
        return [[str(weight.blocks.get((i, j), 0)) for j in range(len(weight.cols))] for i in range(len(weight.rows))]
    return [[f"{entry:g}" for entry in line] for line in np.asarray(weight).tolist()]


def _aligned(cells: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(f"  [ {line} ]" for line in lines)


def _written(printer: type, expression: Any) -> str:
    if isinstance(expression, Notated | Scalar):
        return printer({"order": "none"}).doprint(expression.expression)
    return printer().doprint(sympy.sympify(expression))


def _flat(factors: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """The factors, those of products within products too."""
    return [part for factor in factors for part in (_flat(factor.args) if factor.is_Mul else [factor])]


def _has_brackets_above_only(factors: Sequence[sympy.Expr]) -> bool:
    """Whether sums or traces are among the factors, but none is divided by: such a product is a coefficient and what it is of."""
    grouped = [factor for factor in factors if not is_monomial(factor)]
    return bool(grouped) and not any(factor.is_Pow and factor.exp.is_negative for factor in grouped)


def _command(found: str) -> str:
    """The command for a letter and the space after it, if any; ended by a space where it would run into the next letter."""
    letter, after = found[0], found[1:]
    match unicodedata.name(letter, "").split():
        case ["GREEK", case, "LETTER", name] if letter not in SIGNS:
            name = name.replace("LAMDA", "LAMBDA")
            command = "\\" + (name.lower() if case == "SMALL" else name.capitalize())
        case _:
            command = SIGNS.get(letter, letter)
    return f"{command} " if command[0] == "\\" and command[-1].isalpha() else command + after
