"""The curves against loops over tokens in mpmath at 100 digits, which share no code with layers and balls.

A drawn number is a float of a ball that is known to 53 bits, so it is within 2⁻⁵¹ of the truth, relatively; what is seen to differ, does.
"""

import flint
import mpmath
import numpy as np
import pytest
from matplotlib.figure import Figure

from equivalence.algebras import Numeric
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.models.constructions.softmax import SoftmaxPair
from equivalence.plots.softmax import Problem, Reading, errors_to_centred_step, errors_to_step, growth

DRAWN = 2.0**-51
BETAS = [1e-6, 1e-5, 1e-3, 0.3, 2.0]
SINK = 50.0
INSTANCES = {
    "d_x, d_y, N = 3, 2, 5": Problem(
        np.array([[1, 0.5, -1, 1, 0], [0, 1, 1, -0.5, 0.5], [1, 0, 0.5, 1, -0.5]]),
        np.array([[1.0, 2, 0, 1, -1], [1, 1.5, 1, 2, 1]]),
        np.array([[1], [0.5], [1]]),
        np.array([[0.5, -0.25, 0], [0, 0.5, -0.5]]),
        0.5,
    ),
    "d_x, d_y, N = 2, 1, 3": Problem(
        np.array([[1, 0.1, -1], [0, 1, 0.7]]), np.array([[1.0, 0.2, -0.3]]), np.array([[0.3], [-1]]), np.array([[0.5, 0]]), 0.1
    ),
}
instances = pytest.mark.parametrize("instance", INSTANCES.values(), ids=INSTANCES)


class Oracle:
    """What 6.6 to 6.9 are about, token by token."""

    def __init__(self, instance, factor=1.0):
        listed = instance.inputs, instance.targets, instance.query, instance.initial
        X, Y, q, W = ([[mpmath.mpf(entry) for entry in row] for row in array.tolist()] for array in listed)
        X, Y, q = ([[mpmath.mpf(factor) * entry for entry in row] for row in array] for array in (X, Y, q))
        self.xs, self.ys = list(zip(*X, strict=True)), list(zip(*Y, strict=True))
        self.q, self.W, self.eta, self.N = [row[0] for row in q], W, mpmath.mpf(instance.learning_rate), len(X[0])
        self.z = [dot(x, self.q) for x in self.xs]
        self.v = [[dot(row, x) - y[i] for i, row in enumerate(W)] for x, y in zip(self.xs, self.ys, strict=True)]  # W₀x − y

    def written(self, weights):
        return [sum(w * v[i] for w, v in zip(weights, self.v, strict=True)) for i in range(len(self.W))]

    def softmax(self, beta, sink=None):
        grown = [mpmath.exp(beta * z) for z in self.z]
        total = sum(grown) + (mpmath.exp(sink) if sink is not None else 0)
        return [each / total for each in grown]

    def head(self, beta, *, grown):
        """What one head adds to the y-part, which is minus the prediction."""
        return scaled(self.eta / mpmath.mpf(beta) if grown else self.eta, self.written(self.softmax(mpmath.mpf(beta))))

    def pair(self, beta, sink=None):
        beta = mpmath.mpf(beta)
        gain = self.eta / (2 * beta) * (mpmath.exp(sink) / self.N if sink is not None else 1)
        up, down = (self.written(self.softmax(sign * beta, sink)) for sign in (1, -1))
        return scaled(gain, [a - b for a, b in zip(up, down, strict=True)])

    def step(self):
        return scaled(self.eta / self.N, self.written(self.z))

    def centred(self):
        mean = sum(self.z) / self.N
        return scaled(self.eta / self.N, self.written([z - mean for z in self.z]))

    def plateau(self):
        """η ‖mean residual‖ |x̄ᵀq|."""
        mean = self.written([mpmath.mpf(1) / self.N] * self.N)
        return self.eta * norm(mean) * abs(sum(self.z) / self.N)

    def pair_bound(self, beta):
        """η β² · 2κρ (2ρr)³ / 47."""
        kappa = mpmath.sqrt(1 + sum(entry**2 for row in self.W for entry in row))
        rho = max(norm([*x, *y]) for x, y in zip(self.xs, self.ys, strict=True))
        return self.eta * mpmath.mpf(beta) ** 2 * 2 * kappa * rho * (2 * rho * norm(self.q)) ** 3 / 47


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def scaled(factor, vector):
    return [factor * each for each in vector]


def norm(vector):
    return mpmath.sqrt(dot(vector, vector))


def apart(left, right):
    return norm([a - b for a, b in zip(left, right, strict=True)])


def off(drawn, expected):
    """The largest relative error."""
    return float(max(abs(mpmath.mpf(a) - b) / b for a, b in zip(drawn, expected, strict=True)))


def curves(figure):
    """The drawn lines by label, without the slopes."""
    (axes,) = figure.axes
    return {line.get_label().partition(": slope")[0]: [float(y) for y in line.get_ydata()] for line in axes.get_lines()}


def labels(figure):
    (axes,) = figure.axes
    return axes.get_legend_handles_labels()[1]


def expected_to_step(instance, beta_list=BETAS):
    oracle = Oracle(instance)
    programs = {
        "one head, P = (η/β)I": lambda beta: oracle.head(beta, grown=True),
        "one head, P = ηI": lambda beta: oracle.head(beta, grown=False),
        "two heads at ±β": oracle.pair,
        "two heads and a sink, b = 50": lambda beta: oracle.pair(beta, SINK),
    }
    return {label: [apart(program(beta), oracle.step()) for beta in beta_list] for label, program in programs.items()}


@pytest.fixture(autouse=True)
def hundred_digits():
    with mpmath.workdps(100):
        yield


@instances
def test_distances_to_the_step_are_those_of_loops_over_tokens(instance):
    drawn = curves(errors_to_step(instance, BETAS, sink=SINK))
    for label, expected in expected_to_step(instance).items():
        assert off(drawn[label], expected) <= DRAWN, label
    assert all(error <= bound for error, bound in zip(drawn["two heads and a sink, b = 50"], drawn["bound of 6.9"], strict=True))


@instances
def test_the_plateau_is_the_mean_residual_times_the_mean_score(instance):
    drawn = curves(errors_to_step(instance, BETAS, sink=SINK))
    foretold = drawn["foretold by 6.8: step minus centred step"]
    assert off(foretold, [Oracle(instance).plateau()] * len(foretold)) <= DRAWN
    # the heads meet it as β → 0: they are off it by no more than they are off the centred step
    assert abs(drawn["two heads at ±β"][0] - foretold[0]) <= Oracle(instance).pair_bound(BETAS[0]) + DRAWN * foretold[0]


@instances
def test_distances_to_the_centred_step_and_their_bound(instance):
    drawn, oracle = curves(errors_to_centred_step(instance, BETAS)), Oracle(instance)
    expected = [apart(oracle.pair(beta), oracle.centred()) for beta in BETAS]
    assert off(drawn["two heads at ±β"], expected) <= DRAWN
    assert off(drawn["bound of 6.7"], map(oracle.pair_bound, BETAS)) <= DRAWN
    assert all(error <= bound for error, bound in zip(drawn["two heads at ±β"], drawn["bound of 6.7"], strict=True))


@instances
def test_dots_are_floats_within_the_rounding_that_the_magnitudes_allow(instance):
    drawn = curves(errors_to_centred_step(instance, BETAS))
    sizes = Reading(instance, MagnitudeAlgebra(Numeric(np, float)))
    missed = []
    for beta, dot_, error in zip(BETAS, drawn["the same in floats"], drawn["two heads at ±β"], strict=True):
        allowed = np.linalg.norm((sizes.two_heads(beta) - sizes.centred()).bound())
        assert abs(dot_ - error) <= allowed + 8 * 2.0**-53 * dot_  # and the norm of d_y ≤ 2 numbers: products, sum, root
        missed.append(abs(dot_ - error) / error)
    assert missed[0] > 1 > 1e-6 > missed[3]  # below the floor there is only rounding, above it the curve


def test_the_floor_is_one_rounding_of_the_most_that_one_head_can_write():
    instance = INSTANCES["d_x, d_y, N = 3, 2, 5"]
    (axes,) = errors_to_centred_step(instance, BETAS).axes
    (filled,) = axes.collections
    corners = {(x, y) for x, y in filled.get_paths()[0].vertices.tolist() if y != axes.get_ylim()[0]}
    floor = [max(y for x, y in corners if x == beta) for beta in BETAS[:3]]
    oracle = Oracle(instance)
    expected = [oracle.eta / mpmath.mpf(beta) * max(map(norm, oracle.v)) * 2**-52 for beta in BETAS[:3]]
    assert off(floor, expected) <= DRAWN


def test_slopes_are_read_off_the_curves():
    instance = INSTANCES["d_x, d_y, N = 3, 2, 5"]
    assert labels(errors_to_step(instance, BETAS, sink=SINK)) == [
        "foretold by 6.8: step minus centred step",
        "one head, P = (η/β)I: slope -1.00",
        "one head, P = ηI: slope 0.00",
        "two heads at ±β: slope 0.00",
        "two heads and a sink, b = 50: slope 2.00",
        "bound of 6.9",
        "below the cancellation floor of floats, ε/β",
    ]
    assert labels(errors_to_centred_step(instance, BETAS))[1] == "two heads at ±β: slope 2.00"


@instances
def test_growth_is_cubic_for_the_step_and_linear_for_the_layers(instance):
    factors = [0.25, 1.0, 64.0, 256.0]  # times these, tokens stay exact
    figure = growth(instance, factors, beta=0.5)
    drawn, scenes = curves(figure), [Oracle(instance, factor) for factor in factors]
    assert off(drawn["gradient step"], [norm(scene.step()) for scene in scenes]) <= DRAWN
    assert off(drawn["two softmax heads at β = 0.5"], [norm(scene.pair(0.5)) for scene in scenes]) <= DRAWN
    assert off(drawn["one softmax head, P = ηI"], [norm(scene.head(1, grown=False)) for scene in scenes]) <= DRAWN
    assert [label[-4:] for label in labels(figure)] == ["3.00", "1.00", "1.00"]


def test_a_wrong_pair_is_seen(monkeypatch):
    instance, right = INSTANCES["d_x, d_y, N = 3, 2, 5"], SoftmaxPair.layer

    def same_sign(self, beta):
        layer = right(self, beta)
        return layer._replace(heads=(layer.heads[0], layer.heads[1]._replace(projection=layer.heads[0].projection)))

    monkeypatch.setattr(SoftmaxPair, "layer", same_sign)
    figure = errors_to_step(instance, BETAS, sink=SINK)
    expected = expected_to_step(instance)
    assert off(curves(figure)["one head, P = ηI"], expected["one head, P = ηI"]) <= DRAWN  # it has the first head only
    assert off(curves(figure)["two heads at ±β"], expected["two heads at ±β"]) > 1
    assert "two heads at ±β: slope -1.00" in labels(figure)


def test_a_lost_sink_is_seen(monkeypatch):
    instance = INSTANCES["d_x, d_y, N = 3, 2, 5"]
    monkeypatch.setattr("equivalence.plots.softmax.with_sink", lambda context: context)
    drawn = curves(errors_to_step(instance, BETAS, sink=SINK))
    assert off(drawn["two heads and a sink, b = 50"], expected_to_step(instance)["two heads and a sink, b = 50"]) > 1


def test_the_comparison_sees_the_last_digits():
    instance = INSTANCES["d_x, d_y, N = 2, 1, 3"]
    expected = expected_to_step(instance)["two heads at ±β"]
    assert off([float(each * (1 + 2 * DRAWN)) for each in expected], expected) > DRAWN


def test_figures_stand_alone_and_leave_the_precision_as_it_was():
    before = flint.ctx.prec
    assert isinstance(growth(INSTANCES["d_x, d_y, N = 2, 1, 3"], [1.0, 2.0], beta=1.0), Figure)
    assert flint.ctx.prec == before == 53


GOOD = INSTANCES["d_x, d_y, N = 2, 1, 3"]


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: errors_to_step(GOOD, [0.1], sink=1.0), ValueError, r"betas: expected at least two numbers, increasing, got \[0.1\]"),
        (lambda: errors_to_step(GOOD, [0.2, 0.1], sink=1.0), ValueError, r"betas: .*increasing, got \[0.2, 0.1\]"),
        (lambda: errors_to_step(GOOD, [0.0, 0.1], sink=1.0), ValueError, "betas: expected a positive number, got 0"),
        (lambda: errors_to_step(GOOD, [0.1, 0.2], sink=float("inf")), ValueError, "sink: expected a finite number, got inf"),
        (lambda: errors_to_step(GOOD, [0.1, 0.2], sink="1"), TypeError, "sink: expected a number, got '1'"),
        (lambda: errors_to_centred_step(GOOD, [1e-70, 1.0]), ValueError, "two heads minus centred step: expected a distance that 256 bits"),
        (lambda: errors_to_step(GOOD.scaled(0.0), [0.1, 1.0], sink=1.0), ValueError, "step minus centred step: expected a distance"),
        (lambda: growth(GOOD, [], beta=1.0), ValueError, "factors: expected at least two"),
        (lambda: growth(GOOD, [1.0, 2.0], beta=-1.0), ValueError, "beta: expected a positive number, got -1.0"),
        (lambda: Problem(GOOD.inputs, GOOD.targets[:, :2], GOOD.query, GOOD.initial, 0.1), ValueError, r"targets: .*got \(1, 2\)"),
        (lambda: Problem(GOOD.inputs, GOOD.targets, GOOD.query.T, GOOD.initial, 0.1), ValueError, r"query: expected shape \(2, 1\)"),
        (lambda: Problem(GOOD.inputs, GOOD.targets, GOOD.query, GOOD.initial.T, 0.1), ValueError, r"initial: expected shape \(1, 2\)"),
        (lambda: Problem(GOOD.inputs, GOOD.targets, GOOD.query, GOOD.initial, 0.0), ValueError, "learning_rate: expected a positive"),
        (lambda: Problem([[1.0]], GOOD.targets, GOOD.query, GOOD.initial, 0.1), TypeError, "inputs: expected an array, got list"),
        (lambda: Problem(GOOD.inputs * np.nan, GOOD.targets, GOOD.query, GOOD.initial, 0.1), ValueError, "inputs: expected finite"),
    ],
)
def test_bad_arguments_are_named(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
