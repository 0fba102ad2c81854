"""Chapter 5: wrong dual forms, gradients, moments and scores are rejected; loops, JAX and SymPy's own derivatives agree."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from equivalence.algebras import algebra_of
from equivalence.models.attention.features import feature_attention, momentum_attention
from equivalence.models.attention.linear import fast_weights, head_update
from equivalence.models.descent.least_squares import gradient, weight_change
from equivalence.models.descent.momentum import Momentum, momentum_step
from equivalence.models.heads import Head
from equivalence.statements import Result, verify
from proofs.ch05_dual_forms.dual_forms import errors
from proofs.ch05_dual_forms.meta_gradients import linear_loss
from proofs.ch05_dual_forms.momentum import weighted
from proofs.ch05_dual_forms.similarity import cosine
from proofs.ch05_dual_forms.softmax_updates import third_moment


def failures(result: Result) -> dict[str, str]:
    """The failed claims, with the first message of each."""
    found: dict[str, str] = {}
    for check in result.checks:
        if not check.holds:
            found.setdefault(check.claim, check.message)
    return found


def rejected(number: str, **replaced: Any) -> dict[str, str]:
    """What fails, in the readings that prove; every reading that checks a claim rejects it."""
    result = verify(number, seed=5, replace=replaced)
    failed = {check.claim for check in result.checks if not check.holds}
    assert failed
    assert all(not check.holds for check in result.checks if check.claim in failed)
    return failures(result)


def uphill(s: Any, predicted: Any, targets: Any) -> Any:
    return -errors(s, predicted, targets)


def stale(s: Any, predicted: Any, targets: Any) -> Any:
    return s * targets


RUN = "a run of any number of steps, each on examples of its own, from W₀"


@pytest.mark.parametrize("signals", [uphill, stale])
def test_5_1_rejects_other_error_signals(signals: Any) -> None:
    (message,) = rejected("5.1", signals=signals).values()
    assert message.startswith("5.1 The dual form")
    assert "base: the first step, on X and Y, predicted from W₀, step 2 (is the layer after the step)" in message


def test_5_1_rejects_an_attention_of_another_sign() -> None:
    def negated(keys: Any, values: Any, queries: Any) -> Any:
        return -feature_attention(keys, values, queries)

    found = rejected("5.1", attention=negated)
    assert set(found) == {"weights and data", RUN, "the same examples in every step: predictions alone carry the run, any K"}


def test_5_1_rejects_a_step_on_half_the_rate() -> None:
    def slow(weights: Any, inputs: Any, targets: Any, rate: Any) -> Any:
        return weights + weight_change(weights, inputs, targets, rate / 2)

    found = rejected("5.1", step=slow)
    assert "step 2 (is the layer after the step)" in found[RUN]
    assert "step, at_data, step 2" in found["the same examples in every step: predictions alone carry the run, any K"]


def attended(start: np.ndarray, seen: list[tuple[np.ndarray, np.ndarray]], queries: np.ndarray) -> np.ndarray:
    """W₀Q and each error signal times its example's scores."""
    found = start @ queries
    for example, signal in seen:
        found = found + np.outer(signal, example @ queries)
    return found


def test_5_1_five_steps_by_jax_grad_and_loops_over_all_examples_seen() -> None:
    """Steps on batches of two sizes with rates of their own; attention keeps examples and error signals, never weights."""
    random = np.random.default_rng(51)
    start, queries = random.normal(size=(2, 3)), random.normal(size=(3, 4))
    weights = jnp.asarray(start)
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    for number in range(5):
        X, Y = random.normal(size=(3, 2 + number % 2)), random.normal(size=(2, 2 + number % 2))
        rate, count = 0.1 * (number + 1), 2 + number % 2
        predicted = attended(start, seen, X)
        seen += [(X[:, i], rate / count * (Y[:, i] - predicted[:, i])) for i in range(count)]
        slope = jax.grad(lambda W, X=X, Y=Y, count=count: ((W @ X - Y) ** 2).sum() / (2 * count))(weights)
        weights = weights - rate * slope
    np.testing.assert_allclose(attended(start, seen, queries), weights @ queries, rtol=1e-11)


def test_5_2_rejects_a_memory_of_the_wrong_sign_and_of_keys_for_values() -> None:
    for memory in (lambda head, context: -fast_weights(head, context), lambda head, context: fast_weights(head, context + context)):
        found = rejected("5.2", memory=memory)
        assert set(found) == {
            "(W_ZSL + ΔW_ICL)q",
            "ΔW_ICL is a sum over demonstrations, one outer product each",
            "the “initial weights” see the query: for X = x, λx scales that part by λ³ and the other by λ",
        }
        assert "5.2 Linear attention over demonstrations is a weight update, step 2" in found["(W_ZSL + ΔW_ICL)q"]


def test_5_2_against_a_loop_over_tokens() -> None:
    random = np.random.default_rng(52)
    K, Q, V, P = (random.integers(-3, 4, shape).astype(float) for shape in ((2, 4), (2, 4), (3, 4), (4, 3)))
    demonstrations, own, x = (random.integers(-3, 4, (4, count)).astype(float) for count in (3, 2, 1))
    updated = np.zeros((3, 2))
    for token in (*demonstrations.T, *own.T):
        for row, column in product(range(3), range(2)):
            updated[row, column] += (V[row] @ token) * (K[column] @ token)
    assert (head_update(Head(K, Q, V, P), np.hstack([demonstrations, own]), x) == P @ updated @ Q @ x).all()


def test_5_3_rejects_another_loss() -> None:
    def squared(algebra: Any, W: Any, K: Any, V: Any) -> Any:
        return linear_loss(algebra, W, K, V) + algebra.trace((W @ K).T @ (W @ K))

    found = rejected("5.3", loss=squared)
    assert "at every W, step 2 (is −⟨VKᵀ, H⟩, with nothing of second order)" in found["of a linear one, always"]


def test_5_3_rejects_the_step_without_its_count() -> None:
    def summed(weights: Any, inputs: Any, targets: Any, rate: Any) -> Any:
        return 2 * weight_change(weights, inputs, targets, rate)

    found = rejected("5.3", change=summed)
    assert set(found) == {
        "and a squared-loss step, for targets invented to make it one",
        "for given targets: it is the step iff (V − s(Y − WK))Kᵀ = 0",
    }


def test_5_3_needs_keys_that_cancel() -> None:
    found = rejected("5.3", values=((1, 1),))
    assert "the update, step 2 (is the step, which is 0: the targets are met)" in "".join(found.values())


def test_5_3_a_minor_that_is_none_is_rejected() -> None:
    found = rejected("5.3", minor=lambda matrix: matrix[0, 0])
    assert "is not in the ideal" in "".join(found.values())


KEYS = [(a, b) for a, b in product(range(-1, 2), repeat=2)]


def test_5_3_token_by_token_over_small_integers() -> None:
    """Every two and three keys of −1, 0, 1 at d_k = 2: among the Z of −2 to 2 one that is not 0 has ZKᵀ = 0 iff they are dependent."""
    for count in (2, 3):
        for keys in product(KEYS, repeat=count):
            independent = count == 2 and keys[0][0] * keys[1][1] != keys[0][1] * keys[1][0]
            cancelling = [
                z
                for z in product(range(-2, 3), repeat=count)
                if any(z) and all(sum(z[i] * keys[i][row] for i in range(count)) == 0 for row in range(2))
            ]
            assert bool(cancelling) is not independent


def test_5_3_invented_targets_by_jax_grad() -> None:
    random = np.random.default_rng(53)
    W, K, V = (random.normal(size=shape) for shape in ((2, 3), (3, 4), (2, 4)))
    Y = W @ K + V / 0.5
    slope = jax.grad(lambda weights: ((weights @ K - Y) ** 2).sum() / (2 * 4))(jnp.asarray(W))
    np.testing.assert_allclose(-0.5 * 4 * slope, sum(np.outer(V[:, i], K[:, i]) for i in range(4)), rtol=1e-12)
    linear = jax.grad(lambda weights: -sum(V[:, i] @ weights @ K[:, i] for i in range(4)))(jnp.asarray(W))
    np.testing.assert_allclose(-linear, V @ K.T, rtol=1e-12)


def test_5_4_rejects_moments_that_are_not_centred() -> None:
    def raw(algebra: Any, V: Any, D: Any, p: Any) -> Any:
        return V @ D @ D @ p

    def first(algebra: Any, V: Any, D: Any, p: Any) -> Any:
        return third_moment(algebra, V + V, D, p)

    for curvature in (raw, first):
        found = rejected("5.4", curvature=curvature)
        (message,) = found.values()
        assert "order 2 in t, half the second derivative, step 2 (½ Σ p_i (v_i − v̄)(m_i − m̄)²)" in message


def test_5_4_rejects_linear_attention_in_the_place_of_softmax() -> None:
    def linear(V: Any, grown: Any) -> Any:
        return (V * grown.applyfunc(sympy.log))[0]

    found = rejected("5.4", output=linear)
    assert "the outputs, step 2 (are 1/2, 2/3 and 4/5)" in "".join(found.values())


def test_5_4_a_bounded_function_that_is_not_affine_is_no_argument() -> None:
    found = rejected("5.4", function=lambda start, slope, t: start + slope * t / (1 + t))
    assert "at t = (m − a + over)/g, step 2 (is any number over > 0)" in found["affine and bounded is constant"]


def test_5_4_hessian_by_jax() -> None:
    random = np.random.default_rng(54)
    K, V, q = random.normal(size=(3, 5)), random.normal(size=5), random.normal(size=3)
    found = jax.hessian(lambda query: V @ jax.nn.softmax(K.T @ query))(jnp.asarray(q))
    grown = np.exp(K.T @ q)
    p = grown / grown.sum()
    expected = sum(p[i] * (V[i] - p @ V) * np.outer(K[:, i] - K @ p, K[:, i] - K @ p) for i in range(5))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
    assert np.abs(expected).max() > 0.01


def test_5_4_hessian_by_sympy_through_the_exponential() -> None:
    """The same derivatives as in the proof, but of e^{k·q} itself."""
    q, K, V = sympy.Matrix(sympy.symbols("q_1:3")), sympy.Matrix([[1, 0, 2], [0, 1, -1]]), [1, 3, -2]
    grown = [sympy.exp((K[:, i].T * q)[0]) for i in range(3)]
    p = [each / sum(grown) for each in grown]
    mean = sum(p[i] * V[i] for i in range(3))
    centre = sum((p[i] * K[:, i] for i in range(3)), sympy.zeros(2, 1))
    expected = sum((p[i] * (V[i] - mean) * (K[:, i] - centre) * (K[:, i] - centre).T for i in range(3)), sympy.zeros(2, 2))
    found = sympy.hessian(sum(p[i] * V[i] for i in range(3)), list(q))
    at = {q[0]: sympy.log(2), q[1]: sympy.log(3)}
    assert all(sympy.nsimplify((found - expected)[entry].subs(at)) == 0 for entry in range(4))
    assert expected.subs(at) != sympy.zeros(2, 2)


def doubled(keys: Any, values: Any, queries: Any, decays: Any) -> Any:
    """Linear attention twice: what it adds sees the query."""
    return feature_attention(keys, values, queries) + feature_attention(keys, values, queries)


def test_5_5_rejects_a_term_that_sees_the_query() -> None:
    found = rejected("5.5", attention=doubled)
    assert "less linear attention, step 2 (is EMA(V), for every query alike)" in found["what it adds does not see the query"]
    witness = found["a witness: one token, k = v = 1, η = 1/2, at q = 0"]
    assert "step 2 (is η)" in witness


def test_5_5_rejects_decays_outside_the_keys_and_another_descent() -> None:
    def outside(keys: Any, values: Any, queries: Any, factors: Any) -> Any:
        return feature_attention(keys, values, queries)

    found = rejected("5.5", form=outside)
    assert "base, the weights: one token, from W = m = 0, step 2 (is attention with the factor γ)" in "".join(found.values())

    def old_velocity(state: Any, slope: Any, rate: Any, decay: Any) -> Any:
        return Momentum(state.weights - rate * state.velocity, momentum_step(state, slope, rate, decay).velocity)

    found = rejected("5.5", descent=old_velocity)
    assert "the form that is: factors on the values, inside, any number of tokens" in found


def test_5_5_the_right_form_against_momentum_in_fractions() -> None:
    """Six tokens at η = 1/3, γ = 2, token by token, against weights b_i in a loop; Dai et al.'s eq. 14 with γη for γ."""
    random = np.random.default_rng(55)
    tokens = [([Fraction(int(a)) for a in random.integers(-3, 4, 2)], Fraction(int(random.integers(-3, 4)))) for _ in range(6)]
    eta, gamma = Fraction(1, 3), Fraction(2)
    weights, past = [Fraction(0), Fraction(0)], []
    for k, v in tokens:
        past.append([-v * entry for entry in k])
        weights = [
            old - gamma * sum(eta ** (len(past) - 1 - then) * past[then][row] for then in range(len(past)))
            for row, old in enumerate(weights)
        ]
    q = [Fraction(3), Fraction(-2)]
    factors = [gamma * sum(eta**power for power in range(6 - number)) for number in range(6)]
    attended = sum(b * v * (k[0] * q[0] + k[1] * q[1]) for b, (k, v) in zip(factors, tokens, strict=True))
    assert weights[0] * q[0] + weights[1] * q[1] == attended
    keys, values = np.array([[float(x) for x in k] for k, _ in tokens]).T, np.array([[float(v) for _, v in tokens]])
    query, b = np.array([[3.0], [-2.0]]), np.diag([float(factor) for factor in factors])
    np.testing.assert_allclose(weighted(keys, values, query, b), [[float(attended)]], rtol=1e-13)
    printed = momentum_attention(keys, values, query, np.array([[float(eta) ** (6 - number)] for number in range(6)]))
    assert abs(printed - float(attended)) > 1


@pytest.mark.parametrize("factor", [-1, "1/2"])
def test_5_6_rejects_another_gradient(factor: int | str) -> None:
    def scaled(W: Any, X: Any, Y: Any) -> Any:
        return algebra_of(X).scalar(factor) * gradient(W, X, Y)

    (message,) = rejected("5.6", slope=scaled).values()
    assert message.startswith("5.6 What a positive similarity is worth, step 2 (is the decrease of the loss, and a square)")


def test_5_6_needs_a_function_that_is_not_convex() -> None:
    found = rejected("5.6", function=lambda w: w + w**2)
    assert "step 1 (the loss falls)" in found["a finite decrease forces nothing without convexity: w − w² from 0, Δ = 2"]


OUTPUT = "in output space it is not forced: least squares at the output 0, target (1, 1)"


def test_5_6_needs_a_kernel_that_turns_the_gradient() -> None:
    found = rejected("5.6", jacobian=((1, 0, 0), (0, 1, 0)))
    assert "step 2 (is diag(10, 1))" in found[OUTPUT]
    found = rejected("5.6", update=((6,), (5,)))
    assert "step 2 (is −1)" in found[OUTPUT]


def test_5_6_fine_tuning_moves_outputs_by_minus_kg() -> None:
    """Parameters θ, outputs Jθ, loss by JAX: a step of rate 1 from 0."""
    J = jnp.array([[3.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    slope = jax.grad(lambda theta: ((J @ theta - jnp.ones(2)) ** 2).sum() / 2)(jnp.zeros(3))
    moved = J @ -slope
    np.testing.assert_allclose(moved, [10.0, 1.0])
    assert float(moved @ jnp.array([-0.2, 1.0])) == -1.0


def test_5_7_rejects_another_score() -> None:
    found = rejected("5.7", score=lambda product, first, second: product / (first * second))
    assert "step 2 (is 1/(1 + ρ²))" in found["the cosines"]


def test_5_7_needs_orthogonal_noise_of_ratio_three() -> None:
    shorter = ((0,), (1,), (1,), (0,), (0,), (0,), (0,))
    assert "step 2 (is each squared norm)" in "".join(rejected("5.7", first=shorter).values())


@pytest.mark.parametrize(
    ("ratio", "plain", "normalised"), [(3, "1/4", "1/4"), (8, "1/9", "1/3"), (15, "1/16", "3/8"), (99, "1/100", "9/20")]
)
def test_5_7_cosines_of_vectors(ratio: int, plain: str, normalised: str) -> None:
    """Noise of squared norm ρ² in coordinates of its own; the normalised score rises with the noise, the plain one falls."""
    z = np.zeros(2 * ratio + 1)
    z[0] = 1
    noise = [np.concatenate([[0], np.ones(ratio), np.zeros(ratio)]), np.concatenate([[0], np.zeros(ratio), np.ones(ratio)])]

    def angle(left: np.ndarray, right: np.ndarray) -> float:
        return float(left @ right / np.sqrt((left @ left) * (right @ right)))

    assert angle(noise[0], noise[1]) == 0
    np.testing.assert_allclose(angle(z + noise[0], z + noise[1]), float(Fraction(plain)), rtol=1e-14)
    scored = [(z + r) / np.linalg.norm(z + r) - z / np.linalg.norm(z) for r in noise]
    np.testing.assert_allclose(angle(*scored), float(Fraction(normalised)), rtol=1e-13)


def test_5_7_the_cosine_is_of_products_and_norms() -> None:
    assert cosine(sympy.Integer(3), sympy.Integer(4), sympy.Integer(9)) == sympy.Rational(1, 2)
