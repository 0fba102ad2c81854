"""Chapter 4: tokens and features."""

from proofs.ch04_tokens import deep_features, printed_pairing, separate_tokens

__all__ = ["deep_features", "printed_pairing", "separate_tokens"]
