r"""How wide LaTeX is on the page, in em: an estimate from Computer Modern's widths, near enough to break lines by.

What it reads is what the printers write: letters, numbers, signs, indices and exponents, fractions, matrices, brackets and named
operators. `make typeset` measures the same formulas with TeX.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\begin\{bmatrix\}|\\end\{bmatrix\}|\\\\|\\[A-Za-z]+|\\.|[{}^_&]|\s+|.", re.DOTALL)

_CAPITALS = {
    "C": 0.76,
    "I": 0.46,
    "J": 0.63,
    "M": 1.0,
    "N": 0.86,
    "O": 0.77,
    "P": 0.7,
    "S": 0.65,
    "T": 0.66,
    "W": 1.0,
    "H": 0.86,
    "K": 0.86,
}
_CAPITAL = 0.8
_LETTERS = {
    "m": 0.88,
    "w": 0.72,
    "i": 0.35,
    "j": 0.41,
    "l": 0.3,
    "t": 0.36,
    "s": 0.47,
    "e": 0.47,
    "c": 0.43,
    "d": 0.52,
    "n": 0.6,
    "u": 0.57,
}
_BINARY = {"+": 1.23, "-": 1.23, r"\cdot": 0.73, r"\times": 1.23, r"\odot": 1.23, r"\circ": 0.95, r"\pm": 1.23, "/": 0.5}
_RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\ne", r"\in", r"\approx", r"\to", r"\Leftarrow", r"\Rightarrow", r"\Leftrightarrow"}
_SPACES = {r"\quad": 1.0, r"\qquad": 2.0, r"\ ": 0.34, r"\,": 0.17, "&": 0.0}
_SIGNS = {"'": 0.3, ",": 0.45, ";": 0.45, "(": 0.39, ")": 0.39, "[": 0.28, "]": 0.28, "|": 0.28, r"\|": 0.5, r"\{": 0.5, r"\}": 0.5} | {
    r"\langle": 0.39, r"\rangle": 0.39, r"\ldots": 1.34, r"\top": 0.78, r"\bigl": 0.1, r"\bigr": 0.1, r"\left": 0.25, r"\right": 0.25,
    r"\sqrt": 0.85, r"\surd": 0.85, r"\partial": 0.6, r"\sum": 1.45, r"\prod": 1.3, r"\log": 1.4, r"\exp": 1.6,
}  # fmt: skip
_UPRIGHT = {r"\text", r"\operatorname", r"\mathrm"}
_SMALL, _COLUMN, _FENCES = 0.72, 1.0, 1.5


def ems(latex: str) -> float:
    """The width of LaTeX mathematics on one line, in em of the text's size."""
    return _Reader(_TOKEN.findall(latex)).row(())


class _Reader:
    """Reads tokens from left to right and adds up their widths."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def row(self, ends: tuple[str, ...], scale: float = 1.0) -> float:
        """The width of everything up to one of the ends, which is not taken."""
        width = 0.0
        while self.place < len(self.tokens) and self.tokens[self.place] not in ends:
            token = self._next()
            width += self._scripts(scale) if token in "^_" else self._wide(token, scale)
        return width

    def _next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def _wide(self, token: str, scale: float) -> float:
        if token.isspace():
            return 0.0
        if token == "{":
            return self._closed(scale)
        if token == r"\begin{bmatrix}":
            return self._matrix(scale)
        if token in (r"\frac", r"\tfrac"):
            within = scale if token == r"\frac" else scale * _SMALL
            return max(self._argument(within), self._argument(within)) + 0.24 * scale
        if token in _UPRIGHT:
            return self._upright() * scale
        if token in _RELATIONS:
            return 1.34 * scale
        return self._letter(token) * scale

    def _letter(self, token: str) -> float:
        for table in (_BINARY, _SPACES, _SIGNS, _CAPITALS, _LETTERS):
            if token in table:
                return table[token]
        if token.isdecimal():
            return 0.5
        if token.isupper():
            return _CAPITAL
        return 0.0 if token in (r"\underline", r"\tilde", r"\bar", r"\mathbf", "}") else 0.78 if token[1:2].isupper() else 0.58

    def _scripts(self, scale: float) -> float:
        """An index or an exponent, or both one above the other."""
        width = self._argument(scale * _SMALL)
        if self.place < len(self.tokens) and self.tokens[self.place] in "^_":
            self.place += 1
            width = max(width, self._argument(scale * _SMALL))
        return width + 0.05 * scale

    def _argument(self, scale: float) -> float:
        token = self._next()
        return self._closed(scale) if token == "{" else self._wide(token, scale)

    def _closed(self, scale: float) -> float:
        width = self.row(("}",), scale)
        self.place += 1
        return width

    def _upright(self) -> float:
        """Words, or the name of an operator with the thin spaces around it."""
        self._next()
        start = self.place
        while self.tokens[self.place] != "}":
            self.place += 1
        self.place += 1
        return 0.5 * len("".join(self.tokens[start : self.place - 1])) + 0.2

    def _matrix(self, scale: float) -> float:
        columns: list[float] = []
        number = 0
        while self.tokens[self.place - 1] != r"\end{bmatrix}":
            width = self.row(("&", r"\\", r"\end{bmatrix}"), scale)
            columns[number:] = [max(width, *columns[number : number + 1]) if columns[number:] else width, *columns[number + 1 :]]
            number = number + 1 if self._next() == "&" else 0
        return sum(columns) + (_COLUMN * (len(columns) - 1) + _FENCES) * scale
