"""What checking a statement came to: a check a claim and algebra, and the result of all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equivalence.checks import several
from equivalence.statements.registry import Statement
from equivalence.statements.sizes import Sizes
from equivalence.statements.verdicts import Outcome, together


@dataclass(frozen=True)
class Check:
    """One claim in one algebra.

    Attributes:
        claim: what was checked.
        algebra: "symbolic" (all sizes at once), "finite field" (a certificate at fixed sizes), "exact" (SymPy) or "rational" (FLINT).
        outcome: "holds", "refuted" or "not decided".
        seconds: how long it took.
        sizes: the sizes of a certificate; empty for all sizes, and for claims that have none.
        error_bound: how probable it is, at most, that a false claim passes; None where the check is exact.
        decides: whether the reading decides the claim either way; else equal sides are proved, and different ones prove nothing
            (canonical forms with rewrites or fixed sizes are sound only). False where nothing was decided.
        compared: how many comparisons were made.
        message: why it does not hold, with the statement and the step; empty if it holds.
        primes: the moduli of a certificate.
        informal: what is argued in words; for a claim that holds.
        hypotheses: what is inverted, and claimed to have an inverse; the claim is checked where it has.
        void: whether a hypothesis is false at these sizes at every draw, so that nothing is claimed there.
    """

    claim: str
    algebra: str
    outcome: Outcome
    seconds: float
    sizes: Sizes
    error_bound: float | None
    decides: bool
    compared: int
    message: str
    primes: tuple[int, ...] = ()
    informal: tuple[str, ...] = ()
    hypotheses: tuple[str, ...] = ()
    void: bool = False

    @property
    def holds(self) -> bool:
        """Whether it was shown to hold."""
        return self.outcome == "holds"


@dataclass(frozen=True)
class Result:
    """A statement and all its checks.

    Attributes:
        statement: what was checked.
        checks: claim by claim and algebra by algebra.
        seed: that of all draws, which makes the checks again.
    """

    statement: Statement
    checks: tuple[Check, ...]
    seed: int

    @property
    def outcome(self) -> Outcome:
        """One refutation refutes; else one check that is not decided, or none at all, leaves it open.

        Sizes at which nothing is claimed do not count, as long as there are others.
        """
        return together(check.outcome for check in self.checks if not check.void or self._is_void(check))

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """What the claims hold under, each once: that something is invertible."""
        return tuple(dict.fromkeys(hypothesis for check in self.checks for hypothesis in check.hypotheses))

    def _is_void(self, check: Check) -> bool:
        """Whether a claim was checked in an algebra at no sizes at which it claims anything."""
        return all(other.void for other in self.checks if (other.claim, other.algebra) == (check.claim, check.algebra))

    @property
    def holds(self) -> bool:
        """Whether there are checks, and all hold."""
        return self.outcome == "holds"

    @property
    def seconds(self) -> float:
        """How long all checks took together."""
        return sum(check.seconds for check in self.checks)

    @property
    def error_bound(self) -> float | None:
        """The largest bound of any certificate; None if there is none."""
        return max((check.error_bound for check in self.checks if check.error_bound is not None), default=None)

    @property
    def informal(self) -> tuple[tuple[str, str], ...]:
        """What is argued in words, each with its claim: no check speaks of it."""
        return tuple(dict.fromkeys((check.claim, words) for check in self.checks for words in check.informal))

    @property
    def messages(self) -> tuple[str, ...]:
        """What is wrong or not decided, one line a check."""
        if not self.checks:
            return (f"{self.statement.number} {self.statement.title}: nothing was checked, no claim is read in the algebras asked for",)
        return tuple(check.message for check in self.checks if not check.holds and (not check.void or self._is_void(check)))

    def __repr__(self) -> str:
        return f"<Result {self.statement.number}: {self.outcome}, {several(len(self.checks), 'check')}>"

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.statement.number} {self.statement.title}**: {self.outcome}", ""]
        lines += ["| claim | algebra | sizes | outcome | error bound |", "|---|---|---|---|---|"]
        for check in self.checks:
            sizes = ", ".join(f"{name} = {size}" for name, size in check.sizes.items()) or _scope(check)
            shown = "exact" if check.algebra != "finite field" else power_of_two(check.error_bound)
            outcome = "nothing is claimed" if check.void else check.outcome
            lines.append(f"| {check.claim} | {check.algebra} | {sizes} | {outcome} | {shown} |")
        lines += ["", *(f"Where {hypothesis}." for hypothesis in self.hypotheses)] if self.hypotheses else []
        return "\n".join(lines)


def power_of_two(error_bound: float | None) -> str:
    """An error bound as a power of two, rounded up; nothing where there is none."""
    if error_bound is None or not math.isfinite(error_bound):
        return ""
    return f"2^{math.ceil(math.log2(error_bound))}" if error_bound else "0"


def _scope(check: Check) -> str:
    """For which sizes a check without sizes speaks."""
    return "all sizes" if check.algebra == "symbolic" else "as stated"
