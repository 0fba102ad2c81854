"""Chapter 4: wrong constructions are rejected; what no context can show is proved invisible; loops over tokens agree."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.algebras import exact
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import separate_tokens
from equivalence.statements import Result, verify
from proofs.ch04_tokens.deep_features import step_on_both
from proofs.ch04_tokens.printed_pairing import PAIRS, copying_layer, lower_off_diagonal, shift_in_blocks, softmax_of

PARTS = ("x", "y", "position of an x-token", "position of a y-token", "position of a query")
INVISIBLE = {("A", row, column) for row in PARTS for column in (PARTS[1], *PARTS[3:])} | {
    ("B", row, column) for row in (PARTS[1], PARTS[3]) for column in PARTS
}
"""What 4.1 cannot show, since only x-tokens are attended to: how A reads what they do not have, and scores of keys that A maps to 0."""
VISIBLE = sorted(set(product("AB", PARTS, PARTS)) - INVISIBLE)


def failures(result: Result) -> dict[str, str]:
    """The failed claims of one algebra or more, with the first message of each."""
    found: dict[str, str] = {}
    for check in result.checks:
        if not check.holds:
            found.setdefault(check.claim, check.message)
    return found


def perturbed(matrix: str, row: str, column: str) -> Callable[..., Layer]:
    """The pairing layer with a rank-one ε·u vᵀ added to one block of A or of B."""

    def build(d_x: Any, d_y: Any, *, context: Any, queries: Any, algebra: Any) -> Layer:
        (head,) = pairing_layer(d_x, d_y, context=context, queries=queries, algebra=algebra).heads
        sizes = dict(zip(PARTS, (d_x, d_y, context, context, queries), strict=True))
        u, v = algebra.generator("u", sizes[row], 1), algebra.generator("v", sizes[column], 1)
        grid = [[algebra.zeros(down, across) for across in sizes.values()] for down in sizes.values()]
        grid[PARTS.index(row)][PARTS.index(column)] = algebra.symbol("epsilon") * (u @ v.T)
        change, eye = algebra.block(grid), algebra.eye(tuple(sizes.values()))
        A, B = head.output_value, head.key_query
        return Layer((Head(eye, B + change, A, eye) if matrix == "B" else Head(eye, B, A + change, eye),))

    return build


@pytest.mark.parametrize("where", VISIBLE, ids=": ".join)
def test_4_1_rejects_every_perturbation_that_shows(where: tuple[str, str, str]) -> None:
    result = verify("4.1", seed=3, replace={"layer": perturbed(*where)}, algebras=("symbolic", "finite field"))
    assert not any(check.holds for check in result.checks if check.claim == "the first layer pairs")
    assert all(message.startswith("4.1 Separate tokens") and "step 2" in message for message in failures(result).values())


@pytest.mark.parametrize("where", sorted(INVISIBLE), ids=": ".join)
def test_4_1_proves_the_other_perturbations_invisible(where: tuple[str, str, str]) -> None:
    result = verify("4.1", seed=3, replace={"layer": perturbed(*where)}, algebras=("symbolic",))
    assert result.holds, result.messages


def reads_positions(layer: Layer, extra: Any) -> Layer:
    """Padded, but the scores see the positions too."""
    (head,) = padded(layer, extra).heads
    algebra = head.key.algebra
    data = layer.heads[0].key.shape[0]
    keys = algebra.block([[algebra.zeros(extra, data), algebra.eye(extra)]])
    values = algebra.block([[head.value], [algebra.zeros(extra, (*data, *extra))]])
    silent = algebra.block([[head.projection, algebra.zeros((*data, *extra), extra)]])
    return Layer((Head(algebra.block([[head.key], [keys]]), algebra.block([[head.query], [keys]]), values, silent),))


def writes_positions(layer: Layer, extra: Any) -> Layer:
    """Padded, but the first group of positions is copied into the outputs' place: with values, not zero."""
    (head,) = padded(layer, extra).heads
    algebra = head.key.algebra
    (d_x, d_y), (first, *others) = layer.heads[0].key.shape[0], extra
    spread = algebra.generator("spread", first, d_y)
    below = algebra.block([[algebra.zeros(first, d_x), spread], [algebra.zeros(tuple(others), (d_x, d_y))]])
    return Layer((head._replace(projection=algebra.block([[layer.heads[0].projection], [below]])),))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"second_layer": lambda *d, context, **rest: gd_layer(*d, context=1, **rest)}, id="1/N dropped"),
        pytest.param({"second_layer": lambda *d, learning_rate, **rest: gd_layer(*d, learning_rate=-learning_rate, **rest)}, id="sign"),
        pytest.param({"pad": writes_positions}, id="positions written"),
    ],
)
def test_4_1_rejects_a_wrong_second_layer(wrong: dict[str, Any]) -> None:
    result = verify("4.1", seed=3, replace=wrong, algebras=("symbolic", "finite field"))
    assert list(failures(result)) == ["the second layer steps"]
    assert all(not check.holds for check in result.checks if check.claim == "the second layer steps")
    assert all(m.startswith("4.1 Separate tokens") and "all tokens, step 4 (2.1 with W₀ = 0" in m for m in result.messages)


def test_4_1_needs_the_second_layer_blind_to_positions() -> None:
    result = verify("4.1", replace={"pad": reads_positions}, algebras=("symbolic",))
    assert list(failures(result)) == ["the second layer steps"]
    assert "all tokens, step 4" in result.messages[0]


def test_4_1_needs_a_start_at_zero() -> None:
    """With W₀ ≠ 0 the queries' values are not 0, so with all tokens as keys the second layer does something else."""

    def started(d_x: Any, d_y: Any, **rest: Any) -> Layer:
        return gd_layer(d_x, d_y, initial=rest["algebra"].generator("W_0", d_y, d_x), **rest)

    result = verify("4.1", replace={"second_layer": started}, algebras=("symbolic",))
    assert "all tokens, step 3 (the pairs alone as keys" in failures(result)["the second layer steps"]


def in_loops(head: Head, every: np.ndarray) -> np.ndarray:
    """One head with residual, token by token, all tokens keys; integers."""
    key, query, value, projection = (np.array(weight.tolist(), dtype=int) for weight in head)
    updated = every.copy()
    for j in range(every.shape[1]):
        for i in range(every.shape[1]):
            score = int(np.dot(key @ every[:, i], query @ every[:, j]))
            updated[:, j] += projection @ (value @ every[:, i]) * score
    return updated


@pytest.mark.parametrize(("d_x", "d_y", "N", "M"), [(3, 2, 4, 1), (1, 3, 2, 4)])
def test_4_1_against_a_loop_over_tokens(d_x: int, d_y: int, N: int, M: int) -> None:
    random = np.random.default_rng(4)
    X, Y, Q = (random.integers(-5, 6, shape) for shape in ((d_x, N), (d_y, N), (d_x, M)))
    every = np.array(separate_tokens(*(sympy.ImmutableDenseMatrix(m.tolist()) for m in (X, Y, Q))).tolist(), dtype=int)
    (first,) = pairing_layer(d_x, d_y, context=N, queries=M).heads
    (second,) = padded(gd_layer(d_x, d_y, learning_rate=N, context=N), (N, N, M)).heads
    after = in_loops(second, in_loops(first, every))
    change = sum(np.outer(Y[:, i], X[:, i]) for i in range(N))  # η/N = 1, from W = 0
    assert (after[: d_x + d_y, :N] == 0).all()
    assert (after[:d_x, N : 2 * N] == X).all()
    assert (after[d_x : d_x + d_y, N : 2 * N] == Y - change @ X).all()
    assert (-after[d_x : d_x + d_y, 2 * N :] == change @ Q).all()


def test_4_2_against_a_loop_over_tokens() -> None:
    every = np.vstack([np.array(PAIRS).T, np.eye(5, dtype=int)])
    shift = sympy.ImmutableDenseMatrix(lower_off_diagonal(5))
    printed, swapped = (in_loops(copying_layer(S, exact).heads[0], every)[5:] for S in (shift, shift.T))
    contents = every[:5]
    for j in range(5):
        before = contents[:, j - 1] if j > 0 else np.eye(5, dtype=int)[:, 0]
        after = contents[:, j + 1] if j < 4 else np.eye(5, dtype=int)[:, 4]
        assert (printed[:, j] == before).all()
        assert (swapped[:, j] == after).all()


def test_4_2_the_shift_in_blocks_is_the_printed_matrix() -> None:
    assert shift_in_blocks(4, exact) == sympy.ImmutableDenseMatrix(lower_off_diagonal(5))


def swapped_layer(shift: Any, algebra: Any) -> Layer:
    return copying_layer(shift.T, algebra)


def negated_value(shift: Any, algebra: Any) -> Layer:
    (head,) = copying_layer(shift, algebra).heads
    return Layer((head._replace(value=-head.value),))


def test_4_2_swapped_weights_are_not_what_is_printed() -> None:
    found = failures(verify("4.2", seed=5, replace={"layer": swapped_layer}))
    assert "4.2 Proposition 3 as printed does not do what it says, what is selected, step 2" in found["the printed weights at N = 2, n = 5"]
    assert "4.2 Proposition 3" in found["the repaired weights at N = 2, n = 5, and the index"]
    assert "as printed, S for I_off, step 2" in found["what the weights do, any matrix in the place of I_off, all n"]


def test_4_2_a_sign_is_rejected_in_every_algebra() -> None:
    result = verify("4.2", seed=5, replace={"layer": negated_value})
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"exact", "rational", "symbolic", "finite field"}
    assert len(failed) == 8
    assert all(check.message.startswith("4.2 Proposition 3") and "step 2" in check.message for check in failed)


@pytest.mark.parametrize("factor", [2, -1])
def test_4_2_a_scaled_shift_is_rejected(factor: int) -> None:
    def scaled(m: Any, algebra: Any) -> Any:
        return algebra.scalar(factor) * shift_in_blocks(m, algebra)

    result = verify("4.2", seed=5, replace={"shift": scaled}, algebras=("symbolic", "finite field"))
    failed = [check for check in result.checks if not check.holds]
    assert {(check.claim[:19], check.algebra) for check in failed} == {("what I_off selects,", a) for a in ("symbolic", "finite field")}
    assert all("as printed: column j of C I_offᵀ is column j − 1 of C, the first is 0, step 2" in message for message in result.messages)


def test_4_2_softmax_without_the_others_is_rejected() -> None:
    def among_ones_own(scores: sympy.Matrix) -> sympy.Matrix:
        return softmax_of(scores[:-1, :]).col_join(sympy.zeros(1, 1))

    result = verify("4.2", replace={"softmax": among_ones_own}, algebras=("exact",))
    assert "the layer's own scores for e_2 at n = 5, times b, through softmax, step 2 (e^b/(e^b + n − 1) at p_1" in result.messages[0]


def test_4_2_softmax_reads_the_scores_of_the_layer() -> None:
    def transposed(shift: Any, algebra: Any) -> Layer:
        return copying_layer(shift.T, algebra)

    result = verify("4.2", replace={"layer": transposed}, algebras=("exact",))
    assert any("times b, through softmax, step 2" in message for message in result.messages)


def test_4_2_softmax_value_is_enclosed_at_score_one_only() -> None:
    result = verify("4.2", replace={"score": 2}, algebras=("exact",))
    assert "at b = 1, n = 21, softmax run on the layer's own scores for e_2, step 1 (the weight at p_1 is 0.1197" in result.messages[0]
    assert "is outside (2393/20000, 5983/50000)" in result.messages[0]


def test_4_2_softmax_against_the_sum_written_out() -> None:
    b = sympy.Symbol("b")
    scores = [0, 0, b, 0]
    expected = sympy.Matrix([sympy.exp(score) / sum(sympy.exp(other) for other in scores) for score in scores])
    assert exact.difference(softmax_of(sympy.Matrix(scores)), expected) is None


def test_4_2_softmax_value_against_numpy() -> None:
    scores = np.zeros(21)
    scores[7] = 1
    weights = np.exp(scores) / np.exp(scores).sum()
    assert 0.11965 < weights[7] < 0.11966


def negative_rate(*sizes: Any, learning_rate: Any, **rest: Any) -> Layer:
    return gd_layer(*sizes, learning_rate=-learning_rate, **rest)


def uncounted(weights: Any, inputs: Any, targets: Any, rate: Any) -> Any:
    """ΔW with the 1/N dropped: the printed eq. 13."""
    return -(rate * ((weights @ inputs - targets) @ inputs.T))


def test_4_3_a_sign_is_rejected() -> None:
    result = verify("4.3", seed=6, replace={"layer": negative_rate}, algebras=("symbolic", "finite field"))
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"symbolic", "finite field"}
    assert {check.claim for check in failed} == {"the layer is a step on the read-out"}
    assert all(m.startswith("4.3 Deep features: a gradient step on the read-out, step 2") for m in result.messages)


def test_4_3_steps_on_the_read_out_alone_are_no_counterexample() -> None:
    def readout_only(readout: Any, features: Any, rate: Any) -> tuple[Any, Any]:
        return step_on_both(readout, features, rate)[0], features

    result = verify("4.3", replace={"both": readout_only}, algebras=("exact",))
    assert len(result.messages) == 1
    assert "step 3 (with v stepped too): both sides are equal, to 3/2" in result.messages[0]


def test_4_3_needs_the_printed_sum_without_its_factor() -> None:
    found = failures(verify("4.3", seed=6, replace={"change": uncounted}))
    assert "4.3 Deep features: a gradient step on the read-out, step 2 (is 5/2)" in found["eq. 13 as printed, without η/N"]
    assert "step 2 (at W = 0 the residual is Y)" in found["eq. 13 with η/N"]


def test_4_3_counterexample_by_hand() -> None:
    """y = 2, x = q = 1, η = ½, from w = 0, v = 1: residuals 2, then 1."""
    w, v = 0.0, 1.0
    for _ in range(2):
        residual = 2 - w * v
        w, v = w + residual * v / 2, v + residual * w / 2
    assert w * v == 9 / 4


def test_4_3_kernel_sum_against_a_loop() -> None:
    random = np.random.default_rng(7)
    mX, Y, q = (random.integers(-4, 5, shape).astype(float) for shape in ((3, 4), (2, 4), (3, 1)))
    kernel = sum(Y[:, i : i + 1] * float(mX[:, i] @ q[:, 0]) for i in range(4))  # η/N = 1
    assert (weight_change(np.zeros((2, 3)), mX, Y, 4.0) @ q == kernel).all()
