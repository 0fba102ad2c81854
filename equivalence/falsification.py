"""Is a callable gradient descent? Each law of a gradient step is searched for its smallest counterexample (statement 9.3).

What keeps all the laws everywhere is gradient descent. A search sees finitely many instances: it refutes, it never proves. This module
needs Hypothesis, and no array library but NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NoReturn

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, find, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy

from equivalence.callables import CheckedCallable, Predictor, refuse_randomness, shown
from equivalence.laws import LAWS, Array, Instance, Law, told

ENTRIES = (0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5)
"""What data are made of, simplest first: exact in every type of floats, and so are their sums and products."""
FACTORS = (2, -1, 3, -2)
Drawn = tuple[Instance, Mapping[str, Any]]
"""An instance, and what else a law speaks of."""
HEADROOM = 64
"""How much larger than the predictions the terms within the callable may be, by default; see `falsify`."""


@dataclass(frozen=True, eq=False)
class Counterexample:
    """Where a law is broken.

    Attributes:
        instance: the context and the query.
        others: what else the law speaks of, by its name in the formula.
        left, right: the two sides, d_y x 1.
        tolerance: what rounding may account for; some entry of the sides differs by more.
    """

    instance: Instance
    others: Mapping[str, Any]
    left: Array
    right: Array
    tolerance: float

    def to_json(self) -> dict[str, Any]:
        """Lists and numbers only."""
        arrays = {**self.instance._asdict(), "left": self.left, "right": self.right}
        others = {name: np.asarray(value).tolist() for name, value in self.others.items()}
        return {**{name: array.tolist() for name, array in arrays.items()}, "others": others, "tolerance": self.tolerance}

    def __str__(self) -> str:
        names = dict(zip("XYq", self.instance, strict=True))
        data = ", ".join(f"{name} = {shown(value)}" for name, value in (*names.items(), *self.others.items()))
        return f"{data}: left {shown(self.left)}, right {shown(self.right)}; rounding accounts for {self.tolerance:.1e} at most"


@dataclass(frozen=True, eq=False)
class Report:
    """What became of one law.

    Attributes:
        law: which.
        instances: how many were compared; those of the shrinking are not counted.
        counterexample: the smallest one found, or None.
        untested: why the law was not tested; empty if it was.
    """

    law: Law
    instances: int = 0
    counterexample: Counterexample | None = None
    untested: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether it held on all instances; None if it was not tested."""
        return None if self.untested else self.counterexample is None

    @property
    def outcome(self) -> str:
        """In words."""
        if self.untested:
            return f"not tested: {self.untested}"
        return f"broken by {self.counterexample}" if self.counterexample else f"held on {self.instances} instances"

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, text and numbers."""
        found = self.counterexample.to_json() if self.counterexample else None
        told = {"law": self.law.name, "formula": self.law.formula, "holds": self.holds, "instances": self.instances}
        return {**told, "counterexample": found, "untested": self.untested}


@dataclass(frozen=True, eq=False, repr=False)
class Falsification:
    """All laws, each on its own.

    Attributes:
        d_x, d_y: rows of the inputs and of the targets.
        contexts: the smallest and the largest context size.
        reports: one a law.
        step_sizes: s for each context size, read off one token; empty if a law is broken, as then there is none.
        rounding: how many units of rounding were allowed for.
        unit: the machine epsilon of the coarsest type of floats that went in or came out.
    """

    d_x: int
    d_y: int
    contexts: tuple[int, int]
    reports: tuple[Report, ...]
    step_sizes: Mapping[int, float]
    rounding: float
    unit: float

    @property
    def broken(self) -> tuple[Report, ...]:
        """The laws with a counterexample."""
        return tuple(report for report in self.reports if report.counterexample)

    @property
    def refuted(self) -> bool:
        """Whether some law is broken, so that the callable is not gradient descent."""
        return bool(self.broken)

    @property
    def conclusion(self) -> str:
        """What this shows, and what not."""
        if any(report.law.preconditioned for report in self.broken):
            return "This is neither gradient descent nor preconditioned gradient descent, at any rate, from any W₀."
        if self.broken:
            return (
                "This is not gradient descent, at any rate, from any W₀. Preconditioned gradient descent keeps every law that was not seen "
                "to break, so it is not excluded."
            )
        return (
            "No law was seen to break, on finitely many instances: evidence, no proof. What keeps all laws on every instance is gradient "
            "descent, with one step size for each context size (statement 9.3). The laws on reflections are needed for that: "
            "preconditioned gradient descent keeps the others. Laws that were not tested, and contexts of other sizes, are left open."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, text and numbers."""
        sizes = {"d_x": self.d_x, "d_y": self.d_y, "contexts": list(self.contexts)}
        verdict = {"refuted": self.refuted, "conclusion": self.conclusion, "laws": [report.to_json() for report in self.reports]}
        rates = {str(count): rate for count, rate in self.step_sizes.items()}
        return {**sizes, **verdict, "step_sizes": rates, "rounding": self.rounding, "unit": self.unit}

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
        found = f"refuted, {len(self.broken)} of {len(self.reports)} laws are broken" if self.refuted else "not refuted"
        return f"Gradient descent, d_x = {self.d_x}, d_y = {self.d_y}, contexts of {least} to {most} tokens: {found}"

    @property
    def _rates(self) -> list[str]:
        rates = ", ".join(f"{rate:.6g} at N = {count}" for count, rate in self.step_sizes.items())
        return [f"Step size s: {rates}"] if rates else []


def falsify(
    predict: Predictor,
    *,
    d_x: int,
    d_y: int,
    min_context: int = 1,
    max_context: int = 3,
    examples: int = 30,
    rounding: float | None = None,
    seed: int = 0,
    dtype: Any = np.float64,
) -> Falsification:
    """Search each law of a gradient step for the smallest instance that breaks it.

    Two sides differ if some entry differs by more than ``rounding`` units of the sizes of the terms on both sides. A term's size is that
    of its prediction, or, since a prediction may be small by cancellation, ``(1 + Σᵢ‖eᵢ‖²)‖q‖`` times the largest ratio of the two on
    dense instances, if that is more. By default rounding is 64 (N + d_x + d_y) at the largest N: sums of N, d_x and d_y terms one
    after another lose at most about N + d_x + d_y units (Higham 2002, chapter 3), and 64 is room for terms inside that are larger than
    what comes out, as in heads that cancel. So it is stated, not derived: nothing is known of the inside. If it is ill-conditioned,
    raise it.

    Args:
        predict: a function of context_x, d_x x N, context_y, d_y x N, and query, d_x x 1, to the prediction, d_y x 1, for every N in
            the range. It is given NumPy arrays, and may return anything that `numpy.asarray` reads as floats.
        d_x, d_y: rows of the inputs and of the targets.
        min_context, max_context: the context sizes N; for one that takes a single size, give it twice. Laws on several tokens need 2.
        examples: how many instances of each context size a law is compared on.
        rounding: how many units of rounding are allowed for.
        seed: seeds the search; the same seed finds the same.
        dtype: the type of the arrays that predict is given.

    Raises:
        TypeError, ValueError: naming the argument; or naming predict, if it raises, returns no floats of shape (d_y, 1), NaN or
            infinity, different predictions for one input, or does not depend on the context.
    """
    for name, count, least in (
        ("d_x", d_x, 1),
        ("d_y", d_y, 1),
        ("min_context", min_context, 1),
        ("examples", examples, 1),
        ("seed", seed, 0),
    ):
        _check_count(name, count, least)
    _check_count("max_context", max_context, min_context)
    allowed = _checked_rounding(rounding, HEADROOM * (max_context + d_x + d_y))
    searched = CheckedCallable(predict, d_x, d_y, _checked_dtype(dtype), allowed)
    searched.probe(min_context, max_context, np.random.default_rng(seed))
    reports: list[Report] = []
    for law in LAWS:
        untested = _why_untested(law, d_y, max_context, reports)
        contexts = range(max(min_context, law.least_context), max_context + 1)
        reports.append(Report(law, untested=untested) if untested else _search(searched, law, contexts, examples, Random(seed)))
    kept = not any(report.counterexample for report in reports)
    step_sizes = {count: _step_size(searched, count) for count in range(min_context, max_context + 1)} if kept else {}
    return Falsification(d_x, d_y, (min_context, max_context), tuple(reports), step_sizes, allowed, searched.unit)


def _compare(predict: CheckedCallable, law: Law, at: Instance, others: Mapping[str, Any]) -> Counterexample | None:
    """Both sides of a law on an instance; None if they are equal up to rounding."""
    sides = law.sides(at, others, predict.start)
    (left, left_rounding), (right, right_rounding) = (predict.combination(terms) for terms in sides)
    if abs(left - right).max() <= left_rounding + right_rounding:
        return None
    seen = sides[0][0][1] if law.derives_targets else at
    return Counterexample(seen, others, left, right, left_rounding + right_rounding)


def _step_size(predict: CheckedCallable, count: int) -> float:
    """The s of a context size: what the target of one unit token does to a unit query."""
    x, y = (np.zeros((rows, count)) for rows in (predict.d_x, predict.d_y))
    x[0, 0] = y[0, 0] = 1
    return float(predict.combination(told(Instance(x, y, x[:, :1])))[0][0, 0])


def _search(predict: CheckedCallable, law: Law, contexts: range, examples: int, random: Random) -> Report:
    """Compare on instances, small contexts first, until one breaks the law; shrink that."""
    compared: list[bool] = []

    def breaks(drawn: Drawn) -> bool:
        compared.append(_compare(predict, law, *drawn) is not None)
        return compared[-1]

    for count in contexts:
        try:
            smallest = find(_instances(law, predict, count), breaks, settings=_settings(examples), random=random)
        except NoSuchExample:
            continue
        except Flaky:
            _refuse_change(law)
        except (TypeError, ValueError) as error:
            raise type(error)(str(error)) from error.__cause__  # without the notes that the search adds
        return Report(law, compared.index(True) + 1, _confirmed(predict, law, smallest))
    return Report(law, len(compared))


def _confirmed(predict: CheckedCallable, law: Law, smallest: Drawn) -> Counterexample:
    """The counterexample, if the callable stands by it."""
    found = _compare(predict, law, *smallest)
    predict.forget()
    again = _compare(predict, law, *smallest)
    if found is None or again is None or abs(found.left - again.left).max() > found.tolerance:
        _refuse_change(law)
    return found


def _refuse_change(law: Law) -> NoReturn:
    refuse_randomness(f"a different one when it was asked again, for the law “{law.name}”")


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


def _instances(law: Law, predict: CheckedCallable, count: int) -> SearchStrategy[Drawn]:
    """Instances of a law with N tokens, and what else it speaks of. Shrinks to zeros and ones."""
    d_x, d_y = predict.d_x, predict.d_y
    kinds = {"inputs": (d_x, count), "targets": (d_y, count), "query": (d_x, 1), "output": (d_y, 1)}
    shapes = {"X": kinds["inputs"], "q": kinds["query"], **({} if law.derives_targets else {"Y": kinds["targets"]})}
    shapes |= {name: kinds[kind] for name, kind in law.others.items() if kind in kinds}
    choices = {"factor": st.sampled_from(FACTORS), "order": st.permutations(range(count))}
    others = {name: choices[kind] for name, kind in law.others.items() if kind in choices}

    def built(entries: list[float], drawn: dict[str, Any]) -> Drawn:
        arrays = _cut(entries, shapes)
        targets = arrays.get("Y", np.zeros(kinds["targets"]))
        return Instance(arrays["X"], targets, arrays["q"]), {**drawn, **{name: arrays[name] for name in law.others if name in arrays}}

    size = sum(rows * cols for rows, cols in shapes.values())
    entries = st.lists(st.sampled_from(ENTRIES), min_size=size, max_size=size)
    return st.builds(built, entries, st.fixed_dictionaries(others))


def _cut(entries: list[float], shapes: Mapping[str, tuple[int, int]]) -> dict[str, Array]:
    """One array after another from a list of entries."""
    ends = np.cumsum([rows * cols for rows, cols in shapes.values()])
    pieces = np.split(np.array(entries, dtype=np.float64), ends[:-1])
    return {name: piece.reshape(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}


def _why_untested(law: Law, d_y: int, max_context: int, before: list[Report]) -> str:
    if max_context < law.least_context:
        return f"it speaks of {law.least_context} tokens at least; set max_context to {law.least_context} or more"
    if "output" in law.others.values() and d_y == 1:
        return "for d_y = 1 the only reflection is a change of sign, which the law on targets covers"
    if law.derives_targets and before[0].counterexample:
        return "the start is not linear, so there is no W₀"
    return ""


def _check_count(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")


def _checked_rounding(rounding: Any, default: int) -> float:
    if rounding is None:
        return float(default)
    if isinstance(rounding, bool) or not isinstance(rounding, int | float):
        raise TypeError(f"rounding: expected a number of units, got {rounding!r}")
    if not 0 < rounding < np.inf:
        raise ValueError(f"rounding: expected a positive finite number of units, got {rounding}")
    return float(rounding)


def _checked_dtype(dtype: Any) -> np.dtype:
    found = np.dtype(dtype)
    if found.kind != "f":
        raise TypeError(f"dtype: expected a type of floats, got {found}")
    return found
