"""Is a callable one step of gradient descent? Each law of a step is searched for its smallest counterexample (statement 9.3).

What keeps all the laws everywhere is one step of gradient descent. A search sees finitely many instances: it refutes, it never proves.
This module needs Hypothesis, and no array library but NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import NoReturn

import numpy as np
from numpy.typing import DTypeLike

from equivalence.checks import checked_count, checked_positive
from equivalence.extras import extra
from equivalence.falsification.callables import EXAMPLES, CheckedCallable, refuse_randomness
from equivalence.falsification.instances import Drawn, instances_of
from equivalence.falsification.laws import LAWS, Law, Others, RegressionInstance, told
from equivalence.falsification.report import Counterexample, Falsification, Report, is_settled
from equivalence.predictors.predictor import Predictor

with extra("testing"):
    from hypothesis import HealthCheck, Phase, Verbosity, find, settings
    from hypothesis.errors import Flaky, NoSuchExample
    from hypothesis.strategies import SearchStrategy

HEADROOM = 64
"""How much larger than the predictions the terms within the callable may be, by default; see `falsify`."""
MOST_EXAMPLES = 10_000
"""Of each law and context size: every prediction is kept, and minutes go by."""
MOST_NUMBERS = 4096
"""Of one instance; Hypothesis draws instances of up to about twice as many."""


def falsify(
    predict: Predictor,
    *,
    d_x: int,
    d_y: int,
    min_context: int = 1,
    max_context: int = 3,
    examples: int = EXAMPLES,
    rounding: float | None = None,
    seed: int = 0,
    dtype: DTypeLike = np.float64,
    progress: Callable[[float], None] | None = None,
) -> Falsification:
    """Search each law of a gradient step for the smallest instance that breaks it.

    Small contexts come first. Once a law is broken that preconditioned gradient descent keeps too, the verdict is settled, and larger
    contexts are searched only for the laws that say nothing on smaller ones.

    Two sides differ if some entry differs by more than ``rounding`` units of the sizes of the terms on both sides. A term's size is that
    of its prediction, or, since a prediction may be small by cancellation, ``(1 + Σᵢ‖eᵢ‖²)‖q‖`` times the largest ratio of the two on
    dense instances of as many tokens, if that is more. By default rounding is 64 (N + d_x + d_y) at the largest N: sums of N, d_x and
    d_y terms one after another lose at most about N + d_x + d_y units (Higham 2002, chapter 3), and 64 is room for terms inside that are
    larger than what comes out, as in heads that cancel. So it is stated, not derived: nothing is known of the inside. If it is
    ill-conditioned, raise it.

    A law is broken only by a difference that is also more than the callable's own noise, which is measured where a difference is seen; if
    it is less, the verdict is *not decided*. The noise is 64 times the larger one of what sixth differences show along short lines of dense
    instances and of the last binary digit of the answers there, in proportion to ``(1 + Σᵢ‖eᵢ‖²)‖q‖``. It does not see rounding that is
    larger than that on other instances, nor an error that is smooth, or always the same, and leaves answers all their digits. A callable
    whose answers are multiples of something as large as its differences, such as signs, is not decided, though it may be no step.

    Args:
        predict: a function of context_x, d_x x N, context_y, d_y x N, and query, d_x x 1, to the prediction, d_y x 1, for every N in
            the range. It is given copies, as NumPy arrays, and may return anything that `numpy.asarray` reads as floats. A few hundred
            predictions are asked for where it is refuted, up to two thousand where not. Where it is a pure function in JAX, hand in
            `jax.jit` of it: op by op, JAX compiles each operation for each context size by itself, and most of the time may go there. A
            PyTorch module needs `dtype=numpy.float32`, `torch.from_numpy` before and `.detach().numpy()` after it.
        d_x, d_y: rows of the inputs and of the targets.
        min_context, max_context: the context sizes N; for one that takes a single size, give it twice. Laws on several tokens need 2.
        examples: how many instances of each context size a law is compared on, at most 10,000; a third of them have one nonzero entry a
            column at most, and a third have coincidences: equal and opposite tokens, repeated inputs, queries that are a token, zeros.
        rounding: how many units of rounding are allowed for.
        seed: seeds the search; the same seed finds the same.
        dtype: the type of the arrays that predict is given.
        progress: told again and again which share of the search is done, from 0 to 1; a verdict that is settled early leaves some out.

    Raises:
        TypeError, ValueError: naming the argument, also where an instance would have more than 4,096 numbers, (d_x + d_y) N + 2 d_x; or
            naming predict, if it raises, returns no floats of shape (d_y, 1), NaN or infinity, different predictions for one input, or
            does not depend on the context; or naming rounding, if all sides would be equal with it.
    """
    for name, count in (("d_x", d_x), ("d_y", d_y), ("min_context", min_context), ("examples", examples)):
        checked_count(name, count)
    checked_count("max_context", max_context, least=min_context)
    checked_count("seed", seed, least=0)
    _check_extent(d_x, d_y, max_context, examples)
    allowed = _checked_rounding(rounding, HEADROOM * (max_context + d_x + d_y))
    searched = CheckedCallable(predict, d_x, d_y, _checked_dtype(dtype), allowed, seed)
    contexts = range(min_context, max_context + 1)
    searched.check_reads_context(contexts)
    _check_resolution(searched)
    reports = _searched_laws(searched, contexts, examples, seed, progress or _nobody)
    kept = not any(report.counterexample for report in reports)
    measured = {count: _step_size(searched, count) for count in contexts} if kept else {}
    step_sizes, tolerances = ({count: pair[place] for count, pair in measured.items()} for place in (0, 1))
    return Falsification(d_x, d_y, (min_context, max_context), reports, step_sizes, tolerances, allowed, searched.unit)


def _compare(predict: CheckedCallable, law: Law, at: RegressionInstance, others: Others) -> Counterexample | None:
    """Both sides of a law on an instance; None if they are equal up to rounding."""
    sides = law.sides(at, others, predict.start)
    (left, left_rounding), (right, right_rounding) = (predict.combination(terms) for terms in sides)
    if abs(left - right).max() <= left_rounding + right_rounding:
        return None
    seen = sides[0][0][1] if law.derives_targets else at
    noise = sum(predict.noise(terms) for terms in sides)
    return Counterexample(seen, others, left, right, left_rounding + right_rounding, noise)


def _step_size(predict: CheckedCallable, count: int) -> tuple[float, float]:
    """The s of a context size, what the target of one unit token does to a unit query; and what rounding may amount to in it."""
    x, y = (np.zeros((rows, count)) for rows in (predict.d_x, predict.d_y))
    x[0, 0] = y[0, 0] = 1
    change, tolerance = predict.combination(told(RegressionInstance(x, y, x[:, :1])))
    return float(change[0, 0]), tolerance


def _searched_laws(
    predict: CheckedCallable, contexts: range, examples: int, seed: int, progress: Callable[[float], None]
) -> tuple[Report, ...]:
    """All laws on one context size after another, until one settles the verdict; then only laws that were on no size yet."""
    reports = [Report(law) for law in LAWS]
    for count in contexts:
        settled = is_settled(reports)
        for place, report in enumerate(reports):
            if report.counterexample or (settled and report.contexts):
                continue
            untested = _why_untested(report.law, predict.d_y, count, contexts, reports[0])
            if not untested:
                before = (count - contexts[0]) * len(LAWS) + place
                told_of = _shares(progress, before, len(contexts) * len(LAWS), examples)
                reports[place] = _searched(predict, report, count, examples, Random(seed), told_of)
            elif not report.contexts:
                reports[place] = replace(report, untested=untested)
    return tuple(reports)


def _shares(progress: Callable[[float], None], before: int, searches: int, examples: int) -> Callable[[int], None]:
    """Of the number of instances that one of several searches has compared, the share of all that is done; shrinking adds nothing."""
    return lambda compared: progress((before + min(compared / examples, 1.0)) / searches)


def _nobody(share: float) -> None:
    """Is told."""


def _searched(
    predict: CheckedCallable, before: Report, count: int, examples: int, random: Random, progress: Callable[[int], None]
) -> Report:
    """The report after contexts of one more size: compared on instances until one breaks the law; that one is shrunk."""
    law, compared, smallest, undecided = before.law, list[bool](), None, before.undecided
    predict.probe(count)

    def breaks(drawn: Drawn) -> bool:
        nonlocal undecided
        found = _compare(predict, law, *drawn)
        compared.append(found is not None and found.is_decisive)
        undecided = undecided or (found if found and not found.is_decisive else None)
        progress(len(compared))
        return compared[-1]

    few = examples // 3
    for strategy, number in zip(instances_of(law, predict.d_x, predict.d_y, count), (few, few, examples - 2 * few), strict=True):
        smallest = smallest or _smallest(law, strategy, breaks, number, random)
    counterexample = _confirmed(predict, law, smallest) if smallest else None
    instances = before.instances + (compared.index(True) + 1 if counterexample else len(compared))
    return Report(law, instances, (*before.contexts, count), counterexample, undecided=None if counterexample else undecided)


def _smallest(law: Law, strategy: SearchStrategy[Drawn], breaks: Callable[[Drawn], bool], examples: int, random: Random) -> Drawn | None:
    """The smallest instance that breaks a law, if one is found."""
    if not examples:
        return None
    try:
        return find(strategy, breaks, settings=_settings(examples), random=random)
    except NoSuchExample:
        return None
    except Flaky:
        _refuse_change(law)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error)) from error.__cause__  # without the notes that the search adds


def _confirmed(predict: CheckedCallable, law: Law, smallest: Drawn) -> Counterexample:
    """The counterexample, if the callable stands by it."""
    counterexample = _compare(predict, law, *smallest)
    predict.forget()
    again = _compare(predict, law, *smallest)
    if counterexample is None or again is None or abs(counterexample.left - again.left).max() > counterexample.tolerance:
        _refuse_change(law)
    return counterexample


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


def _why_untested(law: Law, d_y: int, context: int, contexts: range, start: Report) -> str:
    if context < law.least_context:
        return f"it speaks of {law.least_context} tokens at least; set max_context to {law.least_context} or more"
    if law.compares_sizes and context == contexts[0]:
        return "it compares two context sizes; set max_context above min_context"
    if "output" in law.others.values() and d_y == 1:
        return "for d_y = 1 the only reflection is a change of sign, which the law on targets covers"
    if law.derives_targets and start.counterexample:
        return "the start is not linear, so there is no W₀"
    return ""


def _check_extent(d_x: int, d_y: int, max_context: int, examples: int) -> None:
    """Refuse what would take hours or all memory before anything is asked."""
    if examples > MOST_EXAMPLES:
        raise ValueError(f"examples: expected at most {MOST_EXAMPLES}, got {examples}")
    if (numbers := (d_x + d_y) * max_context + 2 * d_x) > MOST_NUMBERS:
        raise ValueError(
            f"d_x, d_y, max_context: expected instances of at most {MOST_NUMBERS} numbers, got {numbers}; smaller ones tell as much"
        )


def _checked_rounding(rounding: float | None, default: int) -> float:
    return float(default if rounding is None else checked_positive("rounding", rounding))


def _check_resolution(predict: CheckedCallable) -> None:
    """Refuse a search in which every law would hold, as rounding may be as large as the terms."""
    if predict.resolution >= 1:
        raise ValueError(
            f"rounding: expected less than 1/{predict.unit:.2g} units, what tells two sides apart in the floats that predict takes or "
            f"returns, got {predict.rounding:g}; use wider floats, or give a smaller rounding"
        )


def _checked_dtype(dtype: DTypeLike) -> np.dtype:
    floats = np.dtype(dtype)
    if floats.kind != "f":
        raise TypeError(f"dtype: expected a type of floats, got {floats}")
    return floats
