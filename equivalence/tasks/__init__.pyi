from .laws import Gaussian, InputLaw, Uniform
from .one_step import optimal_rate, optimal_risk, risk
from .regression import Tasks, regression

__all__ = ["Gaussian", "InputLaw", "Tasks", "Uniform", "optimal_rate", "optimal_risk", "regression", "risk"]
