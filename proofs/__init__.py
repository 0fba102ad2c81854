"""The statements, one module a chapter. Importing this package registers them all."""

from proofs import data_updates, depth, one_layer, spectrum, tokens, uniqueness

__all__ = ["data_updates", "depth", "one_layer", "spectrum", "tokens", "uniqueness"]
