"""Chapter 6: where softmax breaks it."""

from proofs.ch06_softmax_breaks_it import affine_model, expansion, impossibility, lower_bound, opposite_heads, repair

__all__ = ["affine_model", "expansion", "impossibility", "lower_bound", "opposite_heads", "repair"]
