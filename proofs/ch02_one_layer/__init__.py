"""Chapter 2: one layer is one step, and which weights are."""

from proofs.ch02_one_layer import keys, one_layer, parametrisations, sensitivities, signs, single_tokens

__all__ = ["keys", "one_layer", "parametrisations", "sensitivities", "signs", "single_tokens"]
