"""Chapter 3, first part: wrong layers and steps are rejected, what γ cannot show is proved invisible, and loops over tokens agree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import pytest

import proofs.ch03_depth  # noqa: F401  (registers the statements)
from equivalence.algebras import Rational
from equivalence.algebras.flint import dense
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import linear_attention, stack
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import query_tokens, tokens
from equivalence.statements import verify
from tests.support.perturbations import BLOCKS, failures, perturbed

ALL_SIZES = ("symbolic", "finite field")
Grid = list[list[Fraction]]


@pytest.mark.parametrize("block", BLOCKS, ids="".join)
@pytest.mark.parametrize(
    ("number", "build", "claim"),
    [
        ("3.1", gd_layer, "any K"),
        ("3.2", gdpp_layer, "GD++ in one head"),
        ("3.3", gdpp_layer, "any K"),
        ("3.8", gd_layer, "any token, any depth"),
    ],
)
def test_every_block_of_the_weights_is_checked(number: str, build: Callable[..., Layer], claim: str, block: tuple[str, str, str]) -> None:
    result = verify(number, seed=5, replace={"layer": perturbed(build, *block)}, algebras=ALL_SIZES)
    checks = [check for check in result.checks if check.claim == claim]
    assert {check.algebra for check in checks} == set(ALL_SIZES)
    assert not any(check.holds for check in checks)
    assert all(check.message.startswith(f"{number} ") and "step 2" in check.message for check in checks)


def scaled(build: Callable[..., Layer], **factors: Any) -> Callable[..., Layer]:
    """A builder with some of its arguments multiplied."""

    def wrong(*sizes: Any, algebra: Any, **rest: Any) -> Layer:
        changed = {name: algebra.scalar(factor) * rest[name] for name, factor in factors.items()}
        return build(*sizes, algebra=algebra, **{**rest, **changed})

    return wrong


@pytest.mark.parametrize(
    ("number", "build"),
    [
        ("3.1", scaled(gd_layer, learning_rate=2)),
        ("3.1", scaled(gd_layer, initial=-1)),
        ("3.2", scaled(gdpp_layer, gamma=-1)),
        ("3.2", scaled(gdpp_layer, learning_rate=-1)),
        ("3.3", scaled(gdpp_layer, gamma=2)),
        ("3.8", scaled(gd_layer, initial=2)),
    ],
)
def test_wrong_signs_and_factors_are_rejected(number: str, build: Any) -> None:
    result = verify(number, seed=5, replace={"layer": build}, algebras=("symbolic",))
    assert not result.checks[0].holds
    assert result.checks[0].message.startswith(f"{number} ")
    assert "step 2" in result.checks[0].message


def without_count(*sizes: Any, context: Any, **rest: Any) -> Layer:
    return gd_layer(*sizes, context=1, **rest)


@pytest.mark.parametrize("number", ["3.1", "3.8"])
def test_a_dropped_count_is_rejected(number: str) -> None:
    found = failures(verify(number, seed=5, replace={"layer": without_count}, algebras=("symbolic",)))
    assert "step, " in found[{"3.1": "any K", "3.8": "any token, any depth"}[number]]


def with_new_transformation(state: Preconditioned, *data: Any) -> Preconditioned:
    """W takes its step with the new M."""
    moved = gdpp_step(state, *data).transformation
    return Preconditioned(gdpp_step(Preconditioned(state.weights, moved), *data).weights, moved)


def without_preconditioner(state: Preconditioned, inputs: Any, targets: Any, rate: Any, gamma: Any) -> Preconditioned:
    plain = gradient_step(state.weights, inputs, targets, rate)
    return Preconditioned(plain, gdpp_step(state, inputs, targets, rate, gamma).transformation)


def without_correction(state: Preconditioned, *data: Any) -> Preconditioned:
    return Preconditioned(gdpp_step(state, *data).weights, state.transformation)


@pytest.mark.parametrize("wrong", [with_new_transformation, without_preconditioner, without_correction])
def test_3_3_rejects_a_wrong_recursion_at_the_step_and_not_at_the_base(wrong: Any) -> None:
    found = failures(verify("3.3", seed=5, replace={"preconditioned": wrong}))
    assert set(found) == {"any K"}
    assert "3.3 K layers of GD++ are preconditioned steps, step, context, step 2" in found["any K"]


def without_gamma(*sizes: Any, gamma: Any, **rest: Any) -> Layer:
    return gd_layer(*sizes, **rest)


def test_3_3_without_gamma_is_gd_and_every_witness_falls() -> None:
    found = failures(verify("3.3", seed=5, replace={"layer": without_gamma}))
    assert set(found) == {
        "any K",
        "two layers against two steps of GD at the same rate, d_x = d_y = N = 1",
        "a witness: s = γ = 1/2, x = y = q = 1",
    }
    assert "step 2 (is 9/16)" in found["a witness: s = γ = 1/2, x = y = q = 1"]


LAST = "the last layer's γ is invisible, from any tokens"


@pytest.mark.parametrize("column", ["x", "y"])
def test_3_4_proves_whatever_is_written_into_the_inputs_invisible(column: str) -> None:
    result = verify("3.4", seed=5, replace={"layer": perturbed(gdpp_layer, "A", "x", column)}, algebras=ALL_SIZES)
    assert LAST not in failures(result)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block[:2] != ("A", "x")], ids="".join)
def test_3_4_rejects_what_the_prediction_shows(block: tuple[str, str, str]) -> None:
    result = verify("3.4", seed=5, replace={"layer": perturbed(gdpp_layer, *block)}, algebras=ALL_SIZES)
    checks = [check for check in result.checks if check.claim == LAST]
    assert not any(check.holds for check in checks)
    assert all("3.4 One layer cannot show γ, step 2" in check.message for check in checks)


def test_3_4_compares_with_the_plain_layer() -> None:
    found = failures(verify("3.4", seed=5, replace={"plain": scaled(gd_layer, learning_rate=2)}))
    assert set(found) == {LAST}
    assert "step 3 (prediction of the layer of 2.1)" in found[LAST]


def test_3_4_needs_gamma_to_be_there() -> None:
    """Without γ nothing is to be seen at any depth, and the claims that it can be seen fall, those that it cannot stand."""
    found = failures(verify("3.4", seed=5, replace={"layer": without_gamma}))
    assert set(found) == {
        "K ≥ 2, d_x = 1, sλ = 1/2: γ = 1/λ leaves residual 1/2, γ = 0 leaves 2^{−K}",
        "the programs at K = 2 and 3: γ = 1/λ and γ = 0 predict differently",
    }
    assert all("step 2" in message for message in found.values())


def test_3_4_stays_only_where_the_scores_do_not_see_the_targets() -> None:
    found = failures(verify("3.4", seed=5, replace={"layer": perturbed(gdpp_layer, "B", "y", "x")}, algebras=ALL_SIZES))
    assert (
        "step 2 (the scores are zero, so the layer does what doing nothing does)"
        in found["where the inputs are 0 a layer of GD++ changes nothing, so nor do any number"]
    )


def unmasked(layer: Layer, columns: Any, queries: Any) -> tuple[list[Any], Any]:
    context = queries.algebra.block([list(columns)]) if hasattr(queries, "algebra") else type(queries).hstack(*columns)
    return [linear_attention(layer, context, column)[1] for column in columns], linear_attention(layer, context, queries)[1]


def blind_to_itself(layer: Layer, columns: Any, queries: Any) -> tuple[list[Any], Any]:
    updated, asked = causal_attention(layer, columns, queries)
    alone = [linear_attention(layer, column, column)[1] - column for column in columns]
    return [new - own for new, own in zip(updated, alone, strict=True)], asked


@pytest.mark.parametrize(
    ("wrong", "fallen"),
    [
        (unmasked, {"the program on three single tokens, all row sizes"}),
        (
            blind_to_itself,
            {
                "any token, any depth",
                "causal attention is attention over the prefix: any layer, a block of n tokens before the last",
                "the program on three single tokens, all row sizes",
            },
        ),
    ],
)
def test_3_8_rejects_a_wrong_mask(wrong: Any, fallen: set[str]) -> None:
    """For the *last* token no mask is the causal mask; the program on three tokens tells them apart, and so does the witness."""
    result = verify("3.8", seed=5, replace={"causal": wrong})
    found = failures(result)
    (witness,) = (claim.title for claim in result.statement.claims if claim.kind == "refutation")
    assert set(found) == fallen | {witness}
    assert all(message.startswith("3.8 ") and "step 2" in message for message in found.values())


def test_3_8_depth_one_needs_the_weight_of_the_prefix() -> None:
    """Were the rate not η/N but η/2N, the summed loss would be missed by that factor."""
    found = failures(verify("3.8", seed=5, replace={"layer": scaled(gd_layer, learning_rate="1/2")}, algebras=("symbolic",)))
    assert "(W₀P − Y)Pᵀ is the gradient of the summed loss" in found["depth 1 is a step on the prefix's summed loss"]


def drawn(random: Random, rows: int, cols: int) -> Grid:
    return [[Fraction(random.randint(-6, 6), random.randint(1, 3)) for _ in range(cols)] for _ in range(rows)]


def product_of(left: Grid, right: Grid) -> Grid:
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in zip(*right, strict=True)] for row in left]


def combined(left: Grid, factor: Fraction, right: Grid) -> Grid:
    return [[a + factor * b for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]


def transposed(matrix: Grid) -> Grid:
    return [list(column) for column in zip(*matrix, strict=True)]


def outer(column: list[Fraction], row: list[Fraction]) -> Grid:
    return [[a * b for b in row] for a in column]


def fractions(matrix: Any) -> Grid:
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in dense(matrix)]


@pytest.mark.parametrize(("d_x", "d_y", "N", "M"), [(2, 1, 3, 4), (1, 3, 4, 2)])
def test_3_3_against_the_recursion_written_out(d_x: int, d_y: int, N: int, M: int) -> None:
    """Three layers of the exact program against W and M in fractions, the sums over tokens one by one; equal, not close."""
    random, eta, gamma = Random(d_x), Fraction(3, 7), Fraction(2, 5)
    X, Y, Q = drawn(random, d_x, N), drawn(random, d_y, N), drawn(random, d_x, M)
    algebra = Rational()
    heads = gdpp_layer(d_x, d_y, learning_rate="3/7", gamma="2/5", context=N, algebra=algebra)
    start = query_tokens(algebra.zeros(d_y, d_x), algebra.value(Q))
    _, queries = stack([heads] * 3, tokens(algebra.value(X), algebra.value(Y)), start)

    W, transformation = [[Fraction(0)] * d_x for _ in range(d_y)], [[Fraction(int(i == j)) for j in range(d_x)] for i in range(d_x)]
    for _ in range(3):
        old_W, old = W, transformation
        square = product_of(transposed(old), old)
        for x, y in zip(transposed(X), transposed(Y), strict=True):
            column = [[entry] for entry in x]
            residual = [target - guess for target, (guess,) in zip(y, product_of(old_W, column), strict=True)]
            (moved,) = product_of([x], square)
            W = combined(W, eta / N, outer(residual, moved))
            seen = [entry for (entry,) in product_of(old, column)]
            transformation = combined(transformation, -gamma, product_of(outer(seen, seen), old))
    assert fractions(queries) == product_of(transformation, Q) + [[-entry for entry in row] for row in product_of(W, Q)]


@pytest.mark.parametrize(("d_x", "d_y", "N", "M"), [(2, 1, 3, 4), (1, 3, 4, 2)])
def test_3_8_against_weights_kept_token_by_token(d_x: int, d_y: int, N: int, M: int) -> None:
    """Three causal layers of the exact program against one W a token, in fractions; equal, not close."""
    random, eta = Random(d_y), Fraction(3, 7)
    X, Y, Q, start = drawn(random, d_x, N), drawn(random, d_y, N), drawn(random, d_x, M), drawn(random, d_y, d_x)
    algebra = Rational()
    heads = gd_layer(d_x, d_y, learning_rate="3/7", context=N, initial=algebra.value(start), algebra=algebra)
    columns = [
        tokens(*(algebra.value([[entry] for entry in part]) for part in pair)) for pair in zip(*map(transposed, (X, Y)), strict=True)
    ]
    queries = query_tokens(algebra.value(start), algebra.value(Q))
    for _ in range(3):
        columns, queries = causal_attention(heads, columns, queries)

    weights = [start] * N
    for _ in range(3):
        steps = []
        for own, x, y in zip(weights, transposed(X), transposed(Y), strict=True):
            guesses = product_of(own, [[entry] for entry in x])
            steps.append(outer([guess - target for (guess,), target in zip(guesses, y, strict=True)], x))
        summed = [steps[0]]
        for more in steps[1:]:
            summed.append(combined(summed[-1], Fraction(1), more))
        weights = [combined(own, -eta / N, total) for own, total in zip(weights, summed, strict=True)]
    for j, own in enumerate(weights):
        token, target = [[row[j]] for row in X], [[row[j]] for row in Y]
        assert fractions(columns[j])[d_x:] == combined(target, Fraction(-1), product_of(combined(own, Fraction(-1), start), token))
    assert fractions(queries) == Q + [[-entry for entry in row] for row in product_of(weights[-1], Q)]
