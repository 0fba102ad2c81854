r"""Energies and fields in two dimensions: what attention descends on, and where it descends on nothing (statements 7.1 to 7.4).

Arrows and paths are made by running layers; heights come from the losses of `descent`, or from an expression that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import sympy

from equivalence.algebras import Numeric
from equivalence.checks import checked_count, checked_matrix, checked_positive
from equivalence.extras import extra
from equivalence.models.attention.linear import linear_attention
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient, gradient_step, loss
from equivalence.models.heads import Layer
from equivalence.models.tokens import tokens
from equivalence.plots.figures import Described, empty

with extra("plots"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRID, ARROWS, CIRCLE = 61, 13, 256
SQUARE = (4.4, 4.2)
FLOATS = Numeric(np, float)

Program = Callable[[Layer[np.ndarray], np.ndarray, np.ndarray], np.ndarray]
"""What a layer writes on query tokens, from a context."""


def energy_paths(
    energy: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol], layer: Layer, context: np.ndarray, starts: np.ndarray, *, steps: int
) -> Figure:
    """An energy of two variables, and the paths of the softmax layer without residual, ``ξ ← A C softmax(CᵀBξ)`` (statement 7.1).

    Squares mark the context tokens, dots where the paths begin.

    Args:
        energy: an expression in the variables.
        variables: the coordinates of ξ.
        layer: on tokens of two rows.
        context: 2 x N.
        starts: a column for each path, 2 x M.
        steps: how many updates, at least 1.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    _check_plane(context=context, starts=starts)
    if not isinstance(energy, sympy.Expr):
        raise TypeError(f"energy: expected a SymPy expression, got {energy!r} of type {type(energy).__name__}")
    if extra := energy.free_symbols - set(variables):
        raise ValueError(f"energy: expected an expression in {variables} alone, got {', '.join(sorted(map(str, extra)))} besides")
    path = [starts]
    for _ in range(checked_count("steps", steps)):
        path.append(softmax_update(layer, context, path[-1]))
    figure, axes = empty("Energy and softmax updates", *(f"${sympy.latex(variable)}$" for variable in variables), size=SQUARE)
    _terrain(axes, sympy.lambdify(variables, energy, "numpy"), _reach(context, starts))
    _paths(axes, np.array(path))
    axes.plot(*context, "s", color="C1", markersize=7, label="context tokens")
    return _finished(figure, axes)


def token_fields(
    fields: Mapping[str, tuple[Program, Layer[np.ndarray]]],
    context: np.ndarray,
    *,
    reach: float,
) -> Figure:
    r"""What layers write on a query token of two rows, as a field of arrows, and the work ∮ F·dq once around a circle (statement 7.2).

    For a gradient field the work is 0 around every closed path.

    Args:
        fields: by title, `update` or `softmax_update`, and the layer that it runs; at least one.
        context: 2 x N.
        reach: both coordinates go from −reach to reach; the circle has three quarters of it for radius.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    if not fields:
        raise ValueError("fields: expected at least one, got none")
    _check_plane(context=context)
    reach = checked_positive("reach", reach)
    figure = Described(figsize=(3.6 * len(fields), 4.2), layout="constrained")
    for axes, (title, (program, layer)) in zip(figure.subplots(1, len(fields), squeeze=False)[0], fields.items(), strict=True):
        points = _grid(reach, ARROWS).reshape(2, -1)
        axes.quiver(*points, *program(layer, context, points), angles="xy", pivot="mid", color="C0")
        circle, along = _circle(0.75 * reach)
        work = np.sum(program(layer, context, circle) * along).item()
        axes.plot(*np.hstack([circle, circle[:, :1]]), color="C3")
        axes.set(title=f"{title}\nwork around the circle: {round(work, 3) + 0.0:.3f}", xlabel="first row", ylabel="second row")
        axes.set(aspect="equal", xlim=(-1.2 * reach, 1.2 * reach), ylim=(-1.2 * reach, 1.2 * reach))
    return figure


def weighted_squares(values: np.ndarray, scores: np.ndarray, starts: np.ndarray) -> Figure:
    r"""The loss ``½ Σ e^{z_i}‖v − v_i‖²`` over v, one step of rate 1/Z from each start, and what softmax attention writes (statement 7.3).

    It is least squares with one input, ``x_i = e^{z_i/2}``, and targets ``x_i v_i``, so the loss and the step are those of `descent`.

    Args:
        values: v_i, 2 x N.
        scores: z, N x 1.
        starts: a column for each step, 2 x M.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    _check_plane(values=values, starts=starts)
    count = values.shape[1]
    checked_matrix("scores", scores, (count, 1))
    with np.errstate(over="ignore", under="ignore"):
        normaliser = np.exp(scores).sum()
    if not 0 < normaliser < np.inf:
        raise ValueError(f"scores: expected scores whose exponentials are floats, got {scores.min():g} to {scores.max():g}")
    inputs = np.exp(scores.T / 2)
    targets, rate = values * inputs, count / normaliser
    ends = np.hstack([gradient_step(start[:, None], inputs, targets, rate) for start in starts.T])
    figure, axes = empty("One step in the space of values", "first value", "second value", size=SQUARE)
    _terrain(axes, _on_grid(lambda v: count * loss(v, inputs, targets)), _reach(values, starts))
    _paths(axes, np.array([starts, ends]))
    weights = FLOATS.weights(scores)
    axes.scatter(values[0], values[1], s=20 + 400 * weights[:, 0], color="C1", label="values; area: softmax weight")
    axes.plot(*(values @ weights), "*", color="C3", markersize=14, label="softmax attention")
    return _finished(figure, axes)


def target_paths(inputs: np.ndarray, initial: np.ndarray, starts: np.ndarray, *, learning_rate: float, steps: int) -> Figure:
    r"""Two targets as layers 2.1 move them, on the loss ``½‖(Y − W₀X)Xᵀ‖² = (N²/2)‖∇L(W₀)‖²`` (statement 7.4); N = 2, d_y = 1.

    Args:
        inputs: X, d_x x 2.
        initial: W₀, 1 x d_x.
        starts: a column of two targets for each path, 2 x M.
        learning_rate: η, positive.
        steps: how many layers, at least 1.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    _check_plane(starts=starts)
    d_x, count = checked_matrix("inputs", inputs, (None, 2)).shape
    checked_matrix("initial", initial, (1, d_x))
    rate = checked_positive("learning_rate", learning_rate)
    layer = gd_layer(d_x, 1, learning_rate=rate, context=count, initial=initial, algebra=FLOATS)
    contexts = [[tokens(inputs, start[None]) for start in starts.T]]
    for _ in range(checked_count("steps", steps)):
        contexts.append([linear_attention(layer, context, context)[0] for context in contexts[-1]])
    path = np.array([np.column_stack([context[d_x] for context in layers]) for layers in contexts])
    fitted = initial @ inputs
    figure, axes = empty("Targets under layers 2.1", "first target", "second target", size=SQUARE)
    heights = _on_grid(lambda targets: count**2 / 2 * np.sum(gradient(initial, inputs, targets.T) ** 2))
    _terrain(axes, heights, _reach(path, fitted))
    _paths(axes, path)
    axes.plot(*fitted.T, "*", color="C3", markersize=14, label="what W₀ predicts, W₀X")
    return _finished(figure, axes)


def _on_grid(height: Callable[[np.ndarray], float | np.ndarray]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A height of a column of two, for all points of a grid."""
    return np.vectorize(lambda across, up: height(np.array([[across], [up]])))


def _grid(reach: float, size: int) -> np.ndarray:
    """The coordinates of the points, 2 x size x size."""
    line = np.linspace(-reach, reach, size)
    return np.array(np.meshgrid(line, line))


def _reach(*points: np.ndarray) -> float:
    """A little beyond all coordinates."""
    return 1.2 * float(max(np.abs(coordinates).max() for coordinates in points)) or 1.0


def _circle(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and the pieces of the path at them, 2 x CIRCLE: the trapezoid rule, which converges faster than any power on a circle."""
    angles = 2 * np.pi * np.arange(CIRCLE) / CIRCLE
    return radius * np.array([np.cos(angles), np.sin(angles)]), 2 * np.pi * radius / CIRCLE * np.array([-np.sin(angles), np.cos(angles)])


def _terrain(axes: Axes, height: Callable[[np.ndarray, np.ndarray], float | np.ndarray], reach: float) -> None:
    """Heights as shades and level lines, every third with its height; levels are closer at the bottom, where the paths end."""
    across, up = _grid(reach, GRID)
    heights = np.broadcast_to(height(across, up), across.shape)
    low, high = heights.min(), heights.max()
    axes.pcolormesh(across, up, heights, shading="gouraud", cmap="Blues", vmin=low, vmax=2 * high - low, rasterized=True)
    if high > low:
        levels = low + (high - low) * np.linspace(0, 1, 14)[1:-1] ** 2
        lines = axes.contour(across, up, heights, levels=levels, colors="0.5", linewidths=0.7, linestyles="solid")
        axes.clabel(lines, levels=levels[::3], fmt="%.3g", fontsize="x-small", colors="0.3")
    axes.set(aspect="equal")


def _paths(axes: Axes, points: np.ndarray) -> None:
    """Paths of points, steps x 2 x paths."""
    for number, path in enumerate(np.moveaxis(points, 2, 0)):
        axes.plot(*path.T, ".-", color="0", linewidth=1, label=None if number else "path")
        axes.plot(*path[0], "o", color="0", label=None if number else "start")


def _finished(figure: Figure, axes: Axes) -> Figure:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _check_plane(**matrices: np.ndarray) -> None:
    for name, matrix in matrices.items():
        checked_matrix(name, matrix, (2, None))
