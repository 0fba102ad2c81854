"""Chapter 3: depth, GD++ and its spectrum, causal masks."""

from proofs.ch03_depth import causal, conditioning, depth, newton_schulz, spectrum

__all__ = ["causal", "conditioning", "depth", "newton_schulz", "spectrum"]
