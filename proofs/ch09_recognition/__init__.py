"""Chapter 9: is this layer gradient descent?"""

from proofs.ch09_recognition import canonical_tensors, certified_bounds, exact_recognition, nearest_members, recognition_laws

__all__ = ["canonical_tensors", "certified_bounds", "exact_recognition", "nearest_members", "recognition_laws"]
