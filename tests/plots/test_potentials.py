"""Heights, fields and paths against loops over tokens, and against the rounding that is possible.

Where the layer itself drew, the bound is that of the magnitude reading. Elsewhere it is ``2γ_64 Σ|terms|``: no number drawn or expected
here takes more than 64 roundings, at these sizes.
"""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import sympy

from equivalence.algebras import Numeric
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.models.attention.linear import update
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.plots import potentials
from equivalence.plots.potentials import energy_paths, target_paths, token_fields, weighted_squares

GAMMA = 64 * 2.0**-53 / (1 - 64 * 2.0**-53)
FLOATS = Numeric(np, float)
TOKENS = np.array([[1.0, -1.2, 0.3], [0.8, 0.5, -1.1]])
STARTS = np.array([[1.8, -0.1, -1.8, 0.4], [-0.4, 1.7, -0.5, 0.2]])
VALUES = np.array([[1.0, -1, 0.5, -0.7, 0], [1, 0.5, -1, -0.9, 0.1]])
SCORES = np.array([[1.0], [0], [0.3], [-1], [2.5]])
XI = sympy.symbols("xi_1:3")
BETA = 2


def layer_of(A, B):
    return Layer((Head(key=np.eye(2), query=B, value=A, projection=np.eye(2)),))


def softmax_of(scores):
    grown = [mpmath.exp(score) for score in scores]
    return [each / sum(grown) for each in grown]


def head_on(A, B, context, q):
    """``A C softmax(CᵀBq)`` by loops, in mpmath."""
    A, B, columns, q = ([[mpmath.mpf(e) for e in row] for row in np.asarray(each).tolist()] for each in (A, B, context.T, [q]))
    asked = [sum(b * e for b, e in zip(row, q[0], strict=True)) for row in B]
    weights = softmax_of([sum(c * e for c, e in zip(column, asked, strict=True)) for column in columns])
    mean = [sum(w * column[i] for w, column in zip(weights, columns, strict=True)) for i in range(2)]
    return np.array([float(sum(a * e for a, e in zip(row, mean, strict=True))) for row in A])


def allowed(program, layer, context, queries):
    """How far rounding can have moved what a program of these weights writes."""
    algebra = MagnitudeAlgebra(Numeric(np, float, {"C": context, "q": queries, **layer.heads[0]._asdict()}))

    def read(name, array):
        return algebra.generator(name, *array.shape)

    head = Head(*(read(name, weight) for name, weight in layer.heads[0]._asdict().items()))
    return program(Layer((head,)), read("C", context), read("q", queries)).bound()


def drawn_paths(figure):
    """Each path's points, steps x 2."""
    return [np.array(line.get_data()).T for line in figure.axes[0].get_lines() if line.get_marker() == "."]


def drawn_heights(figure):
    """The points of the shaded grid, and the heights there."""
    (mesh,) = [each for each in figure.axes[0].collections if hasattr(each, "get_coordinates")]
    return mesh.get_coordinates().reshape(-1, 2), np.asarray(mesh.get_array()).ravel()


def labelled(figure, label):
    (line,) = [line for line in figure.axes[0].get_lines() if line.get_label() == label]
    return np.array(line.get_data())[:, 0]


def hopfield_figure(layer=None, steps=3):
    xi, scores = sympy.Matrix(XI), sympy.Matrix(TOKENS.astype(object)).T * sympy.Matrix(XI)
    energy = xi.dot(xi) / 2 - sympy.log(sum(sympy.exp(BETA * score) for score in scores)) / BETA
    return energy_paths(energy, XI, layer or layer_of(np.eye(2), BETA * np.eye(2)), TOKENS, STARTS, steps=steps)


def test_energy_is_drawn_at_every_point():
    points, heights = drawn_heights(hopfield_figure())
    assert len(points) == 61**2
    for point, height in zip(points, heights, strict=True):
        scores = [BETA * math.fsum(a * b for a, b in zip(token, point, strict=True)) for token in TOKENS.T]
        largest = max(scores)
        lse = (largest + math.log(math.fsum(math.exp(score - largest) for score in scores))) / BETA
        square = math.fsum(each**2 for each in point) / 2
        assert abs(height - (square - lse)) <= 2 * GAMMA * (square + abs(lse) + (1 + sum_of_terms(point)) / BETA)


def sum_of_terms(point):
    """The largest ``β Σ|x||ξ|`` of a score: an exponential passes its rounding on as a factor, the logarithm as a summand."""
    return BETA * np.max(np.abs(TOKENS).T @ np.abs(point))


def outside(figure, expected_head):
    """The worst step of the paths in units of the rounding allowed."""
    worst = 0.0
    A, B = expected_head
    for path in drawn_paths(figure):
        for before, after in pairwise(path):
            bound = allowed(softmax_update, layer_of(*expected_head), TOKENS, before[:, None])[:, 0]
            worst = max(worst, np.max(np.abs(after - head_on(A, B, TOKENS, before)) / bound))
    return worst


def test_paths_are_softmax_updates_and_a_wrong_sign_is_seen():
    right = (np.eye(2), BETA * np.eye(2))
    figure = hopfield_figure()
    assert [len(path) for path in drawn_paths(figure)] == [4] * 4
    assert [path[0].tolist() for path in drawn_paths(figure)] == STARTS.T.tolist()
    assert outside(figure, right) <= 1
    assert outside(hopfield_figure(layer_of(-np.eye(2), BETA * np.eye(2))), right) > 1
    assert outside(hopfield_figure(layer_of(np.eye(2), np.eye(2))), right) > 1


CONTEXT = np.array([[1.0, 0.5, -1], [2, -1.5, 0.5]])
STEP = gd_layer(1, 1, learning_rate=1.0, context=3, initial=np.array([[0.5]]), algebra=FLOATS)
B = np.array([[1.0, 0.5], [0, -0.5]])
FIELDS = {
    "2.1": (update, STEP),
    "softmax": (softmax_update, STEP),
    "A = Bᵀ": (softmax_update, layer_of(B.T, B)),
    "A = B": (softmax_update, layer_of(B, B)),
}


def work_of(title):
    figure = token_fields({title: FIELDS[title]}, CONTEXT, reach=2.0)
    return figure.axes[0].get_title().partition(": ")[2]


def test_work_of_the_construction_is_the_step_times_the_area():
    residuals = [(0.5 * x - y, x) for x, y in CONTEXT.T.tolist()]
    curl = math.fsum(r * x for r, x in residuals) / 3  # −ΔW: 7.2
    assert work_of("2.1") == f"{curl * math.pi * 1.5**2:.3f}"
    assert not work_of("2.1").startswith(("0.000", "-0.000"))


def test_only_gradient_fields_do_no_work():
    assert work_of("A = Bᵀ") == "0.000"
    for title in ("softmax", "A = B"):
        (head,) = FIELDS[title][1].heads

        def along(angle, head=head):
            point = np.array([float(1.5 * mpmath.cos(angle)), float(1.5 * mpmath.sin(angle))])
            written = head_on(head.output_value, head.key_query, CONTEXT, point)
            return 1.5 * (-mpmath.sin(angle) * written[0] + mpmath.cos(angle) * written[1])

        work = mpmath.quad(along, [0, mpmath.pi / 2, mpmath.pi, 3 * mpmath.pi / 2, 2 * mpmath.pi])
        assert work_of(title) == f"{float(work):.3f}"
        assert abs(work) > 0.01


def test_arrows_are_what_the_head_writes():
    figure = token_fields(FIELDS, CONTEXT, reach=2.0)
    assert len(figure.axes) == 4
    arrows = figure.axes[2].collections[0]
    points = np.array([arrows.X, arrows.Y])
    assert points.shape == (2, 169)
    bounds = allowed(softmax_update, FIELDS["A = Bᵀ"][1], CONTEXT, points)
    for point, written, bound in zip(points.T, np.array([arrows.U, arrows.V]).T, bounds.T, strict=True):
        assert (np.abs(written - head_on(B.T, B, CONTEXT, point)) <= bound).all()


def landed(figure):
    """The worst distance of an end to softmax attention, in units of rounding: ``2|v₀| + Σ p_i |v_i|``, the terms of both."""
    star, found = labelled(figure, "softmax attention"), 0.0
    for path in drawn_paths(figure):
        terms = 2 * np.abs(path[0]) + 3 * np.abs(VALUES).max(axis=1)
        found = max(found, np.max(np.abs(path[-1] - star) / (2 * GAMMA * terms)))
    return found


def test_one_step_lands_on_softmax_attention_from_every_start_and_another_rate_does_not(monkeypatch):
    figure = weighted_squares(VALUES, SCORES, STARTS)
    weights = softmax_of([mpmath.mpf(score) for score in SCORES[:, 0]])
    mean = [float(sum(p * value for p, value in zip(weights, row, strict=True))) for row in VALUES]
    assert (np.abs(labelled(figure, "softmax attention") - mean) <= GAMMA * np.abs(VALUES).max()).all()
    assert landed(figure) <= 1
    step = potentials.gradient_step
    monkeypatch.setattr(potentials, "gradient_step", lambda v, X, Y, rate: step(v, X, Y, rate * 0.999))
    assert landed(weighted_squares(VALUES, SCORES, STARTS)) > 1


def test_the_weighted_loss_is_drawn_at_every_point():
    points, heights = drawn_heights(weighted_squares(VALUES, SCORES, STARTS))
    for point, height in zip(points, heights, strict=True):
        weights = [math.exp(score) / 2 for score in SCORES[:, 0]]
        pairs = [(w, a, b) for w, value in zip(weights, VALUES.T, strict=True) for a, b in zip(point, value, strict=True)]
        expected = math.fsum(w * (a - b) ** 2 for w, a, b in pairs)
        assert abs(height - expected) <= 2 * GAMMA * math.fsum(w * (abs(a) + abs(b)) ** 2 for w, a, b in pairs)


INPUTS, INITIAL = np.array([[1.0, 0.5], [0, 0.8], [-0.3, 0.2]]), np.array([[0.5, -0.5, 1]])
FITTED_TERMS = (np.abs(INITIAL) @ np.abs(INPUTS))[0]


def target_step(targets, rate):
    """``Y + (η/N)(W₀X − Y)XᵀX`` by loops, and the sum of its absolute terms."""
    after, sizes = [], []
    for target, x in zip(targets, INPUTS.T, strict=True):
        scores = [math.fsum(a * b for a, b in zip(x, other, strict=True)) for other in INPUTS.T]
        fitted = [math.fsum(w * a for w, a in zip(INITIAL[0], other, strict=True)) for other in INPUTS.T]
        after.append(target + rate / 2 * math.fsum((f - y) * k for f, y, k in zip(fitted, targets, scores, strict=True)))
        sizes.append(abs(target) + rate / 2 * ((FITTED_TERMS + np.abs(targets)) @ np.abs(INPUTS).T @ np.abs(x)))
    return np.array(after), np.array(sizes)


def strayed(figure):
    """The worst step in units of rounding, at η = ½."""
    worst = 0.0
    for before, after in (step for path in drawn_paths(figure) for step in pairwise(path)):
        expected, sizes = target_step(before, 0.5)
        worst = max(worst, np.max(np.abs(after - expected) / (2 * GAMMA * sizes)))
    return worst


def test_targets_take_the_step_of_7_4_and_a_doubled_rate_is_seen(monkeypatch):
    figure = target_paths(INPUTS, INITIAL, STARTS, learning_rate=0.5, steps=5)
    assert [len(path) for path in drawn_paths(figure)] == [6] * 4
    assert strayed(figure) <= 1
    monkeypatch.setattr(potentials, "gd_layer", lambda *sizes, learning_rate, **rest: gd_layer(*sizes, learning_rate=1.0, **rest))
    assert strayed(target_paths(INPUTS, INITIAL, STARTS, learning_rate=0.5, steps=5)) > 1


def test_the_loss_of_the_targets_is_drawn_at_every_point():
    figure = target_paths(INPUTS, INITIAL, STARTS, learning_rate=0.5, steps=1)
    fitted = [math.fsum(w * x for w, x in zip(INITIAL[0], column, strict=True)) for column in INPUTS.T]
    assert (np.abs(labelled(figure, "what W₀ predicts, W₀X") - fitted) <= GAMMA * FITTED_TERMS).all()
    points, heights = drawn_heights(figure)
    for point, height in zip(points, heights, strict=True):
        slopes = [math.fsum((y - f) * x for y, f, x in zip(point, fitted, row, strict=True)) for row in INPUTS]
        terms = np.abs(INPUTS) @ (np.abs(point) + FITTED_TERMS)
        assert abs(height - math.fsum(s**2 for s in slopes) / 2) <= 2 * GAMMA * np.sum(terms**2)


def test_flat_and_tiny_landscapes_are_drawn_too():
    flat = energy_paths(sympy.Integer(2), XI, layer_of(np.eye(2), np.eye(2)), np.zeros((2, 1)), np.zeros((2, 1)), steps=1)
    points, heights = drawn_heights(flat)
    assert points.max() == 1
    assert (heights == 2).all()


ONE = layer_of(np.eye(2), np.eye(2))


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: energy_paths(2.0, XI, ONE, TOKENS, STARTS, steps=1), TypeError, "energy: expected a SymPy expression, got 2.0"),
        (lambda: energy_paths(XI[0] * sympy.Symbol("b"), XI, ONE, TOKENS, STARTS, steps=1), ValueError, "energy: .*alone, got b besides"),
        (lambda: energy_paths(XI[0], XI, ONE, TOKENS[:1], STARTS, steps=1), ValueError, r"context: expected shape \(2, 'any'\)"),
        (lambda: energy_paths(XI[0], XI, ONE, TOKENS, STARTS.T, steps=1), ValueError, r"starts: expected shape \(2, 'any'\)"),
        (lambda: energy_paths(XI[0], XI, ONE, TOKENS, STARTS, steps=0), ValueError, "steps: expected a whole number, at least 1, got 0"),
        (lambda: token_fields({}, TOKENS, reach=1.0), ValueError, "fields: expected at least one, got none"),
        (lambda: token_fields({"one": (update, ONE)}, TOKENS, reach=0.0), ValueError, "reach: expected a positive number, got 0"),
        (lambda: token_fields({"one": (update, ONE)}, TOKENS.T, reach=1.0), ValueError, r"context: expected shape \(2, 'any'\)"),
        (lambda: weighted_squares(VALUES, SCORES[:2], STARTS), ValueError, r"scores: expected shape \(5, 1\), got \(2, 1\)"),
        (lambda: weighted_squares(np.full_like(VALUES, np.inf), SCORES, STARTS), ValueError, "values: expected finite numbers"),
        (lambda: weighted_squares(VALUES, 1000 * SCORES, STARTS), ValueError, "scores: .*exponentials are floats, got -1000 to 2500"),
        (lambda: weighted_squares(VALUES, SCORES - 1000, STARTS), ValueError, "scores: .*got -1001 to -997.5"),
        (lambda: target_paths(INPUTS.T, INITIAL, STARTS, learning_rate=1.0, steps=1), ValueError, r"inputs: expected shape \('any', 2\)"),
        (lambda: target_paths(INPUTS, INITIAL.T, STARTS, learning_rate=1.0, steps=1), ValueError, r"initial: expected shape \(1, 3\)"),
        (lambda: target_paths(INPUTS, INITIAL, STARTS, learning_rate=0.0, steps=1), ValueError, "learning_rate: expected a positive"),
        (lambda: target_paths(INPUTS, INITIAL, STARTS, learning_rate=1.0, steps=True), TypeError, "steps: .*got True"),
    ],
)
def test_bad_arguments_are_named(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
