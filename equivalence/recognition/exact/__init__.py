"""Exact weights are decided (statement 9.1)."""
