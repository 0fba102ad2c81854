"""Seeded predictors for `falsify`: ``python -m tests.support.random_predictors --number 5000 --seed 1``.

Steps of gradient descent with any W₀, rates and types, which may not be refuted; steps with one thing changed, which must be; and
callables that return or raise what they like, which are an error of one printable line. All loop over tokens, in NumPy, and import
nothing of attention or descent.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from equivalence.falsification.search import falsify

Array = Any
Predict = Callable[[Array, Array, Array], Any]
Draw = np.random.Generator
SIZES = [1, 2]
EXAMPLES = 12
LONGEST_MESSAGE = 600


class Case(NamedTuple):
    """A predictor and what it is asked for.

    Attributes:
        kind: "a step", or what is changed, or what is hostile.
        predict: the callable.
        d_x, d_y: rows of inputs and targets.
        dtype: of the arrays that it is given.
        step_sizes: by context size, for a step.
    """

    kind: str
    predict: Predict
    d_x: int
    d_y: int
    dtype: str
    step_sizes: dict[int, float]


def summed(W: Array, sizes: dict[int, float], change: Callable[..., Any] | None = None) -> Predict:
    """``W₀q + s_N Σᵢ (yᵢ − W₀xᵢ)(xᵢ·q)``, a token at a time; the change takes W₀, the token's number, x, y, and q, and gives the term."""

    def predict(X: Array, Y: Array, q: Array) -> Array:
        start = W.astype(X.dtype)
        total = start @ q
        for i, (x, y) in enumerate(zip(X.T[:, :, None], Y.T[:, :, None], strict=True)):
            term = (y - start @ x) @ (x.T @ q) if change is None else change(start, i, x, y, q)
            total = total + X.dtype.type(sizes[X.shape[1]]) * term
        return total.astype(X.dtype)

    return predict


def ratio(above: Array, below: Array) -> Array:
    """0 where the divisor is."""
    return above / below if below else 0 * above


CHANGES: dict[str, Callable[..., Any]] = {
    "a preconditioner": lambda W, i, x, y, q: (y - W @ x) @ (x.T @ (q * np.array([[1.0], [1.5]] + [[1.0]] * (len(q) - 2), q.dtype))),
    "a target counted twice": lambda W, i, x, y, q: (y * np.array([[1.25]] + [[1.0]] * (len(y) - 1), y.dtype) - W @ x) @ (x.T @ q),
    "no residual": lambda W, i, x, y, q: y @ (x.T @ q),
    "targets squared": lambda W, i, x, y, q: (y + y**2 / 8 - W @ x) @ (x.T @ q),
    "scores cubed": lambda W, i, x, y, q: (y - W @ x) * (x.T @ q) ** 3,
    "a place in line": lambda W, i, x, y, q: (1 + i / 4) * (y - W @ x) @ (x.T @ q),
    "tokens of one length": lambda W, i, x, y, q: ratio((y - W @ x) @ (x.T @ q), (x.T @ x)[0, 0]),
    "queries of one length": lambda W, i, x, y, q: ratio((y - W @ x) @ (x.T @ q), (q.T @ q)[0, 0]),
    "softmax of the score": lambda W, i, x, y, q: (y - W @ x) * np.tanh(x.T @ q),
}


def size(draw: Draw, least: int = 1) -> int:
    """A number of rows."""
    return int(draw.integers(least, 4))


def log_uniform(draw: Draw, least: float, most: float) -> float:
    """A positive number of any order of magnitude in the range."""
    return float(np.exp(draw.uniform(np.log(least), np.log(most))))


def right(draw: Draw) -> Case:
    """A step."""
    d_x, d_y, dtype = size(draw), size(draw), str(draw.choice(["float32", "float64"]))
    W = draw.normal(size=(d_y, d_x)) * log_uniform(draw, 1e-3, 1e1)
    sizes = {count: log_uniform(draw, 1e-2, 1e2) for count in SIZES}
    return Case("a step", summed(W, sizes), d_x, d_y, dtype, sizes)


def wrong(draw: Draw) -> Case:
    """A step with one thing changed that shows: W₀ is not 0, there are two inputs and two targets at least."""
    kind = str(draw.choice([*CHANGES]))
    d_x, d_y, dtype = size(draw, 2), size(draw, 2), str(draw.choice(["float32", "float64"]))
    W = draw.normal(size=(d_y, d_x))
    return Case(kind, summed(W, dict.fromkeys(SIZES, log_uniform(draw, 1e-1, 1e1)), CHANGES[kind]), d_x, d_y, dtype, {})


class UnspeakableError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def raising(error: BaseException) -> Predict:
    """A predictor that raises it."""

    def predict(X: Array, Y: Array, q: Array) -> Any:
        raise error

    return predict


def step(X: Array, Y: Array, q: Array) -> Array:
    """From W₀ = 0, for d_y = 1."""
    return Y @ X.T @ q


NOISE = np.random.default_rng(0)
Hostile = type("Hos\x1b[2Jtile", (), {})
HOSTILE: dict[str, Predict] = {
    "a row": lambda X, Y, q: step(X, Y, q)[0],
    "two columns": lambda X, Y, q: np.hstack([step(X, Y, q)] * 2),
    "a number": lambda X, Y, q: float(step(X, Y, q)[0, 0]),
    "nothing": lambda X, Y, q: None,
    "an empty array": lambda X, Y, q: np.zeros((0, 1)),
    "integers": lambda X, Y, q: step(X, Y, q).astype(int),
    "complex numbers": lambda X, Y, q: step(X, Y, q) + 1j,
    "text": lambda X, Y, q: "[[1.0]]",
    "an object": lambda X, Y, q: Hostile(),
    "ragged": lambda X, Y, q: [[1.0], []],
    "NaN": lambda X, Y, q: step(X, Y, q) * np.nan,
    "infinity where tokens are large": lambda X, Y, q: step(X, Y, q) + (np.inf if abs(X).max() > 2 else 0),
    "NaN where targets are 0": lambda X, Y, q: step(X, Y, q) if Y.any() else np.full((1, 1), np.nan),
    "an error": raising(KeyError("weights")),
    "an error of many lines": raising(ValueError("\n".join(["first"] * 400))),
    "an error with escapes": raising(ValueError("\x1b[2J\u202e\ud800 red")),
    "an error of a million letters": raising(ValueError("x" * 10**6)),
    "an error without words": raising(UnspeakableError()),
    "an exit": raising(SystemExit(3)),
    "no memory": raising(MemoryError()),
    "noise": lambda X, Y, q: step(X, Y, q) + NOISE.normal(),
    "no context": lambda X, Y, q: q[:1],
    "a constant": lambda X, Y, q: np.ones((1, 1)),
    "one argument": lambda X: X,  # type: ignore[misc, dict-item]
}


def hostile(draw: Draw) -> Case:
    """A callable that is none of use."""
    kind = str(draw.choice([*HOSTILE]))
    return Case(kind, HOSTILE[kind], size(draw), 1, "float64", {})


def check_verdict(case: Case, seed: int) -> None:
    """Raise AssertionError where a right step is refuted or its step size is not its own, or a wrong one is not refuted."""
    verdict = falsify(case.predict, d_x=case.d_x, d_y=case.d_y, max_context=SIZES[-1], examples=EXAMPLES, seed=seed, dtype=case.dtype)
    assert verdict.refuted == (not case.step_sizes), str(verdict)
    assert not verdict.still, str(verdict)
    for count, expected in case.step_sizes.items():
        assert abs(verdict.step_sizes[count] / expected - 1) < 1e-3, f"step size {verdict.step_sizes[count]} at N = {count}, not {expected}"


def check_refusal(case: Case, seed: int) -> None:
    """Raise AssertionError where a hostile callable gets a verdict, or another error than one of a printable line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, of NaN
            verdict = falsify(case.predict, d_x=case.d_x, d_y=case.d_y, max_context=SIZES[-1], examples=EXAMPLES, seed=seed)
    except (TypeError, ValueError) as error:
        message = str(error)
        assert message.startswith("predict: "), message
        assert message.isprintable(), f"a message of several lines, or with a terminal's escapes: {message!r}"
        assert len(message) <= LONGEST_MESSAGE, f"a message of {len(message)} characters: {message[:200]}"
        return
    raise AssertionError(f"a verdict: {verdict}")


KINDS: list[tuple[Callable[[Draw], Case], Callable[[Case, int], None]]] = [
    (right, check_verdict),
    (wrong, check_verdict),
    (hostile, check_refusal),
]


def outcomes(predictors: int, seed: int) -> Counter[str]:
    """How many of each kind behaved, of so many that are right, wrong and hostile in turn. A failure names the predictor and its kind."""
    behaved: Counter[str] = Counter()
    for number in range(predictors):
        drawn, check = KINDS[number % len(KINDS)]
        case = drawn(np.random.default_rng((seed, number)))
        try:
            check(case, number)
        except Exception as error:
            raise AssertionError(f"predictor {number} of seed {seed}, {case.kind}: {type(error).__name__}: {error}") from error
        behaved[case.kind] += 1
    return behaved


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.random_predictors", description="Falsify seeded predictors.")
    parser.add_argument("--number", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for kind, number in outcomes(options.number, options.seed).most_common():
        print(f"{number:6} {kind}")


if __name__ == "__main__":
    main()
