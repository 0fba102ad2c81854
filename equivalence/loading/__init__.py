"""Weights from files that nobody vouches for."""

from equivalence.loading.layers import load_layers

__all__ = ["load_layers"]
