"""What falsification finds, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from equivalence.checks import several
from equivalence.falsification.callables import HEADROOM, shown
from equivalence.falsification.laws import Array, Law, Others, RegressionInstance


@dataclass(frozen=True, eq=False)
class Counterexample:
    """Where the sides of a law differ.

    Attributes:
        instance: the context and the query.
        others: what else the law speaks of, by its name in the formula.
        left, right: the two sides, d_y x 1.
        tolerance: what rounding may account for, as it was stated; some entry of the sides differs by more.
        noise: what rounding within the callable may account for, as it was measured there; if no entry differs by more, the law is not
            broken, but not decided.
    """

    instance: RegressionInstance
    others: Others
    left: Array
    right: Array
    tolerance: float
    noise: float = 0.0

    @property
    def is_decisive(self) -> bool:
        """Whether the difference is more than the callable's noise."""
        return float(abs(self.left - self.right).max()) > self.noise

    def to_json(self) -> dict[str, object]:
        """Lists and numbers only."""
        arrays = {**self.instance._asdict(), "left": self.left, "right": self.right}
        others = {name: np.asarray(value).tolist() for name, value in self.others.items()}
        return {
            **{name: array.tolist() for name, array in arrays.items()},
            "others": others,
            "tolerance": self.tolerance,
            "noise": self.noise,
        }

    def __str__(self) -> str:
        names = dict(zip("XYq", self.instance, strict=True))
        data = ", ".join(f"{name} = {shown(value)}" for name, value in (*names.items(), *self.others.items()))
        left, right = self._sides
        noise = "" if self.is_decisive else f", the callable's own noise for {self.noise:.1e}"
        return f"{data}: left {left}, right {right}; rounding accounts for {self.tolerance:.1e} at most{noise}"

    @property
    def _sides(self) -> tuple[str, str]:
        """Both, in six digits or as many as it takes to tell them apart; 17 always do."""
        written = ((shown(self.left, digits), shown(self.right, digits)) for digits in range(6, 18))
        return next(((left, right) for left, right in written if left != right), (shown(self.left, 17), shown(self.right, 17)))


@dataclass(frozen=True, eq=False)
class Report:
    """What became of one law.

    Attributes:
        law: which.
        instances: how many were compared; those of the shrinking are not counted.
        contexts: the context sizes that they had, in order.
        counterexample: the smallest one found, or None.
        undecided: without a counterexample, the first instance whose sides differ by more than the rounding that was stated, but by no
            more than the callable's own noise, or None.
        untested: why the law was not tested; empty if it was.
    """

    law: Law
    instances: int = 0
    contexts: tuple[int, ...] = ()
    counterexample: Counterexample | None = None
    untested: str = ""
    undecided: Counterexample | None = None

    @property
    def holds(self) -> bool | None:
        """Whether it held on all instances; None if it was not tested, or could not be decided."""
        return None if self.untested or self.undecided else self.counterexample is None

    @property
    def outcome(self) -> str:
        """In words."""
        if self.untested:
            return f"not tested: {self.untested}"
        if self.undecided:
            return f"not decided, at {self.undecided}"
        return (
            f"broken by {self.counterexample}" if self.counterexample else f"held on {several(self.instances, 'instance')} of {self._sizes}"
        )

    @property
    def _sizes(self) -> str:
        first, last = self.contexts[0], self.contexts[-1]
        return f"{first} to {last} tokens" if first < last else several(first, "token")

    def to_json(self) -> dict[str, object]:
        """Plain dicts, lists, text and numbers."""
        counterexample, undecided = (found.to_json() if found else None for found in (self.counterexample, self.undecided))
        told = {"law": self.law.name, "formula": self.law.formula, "holds": self.holds, "instances": self.instances}
        found = {"counterexample": counterexample, "undecided": undecided, "untested": self.untested}
        return {**told, "contexts": list(self.contexts), **found}


KIND = "on least squares, from any one W₀, at any step size that depends on nothing but the number of tokens"
NOT_JUDGED = "Not judged: several steps, other losses, and a step size or W₀ that the context sets; they can break these laws too."


@dataclass(frozen=True, eq=False, repr=False)
class Falsification:
    """All laws of one gradient step, each on its own.

    Attributes:
        d_x, d_y: rows of the inputs and of the targets.
        contexts: the smallest and the largest context size that were allowed; each report has those that were searched.
        reports: one a law.
        step_sizes: s for each context size, read off one token; empty if a law is broken, as then there is none.
        step_tolerances: what rounding may amount to in each.
        rounding: how many units of rounding were allowed for.
        unit: the machine epsilon of the coarsest type of floats that went in or came out.
    """

    d_x: int
    d_y: int
    contexts: tuple[int, int]
    reports: tuple[Report, ...]
    step_sizes: Mapping[int, float]
    step_tolerances: Mapping[int, float]
    rounding: float
    unit: float

    @property
    def broken(self) -> tuple[Report, ...]:
        """The laws with a counterexample."""
        return tuple(report for report in self.reports if report.counterexample)

    @property
    def refuted(self) -> bool:
        """Whether some law is broken, so that the callable is not one step of gradient descent."""
        return bool(self.broken)

    @property
    def undecided(self) -> tuple[Report, ...]:
        """The laws whose sides differ by what may be the callable's own noise."""
        return tuple(report for report in self.reports if report.undecided)

    @property
    def outcome(self) -> str:
        """*refuted*, *not decided*, or *not refuted*."""
        return "refuted" if self.refuted else "not decided" if self.undecided else "not refuted"

    @property
    def still(self) -> tuple[int, ...]:
        """The context sizes at which s is 0 up to rounding, so that no target was seen to move the prediction."""
        return tuple(count for count, size in self.step_sizes.items() if abs(size) <= self.step_tolerances[count])

    @property
    def conclusion(self) -> str:
        """What this shows, and what not."""
        if is_settled(self.reports):
            return f"Excluded: one step of gradient descent, preconditioned or not, {KIND}. {NOT_JUDGED}"
        if self.broken:
            return (
                f"Excluded: one step of gradient descent {KIND}. One preconditioned step keeps every law that was not seen to break, so it "
                f"is not excluded. {NOT_JUDGED}"
            )
        if self.undecided:
            return (
                "Not decided: no law was seen to break by more than the callable's own noise, but some by more than the rounding that is "
                f"allowed for, {self.rounding:g} units of {self.unit:.1e}. The noise is measured, {HEADROOM} times what differences "
                "of sixth order show along lines of instances, or the last binary digit of the answers there if that is more: rounding in "
                "narrower floats than it takes or returns, large terms that cancel, jumps, or answers that are multiples of something. "
                "Use wider floats within it, or allow for more rounding."
            )
        return (
            "No law was seen to break, on finitely many instances: evidence, no proof. What keeps all laws on every instance is one step "
            "of gradient descent, with one step size for each context size (statement 9.3). The laws on reflections are needed for that: "
            "a preconditioned step keeps the others. Laws that were not tested, and contexts of other sizes, are left open, and so is what "
            f"differs by less than {self.rounding * self.unit:.1e} of its terms: that may be rounding."
        )

    def to_json(self) -> dict[str, object]:
        """Plain dicts, lists, text and numbers."""
        sizes = {"d_x": self.d_x, "d_y": self.d_y, "contexts": list(self.contexts)}
        verdict = {
            "outcome": self.outcome,
            "refuted": self.refuted,
            "conclusion": self.conclusion,
            "laws": [report.to_json() for report in self.reports],
        }
        sizes_of = {"step_sizes": self.step_sizes, "step_tolerances": self.step_tolerances}
        rates = {name: {str(count): value for count, value in of.items()} for name, of in sizes_of.items()} | {"still": list(self.still)}
        return {**sizes, **verdict, **rates, "rounding": self.rounding, "unit": self.unit}

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def __str__(self) -> str:
        laws = [f"  {report.law.name}: {report.law.formula}\n    {report.outcome}" for report in self.reports]
        return "\n".join([self._title, *laws, *self._rates, self.conclusion])

    def _repr_markdown_(self) -> str:
        cells = [(report.law.name, report.law.formula, report.outcome) for report in self.reports]
        table = ["| law | formula | outcome |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in cells)]
        return "\n\n".join([f"**{self._title}**", "\n".join(table), *self._rates, self.conclusion])

    @property
    def _title(self) -> str:
        least, most = self.contexts
        verdict = f"refuted, {len(self.broken)} of {len(self.reports)} laws are broken" if self.refuted else self.outcome
        return f"One step of gradient descent, d_x = {self.d_x}, d_y = {self.d_y}, contexts of {least} to {most} tokens: {verdict}"

    @property
    def _rates(self) -> list[str]:
        rates = ", ".join(f"{rate:.6g} at N = {count}" for count, rate in self.step_sizes.items())
        uphill = [count for count, rate in self.step_sizes.items() if rate < 0 and count not in self.still]
        lines = [f"Step size s: {rates}"] if rates else []
        if self.still:
            lines.append(f"At N = {_listed(self.still)} no target was seen to move the prediction: s is 0 up to rounding")
        if uphill:
            lines.append(f"At N = {_listed(uphill)} s is negative: a step uphill, or a prediction with its sign turned")
        return lines


def is_settled(reports: Iterable[Report]) -> bool:
    """Whether a law is broken that a preconditioned step keeps too: nothing more general is left to exclude."""
    return any(report.counterexample and report.law.preconditioned for report in reports)


def _listed(counts: Iterable[int]) -> str:
    return ", ".join(map(str, counts))
