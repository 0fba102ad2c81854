"""Statement 10.4: the form of every state of a linear transformer."""

from __future__ import annotations

from collections.abc import Callable

from equivalence.algebras.protocol import Algebra, HasValues, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.common_map import common_map
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.models.tokens import tokens
from equivalence.statements import Differ, simulation, statement
from equivalence.statements.simulation import State
from equivalence.statements.steps import Items
from proofs.vocabulary import CausalAttention, LayerBuilder, arbitrary_head

CommonMap = Callable[[Layer, Matrix, Matrix], Matrix]
"""A map such as `common_map`."""


@statement(
    "10.4",
    "Every state of a linear transformer is one matrix times its tokens",
    kind="induction",
    claim="any layers, any number of them",
    source="Vladymyrov et al. 2024, Theorem 4.1 and Lemma 4.3 (its displayed formulas were not in the text seen)",
)
def common_to_all(algebra: Algebra, d: Part, d_k: Part, d_v: Part, N: Part, M: Part, *, following: CommonMap = common_map) -> Items:
    """After any linear layers, of any heads, every token is ``T e⁰``, context and queries alike; T depends on ``G = C Cᵀ`` only.

    ``T ← T + Σ_h A_h (T G Tᵀ) B_h T`` from T = I. With tokens [x; y], ``T = [[M, U], [−W, A]]``: ``x = M x⁰ + U y⁰`` and
    ``y = A y⁰ − W x⁰``, the printed form for d_y = 1, where U is a vector u, A a number a and W a row wᵀ; so a query [q; 0] is answered
    by −y = Wq, linear in q. Not under a causal mask. Two arbitrary heads stand for any number; all sizes.
    """
    C, Q = algebra.generator("C", d, N), algebra.generator("Q", d, M)
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "'")))
    yield from simulation(
        algebra,
        state={"T": (d, d)},
        begins={"T": algebra.eye(d)},
        right=lambda T: {"T": following(heads, T, C @ C.T)},
        start={"context": C, "queries": Q},
        left=lambda context, queries: attended(heads, context, queries),
        related=lambda T: {"context": T @ C, "queries": T @ Q},
        reasons=("T = I", "the layer reads TC, whose Gram matrix is T G Tᵀ, and T leaves on the right"),
    )


def attended(heads: Layer, context: Matrix, queries: Matrix) -> State:
    """One layer, its results by name."""
    return dict(zip(("context", "queries"), linear_attention(heads, context, queries), strict=True))


Parts = tuple[Matrix, Matrix, Matrix, Matrix]
"""M, U, W and A of ``T = [[M, U], [−W, A]]``."""


def next_parts(a: Matrix, b: Matrix, c: Matrix, d: Matrix, state: Parts) -> Parts:
    """Lemma 4.3: M, U, W and A after a layer whose ``Σ_h A_h (T G Tᵀ) B_h`` is ``[[a, b], [c, d]]``."""
    M, U, W, A = state
    return M + a @ M - b @ W, U + a @ U + b @ A, W + d @ W - c @ M, A + d @ A + c @ U


@common_to_all.claim("M, u, w and a, by the recursion of Lemma 4.3, any d_y", kind="identity")
def by_parts(algebra: Algebra, d_x: Part, d_y: Part, *, following: Callable[..., Parts] = next_parts) -> Items:
    """From M = I, A = I, U = 0, W = 0. ``[[a, b], [c, d]]`` is arbitrary here, and so are M, U, W and A."""
    sizes = {"M": (d_x, d_x), "U": (d_x, d_y), "W": (d_y, d_x), "A": (d_y, d_y)}
    state = M, U, W, A = tuple(algebra.generator(name, *shape) for name, shape in sizes.items())
    middle = a, b, c, d = tuple(algebra.generator(name, *shape) for name, shape in zip("abcd", sizes.values(), strict=True))
    T = algebra.block([[M, U], [-W, A]])
    yield "T + [[a, b], [c, d]] T", T + algebra.block([[a, b], [c, d]]) @ T
    new_M, new_U, new_W, new_A = following(*middle, state)
    yield "[[M', U'], [−W', A']]", algebra.block([[new_M, new_U], [-new_W, new_A]])


@common_to_all.claim("under a causal mask there is no common matrix: two equal tokens become different", kind="refutation")
def causal_witness(algebra: HasValues, *, layer: LayerBuilder = gd_layer, causal: CausalAttention = causal_attention) -> Items:
    unit, none = algebra.value([[1]]), algebra.value([[0]])
    heads = layer(1, 1, learning_rate=algebra.scalar(2), context=2, algebra=algebra)
    token = tokens(unit, unit)
    (first, second), query = causal(heads, [token, token], token)
    yield "two tokens and a query, all [1; 1], after a causal layer, s = 1", algebra.block([[first, second, query]])
    yield "the first has seen one token, the others two", algebra.block([[unit, unit, unit], [none, -unit, -unit]])
    yield Differ("the first against the second", first, second)
