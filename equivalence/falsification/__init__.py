"""The smallest counterexample to the laws of a gradient step, for any callable. The search needs Hypothesis, which is loaded with it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
