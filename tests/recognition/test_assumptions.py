"""What a verdict takes for granted is said, and wrong-way uses show in it: each of these once gave a verdict in silence."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.models.origins import Kind, LeftOut, Origin, ReadLayer
from equivalence.recognition import recognise
from equivalence.recognition.assumed import rows_text
from equivalence.recognition.notes import transposed
from equivalence.recognition.stacks import recognise_stack

SIZES: dict[str, Any] = {"d_x": 3, "d_y": 1}
STEP = gd_layer(3, 1, learning_rate="1/10", context=5)
FLOATS = STEP.to_numpy()


def test_every_verdict_ends_with_what_it_assumed() -> None:
    scattered = Layer((FLOATS.heads[0]._replace(key=np.ones((4, 4))),))
    nothing = gd_layer(3, 1, learning_rate=0, context=1)
    for layer, family in ((STEP, "gradient descent"), (FLOATS, "gradient descent"), (scattered, "none"), (nothing, "rate 0")):
        verdict = recognise(layer, **SIZES)
        assert verdict.family == family
        for text in (str(verdict), verdict.text(1.0, 1.0)):
            assert text.splitlines()[-1] == (
                "assumed: linear attention of 1 head of d_k = 4; keys: the context tokens only; query token [q; 0], prediction minus its "
                "y-part; N not given, so that η is s; scores with no factor but that of the weights"
            )
    assert (
        str(recognise_stack([FLOATS] * 2, **SIZES)).splitlines()[-1].startswith("  assumed: linear attention of 2 heads of d_k = 4; keys: ")
    )


def test_json_has_it_too() -> None:
    origin = Origin(
        "rows", True, left_out=(LeftOut(Kind.bias, "key/b", 0.5), LeftOut(Kind.norm, "ln/scale", 1.0)), assumed=("read as Haiku",)
    )
    verdict = recognise(ReadLayer(FLOATS.heads, origin), **SIZES, context=5, initial="unknown")
    assert json.loads(json.dumps(verdict.to_json()))["assumed"] == {
        "attention": "linear",
        "heads": 1,
        "key_dimensions": [4],
        "scaled": True,
        "convention": "rows",
        "keys": "context",
        "query": "unknown",
        "prediction": "minus",
        "context": "5",
        "x_rows": [0, 1, 2],
        "y_rows": [3],
        "read_rows": [3],
        "constant_row": None,
        "other_rows": {"rows": [], "read": False, "written": False},
        "reading": ["read as Haiku"],
        "left_out": [
            {"kind": "bias", "name": "key/b", "largest": 0.5, "matters": True},
            {"kind": "norm", "name": "ln/scale", "largest": 1.0, "matters": True},
        ],
    }
    assert str(verdict.assumed).endswith("read as Haiku; left out: bias 'key/b' of up to 0.5; left out: norm 'ln/scale' of up to 1")


def test_heads_that_were_taken_for_one_are_asked_after() -> None:
    """11 rows, two heads of d_k = 11: as one head it has 22."""
    random = np.random.default_rng(1)
    key, query, value, out = random.normal(size=(4, 22, 11))
    head = Head(key, query, value, out.T)
    note = "a head has d_k = 22, more than the d = 11 rows of a token: were several heads taken for one?"
    assert note in recognise(Layer((head,)), d_x=10, d_y=1).note
    halves = [Head(head.key[part], head.query[part], head.value[part], head.projection[:, part]) for part in (slice(11), slice(11, 22))]
    assert "taken for one" not in recognise(Layer(tuple(halves)), d_x=10, d_y=1).note


def test_a_rate_at_which_no_one_descends_is_asked_after() -> None:
    """Weights as a softmax layer has them, read as linear."""
    layer = gd_layer(10, 1, learning_rate=210, context=10).to_numpy()
    verdict = recognise(layer, d_x=10, d_y=1, context=10)
    assert verdict.note == (
        "a step of |η| = 210 diverges where an eigenvalue of XXᵀ/N is above 2/|η| = 0.0095, which is small for any inputs in use: "
        "attention was taken to be linear; is it softmax, or N another number?"
    )
    assert recognise(layer, d_x=10, d_y=1).note == ""
    assert recognise(gd_layer(10, 1, learning_rate=20, context=10).to_numpy(), d_x=10, d_y=1, context=10).note == ""


def test_on_uniform_inputs_steps_of_such_a_rate_do_diverge() -> None:
    random = np.random.default_rng(0)
    X = random.uniform(-0.5, 0.5, size=(10, 10))
    residuals = [float(np.abs((np.eye(10) - rate / 10 * X.T @ X) @ np.ones(10)).max()) for rate in (20 / 10, 25 * 4)]
    assert residuals[0] < 2 < residuals[1]


def step_of(heads: int) -> list[Head]:
    """A step at (3, 1) in heads that are square side by side, each in a random gauge: each has its share of the inputs in its scores."""
    random, size = np.random.default_rng(heads), 4 // heads
    found = []
    for number in range(heads):
        T, places = random.normal(size=(size, size)), [*range(number * size, min((number + 1) * size, 3))]
        scores = np.zeros((size, 4))
        scores[range(len(places)), places] = 1
        value = np.eye(size, 4, 3) * -1 if heads == 1 else np.outer(np.eye(size)[0], [0, 0, 0, -1.0])
        out = np.outer([0, 0, 0, 0.02], value[:, 3] * -1)
        found.append(Head(T @ scores, np.linalg.inv(T).T @ scores, T @ value, out @ np.linalg.inv(T)))
    return found


@pytest.mark.parametrize("heads", [1, 2])
def test_weights_of_the_other_convention_are_recognised_as_such(heads: int) -> None:
    right = step_of(heads)
    assert recognise(Layer(tuple(right)), **SIZES).family == "gradient descent"
    joined = [np.concatenate([head[place] if place < 3 else head[3].T for head in right]) for place in range(4)]
    parts = np.split(np.arange(4), heads)
    key, query, value, out = (whole.T for whole in joined)
    wrong = Layer(tuple(Head(key[part], query[part], value[part], out[part].T) for part in parts))
    verdict = recognise(wrong, **SIZES)
    assert verdict.family in ("none", "not decided", "rate 0")
    assert "with each weight transposed the layer is gradient descent within " in verdict.note
    assert "with each weight" not in recognise(Layer(tuple(right)), **SIZES).note
    other = transposed(wrong)
    assert other is not None
    for found, expected in zip(other.heads, right, strict=True):
        assert all(np.array_equal(left, own) for left, own in zip(found, expected, strict=True))


def test_weights_that_are_not_square_have_no_other_convention() -> None:
    ones = np.ones((2, 4))
    head = Head(ones, ones, ones, ones.T)
    assert transposed(Layer((head,))) is None
    assert "transposed" not in recognise(Layer((head,)), **SIZES).note


def test_rows_in_words() -> None:
    assert [rows_text(rows) for rows in ((4,), (0, 1, 2), (0, 2), (1, 2, 5, 7, 8))] == [
        "row 4",
        "rows 0 to 2",
        "rows 0 and 2",
        "rows 1 to 2, 5 and 7 to 8",
    ]
