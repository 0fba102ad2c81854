"""Statement 5.5: momentum attention is not momentum on the dual model, and the form that is."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasDiagonals, HasValues, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.features import feature_attention, momentum_attention
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.descent.momentum import Momentum, momentum_step
from equivalence.statements import Differ, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import Attention, Step

MomentumStep = Callable[..., Momentum]


@statement(
    "5.5",
    "Momentum attention is not momentum",
    claim="what it adds does not see the query",
    source="Dai et al. 2022, section 5 and eq. 14, as a review quotes them",
)
def momentum_of_values(algebra: Algebra, d_k: Part, d_v: Part, N: Part, M: Part, *, attention: Attention = momentum_attention) -> Items:
    """Momentum attention adds ``EMA(V) = Σ_i η^{t−i}v_i``, the same for every query; seen at q = 0, where every model ``W q`` gives 0, and
    so every descent on the dual model, with momentum or without. It is a step with an intercept: each key has its decay for a coordinate
    more.

    Momentum on the dual model, whose gradients are ``−v_i k_iᵀ``, weights the values *inside* attention: ``Σ_i b_i v_i(k_iᵀq)`` with
    ``b_i = γ(1 + η + … + η^{t−i})``, by induction over the tokens. Softmax in the place of linear attention adds the same constant.
    """
    K, V, Q = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.generator("Q", d_k, M)
    decays, ones = algebra.generator("a", N, 1), algebra.ones(1, M)
    yield "less linear attention"
    yield "momentum attention", attention(K, V, Q, decays) - feature_attention(K, V, Q)
    yield "is EMA(V), for every query alike", (V @ decays) @ ones
    yield "at the query 0"
    yield "momentum attention", attention(K, V, algebra.zeros(d_k, M), decays)
    yield "is EMA(V)", (V @ decays) @ ones


@momentum_of_values.claim("what it is: a step from 0 of a model with an intercept, keys [k_i; η^{t−i}], queries [q; 1]")
def intercept(
    algebra: Algebra, d_k: Part, d_v: Part, N: Part, M: Part, *, attention: Attention = momentum_attention, step: Step = gradient_step
) -> Items:
    K, V, Q = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.generator("Q", d_k, M)
    decays = algebra.generator("a", N, 1)
    keys, queries = algebra.block([[K], [decays.T]]), algebra.block([[Q], [algebra.ones(1, M)]])
    yield "momentum attention", attention(K, V, Q, decays)
    yield (
        "is the step of rate N on these keys, values for targets",
        step(algebra.zeros(d_v, (d_k, 1)), keys, V, algebra.scalar(N)) @ queries,
    )


@momentum_of_values.claim("a witness: one token, k = v = 1, η = 1/2, at q = 0", kind="refutation")
def at_zero(algebra: HasValues, *, attention: Attention = momentum_attention, descent: MomentumStep = momentum_step) -> Items:
    unit, none, half = algebra.value([[1]]), algebra.zeros(1, 1), algebra.scalar("1/2")
    dual = descent(Momentum(none, none), -unit, algebra.scalar(1), half).weights
    yield "momentum on the dual model"
    yield "its weights after the token", dual
    yield "are vkᵀ", unit @ unit.T
    output = attention(unit, unit, none, algebra.value([["1/2"]]))
    yield "momentum attention at q = 0"
    yield "the output", output
    yield "is η", half * unit
    yield Differ("where the dual model gives", output, dual @ none)


def weighted(keys: Matrix, values: Matrix, queries: Matrix, factors: Matrix) -> Matrix:
    """``V D Kᵀ Q``, D = diag(b): linear attention with a factor for each value."""
    return feature_attention(keys, values @ factors, queries)


@momentum_of_values.claim("the form that is: factors on the values, inside, any number of tokens", kind="induction")
def inside(
    algebra: HasDiagonals, d_k: Part, d_v: Part, T: Part, M: Part, *, form: Attention = weighted, descent: MomentumStep = momentum_step
) -> Items:
    k, v, Q = algebra.generator("k", d_k, 1), algebra.generator("v", d_v, 1), algebra.generator("Q", d_k, M)
    K, V = algebra.generator("K", d_k, T), algebra.generator("V", d_v, T)
    a, b = algebra.diagonal("D_a", T), algebra.diagonal("D_b", T)
    rate, decay, unit = algebra.symbol("gamma"), algebra.symbol("eta"), algebra.eye(1)
    none = algebra.zeros(d_v, d_k)

    def appended(old: Matrix, new: Matrix) -> Matrix:
        return algebra.block([[old, algebra.zeros(T, 1)], [algebra.zeros(1, T), new]])

    first = descent(Momentum(none, none), -(v @ k.T), rate, decay)
    yield "base, the weights: one token, from W = m = 0"
    yield "the dual model on the queries", first.weights @ Q
    yield "is attention with the factor γ", form(k, v, Q, rate * unit)
    yield "base, the velocity"
    yield "minus it, on the queries", -(first.velocity @ Q)
    yield "is attention with the factor 1", form(k, v, Q, unit)
    after = descent(Momentum(V @ b @ K.T, -(V @ a @ K.T)), -(v @ k.T), rate, decay)
    keys, values = algebra.block([[K, k]]), algebra.block([[V, v]])
    yield "step, the weights: after T tokens W = V D_b Kᵀ, m = −V D_a Kᵀ; then one more"
    yield "the dual model on the queries", after.weights @ Q
    yield "has the factors b + γηa, and γ for the new one", form(keys, values, Q, appended(b + rate * (decay * a), rate * unit))
    yield "step, the velocity"
    yield "minus it, on the queries", -(after.velocity @ Q)
    yield "has the factors ηa, and 1", form(keys, values, Q, appended(decay * a, unit))


@momentum_of_values.claim("these factors are a_i = ηⁿ and b_i = γ(1 + η + … + ηⁿ), n = t − i", kind="characterisation")
def factors() -> Items:
    eta, gamma = sympy.symbols("eta gamma")
    power = sympy.Symbol("eta^n")

    def summed(last: sympy.Expr) -> sympy.Expr:
        """γ(1 + η + … + ηⁿ) from the power ηⁿ."""
        return gamma * (1 - eta * last) / (1 - eta)

    yield "n = 0"
    yield "b", summed(sympy.Integer(1))
    yield "is γ", gamma
    yield "from n to n + 1"
    yield "b + γη a", summed(power) + gamma * eta * power
    yield "is the sum with one power more", summed(eta * power)
