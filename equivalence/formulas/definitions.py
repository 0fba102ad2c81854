"""Names for large parts that come again and again, so that a derivation says once what they are. For the eye only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sympy
from sympy.matrices.expressions import (
    BlockMatrix,
    HadamardProduct,
    Inverse,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Trace,
    Transpose,
)

from equivalence.formulas.nodes import AttentionWeights, Named, Written
from equivalence.formulas.printers import text

LONG = 72
"""Columns of a formula that nobody finds long: what stands in such formulas only gets no name."""

SAVED = 60
"""Columns that a name must save, if it is not the program's own."""

MATRICES = ("G", "H", "S", "U", "Z", "J", "L", "M", "K", "F")
NUMBERS = ("rho", "sigma", "tau", "kappa", "omega", "theta", "phi", "psi", "alpha", "mu")
"""Letters for what the program gives no name, the first that is free."""

PRIMES = ("", "'", "''")
"""What is put to a name that several matrices have; a fourth gets none."""

_OPERATIONS = MatAdd, MatMul, HadamardProduct, AttentionWeights, Trace, Transpose, Inverse, Named, sympy.Add, sympy.Mul


@dataclass(frozen=True, eq=False)
class Shown(Written):
    """An expression as it is shown."""

    expression: sympy.Basic


@dataclass(frozen=True, eq=False)
class Definition(Shown):
    """Letters, and what they stand for.

    Attributes:
        expression: what they stand for, as it is shown: with the letters of all other definitions.
        letters: by the program's name for it, or by "" if it has none. Several if the program has several names for the same.
        found: what they stand for, as it was found: with the letters of earlier definitions.
    """

    letters: dict[str, sympy.Basic]
    found: sympy.Basic

    @property
    def letter(self) -> sympy.Basic:
        """The first of them."""
        return next(iter(self.letters.values()))


@dataclass(frozen=True)
class Definitions:
    """The definitions of a derivation.

    Attributes:
        named: of what the program names, then
        others: of what comes often; both as they were found.
    """

    named: tuple[Definition, ...] = ()
    others: tuple[Definition, ...] = ()

    def shown(self, expression: object) -> object:
        """An expression with letters for the parts that have them; what is such a part itself, only with those for its own parts."""
        return Shown(self.lettered(expression.expression)) if isinstance(expression, Written) else expression

    def lettered(self, tree: sympy.Basic) -> sympy.Basic:
        """The same for a tree."""
        for definition in self.named:
            tree = _within(tree, definition)
        tree = _nameless(tree)
        for definition in self.others:
            tree = _within(tree, definition)
        return tree

    def written_out(self, tree: sympy.Basic) -> sympy.Basic:
        """What is shown, without any of the letters."""
        for definition in reversed((*self.named, *self.others)):
            for letter in definition.letters.values():
                tree = _put(tree, Definition(letter, {"": definition.found}, letter))
        return tree

    def in_order(self) -> list[Definition]:
        """Each definition after those that its expression uses."""
        waiting, ordered = [*self.named, *self.others], list[Definition]()
        while waiting:
            letters = {letter for definition in waiting for letter in definition.letters.values()}
            ready = next(definition for definition in waiting if letters.isdisjoint(_leaves(definition.expression)))
            waiting.remove(ready)
            ordered.append(ready)
        return ordered

    def uses(self, trees: Iterable[sympy.Basic]) -> Counter[sympy.Basic]:
        """How often each letter is shown, in expressions and in other definitions."""
        shown = [*map(self.lettered, trees), *(definition.expression for definition in (*self.named, *self.others))]
        return Counter(leaf for tree in shown for leaf in _leaves(tree))


def definitions(expressions: Iterable[object], taken: str = "") -> Definitions:
    """Letters for the parts of a derivation's expressions.

    Args:
        expressions: what the derivation shows.
        taken: words in which no new letter may occur.

    Returns:
        Definitions of the matrices that the program names, and of others that come often, where that makes long formulas shorter.
        Each is used more than once.
    """
    trees = list(dict.fromkeys(shown.expression for shown in expressions if isinstance(shown, Written)))
    passed_over: set[sympy.Basic] = set()
    while True:
        found = _Search(trees, taken, passed_over).definitions()
        uses = found.uses(trees)
        idle = {
            definition.found
            for definition in (*found.named, *found.others)
            if sum(uses[letter] for letter in definition.letters.values()) < 2
        }
        if not idle:
            return found
        passed_over |= idle


class _Search:
    """Looks for parts to define, and puts letters for them in all expressions."""

    def __init__(self, trees: list[sympy.Basic], taken: str, passed_over: set[sympy.Basic]) -> None:
        self.trees = trees
        self.names = {letter.name for tree in trees for letter in _leaves(tree) if isinstance(letter, MatrixSymbol | sympy.Symbol)}
        self.own = frozenset(self.names)
        self.taken = taken
        self.passed_over = passed_over
        self.found: list[Definition] = []

    def definitions(self) -> Definitions:
        """What is worth a letter, the most frequent of the program's names first."""
        given: dict[sympy.Basic, Counter[str]] = {}
        for part in (part for tree in self.trees for part in _parts(tree) if isinstance(part, Named)):
            given.setdefault(_nameless(part), Counter())[part.name] += 1
        for matrix, names in sorted(given.items(), key=lambda item: -item[1].total()):
            self.define_named(matrix, list(names))
        self.trees = [_nameless(tree) for tree in self.trees]
        number = len(self.found)
        while self.define_the_largest():
            pass
        return Definitions(tuple(self.found[:number]), tuple(self.found[number:]))

    def define_named(self, matrix: sympy.Basic, names: Sequence[str]) -> None:
        """Letters for a matrix that the program names, with a prime where another matrix has the letter; none if one is a program's own."""
        if not _is_part(matrix) or matrix in self.passed_over or not self.own.isdisjoint(names):
            return
        count = sum(_nameless(part) == matrix for tree in self._long() for part in _parts(tree) if isinstance(part, Named))
        primed = ([f"{name}{primes}" for name in names] for primes in PRIMES)
        letters = next((letters for letters in primed if self.names.isdisjoint(letters)), None)
        if letters and _saved(matrix, count, letters) > 0:
            self._define(matrix, dict(zip(names, letters, strict=True)))

    def define_the_largest(self) -> bool:
        """A letter for the part that it shortens most. False if there is none that it shortens much."""
        counts = Counter(part for tree in self._long() for part in _parts(tree) if _is_part(part))
        saved = {part: _saved(part, count, ["G"]) for part, count in counts.items() if count > 1 and part not in self.passed_over}
        largest = max(saved, key=lambda part: saved[part], default=None)
        if largest is None or saved[largest] < SAVED or (letter := self._free(largest)) is None:
            return False
        self._define(largest, {"": letter})
        return True

    def _long(self) -> list[sympy.Basic]:
        return [tree for tree in self.trees if len(text(Shown(tree))) > LONG]

    def _free(self, part: sympy.Basic) -> str | None:
        letters = MATRICES if isinstance(part, MatrixExpr) else NUMBERS
        return next((name for name in letters if name not in self.names and text(sympy.Symbol(name)) not in self.taken), None)

    def _define(self, part: sympy.Basic, names: dict[str, str]) -> None:
        def letter(name: str) -> sympy.Basic:
            return MatrixSymbol(name, *part.shape) if isinstance(part, MatrixExpr) else sympy.Symbol(name)

        new = Definition(part, {given: letter(name) for given, name in names.items()}, part)
        self.trees = [_within(tree, new) for tree in self.trees]
        self.found = [Definition(_within(known.expression, new), known.letters, known.found) for known in self.found] + [new]
        self.names |= set(names.values())


def _saved(part: sympy.Basic, count: int, letters: Sequence[str]) -> int:
    """Columns that letters save where a part comes so often, less those of its definition."""
    length = len(text(Shown(part)))
    return count * (length - len(letters[0])) - (length + sum(len(letter) + 3 for letter in letters))


def _parts(tree: sympy.Basic) -> Iterator[sympy.Basic]:
    """The parts of an expression, great and small, but not the whole."""
    for part in _operands(tree):
        yield part
        yield from _parts(part)


def _leaves(tree: sympy.Basic) -> Iterator[sympy.Basic]:
    """The letters, numbers, and whatever else is not looked into."""
    return (part for part in (tree, *_parts(tree)) if not _operands(part))


def _is_part(tree: sympy.Basic) -> bool:
    """Whether it is made of others, and does not look like 0 or I."""
    if isinstance(tree, BlockMatrix):
        return len(text(Shown(tree))) > 1
    return isinstance(tree, MatAdd | MatMul | HadamardProduct | AttentionWeights | Trace | sympy.Add)


def _within(tree: sympy.Basic, definition: Definition) -> sympy.Basic:
    """The expression with the letter for what it stands for, everywhere but for the whole."""
    if _nameless(tree) == definition.found:
        return _nameless(tree)
    return _rebuilt(tree, [_put(part, definition) for part in _operands(tree)])


def _put(tree: sympy.Basic, definition: Definition) -> sympy.Basic:
    """The expression with the letter for what it stands for, everywhere; by the program's name for it, where it has that name."""
    if isinstance(tree, Named) and _nameless(tree) == definition.found:
        return definition.letters.get(tree.name, definition.letter)
    if tree == definition.found:
        return definition.letter
    return _rebuilt(tree, [_put(part, definition) for part in _operands(tree)])


def _nameless(tree: sympy.Basic) -> sympy.Basic:
    """The expression without the program's names; a product that had one, and begins another product, goes on without brackets."""
    if isinstance(tree, Named):
        return _nameless(tree.matrix)
    operands = [_nameless(part) for part in _operands(tree)]
    if isinstance(tree, MatMul) and isinstance(tree.args[0], Named) and isinstance(operands[0], MatMul):
        operands = [*operands[0].args, *operands[1:]]
    return _rebuilt(tree, operands)


def _operands(tree: sympy.Basic) -> Sequence[sympy.Basic]:
    """What an operation is of; nothing for letters, numbers and what is not looked into."""
    if isinstance(tree, BlockMatrix):
        return tree.blocks.flat()
    if isinstance(tree, Named):
        return (tree.matrix,)
    return tree.args if isinstance(tree, _OPERATIONS) else ()


def _rebuilt(tree: sympy.Basic, operands: Sequence[sympy.Basic]) -> sympy.Basic:
    """The same operation on other operands, not evaluated."""
    if tuple(operands) == tuple(_operands(tree)):
        return tree
    if isinstance(tree, BlockMatrix):
        width = tree.blockshape[1]
        return BlockMatrix([list(operands[start : start + width]) for start in range(0, len(operands), width)])
    if isinstance(tree, Named):
        return Named(operands[0], tree.name)
    if isinstance(tree, MatAdd | MatMul | sympy.Add | sympy.Mul):
        return tree.func(*operands, evaluate=False)
    return tree.func(*operands)
