"""The canonical form under attack: random programs at all sizes against FLINT at fixed ones, and mutants that the attack must kill."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from itertools import cycle
from random import Random
from typing import Any

import flint
import numpy as np
import pytest

from equivalence.algebras import FiniteField, Size, Symbolic
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.canonical import UNIT, Form, Letter, Normaliser, times
from tests.support.expressions import Programs, Values, value

PRIME = 2**62 + 135
SIZES = ({"d": 9, "N": 11, "one": 1}, {"d": 12, "N": 10, "one": 1})
SMALLEST = 9
BUDGET = 5
SHAPES = (("d", "d"), ("d", "N"), ("one", "one"), ("N", "one"), ("", ""))


def form_of(result: Any) -> Hashable:
    """The canonical form, by block; a block that is zero is left out."""
    blocks = result.blocks if isinstance(result, Blocked) else {"scalar": result}
    return frozenset((place, frozenset(form.terms.items())) for place, form in blocks.items() if form.terms)


def residues_of(result: Any) -> Hashable:
    """All entries over GF(p); a block that is zero is left out."""
    blocks = result.blocks if isinstance(result, Blocked) else {"scalar": flint.nmod_mat(1, 1, [int(result)], result.modulus())}
    return frozenset((place, tuple(map(int, block.entries()))) for place, block in blocks.items() if block)


def numbers_of(result: Any) -> Hashable:
    """All entries that the interpreter of programs found."""
    return result.tobytes() if isinstance(result, np.ndarray) else result


def degree_of(result: Any) -> int:
    """The most letters in any term, those in traces and in cut-off scalars included."""
    blocks = result.blocks.values() if isinstance(result, Blocked) else [result]
    terms = (term for form in blocks for term in form.terms)
    return max((len(w) + sum(len(atom) * power for atom, power in m if isinstance(atom, tuple)) for m, w in terms), default=0)


class Attack:
    """Programs of one shape are sorted by their form and by their numbers; both ways must sort alike.

    The numbers are FLINT's over GF(p) at one assignment of sizes, and those of an interpreter that shares no code at another.
    """

    def __init__(self, seed: int, *, invertible: bool = False):
        self.programs = Programs(Random(seed), invertible=invertible)
        self.symbolic, self.field = Symbolic(), FiniteField(PRIME, Random(seed))
        self.values = Values(Random(seed), SIZES[1])
        self.names = {"d": Size("d"), "N": Size("N"), "one": 1}
        self.numbers: dict[Any, Any] = {}
        self.forms: dict[Any, Any] = {}
        self.agreements, self.degree = 0, 0

    def found(self, pairs: int) -> str:
        """The first disagreement, or nothing. Each program comes with one that means the same, and one that most likely does not."""
        shapes = cycle(SHAPES)
        for _ in range(pairs):
            shape = next(shapes)
            program = self.programs.any(*shape, self.programs.random.randint(1, BUDGET))
            for one in (program, self.programs.rewritten(program), self.programs.altered(program)):
                if wrong := self.disagreement(shape, one):
                    return wrong
        return ""

    def disagreement(self, shape: tuple[str, str], program: Any) -> str:
        result = value(program, self.symbolic, self.names)
        numbers = residues_of(value(program, self.field, SIZES[0])), numbers_of(self.values.entries(program))
        form, self.degree = form_of(result), max(self.degree, degree_of(result))
        same_form, known_numbers = self.numbers.setdefault((shape, form), (program, numbers))
        if known_numbers != numbers:
            return f"one form, different numbers: {same_form} and {program}"
        same_numbers, known_form = self.forms.setdefault((shape, numbers), (program, form))
        self.agreements += same_numbers is not program
        return "" if known_form == form else f"one value, different forms: {same_numbers} and {program}"


@pytest.mark.parametrize("seed", range(3))
def test_forms_are_equal_exactly_where_the_numbers_are(seed: int) -> None:
    """All generators arbitrary or symmetric, all sizes symbols or 1: the forms decide. The sizes are no smaller than any word."""
    attack = Attack(seed)
    assert attack.found(400) == ""
    assert attack.symbolic.decides
    assert attack.degree <= SMALLEST
    assert attack.agreements > 300


@pytest.mark.parametrize("seed", range(2))
def test_with_an_invertible_matrix_equal_forms_are_equal_numbers(seed: int) -> None:
    """Here different forms would prove nothing, but these programs' forms are told apart just as well."""
    attack = Attack(seed, invertible=True)
    assert attack.found(400) == ""
    assert not attack.symbolic.decides
    assert attack.degree <= SMALLEST
    assert attack.agreements > 300


def not_reversed(word: Any) -> Any:
    return tuple(letter.transpose() for letter in word)


def not_flipped(word: Any) -> Any:
    return word[::-1]


def without_cuts(self: Normaliser, coefficient: Any, monomial: Any, word: Any) -> Any:
    return coefficient, monomial, word


def one_cut_lost(self: Normaliser, coefficient: Any, monomial: Any, word: Any) -> Any:
    coefficient, monomial, word = CUT(self, coefficient, monomial, word)
    return coefficient, frozenset(item for item in monomial if not isinstance(item[0], tuple)), word


def sorted_words(self: Normaliser, word: Any) -> Any:
    coefficient, monomial, normal = WORD(self, word)
    square = all(letter.rows == letter.cols for letter in normal)
    return coefficient, monomial, tuple(sorted(normal)) if square else normal


def as_it_stands(self: Normaliser, word: Any, size: Any) -> Any:
    """A trace without rotation, transposition, or a look across the seam."""
    coefficient, monomial, word = self.word(word)
    return (coefficient, times(monomial, frozenset({(word, 1)}))) if word else TRACE(self, word, size)


def across_no_seam(self: Normaliser, word: Any, size: Any) -> Any:
    coefficient, monomial, word = self.word(word)
    factor, more = TRACE(Normaliser(), word, size)
    return coefficient * factor, times(monomial, more)


def only_this_way_round(self: Normaliser, left: Letter, right: Letter, *by: Any) -> None:
    self.rewrites[left, right] = by
    self.seen.clear()


def never_symmetric(self: Letter) -> Letter:
    return Letter(self.name, not self.transposed, self.cols, self.rows, self.symmetric)


def always_symmetric(self: Letter) -> Letter:
    return self if self.rows == self.cols else never_symmetric(self)


def all_ones(size: Any) -> Any:
    return 1, UNIT


def zeros_kept(self: Form, terms: Any) -> Form:
    total: dict[Any, Any] = {}
    for term, coefficient in terms:
        total[term] = total.get(term, 0) + coefficient
    return Form(self.normaliser, total)


def overwritten(self: Form, terms: Any) -> Form:
    return Form(self.normaliser, {term: coefficient for term, coefficient in terms if coefficient})


def exponents_lost(left: Any, right: Any) -> Any:
    return left | right


def blocks_in_place(self: Blocked) -> Blocked:
    return Blocked(self.algebra, self.cols, self.rows, {place: block.transpose() for place, block in self.blocks.items()})


def blocks_as_they_are(self: Blocked) -> Blocked:
    return Blocked(self.algebra, self.cols, self.rows, {(j, i): block for (i, j), block in self.blocks.items()})


def last_product_wins(self: Blocked, other: Blocked) -> Blocked:
    product = {(i, j): x * y for (i, k), x in self.blocks.items() for (k2, j), y in other.blocks.items() if k == k2}
    return Blocked(self.algebra, self.rows, other.cols, product)


CUT, WORD, TRACE = Normaliser._cut, Normaliser.word, Normaliser.trace
CANONICAL = "equivalence.algebras.canonical"
MUTANTS = [
    pytest.param(f"{CANONICAL}.transposed", not_reversed, id="the transpose does not reverse"),
    pytest.param(f"{CANONICAL}.transposed", not_flipped, id="the transpose leaves the letters"),
    pytest.param(f"{CANONICAL}.Normaliser._cut", without_cuts, id="joins of size 1 do not cut"),
    pytest.param(f"{CANONICAL}.Normaliser._cut", one_cut_lost, id="what was cut out is lost"),
    pytest.param(f"{CANONICAL}.Normaliser.word", sorted_words, id="square letters commute"),
    pytest.param(f"{CANONICAL}.Normaliser.trace", as_it_stands, id="traces do not turn"),
    pytest.param(f"{CANONICAL}.Normaliser.trace", across_no_seam, id="nothing cancels across the seam of a trace"),
    pytest.param(f"{CANONICAL}.Normaliser.add", only_this_way_round, id="a rewrite does not bring its transpose"),
    pytest.param(f"{CANONICAL}.Letter.transpose", never_symmetric, id="a symmetric letter has a transpose"),
    pytest.param(f"{CANONICAL}.Letter.transpose", always_symmetric, id="square letters are symmetric"),
    pytest.param(f"{CANONICAL}.one_of_size", all_ones, id="the trace of I is 1"),
    pytest.param("equivalence.algebras.symbolic.one_of_size", all_ones, id="1ᵀ1 is 1"),
    pytest.param(f"{CANONICAL}.Form._collected", zeros_kept, id="terms of coefficient 0 are kept"),
    pytest.param(f"{CANONICAL}.Form._collected", overwritten, id="like terms are not added"),
    pytest.param(f"{CANONICAL}.times", exponents_lost, id="exponents are not added"),
    pytest.param("equivalence.algebras.blocks.Blocked.T", property(blocks_in_place), id="a transpose leaves the blocks in place"),
    pytest.param("equivalence.algebras.blocks.Blocked.T", property(blocks_as_they_are), id="a transpose leaves the blocks as they are"),
    pytest.param("equivalence.algebras.blocks.Blocked.__matmul__", last_product_wins, id="products of blocks are not added"),
]


@pytest.mark.parametrize(("target", "mutant"), MUTANTS)
def test_the_attack_kills(target: str, mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, mutant)
    try:
        found = Attack(1, invertible=True).found(400)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        found = f"the mutant raises {error!r}"
    assert found


def test_one_assignment_of_sizes_is_not_enough() -> None:
    """(N + 1) qᵀq and 12 qᵀq have different forms, and are told apart at every N but 11."""
    for N, agree in ((Size("N"), False), (10, False), (11, True), (12, False)):
        for algebra in [Symbolic()] if isinstance(N, Size) else [Symbolic(), FiniteField(PRIME, Random(5))]:
            q = algebra.generator("q", Size("d") if isinstance(N, Size) else 3, 1)
            square = algebra.trace(q.T @ q)
            left, right = (algebra.scalar(N) + algebra.scalar(1)) * square, algebra.scalar(12) * square
            assert (algebra.difference(left, right) is None) == agree


def test_a_new_rewrite_forgets_what_was_found_without_it() -> None:
    d, normaliser = Size("d"), Normaliser()
    early, late = Letter("T", False, d, d), Letter("U", False, d, d)
    assert normaliser.word((early, late)) == (1, UNIT, (early, late))
    normaliser.add(early, late, Fraction(1), UNIT, ())
    assert normaliser.word((early, late)) == (1, UNIT, ())
    assert normaliser.word((late.transpose(), early.transpose())) == (1, UNIT, ())


def test_a_word_is_cut_at_every_join_of_size_one() -> None:
    """``aᵀbcᵀd`` given at once is two scalars, and nothing is left between or behind them."""
    d, normaliser = Size("d"), Normaliser()
    a, b, c, e = (Letter(name, False, d, 1) for name in "abce")
    word = (a.transpose(), b, c.transpose(), e)
    scalars = frozenset({((a.transpose(), b), 1), ((c.transpose(), e), 1)})
    assert normaliser.word(word) == (Fraction(1), scalars, ())
    assert normaliser.word((b, *word, a.transpose())) == (Fraction(1), scalars, (b, a.transpose()))


def test_a_form_is_printed_with_its_coefficients_exponents_and_traces() -> None:
    algebra = Symbolic()
    X, eta = algebra.generator("X", Size("d"), Size("N")), algebra.symbol("eta")
    half = algebra.scalar("1/2") / algebra.scalar(Size("N"))
    assert str(half * eta * eta * algebra.trace(X @ X.T)) == "1/2 N^-1 eta^2 tr(X Xᵀ)"
    assert str((X @ X.T).blocks[0, 0]) == "X Xᵀ"
    assert str(algebra.scalar(0)) == "0"
    assert str(algebra.scalar(1)) == "1"


def test_forms_have_no_hash_and_equal_no_other_thing() -> None:
    one = Symbolic().scalar(1)
    assert one != 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_scalars_of_two_algebras_do_not_mix() -> None:
    left, right = Symbolic().symbol("s"), Symbolic().symbol("t")
    for operation in ("__add__", "__sub__", "__mul__", "__truediv__"):
        with pytest.raises(TypeError, match="expected two forms of the same algebra, got s and t of two algebras"):
            getattr(left, operation)(right)


def test_a_symbol_is_not_the_size_of_the_same_name() -> None:
    """Else 1ᵀ1 = N would hold for a rate that someone calls N."""
    algebra = Symbolic()
    N = Size("N")
    ones = algebra.ones(N, 1)
    assert algebra.difference(algebra.trace(ones.T @ ones), algebra.scalar(N)) is None
    assert algebra.difference(algebra.scalar(N), algebra.symbol("N"))


@pytest.mark.parametrize("divisor", ["sum", "trace", "zero"])
def test_division_by_anything_but_a_product_of_symbols_is_refused(divisor: str) -> None:
    algebra = Symbolic()
    s = algebra.symbol("s")
    divisors = {"sum": s + algebra.scalar(1), "trace": algebra.trace(algebra.generator("A", Size("d"), Size("d"))), "zero": s - s}
    with pytest.raises(ValueError, match=r"division: expected a number or a product of symbols, got (0|tr\(A\)|1 \+ s)"):
        s / divisors[divisor]
