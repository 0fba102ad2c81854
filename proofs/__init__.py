"""The statements, one module (or package) a chapter. Importing this package registers them all."""

from proofs import (
    canonical_tensors,
    certified_bounds,
    data_updates,
    depth,
    exact_recognition,
    gradient_fields,
    nearest_members,
    one_layer,
    potentials,
    recognition_laws,
    softmax,
    spectrum,
    tokens,
    uniqueness,
)

__all__ = [
    "canonical_tensors",
    "certified_bounds",
    "data_updates",
    "depth",
    "exact_recognition",
    "gradient_fields",
    "nearest_members",
    "one_layer",
    "potentials",
    "recognition_laws",
    "softmax",
    "spectrum",
    "tokens",
    "uniqueness",
]
