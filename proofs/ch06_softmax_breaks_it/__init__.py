"""Chapter 6: where softmax breaks it."""

from proofs.ch06_softmax_breaks_it import expansion, impossibility, repair

__all__ = ["expansion", "impossibility", "repair"]
