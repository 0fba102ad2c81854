"""The statements, a package a chapter. Importing this package registers them all."""

from equivalence.cli import clock  # noqa: F401  (first, as it keeps the time)

# isort: split
from proofs import (
    ch01_data_updates,
    ch02_one_layer,
    ch03_depth,
    ch04_tokens,
    ch05_dual_forms,
    ch06_softmax_breaks_it,
    ch07_what_softmax_descends,
    ch09_recognition,
    ch10_neighbours,
)

__all__ = [
    "ch01_data_updates",
    "ch02_one_layer",
    "ch03_depth",
    "ch04_tokens",
    "ch05_dual_forms",
    "ch06_softmax_breaks_it",
    "ch07_what_softmax_descends",
    "ch09_recognition",
    "ch10_neighbours",
]
