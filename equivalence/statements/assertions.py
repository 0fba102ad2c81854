"""What a claim shows at one place: the root of all kinds of checks, and the steps of a chain.

A new kind of check is one class: a frozen dataclass whose first field is the reason, and which says what its verdict is, how it is
written, and how it is tested on numbers, if it can be. Verification, derivations, sampling and reports ask for nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar, Self

import sympy

from equivalence.algebras.degree import error_bound
from equivalence.algebras.protocol import HasDifferences
from equivalence.formulas import SPACE, Form, Joint, Row, listed
from equivalence.statements.comparisons import Comparison
from equivalence.statements.exactness import inexact, mismatch, ranges_freely, shapes_differ
from equivalence.statements.verdicts import HOLDS, Verdict, not_decided, refuted

SHOWN = 3
"""How many expressions of a list are written out; of more, the number is given."""


@dataclass(frozen=True)
class Writer:
    """What writes a claim as a formula that can be broken, in a form.

    Attributes:
        form: text or LaTeX.
        shown: what an expression is replaced by before it is written, such as one with names for its parts.
    """

    form: Form
    shown: Callable[[object], object] = lambda expression: expression

    def expression(self, expression: object) -> str:
        """An expression."""
        return self.form.formula(self.shown(expression))

    def words(self, words: str) -> str:
        """Words within a formula."""
        return self.form.words(words)

    def listed(self, expressions: Sequence[object]) -> str:
        """Some expressions, the first `SHOWN` written out."""
        shown = [self.expression(expression) for expression in expressions[:SHOWN]]
        return listed(shown if len(expressions) <= SHOWN else [*shown, f"… ({len(expressions)})"])

    def related(self, first: str, *others: tuple[str, str]) -> str:
        """A formula, then signs such as ≠ with what stands on their right."""
        joints = [Joint(f" {sign} ", begins=f"{sign} ", first=True) for sign, _ in others]
        return Row([first, *(right for _, right in others)], joints)


class Assertion(ABC):
    """Something that a claim shows, with the reason why it is so.

    Attributes:
        reason: the reason, as the derivation and a failure give it.
        compares: whether anything is shown; the first expression of a chain only begins it.
        in_words: whether it is argued in words, and no machine checks it.
    """

    reason: str
    compares: ClassVar[bool] = True
    in_words: ClassVar[bool] = False

    @abstractmethod
    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether it holds, read in an algebra; what it speaks of is exact, see `subjects`."""

    @abstractmethod
    def written(self, writer: Writer) -> str:
        """What is claimed, as a formula."""

    def subjects(self) -> tuple[object, ...]:
        """What must be exact for a verdict: all fields but the reason, unless a kind says otherwise."""
        return tuple(getattr(self, field.name) for field in fields(self) if field.name != "reason")  # type: ignore[arg-type]

    def comparison(self, place: str, magnitude: Self) -> Comparison | None:
        """What is compared on numbers, or None if numbers say nothing.

        Args:
            place: claim, chain, step and reason.
            magnitude: the same assertion, its expressions read as magnitudes.
        """
        return None

    def chance(self, points_log2: int) -> float:
        """How probable it is, at most, that it passes in a finite field though false; for the degree reading."""
        return 0.0


@dataclass(frozen=True)
class Beginning(Assertion):
    """The first expression of a chain, which is compared with nothing."""

    reason: str
    expression: Any
    compares = False

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """There is nothing to be wrong."""
        return HOLDS

    def written(self, writer: Writer) -> str:
        """The expression."""
        return writer.expression(self.expression)


@dataclass(frozen=True)
class Equality(Assertion):
    """A step: the expression equals the one before it."""

    reason: str
    left: Any
    right: Any

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether both sides are equal. Where different sides prove nothing, as of forms with rewrites, it is not decided."""
        left, right = read_in(algebra, self.left), read_in(algebra, self.right)
        wrong = mismatch(left, right)
        if wrong and not shapes_differ(left, right):
            return not_decided(f"{wrong}, which cannot be compared")
        wrong = wrong or algebra.difference(left, right) or ""
        if not wrong:
            return HOLDS
        known = shapes_differ(left, right) or known_to_differ(algebra, left, right)
        return refuted(wrong) if known else not_decided(f"{wrong}, which proves nothing here")

    def written(self, writer: Writer) -> str:
        """What the expression before it equals."""
        return Row(["=", writer.expression(self.right)], [SPACE])

    def comparison(self, place: str, magnitude: Self) -> Comparison:
        """Both sides, with the rounding that their magnitudes bound."""
        return compared(Comparison, place, self, magnitude)

    def chance(self, points_log2: int) -> float:
        """From the degrees of both sides."""
        return error_bound(self.left, self.right, points_log2)


@dataclass(frozen=True)
class Raised(Assertion):
    """In the place of what a program did not yield: what it raised. Nothing was shown, then."""

    error: BaseException
    reason = "the program raises"

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Not decided."""
        return not_decided(f"{type(self.error).__name__}: {self.error}")

    def written(self, writer: Writer) -> str:
        """A program that raises has no derivation: it raises there too."""
        raise self.error

    def subjects(self) -> tuple[object, ...]:
        """Nothing."""
        return ()

    def comparison(self, place: str, magnitude: Assertion) -> Comparison:
        """None can be made: it raises there too."""
        raise self.error

    def chance(self, points_log2: int) -> float:
        """Nothing is bounded: it raises."""
        raise self.error


def judged(assertion: Assertion, algebra: HasDifferences) -> Verdict:
    """The verdict on an assertion: not decided if it speaks of what is not exact, or if anything is raised on the way."""
    try:
        if number := inexact(assertion.subjects()):
            return not_decided(f"expected exact numbers, got {number}")
        return assertion.verdict(algebra)
    except Exception as error:  # noqa: BLE001 - whatever a program made, a verdict is given
        return Raised(error).verdict(algebra)


def compared(kind: type[Comparison], place: str, sides: Any, magnitudes: Any) -> Comparison:
    """Left and right of an assertion on numbers. Raises ValueError for two shapes, which would be broadcast."""
    shapes = [getattr(side, "shape", ()) for side in (sides.left, sides.right)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"{place}: shape {shapes[0]} against {shapes[1]}")
    return kind(place, sides.left, sides.right, magnitudes.left.bound() + magnitudes.right.bound())


def read_in(algebra: HasDifferences, value: object) -> object:
    """A plain number as a scalar of the algebra; anything else as it is."""
    scalar = getattr(algebra, "scalar", None)
    return scalar(value) if scalar and isinstance(value, int | Fraction) and not isinstance(value, bool) else value


def known_to_differ(algebra: HasDifferences, left: Any, right: Any) -> bool:
    """Whether two sides that an algebra does not find equal are known to be different, of one shape.

    Of canonical forms that depends on what is in play (`decides`). Of SymPy's expressions, some entry of the difference must be a
    rational function over ℚ, or a number that SymPy knows not to be 0; FLINT decides by itself. Things of two kinds are not compared.
    """
    if not isinstance(left, sympy.Basic | sympy.MatrixBase):
        return type(left) is type(right) and bool(getattr(algebra, "decides", True))
    if not isinstance(right, sympy.Basic | sympy.MatrixBase):
        return False
    rest = left - right
    return any(_known_not_zero(sympy.sympify(entry)) for entry in (rest if isinstance(rest, sympy.MatrixBase) else [rest]))


def _known_not_zero(entry: sympy.Expr) -> bool:
    reduced = sympy.cancel(entry)
    if not all(ranges_freely(symbol) for symbol in reduced.free_symbols):
        return False
    known = reduced.is_zero is False and reduced.is_finite is True
    return known or bool(reduced.free_symbols and reduced.is_rational_function() and _has_rational_terms(reduced))


def _has_rational_terms(expression: sympy.Expr) -> bool:
    """Whether it is not 0 by its coefficients, which all are rational: no √2, no π."""
    symbols = sorted(expression.free_symbols, key=str)
    above, below = (sympy.Poly(part, *symbols) for part in sympy.fraction(sympy.together(expression)))
    return not above.is_zero and all(coefficient.is_Rational for part in (above, below) for coefficient in part.coeffs())
