"""Random programs over the protocol, and other programs that must mean the same.

A program is a tree; its value is taken in any algebra, at symbolic or at fixed sizes. The *budget* bounds how many letters stand in any
product, so that the degree of what a program computes is known to be small beside the sizes it is evaluated at.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import numpy as np

WIDTHS = ("d", "N", "one")
"""The names of the sizes; ``one`` is 1 in every assignment."""


class Tree(NamedTuple):
    """An operation, what it is applied to, and the shape by names of sizes (both empty for a scalar)."""

    op: str
    of: tuple[Any, ...] = ()
    rows: str = ""
    cols: str = ""

    def __str__(self) -> str:
        return f"{self.op}{self.rows},{self.cols}({' '.join(map(str, self.of))})"


def value(tree: Tree, algebra: Any, sizes: dict[str, Any]) -> Any:
    """What a program computes."""

    def at(index: int) -> Any:
        return value(tree.of[index], algebra, sizes)

    rows, cols = sizes.get(tree.rows), sizes.get(tree.cols)
    match tree.op:
        case "generator":
            return algebra.generator(tree.of[0], rows, cols)
        case "symmetric":
            return algebra.generator(tree.of[0], rows, cols, symmetric=True)
        case "T" | "T⁻¹":
            return algebra.invertible("T", rows)[tree.op != "T"]
        case "eye":
            return algebra.eye(rows)
        case "ones":
            return algebra.ones(rows, cols)
        case "zeros":
            return algebra.zeros(rows, cols)
        case "centred":
            ones = algebra.ones(rows, 1)
            return algebra.eye(rows) - (algebra.scalar(1) / algebra.scalar(rows)) * (ones @ ones.T)
        case "@":
            return at(0) @ at(1)
        case "side by side":
            return algebra.block([[at(0), at(1)]]) @ algebra.block([[at(2)], [at(3)]])
        case "side by side, transposed":
            return (algebra.block([[at(2)], [at(3)]]).T @ algebra.block([[at(0), at(1)]]).T).T
        case "+" | "scalar +":
            return at(0) + at(1)
        case "-":
            return at(0) - at(1)
        case "neg":
            return -at(0)
        case "transpose":
            return at(0).T
        case "scaled" | "scalar *":
            return at(0) * at(1)
        case "number":
            return algebra.scalar(tree.of[0])
        case "symbol":
            return algebra.symbol(tree.of[0])
        case "1/symbol":
            return algebra.scalar(1) / algebra.symbol(tree.of[0])
        case "size":
            return algebra.scalar(sizes[tree.of[0]])
        case "1/size":
            return algebra.scalar(1) / algebra.scalar(sizes[tree.of[0]])
        case "trace":
            return algebra.trace(at(0))
        case "block trace":
            return algebra.trace(algebra.block([[at(0), at(1)], [at(2), at(3)]]))
    raise ValueError(f"op: unknown operation {tree.op!r}")


class Values:
    """The numbers of generators and symbols at fixed sizes, modulo a prime small enough for int64; drawn by name.

    `entries` is an interpreter of programs on its own: NumPy arrays, no block, no algebra.
    """

    prime = 2**26 - 5

    def __init__(self, random: Random, sizes: dict[str, int]):
        self.random, self.sizes = random, sizes
        self.drawn: dict[str, Any] = {}

    def draw(self, name: str, rows: int, cols: int) -> np.ndarray:
        """A generator by its name: integers from 1 to 99."""
        return self.drawn.setdefault(name, np.array([[self.random.randint(1, 99) for _ in range(cols)] for _ in range(rows)]))

    def inverted(self, matrix: np.ndarray) -> np.ndarray:
        """The inverse modulo the prime, by Gauss and Jordan: a row at a time, the pivot's row first."""
        size, prime = len(matrix), self.prime
        rows = np.hstack([matrix, np.eye(size, dtype=int)]) % prime
        for place in range(size):
            pivot = next(row for row in range(place, size) if rows[row, place])
            rows[[place, pivot]] = rows[[pivot, place]]
            rows[place] = rows[place] * pow(int(rows[place, place]), -1, prime) % prime
            for other in (row for row in range(size) if row != place):
                rows[other] = (rows[other] - rows[other, place] * rows[place]) % prime
        return rows[:, size:]

    def entries(self, tree: Tree) -> Any:
        """What a program computes, modulo the prime: an array, or an integer for a scalar."""
        found = self._operation(tree, [self.entries(part) for part in tree.of if isinstance(part, Tree)])
        return found % self.prime

    def _operation(self, tree: Tree, of: list[Any]) -> Any:
        rows, cols = self.sizes.get(tree.rows, 0), self.sizes.get(tree.cols, 0)
        match tree.op:
            case "generator":
                return self.draw(tree.of[0], rows, cols)
            case "symmetric":
                drawn = self.draw(tree.of[0], rows, rows)
                return np.triu(drawn) + np.triu(drawn, 1).T
            case "T":
                return self.draw("T", rows, rows)
            case "T⁻¹":
                return self.inverted(self.draw("T", rows, rows))
            case "eye":
                return np.eye(rows, dtype=int)
            case "ones":
                return np.ones((rows, cols), dtype=int)
            case "zeros":
                return np.zeros((rows, cols), dtype=int)
            case "centred":
                return np.eye(rows, dtype=int) - pow(rows, -1, self.prime)
            case "@":
                return of[0] @ of[1]
            case "side by side" | "side by side, transposed":
                return of[0] @ of[2] + of[1] @ of[3]
            case "+" | "scalar +":
                return of[0] + of[1]
            case "-":
                return of[0] - of[1]
            case "neg":
                return -of[0]
            case "transpose":
                return of[0].T
            case "scaled" | "scalar *":
                return of[0] * of[1]
            case "number":
                above, _, below = tree.of[0].partition("/")
                return int(above) * pow(int(below or 1), -1, self.prime)
            case "symbol" | "1/symbol":
                return pow(int(self.draw(tree.of[0], 1, 1)[0, 0]), -1 if tree.op == "1/symbol" else 1, self.prime)
            case "size" | "1/size":
                return pow(self.sizes[tree.of[0]], -1 if tree.op == "1/size" else 1, self.prime)
            case "trace":
                return int(np.trace(of[0]))
            case "block trace":
                return int(np.trace(of[0]) + np.trace(of[3]))
        raise ValueError(f"op: unknown operation {tree.op!r}")


class Programs:
    """Random programs.

    Args:
        random: where they are drawn from.
        invertible: whether T and T⁻¹ are among the letters; with them, different forms prove nothing.
    """

    def __init__(self, random: Random, *, invertible: bool = False):
        self.random, self.invertible = random, invertible

    def any(self, rows: str, cols: str, budget: int) -> Tree:
        """A program of the given shape (a scalar if it is empty) with at most `budget` letters in a product."""
        return self.matrix(rows, cols, budget) if rows else self.scalar(budget)

    def matrix(self, rows: str, cols: str, budget: int) -> Tree:
        if budget <= 1 or self.random.random() < 0.1:
            return self.leaf(rows, cols)
        here = (rows, cols)
        first = self.random.randint(1, budget - 1)
        match self.random.choice(("@", "@", "@", "@", "+", "-", "transpose", "scaled", "neg", "side by side")):
            case "@":
                inner = self.random.choice(WIDTHS)
                return Tree("@", (self.matrix(rows, inner, first), self.matrix(inner, cols, budget - first)), *here)
            case "side by side":
                left, right = self.random.choice(WIDTHS), self.random.choice(WIDTHS)
                above = (self.matrix(rows, left, first), self.matrix(rows, right, first))
                return Tree(
                    "side by side", (*above, self.matrix(left, cols, budget - first), self.matrix(right, cols, budget - first)), *here
                )
            case "transpose":
                return Tree("transpose", (self.matrix(cols, rows, budget),), *here)
            case "scaled":
                return Tree("scaled", (self.scalar(first), self.matrix(rows, cols, budget - first)), *here)
            case "neg":
                return Tree("neg", (self.matrix(rows, cols, budget),), *here)
            case op:
                return Tree(op, (self.matrix(rows, cols, budget - 1), self.matrix(rows, cols, first)), *here)

    def leaf(self, rows: str, cols: str) -> Tree:
        kinds = ["generator", "generator", "ones"] + ["eye", "symmetric", "centred"] * (rows == cols)
        kinds += ["T", "T⁻¹"] * 3 * (self.invertible and rows == cols == "d")
        op = "zeros" if self.random.random() < 0.03 else self.random.choice(kinds)
        if op == "generator" and WIDTHS.index(rows) > WIDTHS.index(cols):
            return Tree("transpose", (self.leaf(cols, rows),), rows, cols)
        named = {"generator": f"G_{rows}_{cols}", "symmetric": f"S_{rows}"}
        return Tree(op, (named[op],) if op in named else (), rows, cols)

    def scalar(self, budget: int) -> Tree:
        first = self.random.randint(1, max(budget - 1, 1))
        kinds = ["number", "symbol", "1/symbol", "size", "1/size", "trace", "trace"]
        kinds += ["scalar +", "scalar *", "trace", "block trace"] * (budget > 1)
        match self.random.choice(kinds):
            case "number":
                return Tree("number", (self.random.choice(("2", "-1", "1/2", "3")),))
            case "symbol" | "1/symbol" as op:
                return Tree(op, (self.random.choice("st"),))
            case "size" | "1/size" as op:
                return Tree(op, (self.random.choice(WIDTHS),))
            case "trace":
                size = self.random.choice(WIDTHS)
                return Tree("trace", (self.matrix(size, size, budget),))
            case "block trace":
                shapes = (("d", "d"), ("d", "N"), ("N", "d"), ("N", "N"))
                return Tree("block trace", tuple(self.matrix(*shape, budget) for shape in shapes))
            case op:
                return Tree(op, (self.scalar(first), self.scalar(budget - first)))

    def rewritten(self, tree: Tree) -> Tree:
        """Another program that means the same, by laws applied at random, from the leaves up. No product gets longer, but by T T⁻¹."""
        again = tree._replace(of=tuple(self.rewritten(part) if isinstance(part, Tree) else part for part in tree.of))
        laws = [law for law in LAWS if self.random.random() < 0.4]
        for law in laws:
            again = law(self, again) or again
        return again

    def altered(self, tree: Tree) -> Tree:
        """A program that looks much the same and mostly means something else: one change, at a random place."""
        places = [number for number, part in enumerate(tree.of) if isinstance(part, Tree)]
        if places and self.random.random() < 0.7:
            place = self.random.choice(places)
            return tree._replace(of=(*tree.of[:place], self.altered(tree.of[place]), *tree.of[place + 1 :]))
        if tree.op == "@" and tree.of[0].rows == tree.of[0].cols == tree.of[1].cols:
            return tree._replace(of=tree.of[::-1])
        if tree.op in ("transpose", "neg") and tree.of[0].rows == tree.rows:
            return tree.of[0]
        if tree.op in ALTERED:
            return tree._replace(op=ALTERED[tree.op])
        return Tree("transpose", (tree,), tree.rows, tree.cols) if tree.rows and tree.rows == tree.cols else tree


ALTERED = {"+": "-", "-": "+", "scalar +": "scalar *", "symbol": "1/symbol", "1/symbol": "symbol", "size": "1/size", "1/size": "size"}
ALTERED |= {"T": "T⁻¹", "T⁻¹": "T", "eye": "zeros", "centred": "eye"}


def t(tree: Tree) -> Tree:
    """The transpose of a program."""
    return Tree("transpose", (tree,), tree.cols, tree.rows)


def product(left: Tree, right: Tree) -> Tree:
    """The product of two programs."""
    return Tree("@", (left, right), left.rows, right.cols)


def transpose_reverses(programs: Programs, tree: Tree) -> Tree | None:
    if tree.op == "@":
        left, right = tree.of
        return t(product(t(right), t(left)))
    return None


def product_is_associative(programs: Programs, tree: Tree) -> Tree | None:
    if tree.op == "@" and tree.of[0].op == "@":
        (left, middle), right = tree.of[0].of, tree.of[1]
        return product(left, product(middle, right))
    return None


def product_distributes(programs: Programs, tree: Tree) -> Tree | None:
    if tree.op == "@" and tree.of[1].op in ("+", "-"):
        left, (first, second) = tree.of[0], tree.of[1].of
        return Tree(tree.of[1].op, (product(left, first), product(left, second)), tree.rows, tree.cols)
    return None


def sum_commutes(programs: Programs, tree: Tree) -> Tree | None:
    return tree._replace(of=tree.of[::-1]) if tree.op in ("+", "scalar +", "scalar *") else None


def scalars_move(programs: Programs, tree: Tree) -> Tree | None:
    if tree.op == "scaled" and tree.of[1].op == "@":
        scalar, (left, right) = tree.of[0], tree.of[1].of
        return product(Tree("scaled", (scalar, left), left.rows, left.cols), right)
    return None


def trace_turns(programs: Programs, tree: Tree) -> Tree | None:
    if tree.op == "trace" and tree.of[0].op == "@":
        left, right = tree.of[0].of
        return Tree("trace", (product(right, left),))
    return None


def trace_of_transpose(programs: Programs, tree: Tree) -> Tree | None:
    return Tree("trace", (t(tree.of[0]),)) if tree.op == "trace" else None


def small_is_its_transpose(programs: Programs, tree: Tree) -> Tree | None:
    return t(tree) if tree.rows == tree.cols == "one" else None


def small_is_its_trace(programs: Programs, tree: Tree) -> Tree | None:
    if tree.rows == tree.cols == "one":
        return Tree("scaled", (Tree("trace", (tree,)), Tree("eye", (), "one", "one")), "one", "one")
    return None


def sum_is_a_row_times_a_column(programs: Programs, tree: Tree) -> Tree | None:
    if tree.op == "+" and tree.rows == tree.cols:
        eye = Tree("eye", (), tree.rows, tree.rows)
        return Tree("side by side", (tree.of[0], eye, eye, tree.of[1]), tree.rows, tree.cols)
    return None


def symmetric_is_its_transpose(programs: Programs, tree: Tree) -> Tree | None:
    return t(tree) if tree.op in ("symmetric", "eye", "centred") else None


def blocks_transpose(programs: Programs, tree: Tree) -> Tree | None:
    return tree._replace(op="side by side, transposed") if tree.op == "side by side" else None


def centring_is_idempotent(programs: Programs, tree: Tree) -> Tree | None:
    return product(tree, tree) if tree.op == "centred" else None


def trace_of_identity_is_the_size(programs: Programs, tree: Tree) -> Tree | None:
    return Tree("trace", (Tree("eye", (), *tree.of * 2),)) if tree.op == "size" else None


def conjugation_keeps_the_trace(programs: Programs, tree: Tree) -> Tree | None:
    if programs.invertible and tree.op == "trace" and tree.of[0].rows == "d":
        there, back = (Tree(op, (), "d", "d") for op in ("T", "T⁻¹"))
        return Tree("trace", (product(product(there, tree.of[0]), back),))
    return None


def inverses_cancel_transposed(programs: Programs, tree: Tree) -> Tree | None:
    if programs.invertible and tree.op == "eye" and tree.rows == "d":
        there, back = (Tree(op, (), "d", "d") for op in ("T", "T⁻¹"))
        return product(t(there), t(back))
    return None


Law = Callable[[Programs, Tree], Tree | None]
LAWS: tuple[Law, ...] = (
    transpose_reverses,
    product_is_associative,
    product_distributes,
    sum_commutes,
    scalars_move,
    trace_turns,
    trace_of_transpose,
    small_is_its_transpose,
    small_is_its_trace,
    sum_is_a_row_times_a_column,
    symmetric_is_its_transpose,
    blocks_transpose,
    centring_is_idempotent,
    trace_of_identity_is_the_size,
    conjugation_keeps_the_trace,
    inverses_cancel_transposed,
)
"""Each takes a program to another that means the same, or to None where it does not apply."""
