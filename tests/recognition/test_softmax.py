from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from equivalence.models.biases import biased
from equivalence.models.constructions.softmax import softmax_pair
from equivalence.models.heads import Head, Layer
from equivalence.models.origins import Origin, ReadLayer
from equivalence.recognition.sensitivities import layer_sensitivities
from equivalence.recognition.softmax import INSTANCES, SoftmaxRecognition, _instances, recognise_softmax

D_X, D_Y, N = 3, 2, 5
# Sums of at most a few hundred terms, each side's rounding below that many units of 2⁻⁵³ of terms of size 1.
ROUNDING = 1000 * 2.0**-53


def drawn_layer() -> Layer:
    random = np.random.default_rng(3)
    return Layer(tuple(Head(*(random.normal(size=(D_X + D_Y, D_X + D_Y)) for _ in Head._fields)) for _ in range(2)))


@pytest.fixture(scope="module")
def found() -> SoftmaxRecognition:
    return recognise_softmax(drawn_layer(), d_x=D_X, d_y=D_Y, context=N)


def slope(layer: Layer, X: np.ndarray, Y: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Minus the y rows of ``∂/∂q Σ_i p_i A e_i`` for the token [q; 0], by the derivative of softmax, token by token."""
    tokens, asked = np.vstack([X, Y]), np.vstack([query, np.zeros((D_Y, 1))])[:, 0]
    total = np.zeros((D_Y, D_X))
    for head in layer.heads:
        scores = [(head.key @ token) @ (head.query @ asked) for token in tokens.T]
        weights = np.exp(scores) / np.exp(scores).sum()
        mean = sum(weight * (head.key @ token) for weight, token in zip(weights, tokens.T, strict=True))
        for weight, token in zip(weights, tokens.T, strict=True):
            written = head.projection @ (head.value @ token)
            total -= weight * np.outer(written[D_X:], ((head.key @ token - mean) @ head.query)[:D_X])
    return total


def test_rates_distances_and_cosines_are_those_of_the_derivatives_by_hand(found: SoftmaxRecognition) -> None:
    data = [array.astype(float) for array in _instances(D_X, D_Y, N)]
    S = np.array([slope(drawn_layer(), *instance) for instance in zip(*data, strict=True)])
    units = {
        "gradient descent": np.array([Y @ X.T / N for X, Y in zip(*data[:2], strict=True)]),
        "centred gradient descent": np.array([Y @ (X - X.mean(axis=1, keepdims=True)).T / N for X, Y in zip(*data[:2], strict=True)]),
    }
    assert {candidate.family for candidate in found.candidates} == set(units)
    for candidate in found.candidates:
        flat, unit = S.reshape(INSTANCES, -1), units[candidate.family].reshape(INSTANCES, -1)
        rate = np.linalg.lstsq(unit.reshape(-1, 1), flat.ravel(), rcond=None)[0][0]
        cosines = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(flat, unit, strict=True)]
        assert candidate.learning_rate == pytest.approx(rate, abs=ROUNDING * np.linalg.norm(flat) / np.linalg.norm(unit))
        assert candidate.relative_distance == pytest.approx(np.linalg.norm(flat - rate * unit) / np.linalg.norm(flat), abs=ROUNDING)
        assert candidate.model_cosine == pytest.approx(np.mean(cosines), abs=ROUNDING)


def test_the_nearer_one_comes_first(found: SoftmaxRecognition) -> None:
    first, second = found.candidates
    assert first.relative_distance < second.relative_distance


def test_the_witness_is_blind_to_the_sign_of_the_query(found: SoftmaxRecognition) -> None:
    layer, seen = drawn_layer(), found.witness
    written = sum(head.projection @ head.value for head in layer.heads) @ np.array([1, 0, 0, 1, 0])
    assert np.array_equal(seen.context_x, np.tile(np.eye(D_X, 1), N))
    assert np.array_equal(seen.context_y, np.tile(np.eye(D_Y, 1), N))
    for prediction in (seen.prediction, seen.opposite):
        assert np.allclose(prediction[:, 0], -written[D_X:], rtol=1e-12, atol=1e-12)


def test_a_pair_of_small_inverse_temperature_is_nearly_centred() -> None:
    """By 6.7 the pair's prediction is within ηβ²·diam(V)·range³/47 of the centred step's, so β = 1/10 shows η in two digits at least."""
    found = recognise_softmax(softmax_pair(D_X, D_Y, learning_rate=3).layer("1/10"), d_x=D_X, d_y=D_Y, context=N)
    first, second = found.candidates
    assert first.family == "centred gradient descent"
    assert first.learning_rate == pytest.approx(3, rel=0.01)
    assert first.relative_distance < 0.01 < second.relative_distance


def test_the_text(found: SoftmaxRecognition) -> None:
    lines = str(found).splitlines()
    assert lines[0] == "family: none; a softmax layer is gradient descent at no rate (statement 6.4)"
    assert lines[1] == "witness: 5 times the token x = (1, 0, 0), y = (1, 0), W₀ = 0"
    assert lines[2].endswith("; a step predicts ηy and −ηy")
    assert lines[3] == (
        "of two kinds of step the nearer in sensitivity, on 256 seeded instances of 5 tokens, inputs uniform on (−½, ½), targets of a "
        "normal linear model, W₀ = 0; of other data, and of predictions, this says nothing:"
    )
    assert [line.split(":")[0].strip() for line in lines[4:-2]] == [candidate.family for candidate in found.candidates]
    assert lines[-1] == f"assumed: {found.assumed}"
    assert lines[-2] == (
        "note: witness and nearest step are for W₀ = 0, which is assumed, not found; the update of the context tokens is not judged"
    )
    assert found.initial.tolist() == [[0] * D_X] * D_Y


def test_layers_that_do_not_see_the_query_or_do_not_fit_are_refused() -> None:
    blind = Layer(tuple(head._replace(query=0 * head.query) for head in drawn_layer().heads))
    with pytest.raises(
        ValueError, match=r"^layer: expected a prediction that depends on the query; its sensitivity is 0 on 256 of 256 instances$"
    ):
        recognise_softmax(blind, d_x=D_X, d_y=D_Y, context=N)
    with pytest.raises(ValueError, match=r"^key of head 0: expected shape \(5, 6\) for tokens of d_x \+ d_y = 6 rows, got \(5, 5\)"):
        recognise_softmax(drawn_layer(), d_x=D_X + 1, d_y=D_Y, context=N)
    with pytest.raises(ValueError, match=r"; its sensitivity is 0 on 256 of 256 instances$"):
        recognise_softmax(drawn_layer(), d_x=D_X, d_y=D_Y, context=1)
    with pytest.raises(ValueError, match=r"^context: expected a whole number, at least 1, got 0$"):
        recognise_softmax(drawn_layer(), d_x=D_X, d_y=D_Y, context=0)
    with pytest.raises(TypeError, match=r"^layer: expected a Layer with at least one head, got list$"):
        recognise_softmax(list(drawn_layer().heads), d_x=D_X, d_y=D_Y, context=N)  # type: ignore[arg-type]


def scaled(layer: Layer, key_query: float, written: float = 1.0) -> Layer:
    return Layer(tuple(head._replace(query=key_query * head.query, projection=written * head.projection) for head in layer.heads))


def cancelling(times: float) -> Layer:
    """A pair, and one more head as the difference of two that are larger by so much: a power of 2, and whole weights, so exactly."""
    random = np.random.default_rng(4)
    more = Head(*(random.integers(-2, 3, size=(D_X + D_Y, D_X + D_Y)).astype(float) for _ in Head._fields))
    factors = [times + 1, -times] if times else [1]
    return Layer((*pair().heads, *(more._replace(projection=factor * more.projection) for factor in factors)))


@pytest.mark.parametrize("times", [2.0**20, 2.0**27])
def test_heads_that_cancel_leave_what_doubles_leave(times: float) -> None:
    """Single precision leaves nothing of it. Rounding is below 100 units of 2⁻⁵³ in terms as many times as large."""
    found, right = (recognise_softmax(cancelling(factor), d_x=D_X, d_y=D_Y, context=N) for factor in (times, 0))
    for candidate, expected in zip(found.candidates, right.candidates, strict=True):
        assert candidate.family == expected.family
        bound = 100 * 2.0**-53 * times
        assert candidate.learning_rate == pytest.approx(expected.learning_rate, rel=bound)
        assert candidate.relative_distance == pytest.approx(expected.relative_distance, rel=bound)


def test_what_rounding_may_move_is_said_and_is_no_less_than_what_it_moves() -> None:
    X, Y, queries = _instances(D_X, D_Y, N)
    of, right = (layer_sensitivities(cancelling(times), X, Y, queries) for times in (2.0**27, 0))
    factors = np.exp(right.logs - of.logs)[:, None, None]
    assert (abs(of.slopes - factors * right.slopes) <= of.errors + factors * right.errors).all()
    note = recognise_softmax(cancelling(2.0**27), d_x=D_X, d_y=D_Y, context=N).note
    assert re.search(r"; rounding may move the sensitivities by 0\.\d+ of their size, as where heads cancel$", note)
    assert "rounding may move" not in recognise_softmax(cancelling(2.0**10), d_x=D_X, d_y=D_Y, context=N).note
    with pytest.raises(ValueError, match=r"^layer: expected sensitivities above the rounding of doubles, which may be [\d.e+]+ times as"):
        recognise_softmax(cancelling(2.0**45), d_x=D_X, d_y=D_Y, context=N)


def test_small_and_large_sensitivities_are_told_as_such() -> None:
    right = recognise_softmax(pair(), d_x=D_X, d_y=D_Y, context=N).candidates[0]
    for factor in (1e-200, 1e-40, 1e40, 1e300):
        found = recognise_softmax(scaled(pair(), 1, factor), d_x=D_X, d_y=D_Y, context=N).candidates[0]
        assert found.learning_rate == pytest.approx(factor * right.learning_rate, rel=ROUNDING)
        assert found.relative_distance == pytest.approx(right.relative_distance, abs=ROUNDING)


def test_attention_that_selects_a_token_still_depends_on_the_query() -> None:
    """At scores 10⁶ times as large all other weights are below the range of single precision, of most instances of that of doubles."""
    layer = scaled(pair(), 1e6)
    data = _instances(D_X, D_Y, N)
    by_hand = np.array([slope_of_pairs(layer, *instance) for instance in zip(*data, strict=True)])
    unit = np.array([Y @ (X - X.mean(axis=1, keepdims=True)).T / N for X, Y in zip(*data[:2], strict=True)])
    found = recognise_softmax(layer, d_x=D_X, d_y=D_Y, context=N).candidates[0]
    assert found.family == "centred gradient descent"
    rate = float((by_hand * unit).sum() / (unit * unit).sum())
    assert found.learning_rate == pytest.approx(rate, rel=1e-6)  # scores of up to 10⁵, 100 units of 2⁻⁵³ each, in the exponent
    assert found.relative_distance == pytest.approx(np.linalg.norm(by_hand - rate * unit) / np.linalg.norm(by_hand), abs=1e-6)


def slope_of_pairs(layer: Layer, X: np.ndarray, Y: np.ndarray, query: np.ndarray) -> np.ndarray:
    """``Σ_{i<j} p_i p_j (a_i − a_j)(b_i − b_j)ᵀ``, the covariance by pairs of tokens, in which no large terms cancel."""
    tokens, asked = np.vstack([X, Y]), np.vstack([query, np.zeros((D_Y, 1))])[:, 0]
    total = np.zeros((D_Y, D_X))
    for head in layer.heads:
        scores = np.array([(head.key @ token) @ (head.query @ asked) for token in tokens.T])
        weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        for i in range(N):
            for j in range(i):
                apart = tokens[:, i] - tokens[:, j]
                written, key = head.projection @ (head.value @ apart), (head.key @ apart) @ head.query
                total -= weights[i] * weights[j] * np.outer(written[D_X:], key[:D_X])
    return total


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            scaled(drawn_layer(), 1e20),
            r"^layer: expected sensitivities above the rounding of doubles, .*; heads cancel, or scores are too large$",
        ),
        (
            scaled(drawn_layer(), 1e150, 1e200),
            r"^layer: expected finite predictions in doubles, got a sensitivity of NaN or infinity on 256 of 256 in",
        ),
        (Layer(()), r"^layer: expected a Layer with at least one head, got none$"),
    ],
)
def test_what_has_no_distance_is_refused(layer: Layer, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        recognise_softmax(layer, d_x=D_X, d_y=D_Y, context=N)


def test_sensitivities_that_no_double_holds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^layer: expected sensitivities in the range of doubles, got exp\(-[\d.e+]+\) at most; scale"):
        recognise_softmax(scaled(pair(), 1e12), d_x=D_X, d_y=D_Y, context=N)


def test_exact_weights_and_fractions_are_taken_as_the_nearest_doubles() -> None:
    exact = softmax_pair(D_X, D_Y, learning_rate="1/2").layer("1/10")
    fractions = Layer(
        tuple(
            Head(*(np.array([[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in weight.tolist()]) for weight in head))
            for head in exact.heads
        )
    )
    found = [recognise_softmax(layer, d_x=D_X, d_y=D_Y, context=N).candidates for layer in (exact, fractions, pair())]
    assert found[0] == found[1] == found[2]


def test_targets_of_the_instances_are_those_of_a_linear_model() -> None:
    """What the text says of them: inputs in (−½, ½), and targets that are not."""
    X, Y, query = _instances(D_X, D_Y, N)
    assert max(abs(X).max(), abs(query).max()) <= 0.5 < abs(Y).max()
    assert (X.shape, Y.shape, query.shape) == ((INSTANCES, D_X, N), (INSTANCES, D_Y, N), (INSTANCES, D_X, 1))
    for inputs, targets in zip(X.astype(float), Y.astype(float), strict=True):
        left = targets - np.linalg.lstsq(inputs.T, targets.T, rcond=None)[0].T @ inputs
        assert abs(left).max() <= 100 * 2.0**-53 * abs(targets).max()


def pair(factor: float = 1.0, sign: float = 1.0) -> Layer:
    layer = softmax_pair(D_X, D_Y, learning_rate="1/2").layer("1/10").to_numpy()
    return Layer(tuple(head._replace(query=factor * head.query, projection=sign * head.projection) for head in layer.heads))


def test_a_pair_that_is_read_with_the_other_sign_is_named() -> None:
    found = recognise_softmax(pair(sign=-1), d_x=D_X, d_y=D_Y, context=N)
    assert found.candidates[0].learning_rate < 0
    assert found.note.endswith("where the prediction is plus the y-part it is descent: see prediction='plus'")
    other = recognise_softmax(pair(sign=-1), d_x=D_X, d_y=D_Y, context=N, prediction="plus")
    assert other.candidates[0].learning_rate == pytest.approx(-found.candidates[0].learning_rate, rel=1e-5)
    assert "see prediction" not in other.note
    assert "prediction plus its y-part" in str(other).splitlines()[-1]


def test_scores_that_the_model_divides_are_named() -> None:
    """In heads of d_k = 100, most of it idle: undivided scores are ten times as large, and softmax selects."""
    idle = np.zeros((100 - D_X, D_X + D_Y))
    wide = [head._replace(key=np.vstack([head.key[:D_X], idle]), query=np.vstack([head.query[:D_X], idle])) for head in pair(200).heads]
    found = recognise_softmax(Layer(tuple(wide)), d_x=D_X, d_y=D_Y, context=N)
    assert "with scores divided by √d_k the relative distance is " in found.note
    done = ReadLayer((head._replace(query=head.query / 10) for head in wide), Origin(scaled=True))
    assert "by √d_k" not in recognise_softmax(done, d_x=D_X, d_y=D_Y, context=N).note
    twice = ReadLayer((head._replace(query=head.query / 2000) for head in wide), Origin(scaled=True))
    assert "by √d_k" not in recognise_softmax(twice, d_x=D_X, d_y=D_Y, context=N).note


def test_rows_are_named_and_other_keys_and_constants_are_not_compared() -> None:
    turned = np.eye(D_X + D_Y)[::-1]
    moved = Layer(tuple(Head(key @ turned, query @ turned, value @ turned, turned @ out) for key, query, value, out in pair().heads))
    found = recognise_softmax(moved, d_x=D_X, d_y=D_Y, context=N, x_rows=[4, 3, 2], y_rows=[1, 0], keys="causal")
    assert found.candidates == recognise_softmax(pair(), d_x=D_X, d_y=D_Y, context=N).candidates
    with pytest.raises(ValueError, match="keys: expected 'context' or 'causal' of a softmax layer"):
        recognise_softmax(pair(), d_x=D_X, d_y=D_Y, context=N, keys="all")
    constant = ReadLayer((biased(head) for head in pair().heads), Origin(constant=True))
    with pytest.raises(ValueError, match="layer: expected a softmax layer without biases, got one with a row that is 1"):
        recognise_softmax(constant, d_x=D_X, d_y=D_Y, context=N)
