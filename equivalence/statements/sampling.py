"""Testing statements on random numbers: seeded batches in JAX, with tolerances from the magnitude reading.

A batch is drawn outside the jitted function; inside, one instance's program is run over numbers and over magnitudes, and `jax.vmap` makes
the batch. An instance that fails is replayed alone, in NumPy. This module needs JAX, and JAX's x64 mode for float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.algebras.numeric import Numeric
from equivalence.extras import extra
from equivalence.statements.claims import Claim
from equivalence.statements.comparisons import Comparison
from equivalence.statements.inputs import Inputs, inputs_of
from equivalence.statements.registry import Statement, find
from equivalence.statements.sizes import Sizes, assignments
from equivalence.statements.steps import chains

with extra("jax"):
    import jax
    import jax.numpy as jnp

Values = Mapping[str, Any]

QUICKLY = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False, "xla_cpu_parallel_codegen_split_count": 1}
"""XLA's options for code that runs once: compiling takes a third of the time, and what is computed is the same up to rounding."""


@dataclass(frozen=True)
class Sample:
    """One claim on one batch of random instances, or on its witness.

    Attributes:
        statement: the number.
        claim: what was tested.
        sizes: the sizes; empty for a witness.
        dtype: the type of the numbers.
        seed: what the batch was drawn from; None for a witness.
        instances: how many instances there were; 1 for a witness.
        worst: the largest |difference| / tolerance of sides that are to be equal; below 1 unless something is wrong, and NaN if no
            tolerance could be given.
        failing: the index of the worst instance if it fails.
        message: what is wrong, from the failing instance replayed alone; empty if all hold.
    """

    statement: str
    claim: str
    sizes: Sizes
    dtype: str
    seed: int | None
    instances: int
    worst: float
    failing: int | None
    message: str

    @property
    def holds(self) -> bool:
        """Whether every difference is below its tolerance."""
        return self.failing is None


def sample(
    which: Statement | str,
    *,
    sizes: Sequence[Sizes] | None = None,
    batch: int = 256,
    seed: int = 0,
    dtype: str = "float64",
    replace: Mapping[str, Any] | None = None,
) -> tuple[Sample, ...]:
    """Test a statement's identities, inductions and series on random batches, and the witnesses of its other claims on numbers.

    Data are uniform in [−1, 1), symbols ± uniform in [1/2, 1]; invertible matrices are products of unit triangular ones of −1, 0 and 1
    and a diagonal one of ±½, ±1 and ±2, so that they and their inverses are exact. Witnesses have no random data and are computed once,
    by NumPy in float64; of checks that give no comparison, numbers say nothing, and claims without an algebra are exact already: these
    are left out. So are claims that invert an expression, as no tolerance is known for its rounding.

    Args:
        which: a statement, or the number of a registered one.
        sizes: one batch each; default: three assignments of pairwise different sizes.
        batch: instances in a batch.
        seed: makes the batches reproducible.
        dtype: "float64", which needs JAX's x64 mode, or "float32".
        replace: other values for the programs' keyword-only parts, such as a construction to be tested for failure.

    Raises:
        ValueError: an unknown number or part, a size or batch below 1, another dtype, or float64 without x64 mode.
    """
    statement = find(which) if isinstance(which, str) else which
    statement.check_parts(replace or {})
    _check_batch(batch, dtype)
    samples: list[Sample] = []
    for claim in statement.claims:
        parts = claim.parts_of(replace or {})
        if claim.is_identity and not _inverts(claim, parts):
            samples += [_batch(statement, claim, dict(chosen), parts, batch, seed, dtype) for chosen in assignments(claim, sizes)]
        elif claim.takes_algebra and not claim.is_identity:
            samples += _witness(statement, claim, parts)
    return tuple(samples)


def replay(statement: Statement, claim: Claim, sizes: Sizes, parts: Mapping[str, Any], values: Values, dtype: str = "float64") -> str:
    """One instance alone, in NumPy: what is wrong, with statement, claim, step and entry; empty if nothing is.

    Args:
        statement, claim: what is tested.
        sizes: a size for each of the claim's names.
        parts: values for its keyword-only parts.
        values: the instance: an array of `dtype` for each generator, a scalar for each symbol.
    """
    wrong = (pair.wrong() for pair in comparisons(claim, sizes, parts, Numeric(np, dtype, values)))
    return next((f"{statement.number} {statement.title}, {message} [numeric]" for message in wrong if message), "")


def draw(inputs: Inputs, batch: int, seed: int, dtype: str = "float64") -> dict[str, np.ndarray]:
    """The data of a batch: each array has the batch as its first axis. All numbers are 0 or at least 2⁻⁵³, so none is subnormal."""
    generator = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {name: (rows, cols) for name, (rows, cols, _) in inputs.generators.items()}
    shapes |= {name: (size, 1) for name, size in inputs.diagonal.items()}
    shapes |= dict.fromkeys(inputs.symbols, ())
    values = _uniform(generator, batch, shapes, dtype)
    for name in (name for name, (_, _, symmetric) in inputs.generators.items() if symmetric):
        values[name] = np.triu(values[name]) + np.triu(values[name], 1).swapaxes(1, 2)
    for name in inputs.symbols:
        values[name] = np.copysign((1 + abs(values[name])) / 2, values[name])
    for name, size in inputs.diagonal.items():
        values[name] = np.eye(size, dtype=dtype) * values[name]
    for name, size in inputs.invertible.items():
        values[name], values[f"{name}⁻¹"] = (_exactly(name, twice, dtype) / 2 for twice in _invertible(generator, batch, size))
    for name, size in inputs.orthogonal.items():
        values[name] = _exactly(name, _orthogonal(generator, batch, size), dtype)
    return values


def _inverts(claim: Claim, parts: Mapping[str, Any]) -> bool:
    return inputs_of(claim, dict.fromkeys(claim.sizes, 1), parts).inverses > 0


def comparisons(claim: Claim, sizes: Sizes, parts: Mapping[str, object], numeric: Numeric) -> Iterator[Comparison]:
    """Run a claim over one instance's numbers and their magnitudes, and pair what is to be compared."""
    chosen = [sizes[name] for name in claim.sizes]
    readings = (chains(claim.items(algebra, chosen, parts)) for algebra in (numeric, MagnitudeAlgebra(numeric)))
    for chain, magnitudes in zip(*readings, strict=True):
        where = f"{claim.title}{f', {chain.heading}' if chain.heading else ''}"
        for entry, magnitude in zip(chain, magnitudes, strict=True):
            place = f"{where}, step {entry.number} ({entry.assertion.reason})"
            if comparison := entry.assertion.comparison(place, magnitude.assertion):
                yield comparison


@lru_cache(maxsize=256)
def checker(
    claim: Claim, sizes: tuple[int, ...], dtype: str, parts: tuple[tuple[str, Any], ...] = (), *, optimise: bool = False
) -> Callable[[Values], Any]:
    """The jitted function from a batch of data to each instance's worst ratio.

    Args:
        claim: an identity, induction or series.
        sizes: the claim's sizes in its own order.
        dtype: the type of the data.
        parts: values for the claim's keyword-only parts, as pairs.
        optimise: whether to spend time on optimising the compiled code, which pays from some thousand instances on.
    """

    named = dict(zip(claim.sizes, sizes, strict=True))

    def worst(values: Values) -> Any:
        with jax.default_matmul_precision("highest"):
            pairs = _equal_sides(claim, named, parts, Numeric(jnp, dtype, values))
        return jnp.stack([pair.ratios(jnp).max() for pair in pairs]).max()

    return jax.jit(jax.vmap(worst), compiler_options=None if optimise else QUICKLY)


def _batch(statement: Statement, claim: Claim, sizes: Sizes, parts: dict[str, Any], batch: int, seed: int, dtype: str) -> Sample:
    values = draw(inputs_of(claim, sizes, parts), batch, seed, dtype)
    if not values:  # a claim without data has one instance
        batch, ratios = 1, np.asarray([_worst(_equal_sides(claim, sizes, parts.items(), Numeric(np, dtype)))])
    else:
        check = checker(claim, tuple(sizes[name] for name in claim.sizes), dtype, tuple(parts.items()))
        ratios = np.asarray(check(values))
    index = int(np.argmax(np.where(np.isnan(ratios), np.inf, ratios)))
    worst, message = float(ratios[index]), ""
    if not worst < 1:
        alone = replay(statement, claim, sizes, parts, {name: array[index] for name, array in values.items()}, dtype)
        label = f"{statement.number} {statement.title}, {claim.title}"
        message = alone or f"{label}: fails in a batch ({worst:.3g} tolerances), but not when replayed alone"
    return Sample(statement.number, claim.title, sizes, dtype, seed, batch, worst, index if message else None, message)


def _witness(statement: Statement, claim: Claim, parts: Mapping[str, Any]) -> list[Sample]:
    """One sample, or none if the claim compares no numbers."""
    pairs = list(comparisons(claim, {}, parts, Numeric(np, "float64")))
    if not pairs:
        return []
    message = replay(statement, claim, {}, parts, {})
    worst = _worst(pair for pair in pairs if pair.on_every_instance)
    return [Sample(statement.number, claim.title, {}, "float64", None, 1, worst, 0 if message else None, message)]


def _worst(pairs: Iterable[Comparison]) -> float:
    """The largest ratio, 0 if there is none to take; NaN if any is, which Python's max would pass over."""
    return float(np.max([0.0, *(np.max(pair.ratios(np)) for pair in pairs)]))


def _equal_sides(claim: Claim, sizes: Sizes, parts: Iterable[tuple[str, Any]], numeric: Numeric) -> list[Comparison]:
    """What is to be equal on every instance. Arbitrary matrices need not differ on each one, so `Differ` is left to the other readings."""
    pairs = [pair for pair in comparisons(claim, sizes, dict(parts), numeric) if pair.on_every_instance]
    if not pairs:
        raise ValueError(f"{claim.title}: nothing is compared, so nothing can be tested on numbers")
    return pairs


def _check_batch(batch: int, dtype: str) -> None:
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise ValueError(f"batch: expected a positive integer, got {batch!r}")
    if dtype not in ("float64", "float32"):
        raise ValueError(f"dtype: expected 'float64' or 'float32', got {dtype!r}")
    if dtype == "float64" and not jax.config.read("jax_enable_x64"):
        raise ValueError("dtype: float64 needs JAX's x64 mode; call jax.config.update('jax_enable_x64', True), or ask for float32")


def _uniform(generator: np.random.Generator, batch: int, shapes: Mapping[str, tuple[int, ...]], dtype: str) -> dict[str, np.ndarray]:
    """Arrays uniform in [−1, 1), all cut from one draw."""
    counts = [batch * math.prod(shape) for shape in shapes.values()]
    drawn = generator.random(sum(counts), dtype=np.dtype(dtype).type)
    drawn *= 2
    drawn -= 1
    cut = np.split(drawn, np.cumsum(counts))[: len(counts)]
    return {name: part.reshape(batch, *shape) for (name, shape), part in zip(shapes.items(), cut, strict=True)}


def _invertible(generator: np.random.Generator, batch: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """2T and 2T⁻¹ in integers, for T = LDU and T⁻¹ = U⁻¹D⁻¹L⁻¹ with ±½, ±1 and ±2 in D: of any sign and size of determinant, and exact."""
    strict = np.tril(generator.integers(-1, 2, (2, batch, size, size)), -1)
    lower, upper = strict[0], strict[1].swapaxes(1, 2)
    one, twice = np.eye(size, dtype=np.int64), generator.choice([-4, -2, -1, 1, 2, 4], (batch, 1, size))
    return ((one + lower) * twice) @ (one + upper), (_unit_inverse(upper) * (4 // twice)) @ _unit_inverse(lower)


def _orthogonal(generator: np.random.Generator, batch: int, size: int) -> np.ndarray:
    """Permutations with signs, before and after a reflection along (1, 1, 1, 1)/2 where it has room: exact, of both determinants."""
    middle = np.eye(size)
    if size >= 4:
        middle[:4, :4] -= 1 / 2
    before, after = ([_signed_permutation(generator, size) for _ in range(batch)] for _ in range(2))
    return np.array(before) @ middle @ np.array(after)


def _signed_permutation(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.choice([-1.0, 1.0], size)[:, None] * np.eye(size)[generator.permutation(size)]


def _unit_inverse(nilpotent: np.ndarray) -> np.ndarray:
    """(I + N)⁻¹ = I − N(I − N(I − …)), which ends, as N^size = 0."""
    one = np.eye(nilpotent.shape[-1], dtype=np.int64)
    inverse: np.ndarray = np.broadcast_to(one, nilpotent.shape)
    for _ in range(nilpotent.shape[-1]):
        inverse = one - nilpotent @ inverse
    return inverse


def _exactly(name: str, matrix: np.ndarray, dtype: str) -> np.ndarray:
    exactly = matrix.astype(dtype)
    if (exactly != matrix).any():
        raise ValueError(
            f"{name}: a random inverse of size {matrix.shape[-1]} has entries that {dtype} does not hold exactly; use a smaller size"
        )
    return exactly
