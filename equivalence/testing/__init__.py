"""Assertions for the test suites of others."""

from equivalence.testing.assertions import ROUNDED_WEIGHTS, assert_gradient_descent

__all__ = ["ROUNDED_WEIGHTS", "assert_gradient_descent"]
