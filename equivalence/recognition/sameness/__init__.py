"""Are two layers the same function? Exact weights are decided, floating ones measured, with a bound or a context that tells them apart."""

from equivalence.recognition.sameness.result import Difference, Sameness
from equivalence.recognition.sameness.same_function import same_function

__all__ = ["Difference", "Sameness", "same_function"]
