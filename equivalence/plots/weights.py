r"""What a head's weights amount to, before and after the freedom that changes nothing is taken out of them (statement 2.3).

A linear-attention head is the map ``C, q ↦ A C Cᵀ B q`` with ``A = P W_V`` and ``B = W_Kᵀ W_Q``. The four weights are known only up to
``(W_K, W_Q) → (TW_K, T⁻ᵀW_Q)`` and ``(P, W_V) → (PS, S⁻¹W_V)``, which the two products do not see; and (A, B) up to ``(cA, B/c)``.
"""

from __future__ import annotations

import numpy as np

from equivalence.checks import checked_count, checked_matrix, checked_rate
from equivalence.extras import extra
from equivalence.models.heads import Head, Layer
from equivalence.plots.figures import Described

with extra("plots"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

SIZE = (13.0, 7.0)
COLOURS = "RdBu_r"
Parts = tuple[int, ...]
"""How the rows or columns of a weight are parted: (d_x, d_y), or (d_k,) within a head, which has no x and y."""


def weight_maps(layer: Layer, *, d_x: int, d_y: int, gauge: float) -> Figure:
    """The weights of a head as heat maps; below, their products A and B, as they are and with the gauge taken out, ``A/c`` and ``cB``.

    All share one scale, symmetric about 0. A gradient step from W₀ = 0 shows as ``A/c = [∗, ∗; 0, −sI]`` and ``cB = [I, ∗; 0, ∗]``, where
    ∗ is free if only the predictions for queries [q; 0] matter. Lines part x from y.

    Args:
        layer: one head, exact or numeric, on tokens of d_x + d_y rows.
        d_x, d_y: rows of the inputs and of the targets.
        gauge: c, not 0, such as `recognise` finds.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    maps = _maps(layer, d_x, d_y, _gauge(gauge))
    largest = max(np.abs(values).max() for _, values, _, _ in maps) or 1.0
    figure = Described(figsize=SIZE, layout="constrained")
    axes = figure.subplots(2, 4).ravel()
    images = [_heat_map(map_axes, *drawn, largest) for map_axes, drawn in zip(axes, maps, strict=True)]
    figure.colorbar(images[0], ax=axes.tolist(), shrink=0.6)
    return figure


def _maps(layer: Layer, d_x: int, d_y: int, c: float) -> list[tuple[str, np.ndarray, Parts, Parts]]:
    """Titles, values, and how rows and columns are parted."""
    head, token = _one_head(layer, d_x, d_y), (d_x, d_y)
    A, B = head.output_value, head.key_query
    inner = ((len(head.key),), (len(head.value),))
    return [
        ("W_K", head.key, inner[0], token),
        ("W_Q", head.query, inner[0], token),
        ("W_V", head.value, inner[1], token),
        ("P", head.projection, token, inner[1]),
        ("A = P W_V", A, token, token),
        ("B = W_Kᵀ W_Q", B, token, token),
        (f"A/c, c = {c:.4g}", A / c, token, token),
        (f"cB, c = {c:.4g}", c * B, token, token),
    ]


def _one_head(layer: Layer, d_x: int, d_y: int) -> Head:
    for name, size in (("d_x", d_x), ("d_y", d_y)):
        checked_count(name, size)
    if len(layer.heads) != 1:
        raise ValueError(f"layer: expected one head, got {len(layer.heads)}; draw each by itself, with a gauge of its own")
    (head,) = layer.to_numpy().heads
    for name in ("key", "query", "value"):
        checked_matrix(f"layer: {name}", getattr(head, name), (None, d_x + d_y))
    checked_matrix("layer: query", head.query, head.key.shape)
    checked_matrix("layer: projection", head.projection, head.value.shape[::-1])
    return head


def _gauge(value: float) -> float:
    c = float(checked_rate("gauge", value))
    if c == 0:
        raise ValueError("gauge: expected a number other than 0, got 0")
    return c


def _heat_map(axes: Axes, title: str, values: np.ndarray, rows: Parts, columns: Parts, largest: float) -> AxesImage:
    image = axes.imshow(values, cmap=COLOURS, vmin=-largest, vmax=largest)
    axes.set_yticks(*_ticks(rows))
    axes.set_xticks(*_ticks(columns))
    axes.tick_params(length=0)
    for parts, line in ((rows, axes.axhline), (columns, axes.axvline)):
        if len(parts) == 2:
            line(parts[0] - 0.5, color="black", linewidth=0.8)
    axes.set_title(title)
    return image


def _ticks(parts: Parts) -> tuple[list[float], list[str]]:
    """X and y at the middle of their rows; nothing within a head."""
    if len(parts) == 1:
        return [], []
    d_x, d_y = parts
    return [(d_x - 1) / 2, d_x + (d_y - 1) / 2], ["x", "y"]
