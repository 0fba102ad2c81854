"""A user's callable: what it must return, how it is probed, and how large rounding may be in its answers."""

from __future__ import annotations

from math import comb
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from equivalence.checks import legible
from equivalence.falsification.laws import Array, RegressionInstance, Terms
from equivalence.predictors.predictor import Predictor

PROBES = 8
"""How many dense instances of each context size measure the callable's gain, and tell whether it is deterministic and reads its context."""
SPACINGS = (2.0**-6, 2.0**-6, 2.0**-7, 2.0**-7, 2.0**-8, 2.0**-8)
"""How far apart the instances of each line that measures the noise are, in an entry at most: several, as steps of one unit look smooth."""
POINTS, ORDER = 8, 6
"""How many instances such a line has, and which differences are taken."""
HEADROOM = 64
"""How much larger the noise of a prediction may be than what the lines show at its size; see `CheckedCallable.noise`."""
LONGEST_QUOTE = 200
"""How much of a callable's own words a message quotes."""
EXAMPLES = 30
"""How many instances of each context size a law is compared on, by default."""


class CheckedCallable:
    """A user's callable with its answers checked, and how large rounding may be in them."""

    def __init__(self, predict: Predictor, d_x: int, d_y: int, dtype: np.dtype, rounding: float, seed: int):
        if not callable(predict):
            raise TypeError(f"predict: expected a callable of context_x, context_y and query, got {type(predict).__name__}")
        self.predict, self.d_x, self.d_y, self.dtype, self.rounding, self.seed = predict, d_x, d_y, dtype, rounding, seed
        self.unit, self.reads_context = _unit(dtype), False
        self.answers: np.dtype | None = None
        self.gains: dict[int, float] = {}
        self.noises: dict[int, float] = {}
        self.known: dict[tuple[bytes, ...], Array] = {}

    def __call__(self, at: RegressionInstance) -> Array:
        """The prediction, d_y x 1 in double precision; asked for once, as about half of what a search asks for comes again."""
        positive = (part + 0.0 for part in at)  # −0 is 0
        if (key := tuple(part.tobytes() for part in positive)) not in self.known:
            self.known[key] = self.ask(at)
        return self.known[key]

    @property
    def resolution(self) -> float:
        """The relative difference of two terms that may be rounding."""
        return self.rounding * self.unit

    def forget(self) -> None:
        """Ask again for everything."""
        self.known.clear()

    def ask(self, at: RegressionInstance) -> Array:
        """The prediction, asked for anew; copies go in, so that nothing of ours is changed."""
        try:
            returned = self.predict(*(part.astype(self.dtype) for part in at))
        except (Exception, SystemExit) as error:
            raised = f"{legible(type(error).__name__)}: {_said(error)}"
            raise ValueError(
                f"predict: raised {raised}, on {_shapes(at)} of {self.dtype}; it must take every context of the sizes searched, zeros too "
                "(set min_context and max_context to the sizes it takes, and dtype to its floats)"
            ) from error
        return self._checked(_as_array(returned), at)

    def _checked(self, predicted: Array, at: RegressionInstance) -> Array:
        if predicted.shape != (expected := (self.d_y, 1)):
            raise ValueError(f"predict: expected a prediction of shape (d_y, 1) = {expected}, got {predicted.shape}, on {_shapes(at)}")
        if predicted.dtype.kind != "f":
            raise TypeError(f"predict: expected a prediction of floats, got {predicted.dtype}; convert it")
        self._check_type(predicted.dtype)
        with np.errstate(over="ignore"):
            doubles = predicted.astype(np.float64)
        if not np.isfinite(doubles).all():
            raise ValueError(f"predict: expected finite numbers, got {shown(predicted)} for {_data(at)}; guard divisions that may be by 0")
        return doubles

    def _check_type(self, floats: np.dtype) -> None:
        """One type of floats for all answers, so that what rounding may amount to is known before the first law is compared."""
        if self.answers is None:
            self.answers, self.unit = floats, max(self.unit, _unit(floats))
        elif floats != self.answers:
            raise TypeError(f"predict: expected predictions of one type of floats, got {floats} after {self.answers}; convert them to one")

    def probe(self, count: int) -> None:
        """Measure the gain on dense instances of N tokens, unless it is known, and refuse what is not deterministic."""
        if count in self.gains:
            return
        self.gains[count] = 0.0
        random = np.random.default_rng((self.seed, count))
        shapes = ((self.d_x, count), (self.d_y, count), (self.d_x, 1))
        for _ in range(PROBES):
            at = RegressionInstance(*(random.choice([-2.0, -1.0, 1.0, 2.0], size=shape) for shape in shapes))
            first, again, empty = self.ask(at), self.ask(at), self.ask(at.empty)
            self.gains[count] = max(self.gains[count], _largest(first) / at.size, _largest(empty) / at.empty.size)
            if _largest(first - again) > self.resolution * self.gains[count] * at.size:
                refuse_randomness(f"{shown(first)} and then {shown(again)} for {_data(at)}")
            self.reads_context = self.reads_context or bool((first != empty).any())

    def check_reads_context(self, contexts: range) -> None:
        """Refuse what ignores its context, whatever its size. On small ones it may: with one token a centred step stays where it is."""
        for count in contexts:
            self.probe(count)
            if self.reads_context:
                return
        raise ValueError(
            "predict: expected a prediction that depends on the context, got the same for zeros on "
            f"{PROBES * len(contexts)} random contexts; use context_x and context_y"
        )

    def combination(self, terms: Terms) -> tuple[Array, float]:
        """A linear combination of predictions, d_y x 1, and what rounding may amount to in it. Raises ValueError where it overflows."""
        total, size = np.zeros((self.d_y, 1)), 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for factor, at in terms:
                value = self(at)
                total = total + (factor @ value if isinstance(factor, np.ndarray) else factor * value)
                size += _reach(factor) * max(_largest(value), self.gains.get(at.context_x.shape[1], 0.0) * at.size)
        if not np.isfinite([*total.flat, size]).all():
            raise ValueError(
                f"predict: expected predictions whose sums are finite, got {_largest(self(terms[0][1])):g}; scale what it returns"
            )
        return total, self.resolution * size

    def noise(self, terms: Terms) -> float:
        """What the callable's own rounding may amount to in a linear combination, as far as measuring tells: `HEADROOM` times the noise
        that its lines show, in proportion to the sizes of the instances.

        It does not see what is larger by more than that on other instances of the same size, and what is no noise along lines and leaves
        answers of full precision: the same error on all instances, say, or one that is smooth.
        """
        return HEADROOM * sum(_reach(factor) * self._noise_of(at.context_x.shape[1]) * at.size for factor, at in terms)

    def _noise_of(self, count: int) -> float:
        """The noise on N tokens as a share of the size, the largest of dense instances and of zeros.

        By differences it is that of all lines but the one that shows most, as that one may cross a jump. Where answers are steps of a
        staircase, lines may stay on one; the steps are seen by their height.
        """
        if count not in self.noises:
            random = np.random.default_rng((self.seed, count, len(SPACINGS)))
            lines = [self._line(random, count, spacing) for spacing in SPACINGS]
            found = []
            for along in (lines, [[at.empty for at in line] for line in lines]):
                answers = [(np.hstack([self.ask(at) for at in line]), line[0].size) for line in along]
                found.append(sorted(_noise_along(values) / size for values, size in answers)[-2])
                found.append(max(_step(values[:, 1:]) / size for values, size in answers))  # the first is of whole numbers
            self.noises[count] = max(found)
        return self.noises[count]

    def _line(self, random: np.random.Generator, count: int, spacing: float) -> list[RegressionInstance]:
        shapes = ((self.d_x, count), (self.d_y, count), (self.d_x, 1))
        ends = [(random.choice([-2.0, -1.0, 1.0, 2.0], size=shape), random.uniform(-spacing, spacing, size=shape)) for shape in shapes]
        return [RegressionInstance(*(start + place * along for start, along in ends)) for place in range(POINTS)]

    def start(self, inputs: Array) -> Array:
        """``W₀X``, column by column, from tokens of zeros."""
        nothing = np.zeros((self.d_x, inputs.shape[1])), np.zeros((self.d_y, inputs.shape[1]))
        return np.hstack([self(RegressionInstance(*nothing, column[:, None])) for column in inputs.T])


def _unit(floats: np.dtype) -> float:
    """The machine epsilon of a type of floats; of wider ones that of doubles, in which all answers are compared."""
    return float(max(np.finfo(floats).eps, np.finfo(np.float64).eps))


def _as_array(returned: object) -> Array:
    """What came back, read as `numpy.asarray` does; tensors by their ``__array__``."""
    try:
        array = np.asarray(returned)
        if array.dtype.kind == "O":
            raise TypeError("NumPy finds an object in it")
    except Exception as error:
        raise TypeError(
            f"predict: returned a {legible(type(returned).__name__)} that is no array of numbers ({_said(error)}); return a NumPy array "
            "(of a PyTorch tensor: .detach().cpu().numpy())"
        ) from error
    return array


def _said(error: BaseException) -> str:
    """What an error says first; JAX's go on for pages, and some cannot say it."""
    try:
        return legible(str(error).strip().partition("\n")[0], LONGEST_QUOTE)
    except Exception as another:  # noqa: BLE001  (it is the callable's own text)
        return f"({type(another).__name__} when it was asked what)"


def refuse_randomness(what: str) -> NoReturn:
    """Raise the error for a callable that is not deterministic."""
    raise ValueError(f"predict: expected the same prediction for the same input, got {what}; fix its seed, and switch dropout off")


def _largest(value: Array) -> float:
    return float(abs(value).max())


def _noise_along(answers: Array) -> float:
    """The standard deviation of the noise in answers along a line, d_y x `POINTS`.

    It is found by differences of sixth order, in which what is smooth all but vanishes (of a step, a cubic, nothing is left) and noise
    grows by √C(12, 6): Moré and Wild, Estimating computational noise, 2011, eq. 2.3.
    """
    differences = np.diff(answers, n=ORDER, axis=1)
    return float(np.sqrt((differences**2).mean(axis=1).max() / comb(2 * ORDER, ORDER)))


def _step(answers: Array) -> float:
    """The power of 2 of which half of the answers that are not 0 are no larger multiples: that of the last binary digit.

    Where larger terms cancel, it is the last digit of those. Of answers that are 0 there is none, and then it is 0.
    """
    mantissas, exponents = np.frexp(answers[answers != 0])
    if not mantissas.size:
        return 0.0
    whole = (mantissas * 2.0**53).astype(np.int64)
    return float(np.median(np.ldexp((whole & -whole).astype(float), exponents - 53)))


def _reach(factor: float | Array) -> float:
    """How much larger than a vector its image is at most, in the largest entry."""
    return float(abs(factor).sum(axis=1).max()) if isinstance(factor, np.ndarray) else abs(factor)


def _shapes(at: RegressionInstance) -> str:
    return ", ".join(f"{name} {part.shape}" for name, part in at._asdict().items())


def _data(at: RegressionInstance) -> str:
    return ", ".join(f"{name} = {shown(part)}" for name, part in at._asdict().items())


def shown(value: ArrayLike, digits: int = 6) -> str:
    """A matrix by rows, separated by semicolons; a column of one entry as a number."""
    if np.ndim(value) < 2:
        return str(value)
    rows = "; ".join(" ".join(f"{entry:.{digits}g}" for entry in row) for row in np.asarray(value))
    return rows if np.size(value) == 1 else f"[{rows}]"
