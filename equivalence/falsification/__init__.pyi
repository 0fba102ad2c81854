from .report import Counterexample, Falsification, Report
from .search import falsify

__all__ = ["Counterexample", "Falsification", "Report", "falsify"]
