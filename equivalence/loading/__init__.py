"""Weights from files that nobody vouches for, and from modules and trees."""

from equivalence.loading.layers import load_layers
from equivalence.loading.loaded import Assumed, Loaded

__all__ = ["Assumed", "Loaded", "load_layers"]
