"""Chapter 4: tokens and features."""

from proofs.ch04_tokens import deep_features, feature_maps, printed_pairing, random_features, reassociation, separate_tokens

__all__ = ["deep_features", "feature_maps", "printed_pairing", "random_features", "reassociation", "separate_tokens"]
