"""Chapter 9: is this layer gradient descent?"""

from proofs.ch09_recognition import (
    biases,
    canonical_tensors,
    certified_bounds,
    exact_recognition,
    nearest_members,
    recognition_laws,
    worth_of_a_family,
)

__all__ = [
    "biases",
    "canonical_tensors",
    "certified_bounds",
    "exact_recognition",
    "nearest_members",
    "recognition_laws",
    "worth_of_a_family",
]
