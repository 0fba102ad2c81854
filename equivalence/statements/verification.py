"""Checking statements: each claim in each algebra that decides or certifies it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random, SystemRandom
from time import perf_counter
from typing import Any

import flint

from equivalence.algebras.degree import DegreeAlgebra, error_bound
from equivalence.algebras.flint import FiniteField, Rational
from equivalence.algebras.rational_functions import Exact
from equivalence.algebras.sizes import Size, total
from equivalence.algebras.symbolic import Symbolic
from equivalence.statements.claims import Claim
from equivalence.statements.registry import Statement, find
from equivalence.statements.steps import Item

Sizes = Mapping[str, int]

ALGEBRAS = ("symbolic", "finite field", "exact", "rational")
"""The readings that a claim can be checked in."""


@dataclass(frozen=True)
class Check:
    """One claim in one algebra.

    Attributes:
        claim: what was checked.
        algebra: "symbolic" (all sizes at once), "finite field" (a certificate at fixed sizes), "exact" (SymPy) or "rational" (FLINT).
        holds: the verdict.
        seconds: how long it took.
        sizes: the sizes of a certificate; empty for all sizes, and for claims that have none.
        error_bound: how probable it is, at most, that a false claim passes; None where the check is exact.
        decides: whether a failure proves the claim false (canonical forms with rewrites or fixed sizes are sound only).
        compared: how many comparisons were made.
        message: what is wrong, with the statement and the step; empty if it holds.
    """

    claim: str
    algebra: str
    holds: bool
    seconds: float
    sizes: Sizes
    error_bound: float | None
    decides: bool
    compared: int
    message: str


@dataclass(frozen=True)
class Result:
    """A statement and all its checks."""

    statement: Statement
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether there are checks, and all hold."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    @property
    def seconds(self) -> float:
        """How long all checks took together."""
        return sum(check.seconds for check in self.checks)

    @property
    def error_bound(self) -> float | None:
        """The largest bound of any certificate; None if there is none."""
        return max((check.error_bound for check in self.checks if check.error_bound is not None), default=None)

    @property
    def messages(self) -> tuple[str, ...]:
        """What is wrong, one line a failed check."""
        if not self.checks:
            return (f"{self.statement.number} {self.statement.title}: nothing was checked, no claim is read in the algebras asked for",)
        return tuple(check.message for check in self.checks if not check.holds)

    def __repr__(self) -> str:
        return f"<Result {self.statement.number}: {'holds' if self.holds else 'FAILS'}, {len(self.checks)} checks>"

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.statement.number} {self.statement.title}**: {'holds' if self.holds else 'FAILS'}", ""]
        lines += ["| claim | algebra | sizes | holds | error bound |", "|---|---|---|---|---|"]
        for check in self.checks:
            sizes = ", ".join(f"{name} = {size}" for name, size in check.sizes.items()) or scope(check)
            bound = "exact" if check.error_bound is None else f"2^{math.log2(check.error_bound):.0f}" if check.error_bound else "0"
            lines.append(f"| {check.claim} | {check.algebra} | {sizes} | {check.holds} | {bound} |")
        return "\n".join(lines)


def scope(check: Check) -> str:
    """For which sizes a check without sizes speaks."""
    return "all sizes" if check.algebra == "symbolic" else "as stated"


def verify(
    which: Statement | str,
    *,
    seed: int | None = None,
    sizes: Sequence[Sizes] | None = None,
    bound: float = 2.0**-50,
    replace: Mapping[str, Any] | None = None,
    algebras: Sequence[str] = ALGEBRAS,
) -> Result:
    """Check a statement in every algebra that applies.

    Args:
        which: a statement, or the number of a registered one.
        seed: seeds the certificates' draws; without one they are fresh, which is what the error bound speaks of.
        sizes: the sizes of the certificates, each a mapping from size names; default: three assignments of pairwise different sizes.
        bound: draws are repeated until a false claim would pass with at most this probability.
        replace: other values for the programs' keyword-only parts, such as a construction to be tested for failure.
        algebras: the readings wanted.

    Raises:
        ValueError: an unknown number (with the nearest), part, algebra or size, or a bound outside (0, 1). What a claim's program raises is
            no error here: the claim has failed.
    """
    found = which if isinstance(which, Statement) else find(which)
    if unknown := set(algebras) - set(ALGEBRAS):
        raise ValueError(f"algebras: expected some of {', '.join(ALGEBRAS)}, got {', '.join(sorted(unknown))}")
    if not 0 < bound < 1:
        raise ValueError(f"bound: expected a probability between 0 and 1, got {bound}")
    check_parts(found, replace or {})
    random = Random(SystemRandom().getrandbits(64) if seed is None else seed)
    checks = [
        check
        for claim in found.claims
        for check in _readings(found, claim, parts_of(claim, replace or {}), random, sizes, bound)
        if check[0] in algebras
    ]
    return Result(found, tuple(make() for _, make in checks))


Reading = tuple[str, Callable[[], Check]]


def _readings(
    found: Statement, claim: Claim, parts: Mapping[str, Any], random: Random, sizes: Sequence[Sizes] | None, bound: float
) -> Iterator[Reading]:
    if claim.is_identity:
        yield "symbolic", partial(_symbolic, found, claim, parts)
        for chosen in assignments(claim, sizes):
            yield "finite field", partial(_certificate, found, claim, parts, chosen, random, bound)
    else:
        yield "exact", partial(_exact, found, claim, parts, Exact())
        if claim.takes_algebra:
            yield "rational", partial(_exact, found, claim, parts, Rational())


def _symbolic(found: Statement, claim: Claim, parts: Mapping[str, Any]) -> Check:
    started = perf_counter()
    algebra = Symbolic()
    items = claim.program(algebra, *(Size(name) for name in claim.sizes), **parts)
    compared, message = walk(f"{found.number} {found.title}", algebra, items)
    return Check(claim.title, algebra.name, not message, perf_counter() - started, {}, None, algebra.decides, compared, message)


def _exact(found: Statement, claim: Claim, parts: Mapping[str, Any], algebra: Any) -> Check:
    started = perf_counter()
    items = claim.program(*([algebra] if claim.takes_algebra else []), **parts)
    compared, message = walk(f"{found.number} {found.title}", algebra, items)
    return Check(claim.title, algebra.name, not message, perf_counter() - started, {}, None, True, compared, message)


def _certificate(found: Statement, claim: Claim, parts: Mapping[str, Any], sizes: Sizes, random: Random, bound: float) -> Check:
    started = perf_counter()
    chosen = [sizes[name] for name in claim.sizes]
    single = chain_error_bound(claim.program(DegreeAlgebra(), *chosen, **parts))
    compared, message, reached = 0, "", 1.0
    while reached > bound and not message:
        algebra = FiniteField(random_prime(random), random)
        compared, message = walk(f"{found.number} {found.title}", algebra, claim.program(algebra, *chosen, **parts))
        if single >= 1 and not message:
            message = f"{found.number} {found.title}: no certificate, the degree reading bounds the error of one draw by {single} only"
        reached *= single
    return Check(claim.title, FiniteField.name, not message, perf_counter() - started, dict(sizes), reached, True, compared, message)


def walk(label: str, algebra: Any, items: Iterator[Item]) -> tuple[int, str]:
    """Go through a claim's items; the number of comparisons, and the first thing that is wrong."""
    trail = _Trail(label, algebra)
    for item in _until_it_raises(items):
        if wrong := trail.follow(item):
            return trail.compared, f"{wrong} [{algebra.name}]"
    wrong = trail.ended()
    return trail.compared, f"{wrong} [{algebra.name}]" if wrong else ""


@dataclass
class _Trail:
    """Where one is in a claim: the chain, the steps and comparisons in it so far, and the expression before."""

    label: str
    algebra: Any
    chain: str = ""
    number: int = 0
    here: int = 0
    compared: int = 0
    before: Any = None

    def follow(self, item: Any) -> str:
        """Take an item; what is wrong with it, or nothing."""
        if isinstance(item, str):
            wrong = self.ended() if self.chain or self.number else ""
            self.chain, self.number, self.here, self.before = item, 0, 0, None
            return wrong
        self.number += 1
        before, pair = self.before, isinstance(item, tuple)
        if pair:
            self.before = item
        if pair and before is None:
            return ""
        self.here, self.compared = self.here + 1, self.compared + 1
        wrong = self.algebra.difference(before[1], item[1]) if pair else item.verdict(self.algebra)
        return f"{self.where}, step {self.number} ({item[0] if pair else item.reason}): {wrong}" if wrong else ""

    def ended(self) -> str:
        """A chain that compared nothing has shown nothing."""
        return "" if self.here else f"{self.where}: nothing was compared"

    @property
    def where(self) -> str:
        return f"{self.label}{f', {self.chain}' if self.chain else ''}"


@dataclass(frozen=True)
class _Raised:
    """In the place of the item that a program did not yield, what it raised: the claim does not hold."""

    error: Exception
    reason = "the program raises"

    def verdict(self, algebra: Any) -> str:
        return f"{type(self.error).__name__}: {self.error}"


def _until_it_raises(items: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from items
    except (ArithmeticError, TypeError, ValueError) as error:
        yield _Raised(error)


def chain_error_bound(items: Iterator[Item]) -> float:
    """The largest error bound of one draw over the steps of all chains, from the degree reading.

    A false claim has a false step, which passes with at most its own bound; so the largest bounds the claim. Infinite if it raises.
    """
    largest, before = 0.0, None
    for item in _until_it_raises(items):
        if isinstance(item, _Raised):
            return math.inf
        if isinstance(item, str):
            before = None
        elif isinstance(item, tuple):
            if before is not None:
                largest = max(largest, error_bound(before, item[1], FiniteField.points_log2))
            before = item[1]
    return largest


def random_prime(random: Random) -> int:
    """A prime drawn uniformly from those in [2^62, 2^63), proved prime by FLINT."""
    while True:
        candidate = 2**62 + random.getrandbits(62) | 1
        if flint.fmpz(candidate).is_prime():
            return candidate


def assignments(claim: Claim, sizes: Sequence[Sizes] | None) -> Sequence[Sizes]:
    """Sizes for certificates and batches: given, or three assignments of pairwise different sizes with 1 among them."""
    if sizes is None:
        if not claim.sizes:
            return [{}]
        pool = [3, 2, 5, 4, 1, 6, 7, 8, 9, 10]
        turns = (pool[turn:] + pool[:turn] for turn in (0, 3, 4))
        return [dict(zip(claim.sizes, turn, strict=False)) for turn in turns]
    for chosen in sizes:
        missing = [name for name in claim.sizes if name not in chosen]
        if missing:
            raise ValueError(f"sizes: expected {', '.join(claim.sizes)}, missing {', '.join(missing)}")
        for name in claim.sizes:
            _check_size(name, chosen[name])
    return sizes


def _check_size(name: str, size: int) -> None:
    try:
        total(size)
    except (TypeError, ValueError) as error:
        raise type(error)(f"sizes: {name}: {error}") from None


def check_parts(found: Statement, replace: Mapping[str, Any]) -> None:
    """Raises ValueError for a part that no claim of the statement has."""
    unknown = set(replace) - {part for claim in found.claims for part in claim.parts}
    if unknown:
        raise ValueError(f"replace: {found.number} has no part named {', '.join(sorted(unknown))}")


def parts_of(claim: Claim, replace: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the parts that the claim has."""
    return {name: value for name, value in replace.items() if name in claim.parts}
