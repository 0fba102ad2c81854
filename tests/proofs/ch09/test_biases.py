"""Statement 9.7: a constant that is put elsewhere, or a bias that is lost, is rejected."""

from __future__ import annotations

from typing import Any

import proofs.ch09_recognition.biases  # noqa: F401  (registers 9.7)
from equivalence.models.biases import biased
from equivalence.models.heads import Head
from equivalence.statements import verify
from tests.support.perturbations import fallen

SAME = "a head with biases is one without on tokens [e; 1]"


def test_9_7_holds() -> None:
    assert verify("9.7", seed=0).holds


def without_values(head: Head, *, key: Any, query: Any, value: Any) -> Head:
    return biased(head, key=key, query=query)


def exchanged(head: Head, *, key: Any, query: Any, value: Any) -> Head:
    return biased(head, key=query, query=key, value=value)


def test_9_7_every_bias_is_needed_in_its_place() -> None:
    for wrong in (without_values, exchanged):
        ((claim, message),) = fallen("9.7", widened=wrong).items()
        assert (claim, message.startswith("step 2 (is the one with them, and leaves the constant alone)")) == (SAME, True)
