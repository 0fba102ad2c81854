"""An oracle for what is printed: reads an expression, text or LaTeX, and computes it, knowing nothing but the values of its letters.

The grammar is that of the page: a product is what stands side by side, ᵀ binds closest, a minus takes the whole product.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def read(written: str, letters: Mapping[str, Any], prime: int) -> Any:
    """The value of a line of text, modulo a prime.

    Raises ValueError where the text is no expression.
    """
    names = "|".join(re.escape(name) for name in sorted(letters, key=len, reverse=True))
    tokens = re.findall(rf"tr\(|{names}|\d+|\S", written)
    page = _Page(tokens, letters, prime)
    found = page.total()
    if page.rest:
        raise ValueError(f"unexpected {page.rest[0]!r} in {written!r}")
    return found


def from_latex(written: str) -> str:
    """LaTeX in the signs of the text."""
    for command, sign in ((r"\left(", "("), (r"\right)", ")"), (r"\operatorname{tr}", "tr"), (r"\tfrac{1}{2}", "½")):
        written = written.replace(command, sign)
    for command, sign in (("^{\\top}", "ᵀ"), ("^{2}", "²"), ("^{3}", "³"), ("-", "−")):
        written = written.replace(command, sign)
    written = re.sub(r"\\frac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", r"((\1)/(\2))", written)
    innermost = re.compile(r"\\begin\{bmatrix\}((?:(?!\\begin\{bmatrix\}).)*?)\\end\{bmatrix\}")
    while found := innermost.search(written):
        lines = ("[" + ",".join(line.split("&")) + "]" for line in found[1].split(r"\\"))
        written = written[: found.start()] + "[" + ",".join(lines) + "]" + written[found.end() :]
    return written


class _Page:
    def __init__(self, tokens: list[str], letters: Mapping[str, Any], prime: int):
        self.rest, self.letters, self.prime = list(reversed(tokens)), letters, prime

    def take(self, *wanted: str) -> str:
        """The next token, if it is one of those wanted; else nothing."""
        return self.rest.pop() if self.rest and self.rest[-1] in wanted else ""

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise ValueError(f"expected {wanted!r} before {self.rest[::-1]}")

    def total(self) -> Any:
        found = -self.product() if self.take("−") else self.product()
        while sign := self.take("+", "−"):
            term = self.product()
            found = found + (term if sign == "+" else -term)
        return found % self.prime

    def product(self) -> Any:
        found = self.factor()
        while self.rest and self.rest[-1] not in "+−)],;":
            divides = self.take("/")
            factor = self.factor()
            found = self.times(found, pow(int(factor), -1, self.prime) if divides else factor) % self.prime
        return found

    def times(self, left: Any, right: Any) -> Any:
        return left @ right if isinstance(left, np.ndarray) and isinstance(right, np.ndarray) else left * right

    def factor(self) -> Any:
        found = self.atom()
        while mark := self.take("ᵀ", "²", "³"):
            found = found.T if mark == "ᵀ" else pow(found, 2 if mark == "²" else 3, self.prime)
        return found

    def atom(self) -> Any:
        token = self.rest.pop()
        if token in self.letters:
            return self.letters[token]
        if token.isdecimal():
            return int(token)
        if token == "½":
            return pow(2, -1, self.prime)
        if token == "[":
            return self.blocks()
        if token not in ("(", "tr("):
            raise ValueError(f"unexpected {token!r}")
        found = self.total()
        self.expect(")")
        return int(np.trace(found)) if token == "tr(" else found

    def blocks(self) -> Any:
        """After the opening bracket: lines in brackets, or cells, of which the first may itself begin with a bracket."""
        before = list(self.rest)
        try:
            lines = [self.line()]
            while self.take(","):
                lines.append(self.line())
            self.expect("]")
            return np.block(lines)
        except (IndexError, ValueError):
            self.rest = before
        cells, separators = [self.total()], set()
        while separator := self.take(",", ";"):
            separators.add(separator)
            cells.append(self.total())
        self.expect("]")
        return np.block([[cell] for cell in cells]) if separators == {";"} else np.block([cells])

    def line(self) -> list[Any]:
        self.expect("[")
        cells = [self.total()]
        while self.take(","):
            cells.append(self.total())
        self.expect("]")
        return cells
