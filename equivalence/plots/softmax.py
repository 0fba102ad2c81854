r"""How far softmax heads are from a gradient step, on one context and one query (statements 6.4 to 6.9).

Every curve is the layer run in the ball reading at 256 bits, so that what is drawn is known to more digits than a float has: two heads
at ±β subtract numbers that are nearly equal, and floats would show their own rounding instead, some ε/β of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import flint
import numpy as np

from equivalence.algebras import HasValues, Matrix, Numeric, Scalar
from equivalence.algebras.ball import Ball
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import dense
from equivalence.checks import checked_matrix, checked_positive, checked_rate
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.softmax import softmax_pair, softmax_pair_with_sink
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens, with_constant, with_sink
from equivalence.plots.figures import empty, increasing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BITS = 256


@dataclass(frozen=True, eq=False)
class Problem:
    """A context, a query, and the step that is to be taken.

    Attributes:
        inputs: X, d_x x N.
        targets: Y, d_y x N.
        query: q, d_x x 1.
        initial: W₀, d_y x d_x.
        learning_rate: η, positive.

    Raises:
        ValueError, TypeError: naming the attribute.
    """

    inputs: np.ndarray
    targets: np.ndarray
    query: np.ndarray
    initial: np.ndarray
    learning_rate: float

    def __post_init__(self) -> None:
        d_x, count = checked_matrix("inputs", self.inputs, (None, None)).shape
        d_y, _ = checked_matrix("targets", self.targets, (None, count)).shape
        checked_matrix("query", self.query, (d_x, 1))
        checked_matrix("initial", self.initial, (d_y, d_x))
        checked_positive("learning_rate", self.learning_rate)

    def scaled(self, factor: float) -> Problem:
        """Context and query token times λ, as in 6.4."""
        return replace(self, inputs=factor * self.inputs, targets=factor * self.targets, query=factor * self.query)


class Reading:
    """A problem in an algebra of real numbers, and what layers and steps make of it there: predictions, d_y x 1."""

    def __init__(self, problem: Problem, algebra: HasValues):
        self.algebra, self.eta = algebra, algebra.scalar(Fraction(problem.learning_rate))
        self.X, self.Y, self.q, self.W0 = (
            algebra.value([[Fraction(entry) for entry in row] for row in array.tolist()])
            for array in (problem.inputs, problem.targets, problem.query, problem.initial)
        )
        self.d_y, self.d_x = problem.initial.shape
        self.context, self.asked = tokens(self.X, self.Y), query_tokens(self.W0, self.q)
        count = problem.inputs.shape[1]
        self.pair = softmax_pair(self.d_x, self.d_y, learning_rate=self.eta, initial=self.W0, algebra=algebra)
        self.pair_with_sink = softmax_pair_with_sink(
            self.d_x, self.d_y, learning_rate=self.eta, context=count, initial=self.W0, algebra=algebra
        )

    def step(self) -> Matrix:
        """Of one gradient step."""
        return gradient_step(self.W0, self.X, self.Y, self.eta) @ self.q

    def centred(self) -> Matrix:
        """Of one centred step (6.8)."""
        return centred_step(self.W0, self.X, self.Y, self.eta) @ self.q

    def two_heads(self, beta: float) -> Matrix:
        """Of two heads at ±β."""
        return self._predicted(self.pair.layer(self._scalar(beta)))

    def one_head(self, beta: float, *, grown: bool) -> Matrix:
        """Of the first of the two heads alone, with ``P = (η/β)I`` if grown, else ``P = ηI``."""
        first, _ = self.pair.layer(self._scalar(beta)).heads
        factor = self._scalar(2 if grown else 2 * Fraction(beta))
        return self._predicted(Layer((first._replace(projection=factor * first.projection),)))

    def with_sink(self, beta: float, sink: float) -> Matrix:
        """Of two heads at ±β and a sink of score b."""
        layer, asked = self.pair_with_sink.layer(self._scalar(beta), self._scalar(sink)), with_constant(self.asked)
        change = softmax_update(layer, with_sink(with_constant(self.context)), asked)
        d = (self.d_x, self.d_y)
        return prediction(self.algebra.block([[self.algebra.eye(d), self.algebra.zeros(d, 1)]]) @ (asked + change), *d)

    def norms(self) -> tuple[flint.arb, flint.arb]:
        """ρ, the largest norm of a context token, and r, the query's; in balls."""
        return _largest_norm(self.context), _largest_norm(self.q)

    def _predicted(self, layer: Layer[Matrix]) -> Matrix:
        return prediction(self.asked + softmax_update(layer, self.context, self.asked), self.d_x, self.d_y)

    def _scalar(self, value: float | Fraction) -> Scalar:
        return self.algebra.scalar(Fraction(value))


def errors_to_step(problem: Problem, betas: Sequence[float], *, sink: float) -> Figure:
    r"""How far softmax is from one gradient step, against β: one head, two heads at ±β, and two with a sink (statements 6.6 to 6.9).

    The legend gives each curve's slope at its left end. Thin lines: what 6.8 foretells for two heads, the step minus the centred step, and
    the bound of 6.9 for the sink. Grey: below the cancellation floor, where floats would see rounding only.

    Args:
        problem: the context, the query and the step.
        betas: each β, positive and increasing; at least two.
        sink: b, the sink's score.

    Raises:
        ValueError, TypeError: naming the argument; or what cannot be told from 0 at 256 bits.
    """
    betas, sink = increasing("betas", betas), float(checked_rate("sink", sink))
    figure, axes = empty("Distance to the gradient step", "inverse temperature β", "distance of the predictions", size=(6.4, 4.8))
    programs: dict[str, Callable[[Reading, float], Matrix]] = {
        "one head, P = (η/β)I": lambda read, beta: read.one_head(beta, grown=True),
        "one head, P = ηI": lambda read, beta: read.one_head(beta, grown=False),
        "two heads at ±β": lambda read, beta: read.two_heads(beta),
        f"two heads and a sink, b = {sink:g}": lambda read, beta: read.with_sink(beta, sink),
    }
    with flint.ctx.workprec(BITS):
        read = Reading(problem, Ball())
        plateau = _sharp("step minus centred step", _largest_norm(read.step() - read.centred()))
        axes.axhline(plateau, color="0", linestyle="--", zorder=3, label="foretold by 6.8: step minus centred step")
        for label, program in programs.items():
            errors = [_sharp(label, _largest_norm(program(read, beta) - read.step())) for beta in betas]
            axes.plot(betas, errors, label=f"{label}: slope {_slope(betas[:2], errors[:2])}")
        bounds = [read.pair_with_sink.error_bound(beta, sink, *read.norms()) for beta in betas]
        floor = _floor(read, betas)
    _log_log(figure, axes, betas, bounds, "bound of 6.9", floor)
    return figure


def errors_to_centred_step(problem: Problem, betas: Sequence[float]) -> Figure:
    r"""How far two heads at ±β are from one *centred* step, against β, with the bound of 6.7 (statements 6.7 and 6.8).

    Dots: the same heads in NumPy floats, which fall on the curve above the cancellation floor and off it below.

    Args:
        problem, betas: as for `errors_to_step`.

    Raises:
        ValueError, TypeError: as `errors_to_step`.
    """
    betas = increasing("betas", betas)
    figure, axes = empty("Distance of two heads to the centred step", "inverse temperature β", "distance of the predictions")
    with flint.ctx.workprec(BITS):
        read = Reading(problem, Ball())
        errors = [_sharp("two heads minus centred step", _largest_norm(read.two_heads(beta) - read.centred())) for beta in betas]
        floor = _floor(read, betas)
        bounds = [read.pair.error_bound(beta, *read.norms()) for beta in betas]
    in_floats = Reading(problem, Numeric(np, float))
    distances = [np.linalg.norm(np.asarray(in_floats.two_heads(beta) - in_floats.centred())) for beta in betas]
    axes.plot(betas, distances, ".", color="0.4", label="the same in floats")
    axes.plot(betas, errors, label=f"two heads at ±β: slope {_slope(betas[:2], errors[:2])}")
    _log_log(figure, axes, betas, bounds, "bound of 6.7", floor)
    return figure


def growth(problem: Problem, factors: Sequence[float], *, beta: float) -> Figure:
    r"""The update of the prediction on tokens times λ: by the step, by softmax in the weights of 2.1, and by two heads at ±β (6.4).

    The legend gives each curve's slope at its right end.

    Args:
        problem: the context, the query and the step, at λ = 1.
        factors: each λ, positive and increasing; at least two.
        beta: β, positive.

    Raises:
        ValueError, TypeError: as `errors_to_step`.
    """
    factors, beta = increasing("factors", factors), checked_positive("beta", beta)
    figure, axes = empty("Tokens times λ", "λ", "change of the prediction")
    programs: dict[str, Callable[[Reading], Matrix]] = {
        "gradient step": Reading.step,
        f"two softmax heads at β = {beta:g}": lambda read: read.two_heads(beta),
        "one softmax head, P = ηI": lambda read: read.one_head(1.0, grown=False),
    }
    with flint.ctx.workprec(BITS):
        reads = [Reading(problem.scaled(factor), Ball()) for factor in factors]
        for label, program in programs.items():
            sizes = [_sharp(label, _largest_norm(program(read) - read.W0 @ read.q)) for read in reads]
            axes.loglog(factors, sizes, label=f"{label}: slope {_slope(factors[-2:], sizes[-2:])}")
    axes.legend()
    return figure


def _sharp(name: str, ball: flint.arb) -> float:
    """A distance that is known to the last digit of a float, and not 0, which a logarithm cannot show."""
    if not ball > 0 or ball.rel_accuracy_bits() < 53:
        raise ValueError(f"{name}: expected a distance that {BITS} bits tell from 0 to the digits of a float, got {ball}")
    return float(ball)


def _slope(across: Sequence[float], up: Sequence[float]) -> str:
    """Between two points of a log–log plot."""
    slope = np.diff(np.log(up)) / np.diff(np.log(across))
    return f"{round(slope.item(), 2) + 0.0:.2f}"  # + 0.0 makes a zero of a minus zero


def _floor(read: Reading, betas: Sequence[float]) -> list[float]:
    """ε times the most that one head can write, ``(η/β) max‖W₀x_i − y_i‖``: a measure of what floats lose, not a bound."""
    most = float(_largest_norm(read.eta * (read.W0 @ read.X - read.Y)))
    return [float(np.finfo(float).eps) * most / beta for beta in betas]


def _largest_norm(columns: Matrix) -> flint.arb:
    """Of the columns of a matrix of balls."""
    gram = dense(cast(Blocked, columns.T @ columns))
    return max(row[i] for i, row in enumerate(gram)).sqrt()


def _log_log(figure: Figure, axes: Axes, betas: Sequence[float], bounds: Sequence[float], name: str, floor: Sequence[float]) -> None:
    """The last curve's bound, the floor and the legend; what is there already sets the scale."""
    axes.set(xscale="log", yscale="log", xlim=(betas[0], betas[-1]))
    low, high = axes.get_ylim()
    axes.plot(betas, bounds, color=axes.get_lines()[-1].get_color(), linestyle=":", label=name)
    axes.fill_between(betas, low, floor, color="0.85", label="below the cancellation floor of floats, ε/β")
    axes.set_ylim(low, high)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
