"""Weights of floats are measured, with a certified bound (statement 9.2)."""
