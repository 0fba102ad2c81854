"""Mathematical letters and signs, and their commands in LaTeX."""

from __future__ import annotations

import re
import unicodedata

SIGNS = {
    "−": "-",
    "½": r"\tfrac{1}{2}",
    "‖": r"\|",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "∇": r"\nabla",
    "∂": r"\partial",
    "√": r"\surd",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "→": r"\to",
    "←": r"\leftarrow",
    "↦": r"\mapsto",
    "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow",
    "⇐": r"\Leftarrow",
    "⇔": r"\Leftrightarrow",
    "∈": r"\in",
    "∏": r"\prod",
    "Σ": r"\sum",
    "·": r"\cdot",
    "×": r"\times",
    "⊗": r"\otimes",
    "∧": r"\wedge",
    "⊙": r"\odot",
    "∘": r"\circ",
    "±": r"\pm",
    "∞": r"\infty",
    "…": r"\ldots",
    "𝟏": r"\mathbf{1}",
    "ε": r"\varepsilon",
}
"""LaTeX for the signs that texts use, in mathematics; Greek letters go by their Unicode names."""

ACCENTS = {"\N{COMBINING TILDE}": "tilde", "\N{COMBINING MACRON}": "bar"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᴷⁿᵏ", [*"0123456789+-", r"\top", *"Knk"], strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₓₜₖₙᵢⱼ", "0123456789+-xtknij", strict=True))


def latex_letters(written: str) -> str:
    r"""The same mathematics with LaTeX commands for its letters and signs: ``ηX₀ᵀ`` becomes ``\eta X_{0}^{\top}``."""
    for accent, command in ACCENTS.items():
        written = re.sub(rf"(\w){accent}", rf"\\{command}{{\1}}", written)
    for mark, letters in (("^", RAISED), ("_", LOWERED)):
        pieces = re.split(f"([{''.join(letters)}]+)", written)
        runs = ("".join(letters[letter] for letter in run) for run in pieces[1::2])
        written = pieces[0] + "".join(f"{mark}{{{run}}}{after}" for run, after in zip(runs, pieces[2::2], strict=True))
    return re.sub(r"[^\x00-\x7F] ?", lambda match: _command(match[0]), written).rstrip()


def _command(run: str) -> str:
    """The command for a letter and the space after it, if any; ended by a space where it would run into the next letter."""
    letter, after = run[0], run[1:]
    match unicodedata.name(letter, "").split():
        case ["GREEK", case, "LETTER", name] if letter not in SIGNS:
            name = name.replace("LAMDA", "LAMBDA")
            command = "\\" + (name.lower() if case == "SMALL" else name.capitalize())
        case _:
            command = SIGNS.get(letter, letter)
    return f"{command} " if command[0] == "\\" and command[-1].isalpha() else command + after
