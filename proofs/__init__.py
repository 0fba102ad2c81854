"""The statements, one module (or package) a chapter. Importing this package registers them all."""

from proofs import data_updates, depth, gradient_fields, one_layer, potentials, softmax, spectrum, tokens, uniqueness

__all__ = ["data_updates", "depth", "gradient_fields", "one_layer", "potentials", "softmax", "spectrum", "tokens", "uniqueness"]
