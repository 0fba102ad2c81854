"""Chapter 5: dual forms, and what a meta-gradient is a gradient of."""

from proofs.ch05_dual_forms import dual_forms, meta_gradients, momentum, similarity, softmax_updates

__all__ = ["dual_forms", "meta_gradients", "momentum", "similarity", "softmax_updates"]
