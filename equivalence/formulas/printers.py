r"""How expressions and matrices of SymPy are written: one line of text, or LaTeX for amsmath, MathJax and KaTeX."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy.matrices.expressions import (
    BlockMatrix,
    HadamardProduct,
    Identity,
    Inverse,
    MatAdd,
    MatMul,
    MatrixExpr,
    OneMatrix,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.printing.latex import LatexPrinter
from sympy.printing.pretty.pretty_symbology import pretty_symbol
from sympy.printing.str import StrPrinter

from equivalence.formulas.letters import latex_letters
from equivalence.formulas.nodes import ANY, AttentionWeights, Written, is_monomial

_TO_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class _Matrices:
    """Matrix expressions, written the same way in text and LaTeX but for brackets, blocks and letters."""

    def _factor(self, expression: object) -> str:
        written = self._print(expression)  # type: ignore[attr-defined]
        return (
            self._bracketed(written)
            if isinstance(expression, MatAdd | MatMul | HadamardProduct | sympy.Add) or written.startswith("-")
            else written
        )

    def _print_MatMul(self, product: MatMul) -> str:
        scalars = [factor for factor in product.args if not isinstance(factor, MatrixExpr)]
        return self._scaled(_flat(scalars), [factor for factor in product.args if isinstance(factor, MatrixExpr)])

    def _print_MatAdd(self, total: MatAdd) -> str:
        first, *others = (self._print(term) for term in total.args)  # type: ignore[attr-defined]
        return first + "".join(f" - {term[1:].lstrip()}" if term.startswith("-") else f" + {term}" for term in others)

    def _scaled(self, scalars: list[sympy.Expr], others: list[sympy.Basic]) -> str:
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

    def _print_AttentionWeights(self, weights: AttentionWeights) -> str:
        return self._named("weights", self._print(weights.args[0]))  # type: ignore[attr-defined]

    def _print_Transpose(self, matrix: Transpose) -> str:
        if isinstance(matrix.arg, Inverse):
            return self._factor(matrix.arg.arg) + "⁻ᵀ"
        written = self._factor(matrix.arg)
        return (self._bracketed(written) if isinstance(matrix.arg, Transpose) else written) + "ᵀ"

    def _print_Inverse(self, matrix: Inverse) -> str:
        return self._factor(matrix.arg) + "⁻¹"

    def _print_HadamardProduct(self, product: HadamardProduct) -> str:
        return " ⊙ ".join(map(self._factor, product.args))

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

    def _grid(self, grid: list[list[sympy.Basic]]) -> str:
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

    def _grid(self, grid: list[list[sympy.Basic]]) -> str:
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

    def _grid(self, grid: list[list[sympy.Basic]]) -> str:
        return bmatrix([[self._print(entry) for entry in line] for line in grid])

    def _lowered(self, written: str, index: str) -> str:
        return f"{written}_{{{index}}}"

    def _named(self, name: str, argument: str) -> str:
        return rf"\operatorname{{{name}}}\left({argument}\right)"


def text(expression: object) -> str:
    """One line of text, for a SymPy matrix or expression, or for one that is shown as it was written."""
    return _printed(_Text, expression).replace("-", "−")


def latex(expression: object) -> str:
    """LaTeX without delimiters, for the same."""
    return latex_letters(_printed(_Latex, expression))


def bmatrix(grid: list[list[str]]) -> str:
    """A LaTeX matrix of entries already written."""
    return r"\begin{bmatrix}" + r" \\ ".join(" & ".join(line) for line in grid) + r"\end{bmatrix}"


def _printed(printer: type, expression: object) -> str:
    if isinstance(expression, Written):
        return printer({"order": "none"}).doprint(expression.expression).replace(ANY, "")
    return printer().doprint(sympy.sympify(expression))


def _flat(factors: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """The factors, those of products within products too."""
    return [part for factor in factors for part in (_flat(factor.args) if factor.is_Mul else [factor])]


def _has_brackets_above_only(factors: Sequence[sympy.Expr]) -> bool:
    """Whether sums or traces are among the factors, but none is divided by: such a product is a coefficient and what it is of."""
    grouped = [factor for factor in factors if not is_monomial(factor)]
    return bool(grouped) and not any(factor.is_Pow and factor.exp.is_negative for factor in grouped)
