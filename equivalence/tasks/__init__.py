"""The regression tasks of the literature, seeded, and what one step can reach on them."""

from equivalence.tasks.regression import Gaussian, Law, Tasks, Uniform, optimal_rate, optimal_risk, regression, risk

__all__ = ["Gaussian", "Law", "Tasks", "Uniform", "optimal_rate", "optimal_risk", "regression", "risk"]
