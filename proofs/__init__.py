"""The statements, one module a chapter. Importing this package registers them all."""

from proofs import data_updates, one_layer

__all__ = ["data_updates", "one_layer"]
