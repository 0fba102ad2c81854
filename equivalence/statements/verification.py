"""Checking statements: each claim in each algebra that decides or certifies it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, permutations
from random import Random, SystemRandom
from time import perf_counter

import flint

from equivalence.algebras.degree import DegreeAlgebra
from equivalence.algebras.flint import FiniteField, Rational
from equivalence.algebras.protocol import HasDifferences
from equivalence.algebras.rational_functions import Exact
from equivalence.algebras.sizes import Size
from equivalence.algebras.symbolic import Symbolic
from equivalence.statements.assertions import judged
from equivalence.statements.claims import Claim
from equivalence.statements.kinds import KINDS
from equivalence.statements.registry import Statement, find
from equivalence.statements.results import Check, Result
from equivalence.statements.sizes import Sizes, assignments, listed
from equivalence.statements.steps import Item, chains, until_it_raises
from equivalence.statements.verdicts import HOLDS, Verdict, not_decided

MOST_SINGULAR, MOST_ORDERS = 64, 24
"""How many draws may lack an inverse before a certificate is given up, where orthogonal matrices are drawn, of which each kind may lack it;
else one is enough. And how many orders of the sizes are tried then."""

ALGEBRAS = ("symbolic", "finite field", "exact", "rational")
"""The readings that a claim can be checked in."""


def verify(
    which: Statement | str,
    *,
    seed: int | None = None,
    sizes: Iterable[Sizes] | None = None,
    bound: float = 2.0**-50,
    replace: Mapping[str, object] | None = None,
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
            no error here, whatever it is: the claim is not decided.
    """
    statement = which if isinstance(which, Statement) else find(which)
    if unknown := set(algebras) - set(ALGEBRAS):
        raise ValueError(f"algebras: expected some of {', '.join(ALGEBRAS)}, got {', '.join(sorted(unknown))}")
    if not 0 < bound < 1:
        raise ValueError(f"bound: expected a probability between 0 and 1, got {bound}")
    statement.check_parts(replace or {})
    seed = SystemRandom().getrandbits(64) if seed is None else seed
    draws = _Draws(Random(seed), None if sizes is None else listed(sizes), bound)
    readings = [
        reading
        for claim in statement.claims
        for reading in _readings(statement, claim, claim.parts_of(replace or {}), draws)
        if reading.algebra in algebras
    ]
    return Result(statement, tuple(reading.check() for reading in readings), seed)


@dataclass(frozen=True)
class _Draws:
    """How certificates are drawn."""

    random: Random
    sizes: Sequence[Sizes] | None
    bound: float


@dataclass(frozen=True)
class _Reading:
    algebra: str
    check: Callable[[], Check]


@dataclass(frozen=True)
class _Subject:
    """A claim of a statement, with the parts that it is checked with."""

    statement: Statement
    claim: Claim
    parts: Mapping[str, object]

    @property
    def label(self) -> str:
        """What messages begin with."""
        return f"{self.statement.number} {self.statement.title}"

    def walked(self, algebra: HasDifferences, sizes: Sequence[int | Size] = ()) -> Walk:
        """The claim in an algebra."""
        items = until_it_raises(lambda: self.claim.items(algebra, sizes, self.parts))
        return walk(self.label, algebra, items, KINDS[self.claim.kind].headings)


@dataclass(frozen=True)
class Walk:
    """What going through a claim came to: comparisons, the verdict (its reason names statement and step), and what is argued in words."""

    compared: int
    verdict: Verdict
    informal: tuple[str, ...] = ()


def _readings(statement: Statement, claim: Claim, parts: Mapping[str, object], draws: _Draws) -> Iterator[_Reading]:
    subject = _Subject(statement, claim, parts)
    if claim.is_identity:
        yield _Reading("symbolic", partial(_symbolic, subject))
        for chosen in assignments(claim, draws.sizes):
            yield _Reading("finite field", partial(_certificate, subject, chosen, draws))
    else:
        yield _Reading("exact", partial(_exactly, subject, Exact()))
        if claim.takes_algebra:
            yield _Reading("rational", partial(_exactly, subject, Rational()))


def _symbolic(subject: _Subject) -> Check:
    algebra = Symbolic()
    return _timed(subject, algebra, [Size(name) for name in subject.claim.sizes])


def _exactly(subject: _Subject, algebra: HasDifferences) -> Check:
    return _timed(subject, algebra)


def _timed(subject: _Subject, algebra: HasDifferences, sizes: Sequence[Size] = ()) -> Check:
    started = perf_counter()
    walked = subject.walked(algebra, sizes)
    verdict, seconds = walked.verdict, perf_counter() - started
    decides = verdict.outcome != "not decided" and getattr(algebra, "decides", True)
    hypotheses = tuple(map(str, getattr(algebra, "hypotheses", ())))
    return Check(
        claim=subject.claim.title,
        algebra=algebra.name,
        outcome=verdict.outcome,
        seconds=seconds,
        sizes={},
        error_bound=None,
        decides=decides,
        compared=walked.compared,
        message=verdict.reason,
        informal=walked.informal,
        hypotheses=hypotheses,
    )


def _certificate(subject: _Subject, sizes: Sizes, draws: _Draws) -> Check:
    """A certificate at the sizes; where nothing is claimed at sizes that nobody asked for, at the same numbers in another order."""
    first = _certificate_at(subject, sizes, draws)
    if not first.void or draws.sizes is not None:
        return first
    names = subject.claim.sizes
    orders = islice(permutations([sizes[name] for name in names]), 1, MOST_ORDERS)
    others = (_certificate_at(subject, dict(zip(names, order, strict=True)), draws) for order in orders)
    return next((other for other in others if not other.void), first)


def _certificate_at(subject: _Subject, sizes: Sizes, draws: _Draws) -> Check:
    started = perf_counter()
    claim, chosen = subject.claim, [sizes[name] for name in subject.claim.sizes]
    single, why = chance(lambda: claim.items(DegreeAlgebra(), chosen, subject.parts))
    walked, reached, primes, singular = Walk(0, HOLDS), 1.0, list[int](), 0
    most = MOST_SINGULAR if single >= 1 / 2 else 1
    while reached > draws.bound and walked.verdict.holds and singular < most:
        primes.append(random_prime(draws.random))
        algebra = FiniteField(primes[-1], draws.random)
        drawn = subject.walked(algebra, chosen)
        if algebra.singular:
            singular += 1
            continue
        walked, reached = drawn, reached * single
        if single >= 1 and walked.verdict.holds:
            walked = Walk(walked.compared, not_decided(f"{subject.label}: no certificate, {why}"))
    void = singular == most
    if void:
        walked = Walk(0, not_decided(f"{subject.label}: {algebra.singular} at every draw, so nothing is claimed at these sizes"))
    verdict = walked.verdict
    return Check(
        claim=claim.title,
        algebra=FiniteField.name,
        outcome=verdict.outcome,
        seconds=perf_counter() - started,
        sizes={name: sizes[name] for name in claim.sizes},
        error_bound=reached,
        decides=verdict.outcome != "not decided",
        compared=walked.compared,
        message=verdict.reason,
        primes=tuple(primes),
        informal=walked.informal,
        void=void,
    )


def walk(label: str, algebra: HasDifferences, items: Iterable[Item], headings: Sequence[str] = ()) -> Walk:
    """Go through a claim's items, up to the first that does not hold.

    Args:
        label: what the reason of a verdict begins with.
        algebra: in which they are read.
        items: what the claim's program yields.
        headings: the first words of the headings of its chains, each at least once.
    """
    compared, missing = 0, list(headings)
    informal: list[str] = []
    for chain in chains(items):
        where, before = f"{label}{f', {chain.heading}' if chain.heading else ''}", compared
        for entry in chain:
            compared += entry.assertion.compares
            informal += [entry.assertion.reason] if entry.assertion.in_words else []
            verdict = judged(entry.assertion, algebra)
            if not verdict.holds:
                reason = f"{where}, step {entry.number} ({entry.assertion.reason}): {verdict.reason} [{algebra.name}]"
                return Walk(compared, Verdict(verdict.outcome, reason))
        if compared == before:
            return Walk(compared, not_decided(f"{where}: nothing was compared [{algebra.name}]"))
        missing = [beginning for beginning in missing if not re.match(rf"{beginning}\b", chain.heading)]
    if missing:
        return Walk(compared, not_decided(f"{label}: no chain is headed {' or '.join(map(repr, missing))} [{algebra.name}]"))
    return Walk(compared, HOLDS, tuple(informal))


def chance(program: Callable[[], Iterable[Item]]) -> tuple[float, str]:
    """How probable it is, at most, that a false claim passes one draw, from the degree reading; and if that is no bound, why.

    A false claim has a false step, which passes with at most its own probability; so the largest bounds the claim.
    """
    try:
        steps = (entry.assertion for chain in chains(program()) for entry in chain)
        largest = max((step.chance(FiniteField.points_log2) for step in steps), default=0.0)
    except Exception as error:  # noqa: BLE001 - what has no bound has no certificate
        return math.inf, f"the degree reading raises {type(error).__name__}: {error}"
    return largest, "" if largest < 1 else f"the degree reading bounds the error of one draw by {largest:.3g} only"


def chain_error_bound(items: Iterable[Item]) -> float:
    """The largest error bound of one draw over the steps of all chains, from the degree reading. Infinite if it raises."""
    return chance(lambda: items)[0]


def random_prime(random: Random) -> int:
    """A prime drawn uniformly from those in [2^62, 2^63), proved prime by FLINT."""
    while True:
        candidate = 2**62 + random.getrandbits(62) | 1
        if flint.fmpz(candidate).is_prime():
            return candidate
