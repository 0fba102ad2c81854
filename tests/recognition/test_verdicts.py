"""Verdicts say themselves what they are: types, text and JSON."""

from __future__ import annotations

import json

import numpy as np

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import Accepted, Refused, recognise
from equivalence.recognition.result import rounded_up
from equivalence.recognition.stacks import recognise_stack
from equivalence.recognition.stacks.result import AcceptedStack, RefusedStack

STEP = gd_layer(2, 1, learning_rate="eta", context="N")
FLOATS = gd_layer(2, 1, learning_rate="1/10", context=5).to_numpy()
WRONG = Layer((Head(*(np.ones((3, 3)) for _ in range(4))),))


def test_exact_numbers_are_text_in_json() -> None:
    verdict = recognise(STEP, d_x=2, d_y=1, context="N")
    assert isinstance(verdict, Accepted)
    told = json.loads(json.dumps(verdict.to_json()))
    assert (told["step_size"], told["learning_rate"], told["initial"]) == ("eta/N", "eta", [["0", "0"]])
    assert told["error_bound"] == {"value": 0.0, "token_norm": 1.0, "query_norm": 1.0}
    assert told["witness"] is None


def test_a_refusal_has_its_witness_in_json_and_text() -> None:
    verdict = recognise(WRONG, d_x=2, d_y=1)
    assert isinstance(verdict, Refused)
    told = json.loads(json.dumps(verdict.to_json(2.0, 3.0)))
    assert told["family"] == "none"
    assert np.array(told["witness"]["context_x"]).shape == (2, 1)
    assert told["error_bound"]["value"] == verdict.error_bound(2, 3) > 0
    last, assumed = verdict.text(2.0, 3.0).splitlines()[-2:]
    bound = rounded_up(verdict.error_bound(2, 3), 6)
    assert last == f"error bound: {bound} for contexts of norm at most 2 and queries of norm at most 3, query tokens [q; 0]"
    assert assumed == f"assumed: {verdict.assumed}"


def test_stacks_say_themselves_too() -> None:
    right, wrong = recognise_stack([FLOATS, FLOATS], d_x=2, d_y=1), recognise_stack([FLOATS, WRONG], d_x=2, d_y=1)
    assert isinstance(right, AcceptedStack)
    assert isinstance(wrong, RefusedStack)
    told = json.loads(json.dumps(right.to_json(1.0, 2.0)))
    assert told["step_sizes"] == [FLOATS.heads[0].projection[2, 2]] * 2
    assert told["error_bound"]["value"] == right.error_bound(1, 2)
    assert right.text(1.0, 2.0).endswith(f"\nerror bound: {rounded_up(right.error_bound(1, 2), 6)}")
    assert (wrong.to_json()["error_bound"], wrong.to_json()["reason"]) == (None, "layer 2 by itself is none")
    assert wrong.text(1.0, 2.0) == str(wrong)
