"""Chapter 3: depth, GD++ and its spectrum, causal masks."""

from proofs.ch03_depth import depth, spectrum

__all__ = ["depth", "spectrum"]
