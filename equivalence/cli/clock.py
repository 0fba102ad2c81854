"""How long SymPy took to load: the package imports this first, so that its share of the time is known."""

from time import perf_counter

BEGUN = perf_counter()
import sympy  # noqa: E402, F401

SYMPY_SECONDS = perf_counter() - BEGUN
"""0 where something else had loaded it."""
