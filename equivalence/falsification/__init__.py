"""The smallest counterexample to the laws of a gradient step, for any callable."""

from equivalence.falsification.report import Counterexample, Falsification, Report
from equivalence.falsification.search import falsify

__all__ = ["Counterexample", "Falsification", "Report", "falsify"]
