"""Chapter 10: neighbours of gradient descent, and what layers reach."""

from proofs.ch10_neighbours import forward_chaining, invariants, mesa_layer, newton, preconditioning, reach, ridge

__all__ = ["forward_chaining", "invariants", "mesa_layer", "newton", "preconditioning", "reach", "ridge"]
