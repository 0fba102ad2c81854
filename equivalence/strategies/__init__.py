"""Hypothesis strategies, for property tests of your own.

A test that runs JAX on what they draw compiles at every new shape, and sizes are drawn: the first instance of a shape takes longer than
Hypothesis's default deadline of 200 ms, the second does not, and the test is called flaky. Nothing can be warmed up that is not known
before; so write ``@settings(deadline=None)`` on such tests, or once in a profile.
"""

from equivalence.strategies.claims import ClaimInstance, instances
from equivalence.strategies.draws import RegressionTask, layers, matrices, nonzero_rationals, rationals, regression_tasks, sizes

__all__ = [
    "ClaimInstance",
    "RegressionTask",
    "instances",
    "layers",
    "matrices",
    "nonzero_rationals",
    "rationals",
    "regression_tasks",
    "sizes",
]
