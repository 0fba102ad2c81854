"""How fast the checks are, always against the obvious alternative in the same run: ``python -m benchmarks``."""
