"""Statement 10.3: the mesa-layer, which solves ridge regression at every token."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import HasInverses, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.attention.mesa import MesaState, mesa_attention, mesa_step
from equivalence.models.descent.ridge import ridge_regression
from equivalence.models.heads import Head, Layer
from equivalence.statements import Differ, Informal, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import arbitrary_head, inner

Recursion = Callable[[MesaState, Matrix, Matrix], MesaState]
"""A step of the memory, such as `mesa_step`."""

Solution = Callable[..., Matrix]
"""Ridge regression's weights from inputs, targets and λ, such as `ridge_regression`."""

MesaAttention = Callable[..., tuple[list[Matrix], Matrix]]
"""A layer such as `mesa_attention`."""


@statement(
    "10.3",
    "The mesa-layer is ridge regression at every token",
    kind="induction",
    claim="the recursion inverts, any number of tokens",
    source="von Oswald et al. 2023 (arXiv 2309.05858v2), eq. 4 to 8",
)
def mesa_recursion(algebra: HasInverses, d_k: Part, d_v: Part, *, recursion: Recursion = mesa_step) -> Items:
    """``R_t = R_{t−1} − R_{t−1}k kᵀR_{t−1}/(1 + kᵀR_{t−1}k)`` from ``R_0 = λI`` has ``R_t = (KKᵀ + I/λ)⁻¹``, so that ``Φ_t = VKᵀR_t``
    minimises ``½‖ΦK − V‖² + ‖Φ‖²/(2λ)`` over the tokens up to t, for every t. All d_k, d_v, λ > 0.

    λ is the *inverse* of ridge regression's regulariser. Induction on the tokens: for *any* invertible H and its inverse R, and any k,
    the next R inverts ``H + kkᵀ`` from both sides.

    Printed, after eq. 6: as λ → 0 a linear self-attention layer is recovered. As λ → 0 what the layer adds goes to 0. It is ``R/λ → I``:
    what it adds, divided by λ, becomes linear attention.
    """
    (H, R), B = algebra.invertible("H", d_k), algebra.generator("B", d_v, d_k)
    k, v, strength, eye = algebra.generator("k", d_k, 1), algebra.generator("v", d_v, 1), algebra.symbol("lambda"), algebra.eye(d_k)
    after = recursion(MesaState(B, R), k, v)
    yield "base, no token"
    yield "(0 + I/λ) times λI", (algebra.scalar(1) / strength) * (strength * eye)
    yield "is I", eye
    yield "step, the inverse from the right"
    yield "(H + kkᵀ)R'", (H + k @ k.T) @ after.inverse
    yield "is I", eye
    yield "step, the inverse from the left"
    yield "R'(H + kkᵀ)", after.inverse @ (H + k @ k.T)
    yield "is I", eye
    yield "step, the memory: V' = [V, v] and K' = [K, k]"
    yield "the memory after it", after.memory
    yield "is Σ v kᵀ with one pair more", B + v @ k.T
    yield Informal("KKᵀ + I/λ is positive definite for λ > 0, so H is invertible and 1 + kᵀRk is positive at every token")


@mesa_recursion.claim("Φ_t is the minimiser, and the only one", kind="identity")
def minimiser(algebra: HasInverses, d_k: Part, d_v: Part, N: Part, *, solution: Solution = ridge_regression) -> Items:
    """``F(Φ + D) − F(Φ) = ½‖DK‖² + ‖D‖²/(2λ)`` for every D, ``F(Φ) = ½‖ΦK − V‖² + ‖Φ‖²/(2λ)``: positive unless D = 0."""
    K, V, D = (algebra.generator(*given) for given in (("K", d_k, N), ("V", d_v, N), ("D", d_v, d_k)))
    half, penalty = algebra.scalar("1/2"), algebra.scalar(1) / algebra.symbol("lambda")
    best = solution(K, V, penalty)
    gradient = (best @ K - V) @ K.T + penalty * best
    yield "the gradient at Φ = VKᵀ(KKᵀ + I/λ)⁻¹", gradient
    yield "vanishes", algebra.zeros(d_v, d_k)

    def objective(weights: Matrix) -> Scalar:
        error = weights @ K - V
        return half * (inner(algebra, error, error) + penalty * inner(algebra, weights, weights))

    any_weights = algebra.generator("W", d_v, d_k)
    slope = (any_weights @ K - V) @ K.T + penalty * any_weights
    yield "from any W"
    yield "F(W + D) − F(W)", objective(any_weights + D) - objective(any_weights)
    square = half * (inner(algebra, D @ K, D @ K) + penalty * inner(algebra, D, D))
    yield "the gradient's part, and ½‖DK‖² + ‖D‖²/(2λ)", inner(algebra, slope, D) + square


@mesa_recursion.claim("the layer itself, on one token of any size and a query", kind="identity")
def one_token(algebra: HasInverses, d: Part, d_k: Part, d_v: Part, *, layer: MesaAttention = mesa_attention) -> Items:
    """Multiplied out: with ``W_Q = (kkᵀ + I/λ) Z``, Z arbitrary, they receive ``P v kᵀ Z e``, e the token or the query."""
    token, query, strength = algebra.generator("e", d, 1), algebra.generator("q", d, 1), algebra.symbol("lambda")
    head, Z = arbitrary_head(algebra, d, d_k, d_v), algebra.generator("Z", d_k, d)
    key, value = head.key @ token, head.value @ token
    inverted = key @ key.T + (algebra.scalar(1) / strength) * algebra.eye(d_k)
    (updated,), asked = layer(Layer((head._replace(query=inverted @ Z),)), [token], query, strength)
    both = algebra.block([[token, query]])
    yield "what the token and the query receive", algebra.block([[updated, asked]]) - both
    yield "P v kᵀ Z e", head.projection @ value @ key.T @ Z @ both


@mesa_recursion.claim("the layer itself, two tokens and a query, d_k = d_v = 1: each by its own prefix", kind="characterisation")
def two_tokens(*, layer: MesaAttention = mesa_attention, solution: Solution = ridge_regression) -> Items:
    """Tokens [k; v; q], keys arbitrary; ridge regression on the tokens up to it answers a token's q, into the third row."""
    strength, first, second = sympy.symbols("lambda k_1 k_2")
    columns = [exact.value([[entry] for entry in token]) for token in ((first, 2, 3), (second, 5, 7), (0, 0, 11))]
    key, value, query = (exact.value([[int(row == place) for row in range(3)]]) for place in range(3))
    updated, asked = layer(Layer((Head(key, query, value, query.T),)), columns[:2], columns[2], strength)
    for name, place, after in (("the first token", 1, updated[0]), ("the second", 2, updated[1]), ("the query, after both", 3, asked)):
        prefix, before = exact.block([columns[: min(place, 2)]]), columns[place - 1]
        yield name
        yield "what it receives", (after - before).applyfunc(sympy.cancel)
        yield "Φq, into the third row", query.T @ solution(key @ prefix, value @ prefix, 1 / strength) @ query @ before


@mesa_recursion.claim("the limits: R = λI − λ KKᵀR, so R/λ = I − KKᵀR", kind="identity")
def limits(algebra: HasInverses, d_k: Part, d_v: Part, N: Part) -> Items:
    """``Φ = λ VKᵀ − λ VKᵀ KKᵀR``: to first order in λ it is λ times linear attention's VKᵀ, so it goes to 0, and Φ/λ to VKᵀ."""
    K, V, strength = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.symbol("lambda")
    R = algebra.inverse(K @ K.T + (algebra.scalar(1) / strength) * algebra.eye(d_k))
    yield "R/λ − I", (algebra.scalar(1) / strength) * R - algebra.eye(d_k)
    yield "−KKᵀR", -(K @ K.T @ R)
    yield "so what the layer adds"
    yield "VKᵀR", V @ K.T @ R
    yield "λ times linear attention, less a rest of second order", strength * (V @ K.T) - strength * (V @ K.T @ K @ K.T @ R)


@mesa_recursion.claim(
    "how fast: along an eigenvalue μ of KKᵀ, R is λ/(1 + λμ), below λ; R/λ falls short of 1 by less than λμ", kind="bound"
)
def rates_of_limits(*, recursion: Recursion = mesa_step) -> Items:
    """One key k, d_k = 1, so μ = k², and R is the recursion's."""
    strength, k = sympy.symbols("lambda k", positive=True)
    state = MesaState(exact.zeros(1, 1), exact.value([[strength]]))
    after = sympy.cancel(recursion(state, exact.value([[k]]), exact.value([[1]])).inverse[0, 0])
    yield "R after one key"
    yield "by the recursion", after
    yield "λ/(1 + λμ)", strength / (1 + strength * k**2)
    yield Positive("it is below λ, so it goes to 0", strength - after, (strength, k))
    yield Positive("R/λ is below 1", 1 - after / strength, (strength, k))
    yield Positive("by less than λμ, so it goes to 1", strength * k**2 - (1 - after / strength), (strength, k))


@mesa_recursion.claim("printed, false: as λ → 0 linear attention is recovered. One token, k = v = q = 1", kind="refutation")
def printed_limit(*, layer: MesaAttention = mesa_attention) -> Items:
    """What the mesa-layer adds, to the token and to the query, is λ/(1 + λ); what linear attention adds is 1. At λ = 0, 0 against 1."""
    strength, one = sympy.Symbol("lambda"), exact.value([[1]])
    heads, ones = Layer((Head(one, one, one, one),)), exact.ones(1, 2)
    (token,), query = layer(heads, [one], one, strength)
    added = (exact.block([[token, query]]) - ones).applyfunc(sympy.cancel)
    linear = exact.block([linear_attention(heads, one, one)]) - ones
    yield "what is added to the token and to the query"
    yield "by the mesa-layer", added
    yield "λ/(1 + λ)", exact.value([[strength / (1 + strength)] * 2])
    yield "by linear attention"
    yield "kᵀq v", linear
    yield "is 1", ones
    yield Differ("the limit at λ = 0, where it is continuous, against linear attention", added.subs(strength, 0), linear)
    yield "divided by λ"
    yield "the limit at λ = 0", (added / strength).applyfunc(sympy.cancel).subs(strength, 0)
    yield "is linear attention", linear
