"""Scalars of the notation reading."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy

from equivalence.algebras.rationals import is_number
from equivalence.formulas import Written, is_monomial, latex, text


@dataclass(frozen=True, eq=False)
class NotatedScalar(Written):
    """A scalar as written: SymPy gathers products of symbols and numbers; sums and traces stay as the program made them."""

    expression: sympy.Expr

    def __add__(self, other: NotatedScalar | Fraction | int) -> NotatedScalar:
        if (scalar := notated_scalar(other)) is None:
            return NotImplemented
        terms = self.expression.args if isinstance(self.expression, sympy.Add) else (self.expression,)
        return NotatedScalar(sympy.Add(*terms, scalar.expression, evaluate=False))

    def __neg__(self) -> NotatedScalar:
        return NotatedScalar(sympy.Integer(-1)) * self

    def __sub__(self, other: NotatedScalar | Fraction | int) -> NotatedScalar:
        return NotImplemented if (scalar := notated_scalar(other)) is None else self + -scalar

    def __mul__(self, other: NotatedScalar | Fraction | int) -> NotatedScalar:
        if (scalar := notated_scalar(other)) is None:
            return NotImplemented
        together = is_monomial(self.expression) and is_monomial(scalar.expression)
        return NotatedScalar(sympy.Mul(self.expression, scalar.expression, evaluate=together))

    def __truediv__(self, other: NotatedScalar | Fraction | int) -> NotatedScalar:
        """Division by a number or a product of symbols."""
        if (scalar := notated_scalar(other)) is None:
            return NotImplemented
        if not is_monomial(scalar.expression) or scalar.expression == 0:
            raise ValueError(f"division: expected a nonzero number or a product of symbols, got {scalar}")
        return NotatedScalar(1 / scalar.expression) * self

    def __radd__(self, other: Fraction | int) -> NotatedScalar:
        return NotImplemented if (scalar := notated_scalar(other)) is None else scalar + self

    def __rsub__(self, other: Fraction | int) -> NotatedScalar:
        return NotImplemented if (scalar := notated_scalar(other)) is None else scalar - self

    def __rmul__(self, other: Fraction | int) -> NotatedScalar:
        return NotImplemented if (scalar := notated_scalar(other)) is None else scalar * self

    def __rtruediv__(self, other: Fraction | int) -> NotatedScalar:
        return NotImplemented if (scalar := notated_scalar(other)) is None else scalar / self

    def __repr__(self) -> str:
        return text(self)

    def _repr_latex_(self) -> str:
        return f"${latex(self)}$"


def notated_scalar(value: object) -> NotatedScalar | None:
    """A scalar, or a whole number or fraction as one."""
    if is_number(value):
        number = Fraction(value)
        return NotatedScalar(sympy.Rational(number.numerator, number.denominator))
    return value if isinstance(value, NotatedScalar) else None
