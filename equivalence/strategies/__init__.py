"""Hypothesis strategies, for property tests of your own."""

from equivalence.strategies.draws import (
    Instance,
    RegressionTask,
    instances,
    layers,
    matrices,
    nonzero_rationals,
    rationals,
    regression_tasks,
    sizes,
)

__all__ = ["Instance", "RegressionTask", "instances", "layers", "matrices", "nonzero_rationals", "rationals", "regression_tasks", "sizes"]
