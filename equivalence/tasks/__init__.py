"""The regression tasks of the literature, seeded, and what one step can reach on them. Only to draw takes JAX."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
