"""Chapter 4: tokens and features."""

from proofs.ch04_tokens import tokens

__all__ = ["tokens"]
