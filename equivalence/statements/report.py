"""What results say: in words for a table, and as objects for JSON."""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from equivalence.checks import several
from equivalence.statements.kinds import status
from equivalence.statements.registry import Statement
from equivalence.statements.results import Check, Result
from equivalence.statements.verdicts import OUTCOMES

PACKAGES = ("sympy", "numpy", "python-flint", "attention-descent-equivalence")
"""What a verdict rests on, beside Python."""

Described = dict[str, object]


def kinds(statement: Statement) -> str:
    """The kinds of its claims, each once."""
    return ", ".join(dict.fromkeys(claim.kind for claim in statement.claims))


def spoken_for(checks: Sequence[Check]) -> str:
    """The sizes that the checks of one algebra speak for."""
    match checks[0].algebra:
        case "symbolic":
            return "decided for all sizes" if all(check.decides for check in checks) else "sound, all sizes"
        case "finite field":
            counts = Counter(check.claim for check in checks if check.sizes and not check.void)
            return several(min(counts.values()), "size") if counts else "random points"
        case _:
            return "as stated"


def checked(checks: Sequence[Check]) -> dict[str, str]:
    """By algebra: for which sizes its checks speak; or, where one does not hold, its outcome."""
    return {
        algebra: _spoken([check for check in checks if check.algebra == algebra]) for algebra in dict.fromkeys(c.algebra for c in checks)
    }


def _spoken(checks: Sequence[Check]) -> str:
    outcomes = {check.outcome for check in checks if not check.void} or {"not decided"}
    return spoken_for(checks) if outcomes == {"holds"} else ", ".join(outcome for outcome in OUTCOMES if outcome in outcomes - {"holds"})


def counted(results: Sequence[Result]) -> str:
    """How many statements hold, how many are refuted, and how many not decided, if any is not."""
    counts = Counter(result.outcome for result in results)
    undecided = f", {counts['not decided']} not decided" if counts["not decided"] else ""
    verb = "holds" if counts["holds"] == 1 else "hold"
    return f"{several(counts['holds'], 'statement')} {verb}, {counts['refuted']} refuted{undecided}"


def identified(statement: Statement) -> Described:
    """What a statement is."""
    kind = {"kind": statement.kind, "kinds": list(dict.fromkeys(claim.kind for claim in statement.claims))}
    return {"id": statement.number, "chapter": statement.chapter, "title": statement.title, **kind, "source": statement.source}


def described(result: Result) -> Described:
    """What a statement is, what was checked, and what it takes to check it again."""
    verdict: Described = {"holds": result.holds, "outcome": result.outcome, "seconds": round(result.seconds, 6)}
    verdict |= {"status": status(claim.kind for claim in result.statement.claims)} if result.holds else {}
    verdict |= {"hypotheses": list(result.hypotheses)} if result.hypotheses else {}
    again = {"seed": result.seed, "versions": versions()}
    words = {"informal": [{"claim": claim, "text": text} for claim, text in result.informal]}
    table = {"checked": checked(result.checks), **_present({"error_bound": _finite(result.error_bound)})}
    return identified(result.statement) | verdict | words | table | again | {"checks": [described_check(check) for check in result.checks]}


def described_check(check: Check) -> Described:
    """A check; sizes, primes, error bound and message only where it has them."""
    always = {"claim": check.claim, "algebra": check.algebra, "holds": check.holds, "outcome": check.outcome}
    always |= {"seconds": round(check.seconds, 6), "decides": check.decides, "compared": check.compared}
    sometimes: Described = {"sizes": dict(check.sizes) or None, "primes": list(check.primes) or None, "message": check.message or None}
    sometimes |= {"hypotheses": list(check.hypotheses) or None, "void": check.void or None}
    return always | _present(sometimes | {"error_bound": _finite(check.error_bound)})


@cache
def versions() -> dict[str, str]:
    """Of Python, of the packages that a verdict rests on, and of this one."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _finite(number: float | None) -> float | None:
    """JSON knows no infinity."""
    return number if number is not None and math.isfinite(number) else None


def _present(values: Described) -> Described:
    return {name: value for name, value in values.items() if value is not None}
