"""Chapter 7: what softmax descends instead."""

from proofs.ch07_what_softmax_descends import gradient_fields, potentials

__all__ = ["gradient_fields", "potentials"]
