"""How formulas are written, in text and LaTeX, and laid out on lines. Knows SymPy only."""

from equivalence.formulas.changes import marked, stands_out
from equivalence.formulas.definitions import Definition, Definitions, definitions
from equivalence.formulas.forms import LATEX, TEXT, Form, pointed, underlined, unmarked
from equivalence.formulas.layout import ANGLES, SPACE, Bracketed, Joint, Line, Row, listed
from equivalence.formulas.letters import ACCENTS, LOWERED, RAISED, SIGNS, latex_letters
from equivalence.formulas.nodes import (
    ANY,
    AttentionWeights,
    Diagonal,
    Invertible,
    Named,
    Orthogonal,
    Symmetric,
    Written,
    is_monomial,
    nameless,
)
from equivalence.formulas.printers import bmatrix, latex, text

__all__ = [
    "ACCENTS",
    "ANGLES",
    "ANY",
    "LATEX",
    "LOWERED",
    "RAISED",
    "SIGNS",
    "SPACE",
    "TEXT",
    "AttentionWeights",
    "Bracketed",
    "Definition",
    "Definitions",
    "Diagonal",
    "Form",
    "Invertible",
    "Joint",
    "Line",
    "Named",
    "Orthogonal",
    "Row",
    "Symmetric",
    "Written",
    "bmatrix",
    "definitions",
    "is_monomial",
    "latex",
    "latex_letters",
    "listed",
    "marked",
    "nameless",
    "pointed",
    "stands_out",
    "text",
    "underlined",
    "unmarked",
]
