r"""Two softmax heads at opposite temperatures, with and without a sink: weights, and how far they are from a gradient step.

Both are families in the inverse temperature β, with exact weights from `layer` and a proved distance from `error_bound`. Norms are
Euclidean; tokens are ``[x; y]`` columns, ``κ = ‖[W₀, −I]‖₂`` bounds a value's norm by κ times its token's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import flint
import numpy as np
import sympy

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Flint, dense
from equivalence.algebras.numeric import Numeric
from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.rational_functions import Exact, exact
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Part, Size
from equivalence.checks import is_concrete
from equivalence.models.constructions.arguments import Rate, built_count, built_initial, built_rate
from equivalence.models.constructions.pairing import padded
from equivalence.models.heads import Head, Layer

Real = float | Fraction | flint.fmpq | flint.arb
"""A number for a bound: exact, a float for what it is, or enclosed."""


@dataclass(frozen=True, eq=False)
class SoftmaxPair:
    """Two heads at ±β: to leading order one *centred* gradient step (statements 6.7 and 6.8).

    Attributes:
        d_x, d_y: rows of the inputs and of the targets.
        learning_rate: η. There is no 1/N in the weights: softmax averages by itself.
        initial: W₀, d_y x d_x.
        algebra: the reading that the weights are built in.
    """

    d_x: Part
    d_y: Part
    learning_rate: Scalar
    initial: Matrix
    algebra: Algebra

    def layer(self, beta: Rate) -> Layer[Matrix]:
        """``W_K = [I 0]``, ``W_Q = ±β [I 0]``, both d_x x (d_x + d_y); ``W_V = [W₀ −I]``, d_y high; ``P = ±(η/2β) [0; I]``.

        Raises ValueError if β is 0, or a ball that contains 0: the limit is the centred step, but each head's P is infinite. Under a JAX
        trace β cannot be looked at.
        """
        steepness = _steepness(beta, self.algebra)
        zeros, eye = self.algebra.zeros, self.algebra.eye
        inputs = self.algebra.block([[eye(self.d_x), zeros(self.d_x, self.d_y)]])
        value = self.algebra.block([[self.initial, -eye(self.d_y)]])
        output = self.algebra.block([[zeros(self.d_x, self.d_y)], [eye(self.d_y)]])
        weight = self.learning_rate / (self.algebra.scalar(2) * steepness)
        return Layer(
            (
                Head(inputs, steepness * inputs, value, weight * output),
                Head(inputs, -(steepness * inputs), value, -(weight * output)),
            )
        )

    def error_bound(self, beta: Real, token_norm: Real, query_norm: Real) -> float:
        """How far the prediction is, at most, from the centred step's, for any context of tokens of at most the given norm, any N.

        ``η β² · 2κρ · (2ρr)³ / 47``: 6.7 with diam(V) ≤ 2κρ and a range of scores of at most 2ρr.

        Args:
            beta: β.
            token_norm: ρ, a bound on each ``‖[x; y]‖``.
            query_norm: r, a bound on ``‖q‖``.
        """
        rho, r = _norm("token_norm", token_norm), _norm("query_norm", query_norm)
        diameter, steepness = 2 * _value_norm(self.initial) * rho, _ball("beta", beta)
        rate = abs(_ball("learning_rate", self.learning_rate))
        return _upper(rate * steepness * steepness * diameter * (2 * rho * r) ** 3 / 47)


@dataclass(frozen=True, eq=False)
class SoftmaxPairWithSink:
    """Two heads at ±β and a sink token: to leading order one plain gradient step (statement 6.9).

    Tokens have a third part, a constant 1 (see `with_constant`); the sink is the zero token (see `with_sink`). The constant lowers every
    score but the sink's by b, which is a sink's score of b.

    Attributes:
        pair: the heads without the sink.
        context: N, the number of context tokens, the sink not counted.
    """

    pair: SoftmaxPair
    context: Scalar

    def layer(self, beta: Rate, sink: Rate) -> Layer[Matrix]:
        """As the pair on the first two parts of a token, but ``P = ±(η e^b / 2βN) [0; I; 0]``; a row more: key 1, query −b on the constant.

        Raises TypeError in a reading that has no e^b, ValueError where e^b overflows.
        """
        algebra = self.pair.algebra
        height = built_rate("sink", sink, algebra)
        grown = _exponential(height, algebra)
        unit, zeros = algebra.eye(1), algebra.zeros

        def with_bias(head: Head[Matrix]) -> Head[Matrix]:
            (blind,) = padded(Layer((head,)), 1).heads
            d = (self.pair.d_x, self.pair.d_y)
            constant = algebra.block([[*(zeros(1, size) for size in d), unit]])
            return Head(
                key=algebra.block([[blind.key], [constant]]),
                query=algebra.block([[blind.query], [-(height * constant)]]),
                value=blind.value,
                projection=(grown / self.context) * blind.projection,
            )

        return Layer(tuple(with_bias(head) for head in self.pair.layer(beta).heads))

    def error_bound(self, beta: Real, sink: Real, token_norm: Real, query_norm: Real) -> float:
        """How far the prediction is, at most, from the step's of 2.1, for any context of N tokens of at most the given norm.

        ``(η/N) · (β²/6 · cosh(βR) Nκρ R³ + 2 e^{−b} e^{2βR} N²κρ R)``, R = ρr: 6.9 with ``‖v_i‖ ≤ κρ`` and ``|z_i| ≤ R``.

        Args:
            beta, sink: β and b.
            token_norm, query_norm: as for `SoftmaxPair.error_bound`; the constant part is not counted.
        """
        rho, r = _norm("token_norm", token_norm), _norm("query_norm", query_norm)
        rate, steepness = abs(_ball("learning_rate", self.pair.learning_rate)), abs(_ball("beta", beta))
        count, reach, largest = _ball("context", self.context), rho * r, _value_norm(self.pair.initial) * rho
        curved = steepness * steepness / 6 * (steepness * reach).cosh() * count * largest * reach**3
        drained = 2 * (2 * steepness * reach - _ball("sink", sink)).exp() * count**2 * largest * reach
        return _upper(rate / count * (curved + drained))


def softmax_pair(d_x: Part, d_y: Part, *, learning_rate: Rate, initial: Matrix | None = None, algebra: Algebra = exact) -> SoftmaxPair:
    """Two softmax heads at opposite inverse temperatures: to leading order one centred step (statements 6.7 and 6.8).

    There is no context size, as softmax averages by itself.

    Args:
        d_x, d_y: rows of the inputs and of the targets.
        learning_rate: η, a scalar of the algebra, a number, text such as "1/10", or in the exact algebra a symbol's name.
        initial: W₀, d_y x d_x; zero if not given.
        algebra: the reading to build in; exact by default.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    start = built_initial(initial, d_x, d_y, algebra)
    return SoftmaxPair(d_x, d_y, built_rate("learning_rate", learning_rate, algebra), start, algebra)


def softmax_pair_with_sink(
    d_x: Part, d_y: Part, *, learning_rate: Rate, context: Rate | Size, initial: Matrix | None = None, algebra: Algebra = exact
) -> SoftmaxPairWithSink:
    """Two softmax heads at opposite inverse temperatures and a sink token: to leading order one plain step (statement 6.9).

    Args:
        d_x, d_y: rows of the inputs and of the targets.
        learning_rate: η, a scalar of the algebra, a number, text such as "1/10", or in the exact algebra a symbol's name.
        context: N, a whole number or in the exact algebra a symbol; the sink is not counted.
        initial: W₀, d_y x d_x; zero if not given.
        algebra: the reading to build in; exact by default.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    pair = softmax_pair(d_x, d_y, learning_rate=learning_rate, initial=initial, algebra=algebra)
    return SoftmaxPairWithSink(pair, built_count(context, algebra))


def _steepness(beta: Rate, algebra: Algebra) -> Scalar:
    steepness = built_rate("beta", beta, algebra)
    if steepness.contains(0) if isinstance(steepness, flint.arb) else is_concrete(steepness) and steepness == 0:
        raise ValueError(f"beta: expected a number that is not 0, got {steepness}; the limit β → 0 is the centred step (statement 6.7)")
    return steepness


def _exponential(height: Scalar, algebra: Algebra) -> Scalar:
    """e^b, in the readings of real numbers."""
    if isinstance(algebra, Exact):
        return sympy.exp(height)
    if isinstance(height, flint.arb):
        return height.exp()
    if not isinstance(algebra, Numeric):
        raise TypeError(f"sink: e^b is no number of the {algebra.name} reading; build the layer in the exact, ball or numeric one")
    with np.errstate(over="ignore"):
        grown = algebra.library.exp(algebra.library.asarray(height, dtype=algebra.dtype))
    if is_concrete(grown) and not np.isfinite(grown):
        raise ValueError(f"sink: e^b overflows {algebra.dtype} at b = {height}")
    return grown


def _ball(name: str, value: object) -> flint.arb:
    """A given number, enclosed; a float is taken for what it is, not for its shortest decimal."""
    plain = np.asarray(value).item() if hasattr(value, "dtype") else value
    if not isinstance(plain, float | flint.arb | flint.fmpq):
        try:
            number = rational(plain)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: expected a finite number for a bound, got {value!r}") from None
        plain = flint.fmpq(number.numerator, number.denominator)
    if not (ball := flint.arb(plain)).is_finite():
        raise ValueError(f"{name}: expected a finite number for a bound, got {value}")
    return ball


def _norm(name: str, value: object) -> flint.arb:
    ball = _ball(name, value)
    if not ball >= 0:
        raise ValueError(f"{name}: expected a number that is not negative, got {value}")
    return ball


def _value_norm(initial: Matrix) -> flint.arb:
    """``κ = ‖[W₀, −I]‖₂ = √(1 + ‖W₀‖₂²)``, with the Frobenius norm, which is at least the spectral one."""
    if isinstance(initial, Blocked) and not isinstance(initial.algebra, Flint):
        raise TypeError(f"initial: expected numbers for a bound, got a matrix of the {initial.algebra.name} reading")
    entries = chain(*dense(initial)) if isinstance(initial, Blocked) else np.asarray(initial, dtype=object).flat
    balls = [_ball("initial", entry) for entry in entries]
    squares = (ball * ball for ball in balls)  # ball**2 is NaN if 0 is within
    return sum(squares, flint.arb(1)).sqrt()


def _upper(bound: flint.arb) -> float:
    """A float that is certainly not below the bound; infinity where nothing is known."""
    above = float(bound.upper())
    return math.inf if math.isnan(above) else math.nextafter(above, math.inf)
