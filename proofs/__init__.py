"""The statements, one module (or package) a chapter. Importing this package registers them all."""

from proofs import (
    canonical_tensors,
    data_updates,
    depth,
    gradient_fields,
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
    "data_updates",
    "depth",
    "gradient_fields",
    "one_layer",
    "potentials",
    "recognition_laws",
    "softmax",
    "spectrum",
    "tokens",
    "uniqueness",
]
