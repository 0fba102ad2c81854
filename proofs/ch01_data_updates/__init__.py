"""Chapter 1: gradient descent as a data update."""

from proofs.ch01_data_updates import data_updates

__all__ = ["data_updates"]
