"""How formulas are written, in text and LaTeX. Knows SymPy only."""

from equivalence.formulas.letters import ACCENTS, LOWERED, RAISED, SIGNS, latex_letters
from equivalence.formulas.nodes import ANY, AttentionWeights, Diagonal, Invertible, Orthogonal, Symmetric, Written, is_monomial
from equivalence.formulas.printers import bmatrix, latex, text

__all__ = [
    "ACCENTS",
    "ANY",
    "LOWERED",
    "RAISED",
    "SIGNS",
    "AttentionWeights",
    "Diagonal",
    "Invertible",
    "Orthogonal",
    "Symmetric",
    "Written",
    "bmatrix",
    "is_monomial",
    "latex",
    "latex_letters",
    "text",
]
