r"""How expressions and matrices of SymPy are written: one line of text, or LaTeX for amsmath, MathJax and KaTeX.

Both are written as formulas that know their parts (`layout`), so that what is too long for a line can be broken.
"""

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
    MatrixSymbol,
    OneMatrix,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.printing.latex import LatexPrinter
from sympy.printing.pretty.pretty_symbology import pretty_symbol
from sympy.printing.str import StrPrinter

from equivalence.formulas.layout import (
    TIED,
    TIMES,
    Alternative,
    Bracketed,
    Brackets,
    Grid,
    Joint,
    Row,
    listed,
    negated,
    negative,
    raised,
    summed,
    without_minus,
)
from equivalence.formulas.letters import latex_letters
from equivalence.formulas.nodes import ANY, AttentionWeights, Named, Written, is_monomial, nameless

_TO_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


_ENTRYWISE = Joint(" ⊙ ", begins="⊙ ")
_ROUND, _SQUARE = Brackets("(", ")", "(", ")"), Brackets("[", "]", "[", "]")
_LATEX_ROUND, _LATEX_SQUARE = Brackets(r"\left(", r"\right)", r"\bigl(", r"\bigr)"), Brackets(r"\left[", r"\right]", r"\bigl[", r"\bigr]")


class _Matrices:
    """Matrix expressions, written the same way in text and LaTeX but for brackets, blocks and letters."""

    def _factor(self, expression: object) -> str:
        written = self._print(expression)  # type: ignore[attr-defined]
        return (
            self._bracketed(written)
            if isinstance(nameless(expression), MatAdd | MatMul | HadamardProduct | sympy.Add) or negative(written)
            else written
        )

    def _print_MatMul(self, product: MatMul) -> str:
        scalars = [factor for factor in product.args if not isinstance(factor, MatrixExpr)]
        return self._scaled(_flat(scalars), [factor for factor in product.args if isinstance(factor, MatrixExpr)])

    def _print_MatAdd(self, total: MatAdd) -> str:
        return summed([self._print(term) for term in total.args])  # type: ignore[attr-defined]

    def _print_Add(self, total: sympy.Add, order: str | None = None) -> str:
        terms = self._as_ordered_terms(total, order=order)  # type: ignore[attr-defined]
        return summed([self._factor(term) if term.is_Add else self._print(term) for term in terms])  # type: ignore[attr-defined]

    def _scaled(self, scalars: list[sympy.Expr], others: list[sympy.Basic]) -> str:
        """Numbers and symbols as one coefficient, then what cannot be gathered, in the order given."""
        gathered = sympy.Mul(*(scalar for scalar in scalars if is_monomial(scalar)))
        factors = [self._factor(factor) for factor in [*(scalar for scalar in scalars if not is_monomial(scalar)), *others]]
        if abs(gathered) != 1:
            return multiplied([self._coefficient(gathered), *factors])
        return multiplied(factors) if gathered == 1 else negated(multiplied(factors))

    def _print_Identity(self, identity: Identity) -> str:
        return "I"

    def _print_ZeroMatrix(self, zero: ZeroMatrix) -> str:
        return "0"

    def _print_OneMatrix(self, ones: OneMatrix) -> str:
        return "𝟏" if ones.cols == 1 else self._lowered("𝟏", " × ".join(map(self._print, ones.shape)))  # type: ignore[attr-defined]

    def _print_Named(self, named: Named) -> str:
        return self._print(named.matrix)  # type: ignore[attr-defined]

    def _print_Trace(self, trace: Trace) -> str:
        return self._named("tr", self._print(trace.arg))  # type: ignore[attr-defined]

    def _print_AttentionWeights(self, weights: AttentionWeights) -> str:
        return self._named("weights", self._print(weights.args[0]))  # type: ignore[attr-defined]

    def _print_Transpose(self, matrix: Transpose) -> str:
        if isinstance(matrix.arg, Inverse):
            return raised(self._factor(matrix.arg.arg), "⁻ᵀ")
        written = self._factor(matrix.arg)
        return raised(self._bracketed(written) if isinstance(matrix.arg, Transpose) else written, "ᵀ")

    def _print_Inverse(self, matrix: Inverse) -> str:
        return raised(self._factor(matrix.arg), "⁻¹")

    def _print_HadamardProduct(self, product: HadamardProduct) -> str:
        factors = [self._factor(factor) for factor in product.args]
        return Row(factors, [_ENTRYWISE] * (len(factors) - 1))

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

    def _fraction(self, above: sympy.Expr, below: sympy.Expr) -> str:
        """A fraction on the line: (a + b)/(2 c)."""
        number, letters = above.as_coeff_Mul()
        factors = [*([abs(number)] if abs(number) != 1 or letters == 1 else []), *(letters.as_ordered_factors() if letters != 1 else [])]
        written = multiplied([self._factor(factor) for factor in factors])
        written = negated(written) if number < 0 else written
        if below == 1:
            return written
        divisor = self._print(below)  # type: ignore[attr-defined]
        return Row([written, "/", divisor if below.is_Atom or below.is_Pow else self._bracketed(divisor)], [TIED, TIED])

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
        return self._fraction(*sympy.fraction(_gathered(product, factors)))

    def _print_Pow(self, power: sympy.Pow, rational: bool = False) -> str:
        base, exponent = power.args
        if exponent.is_number and exponent.is_negative:
            return self._fraction(sympy.Integer(1), base**-exponent)
        inside = self._print(base)
        inside = inside if base.is_Atom and not inside.startswith("-") and "/" not in inside else self._bracketed(inside)
        if exponent == sympy.Rational(1, 2):
            return Row(["√", inside], [TIED])
        written = self._print(exponent)
        return raised(
            inside, written.translate(_TO_RAISED) if exponent.is_Integer else f"^{written if exponent.is_Atom else f'({written})'}"
        )

    def _print_Function(self, applied: sympy.Function) -> str:
        return self._named(applied.func.__name__, listed([self._print(argument) for argument in applied.args]))

    def _coefficient(self, scalar: sympy.Expr) -> str:
        written = "½" if scalar == sympy.Rational(1, 2) else self._print(scalar)
        if "/" not in written:
            return written
        return negated(self._bracketed(without_minus(written))) if negative(written) else self._bracketed(written)

    def _bracketed(self, written: str) -> str:
        return Bracketed(_ROUND, written)

    def _grid(self, grid: list[list[sympy.Basic]]) -> str:
        return Grid([[self._print(entry) for entry in line] for line in grid], _in_brackets, _SQUARE)

    def _lowered(self, written: str, index: str) -> str:
        return f"{written}[{index}]"

    def _named(self, name: str, argument: str) -> str:
        return Bracketed(Brackets(f"{name}(", ")", f"{name}(", ")"), argument)


class _Latex(_Matrices, LatexPrinter):
    r"""LaTeX as in a paper: \frac{\eta}{N} \left(W_{0} X - Y\right) X^{\top}."""

    def _print_Mul(self, product: sympy.Mul) -> str:
        if not product.is_Mul:  # a power with a negative exponent, which SymPy's own method for powers hands over
            return super()._print_Mul(product)
        factors = _flat(product.args)
        if _has_brackets_above_only(factors):
            return self._scaled(factors, [])
        gathered = _gathered(product, factors)
        if not gathered.is_Mul:
            return self._print(gathered)
        return Alternative(super()._print_Mul(gathered), lambda: self._fraction(*sympy.fraction(gathered)))

    def _print_Symbol(self, symbol: sympy.Symbol, *args: object) -> str:
        name = symbol.name.rstrip("'")
        return super()._print_Symbol(sympy.Symbol(name), *args) + symbol.name[len(name) :]

    def _print_MatrixSymbol(self, symbol: MatrixSymbol) -> str:
        return self._print_Symbol(symbol)

    def _print_Pow(self, power: sympy.Pow, *args: object, **kwargs: object) -> str:
        if power.base.is_Add and power.exp.is_Integer and power.exp > 1:
            return raised(self._bracketed(self._print(power.base)), f"^{{{power.exp}}}")
        return super()._print_Pow(power, *args, **kwargs)

    def _coefficient(self, scalar: sympy.Expr) -> str:
        return r"\tfrac{1}{2}" if scalar == sympy.Rational(1, 2) else self._print(scalar)

    def _bracketed(self, written: str) -> str:
        return Bracketed(_LATEX_ROUND, written)

    def _grid(self, grid: list[list[sympy.Basic]]) -> str:
        return Grid([[self._print(entry) for entry in line] for line in grid], bmatrix, _LATEX_SQUARE)

    def _lowered(self, written: str, index: str) -> str:
        return f"{written}_{{{index}}}"

    def _named(self, name: str, argument: str) -> str:
        opening = rf"\operatorname{{{name}}}"
        return Bracketed(_LATEX_ROUND._replace(opening=rf"{opening}\left(", opening_broken=rf"{opening}\bigl("), argument)


def text(expression: object) -> str:
    """One line of text, for a SymPy matrix or expression, or for one that is shown as it was written."""
    return text_letters(text_formula(expression))


def latex(expression: object) -> str:
    """LaTeX without delimiters, for the same."""
    return latex_commands(latex_formula(expression))


def text_formula(expression: object) -> str:
    """The text as a formula that can be broken. Its letters are still to be finished by `text_letters`."""
    return _printed(_Text, expression)


def latex_formula(expression: object) -> str:
    """The LaTeX as a formula that can be broken. Its letters are still to be finished by `latex_commands`."""
    return _printed(_Latex, expression)


def text_letters(written: str) -> str:
    """The same with the sign for minus."""
    return written.replace("-", "−").replace(ANY, "")


def latex_commands(written: str) -> str:
    """The same with commands for letters and signs."""
    return latex_letters(written.replace(ANY, ""))


def multiplied(factors: Sequence[str]) -> str:
    """Factors side by side."""
    return factors[0] if len(factors) == 1 else Row(factors, [TIMES] * (len(factors) - 1))


def _in_brackets(grid: list[list[str]]) -> str:
    """A matrix as text, on one line."""
    lines = [", ".join(line) for line in grid]
    if len(lines) == 1 or len(grid[0]) == 1:
        return f"[{'; '.join(lines)}]"
    return f"[{', '.join(f'[{line}]' for line in lines)}]"


def bmatrix(grid: list[list[str]]) -> str:
    """A LaTeX matrix of entries already written."""
    return r"\begin{bmatrix}" + r" \\ ".join(" & ".join(line) for line in grid) + r"\end{bmatrix}"


def _printed(printer: type, expression: object) -> str:
    if isinstance(expression, Written):
        return printer({"order": "none"})._print(expression.expression)
    return printer()._print(sympy.sympify(expression, strict=True))


def _flat(factors: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """The factors, those of products within products too."""
    return [part for factor in factors for part in (_flat(factor.args) if factor.is_Mul else [factor])]


def _gathered(product: sympy.Mul, factors: Sequence[sympy.Expr]) -> sympy.Expr:
    """A product of numbers and symbols as SymPy gathers it; any other as it is."""
    return sympy.Mul(*factors) if all(map(is_monomial, factors)) else product


def _has_brackets_above_only(factors: Sequence[sympy.Expr]) -> bool:
    """Whether sums or traces are among the factors, but none is divided by: such a product is a coefficient and what it is of."""
    grouped = [factor for factor in factors if not is_monomial(factor)]
    return bool(grouped) and not any(factor.is_Pow and factor.exp.is_negative for factor in grouped)
