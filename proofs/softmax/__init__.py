"""Chapter 6: where softmax breaks it, by how much, and two repairs. A package of its own, as the ideas are three."""

from proofs.softmax import expansion, impossibility, repair

__all__ = ["expansion", "impossibility", "repair"]
