"""Predictors: one type, made from layers and from descents. Only the type needs no JAX, so names are loaded when they are asked for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
