"""What is drawn, against products summed in Fractions: small integers and powers of two, so that floats are exact and equality is asked."""

from fractions import Fraction

import numpy as np
import pytest
from matplotlib.figure import Figure

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.plots import weight_maps

D_X, D_Y, D_K, D_V = 3, 2, 4, 1
RNG = np.random.default_rng(0)
KEY, QUERY, VALUE, PROJECTION = (
    RNG.integers(-3, 4, shape).astype(float) for shape in ((D_K, D_X + D_Y), (D_K, D_X + D_Y), (D_V, D_X + D_Y), (D_X + D_Y, D_V))
)
LAYER = Layer((Head(KEY, QUERY, VALUE, PROJECTION),))
TITLES = ["W_K", "W_Q", "W_V", "P", "A = P W_V", "B = W_Kᵀ W_Q", "A/c, c = -0.5", "cB, c = -0.5"]


def maps_of(figure):
    """The axes that hold a heat map, by title."""
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def values_of(axes):
    (image,) = axes.get_images()
    return np.asarray(image.get_array())


def product(left, right, factor=1):
    """``factor · left · right``, entry by entry."""
    (rows, inner), columns = left.shape, right.shape[1]
    terms = [[[Fraction(left[i, k]) * Fraction(right[k, j]) for k in range(inner)] for j in range(columns)] for i in range(rows)]
    return np.array([[float(factor * sum(entry)) for entry in row] for row in terms])


def expected(c=Fraction(-1, 2)):
    pairs = {"A = P W_V": (PROJECTION, VALUE), "B = W_Kᵀ W_Q": (KEY.T, QUERY)}
    raw = {"W_K": KEY, "W_Q": QUERY, "W_V": VALUE, "P": PROJECTION}
    A, B = pairs.values()
    return raw | {title: product(*pair) for title, pair in pairs.items()} | {TITLES[6]: product(*A, 1 / c), TITLES[7]: product(*B, c)}


def wrong(figure):
    """The titles of the maps that do not show what they should."""
    maps = maps_of(figure)
    assert list(maps) == TITLES
    return [title for title, values in expected().items() if not np.array_equal(values_of(maps[title]), values)]


def test_every_map_shows_its_matrix():
    figure = weight_maps(LAYER, d_x=D_X, d_y=D_Y, gauge=-0.5)
    assert isinstance(figure, Figure)
    assert wrong(figure) == []


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"key": -KEY}, ["W_K", "B = W_Kᵀ W_Q", TITLES[7]]),
        ({"value": VALUE + np.eye(1, D_X + D_Y)}, ["W_V", "A = P W_V", TITLES[6]]),
        ({"key": 2 * KEY, "query": QUERY / 2}, ["W_K", "W_Q"]),  # the gauge inside, which the products do not see
        ({"projection": -PROJECTION, "value": -VALUE}, ["W_V", "P"]),
    ],
)
def test_a_changed_weight_is_seen_where_it_matters(change, seen):
    head = LAYER.heads[0]._replace(**change)
    assert wrong(weight_maps(Layer((head,)), d_x=D_X, d_y=D_Y, gauge=-0.5)) == seen


def test_all_maps_share_one_scale_symmetric_about_zero():
    figure = weight_maps(LAYER, d_x=D_X, d_y=D_Y, gauge=-0.5)
    largest = max(np.abs(values).max() for values in expected().values())
    limits = {axes.get_images()[0].get_clim() for axes in maps_of(figure).values()}
    assert limits == {(-largest, largest)}


def test_lines_and_labels_part_x_from_y():
    maps = maps_of(weight_maps(LAYER, d_x=D_X, d_y=D_Y, gauge=-0.5))

    def labels(axis):
        return [(tick.get_position(), tick.get_text()) for tick in axis.get_ticklabels()]

    for title, (rows, columns) in {"A = P W_V": (True, True), "W_K": (False, True), "P": (True, False)}.items():
        axes = maps[title]
        across, up = labels(axes.xaxis), labels(axes.yaxis)
        assert [(x, text) for (x, _), text in across] == ([(1.0, "x"), (3.5, "y")] if columns else [])
        assert [(y, text) for (_, y), text in up] == ([(1.0, "x"), (3.5, "y")] if rows else [])
        assert len(axes.get_lines()) == rows + columns


def test_the_construction_shows_as_its_blocks_and_zero_weights_are_drawn():
    s, c = 0.25, 4.0
    exact = gd_layer(2, 1, learning_rate="1/2", context=2)
    maps = maps_of(weight_maps(exact, d_x=2, d_y=1, gauge=c))
    assert values_of(maps["A/c, c = 4"]).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, -s / c]]
    assert values_of(maps["cB, c = 4"]).tolist() == [[c, 0, 0], [0, c, 0], [0, 0, 0]]
    blank = Layer((Head(*(np.zeros((3, 3)) for _ in range(4))),))
    assert maps_of(weight_maps(blank, d_x=2, d_y=1, gauge=1))["P"].get_images()[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer": Layer(LAYER.heads * 2)}, "layer: expected one head, got 2"),
        ({"d_x": 4}, r"layer: key: expected shape \('any', 6\), got \(4, 5\)"),
        ({"layer": Layer((Head(KEY[:2], QUERY, VALUE, PROJECTION),))}, r"layer: query: expected shape \(2, 5\), got \(4, 5\)"),
        ({"layer": Layer((Head(KEY, QUERY, VALUE, PROJECTION[:3]),))}, r"layer: projection: expected shape \(5, 1\), got \(3, 1\)"),
        ({"d_y": 0}, "d_y: expected a whole number, at least 1, got 0"),
        ({"gauge": 0.0}, "gauge: expected a number other than 0, got 0"),
        ({"gauge": float("nan")}, "gauge: expected a finite number, got nan"),
        ({"layer": Layer((Head(KEY, QUERY, VALUE * np.inf, PROJECTION),))}, "expected finite numbers"),
    ],
)
def test_bad_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        weight_maps(**{"layer": LAYER, "d_x": D_X, "d_y": D_Y, "gauge": 1.0} | change)
