"""What layers do to a spectrum.

Every curve is drawn from the layers themselves: a context ``X = diag(√λ)``, ``Y = 1ᵀ`` holds one eigenvector of XᵀX for each λ, so after
K layers the y-part of token i is the factor by which the residual along the i-th eigenvector has changed (statement 3.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from equivalence.algebras import Numeric
from equivalence.checks import checked_count, checked_positive
from equivalence.models.attention.linear import stack
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.descent.newton import newton_inverse_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import tokens
from equivalence.plots.figures import empty

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 201
BETWEEN = 10
LEAST = 1e-6


def gdpp_spectrum(gammas: Sequence[float], largest: float) -> Figure:
    r"""Where one layer of GD++ sends an eigenvalue λ of XᵀX: ``λ(1 − γλ)²``, a curve for each γ (statements 3.5 and 3.7).

    Dots mark the interior maxima, ``4/(27γ)`` at ``1/(3γ)``; the dashed line is no change.

    Args:
        gammas: each γ, positive; at least one.
        largest: λ is drawn from 0 to here.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    if len(gammas) == 0:
        raise ValueError("gammas: expected at least one number, got none")
    eigenvalues = _grid(largest)
    figure, axes = empty("GD++ moves the spectrum", "eigenvalue λ of XᵀX", "after one layer, λ(1 − γλ)²")
    axes.plot(eigenvalues, eigenvalues, color="0.6", linestyle="--", label="unchanged")
    for gamma in gammas:
        correction = checked_positive("gammas", gamma)
        moved, _ = through([_gdpp(len(eigenvalues), 0.0, correction)], eigenvalues)
        (line,) = axes.plot(eigenvalues, moved, label=f"γ = {gamma:g}")
        if 1 / (3 * correction) <= largest:
            axes.plot([1 / (3 * correction)], [4 / (27 * correction)], "o", color=line.get_color())
    axes.set_ylim(0, largest)
    axes.legend()
    return figure


def residual_polynomials(depths: Sequence[int], *, step: float, gamma: float, largest: float) -> Figure:
    r"""What K layers leave of the residual along an eigenvector of XᵀX with eigenvalue λ: ``∏_{t<K} (1 − sλ_t)`` (statement 3.5).

    Dashed: gradient descent, ``λ_t = λ``, degree K in λ. Solid: GD++, ``λ_{t+1} = λ_t(1 − γλ_t)²``, degree (3^K − 1)/2.

    Args:
        depths: each K, at least 1; at least one of them.
        step: s = η/N, positive.
        gamma: γ, positive.
        largest: λ is drawn from 0 to here.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    if len(depths) == 0:
        raise ValueError("depths: expected at least one number of layers, got none")
    eigenvalues = _grid(largest)
    size, rate, correction = len(eigenvalues), checked_positive("step", step), checked_positive("gamma", gamma)
    figure, axes = empty(f"s = {step:g}, γ = {gamma:g}", "eigenvalue λ of XᵀX", "part of the residual that is left")
    axes.axhline(0, color="0.6", linewidth=0.8)
    for depth in depths:
        checked_count("depths", depth)
        _, descended = through([_gd(size, rate)] * depth, eigenvalues)
        _, corrected = through([_gdpp(size, rate, correction)] * depth, eigenvalues)
        (line,) = axes.plot(eigenvalues, corrected, label=f"GD++, K = {depth}")
        axes.plot(eigenvalues, descended, color=line.get_color(), linestyle="--", label=f"GD, K = {depth}")
    axes.legend()
    return figure


def newton_beside_layers(depth: int, *, step: float, gamma: float, largest: float) -> Figure:
    r"""What K layers of GD, K layers of GD++ and K steps of Newton's iteration leave of the residual along an eigenvector (statement 10.6).

    In absolute value, logarithmic. Newton's iteration begins at ``M = sI``; dots are 2^K layers of GD, which lie on its curve.

    Args:
        depth: K, at least 1.
        step: s = η/N, positive.
        gamma: γ, positive.
        largest: λ is drawn from 0 to here.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    eigenvalues, K = _grid(largest), checked_count("depth", depth)
    size, rate, correction = len(eigenvalues), checked_positive("step", step), checked_positive("gamma", gamma)
    figure, axes = empty(f"K = {K}, s = {step:g}, γ = {gamma:g}", "eigenvalue λ of XᵀX", "size of what is left of the residual")
    curves = {
        f"GD, degree {K}": through([_gd(size, rate)] * K, eigenvalues)[1],
        f"GD++, degree {(3**K - 1) // 2}": through([_gdpp(size, rate, correction)] * K, eigenvalues)[1],
        f"Newton, degree {2**K}": newton_left(K, rate, eigenvalues),
    }
    for label, left in curves.items():
        axes.semilogy(eigenvalues, abs(left), label=label)
    _, many = through([_gd(size, rate)] * 2**K, eigenvalues)
    axes.semilogy(eigenvalues[::BETWEEN], abs(many[::BETWEEN]), "k.", label=f"GD, {2**K} layers")
    axes.set_ylim(LEAST, None)
    axes.legend()
    return figure


def newton_left(steps: int, rate: float, eigenvalues: np.ndarray) -> np.ndarray:
    """The diagonal of ``I − SM`` after so many steps from ``M = sI``, S = diag(λ)."""
    matrix, approximation = np.diag(eigenvalues), rate * np.eye(len(eigenvalues))
    for _ in range(steps):
        approximation = newton_inverse_step(approximation, matrix)
    left: np.ndarray = 1 - np.diag(matrix @ approximation)
    return left


def through(layers: Sequence[Layer], eigenvalues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What layers make of each eigenvalue of XᵀX, and of the residual 1 along its eigenvector; W₀ = 0.

    Args:
        layers: for tokens of n inputs and one target.
        eigenvalues: n numbers of at least 0.
    """
    size = len(eigenvalues)
    context = tokens(np.diag(np.sqrt(eigenvalues)), np.ones((1, size)))
    after, _ = stack(layers, context, context)
    return np.diag(after[:size]) ** 2, after[size]


def _gd(size: int, step: float) -> Layer:
    return gd_layer(size, 1, learning_rate=step * size, context=size, algebra=Numeric(np, float))


def _gdpp(size: int, step: float, gamma: float) -> Layer:
    return gdpp_layer(size, 1, learning_rate=step * size, gamma=gamma, context=size, algebra=Numeric(np, float))


def _grid(largest: float) -> np.ndarray:
    return np.linspace(0.0, checked_positive("largest", largest), POINTS)
