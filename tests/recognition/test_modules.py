"""A module is judged by one line: what it says of itself is used, and what is left out of it is in the verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from equivalence.models.heads import Head
from equivalence.recognition import recognise
from equivalence.recognition.softmax import recognise_softmax
from equivalence.recognition.stacks import recognise_stack
from tests.support.library_files import D_X, D_Y, RATE, SIZES, D, N, beside, columns, in_parts, one_head, planted
from tests.support.tensors import Tensor

WEIGHTS = {"in_proj_weight": in_parts(planted()), "out_proj.weight": beside(planted().projection)}


class MultiheadAttention:
    """What there is to see of PyTorch's."""

    def __init__(self, heads: int = 2, entries: dict[str, Any] = WEIGHTS):
        self.num_heads, self.entries = heads, entries

    def state_dict(self) -> dict[str, Tensor]:
        return {name: Tensor(entry) for name, entry in self.entries.items()}


def test_a_module_is_judged_in_one_line() -> None:
    found = recognise(MultiheadAttention(), **SIZES)
    assert found.family == "gradient descent"
    assert found.learning_rate == pytest.approx(RATE, rel=1e-12)


def test_what_the_module_does_beside_is_in_the_verdict() -> None:
    found = recognise(MultiheadAttention(), **SIZES)
    assert "left out: operation 'softmax'" in found.text(1.0, 1.0)
    assert "rounding" not in found.text(1.0, 1.0)
    told = found.to_json(1.0, 1.0)["assumed"]
    assert told["left_out"][0] == {"kind": "operation", "name": "softmax", "largest": 0.0, "matters": False}
    assert told["reading"][0] == "weights: MultiheadAttention, read as nn.MultiheadAttention of PyTorch"
    half = {name: entry.astype(np.float16) for name, entry in WEIGHTS.items()}
    assert "rounding: float16 makes relative distances up to 0.002 by itself" in recognise(MultiheadAttention(2, half), **SIZES).text(
        1.0, 1.0
    )


def test_a_state_dict_and_a_tree_are_judged() -> None:
    assert recognise({**columns(planted(1, d_k=D + 1, scaled=False), ("q", "k", "v", "o"))}, **SIZES).family == "gradient descent"
    assert (
        recognise(
            {
                "attn": columns(
                    planted(1, d_k=4, scaled=True), ("query_proj.weight", "key_proj.weight", "value_proj.weight", "output_proj.weight")
                )
            },
            **SIZES,
        ).family
        == "gradient descent"
    )


def test_what_is_open_is_asked_here_too() -> None:
    message = r"^layer: convention: expected 'rows' .*, and 'q' does not tell \(arguments of load_layers, whose layers are taken too\)$"
    with pytest.raises(ValueError, match=message):
        recognise(columns(one_head(), ("q", "k", "v", "o")), **SIZES)


def test_a_head_and_what_was_loaded_are_judged() -> None:
    given = one_head()
    head = Head(given.key[0], given.query[0], given.value[0], given.projection[0])
    assert recognise(head, **SIZES).family == "gradient descent"
    assert recognise(load_layers(WEIGHTS, heads=2), **SIZES).family == "gradient descent"


def test_several_layers_are_no_layer() -> None:
    entries = {f"{number}.{name}": entry for number in range(2) for name, entry in WEIGHTS.items()}
    message = r"^layer: expected one, found 2 in MultiheadAttention; take them singly, by load_layers\(...\)\[0\]$"
    with pytest.raises(ValueError, match=message):
        recognise(MultiheadAttention(2, entries), **SIZES)
    assert recognise_stack(load_layers(MultiheadAttention(2, entries)), d_x=D_X, d_y=D_Y).family == "gradient descent"


def test_a_module_with_softmax_is_judged_as_one() -> None:
    found = recognise_softmax(MultiheadAttention(), **SIZES)
    assert found.candidates[0].learning_rate == recognise_softmax(load_layers(WEIGHTS, heads=2)[0], **SIZES).candidates[0].learning_rate
    assert found.context == N


@pytest.mark.parametrize("given", [None, 3, "weights.npz", object(), [1], [load_layers(WEIGHTS, heads=2)[0]]])
def test_what_is_no_layer_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^layer: expected a Layer with at least one head, got "):
        recognise(given, **SIZES)
