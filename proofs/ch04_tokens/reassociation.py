"""Statement 4.5: the two orders of multiplication, what they cost, and efficient attention."""

from __future__ import annotations

from collections.abc import Callable

import flint
import sympy

from equivalence.algebras.ball import Ball
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.cost import Cost
from equivalence.algebras.detect import weighing
from equivalence.algebras.flint import Grid
from equivalence.algebras.protocol import Algebra, GenericAlgebra, HasWeights, M, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part, Size
from equivalence.models.attention.features import efficient_attention, feature_attention, scores_first
from equivalence.models.descent.least_squares import preconditioned_step
from equivalence.statements import Encloses, Informal, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import Attention

SHEN = "Shen et al. 2018, by their published code"
KEY, VALUE, TOKENS, QUERIES = (Size(name) for name in ("d_k", "d_v", "N", "M"))
Balls = Blocked[Grid[flint.arb]]


@statement(
    "4.5",
    "Re-association: the same output, at another cost",
    claim="V(KᵀQ) = (VKᵀ)Q",
    source=f"{SHEN}; Katharopoulos et al. 2020, eq. 6",
)
def reassociation(
    algebra: Algebra, d_k: Part, d_v: Part, N: Part, M: Part, *, slow: Attention = scores_first, fast: Attention = feature_attention
) -> Items:
    """``V(KᵀQ) = (VKᵀ)Q``, all sizes. For N keys and N queries the left order takes N²(d_k + d_v) multiplications and N² numbers in
    between, the right one 2N d_k d_v and d_k d_v. They cross at ``N = 2 d_k d_v/(d_k + d_v)``: below it the left takes fewer, above it the
    right. The counts are those of the programs, run over an algebra that counts; of softmax, which stands between the two products on the
    left, nothing is claimed here.

    Shen et al.'s efficient attention ``Vρ_k(K)ᵀρ_q(Q)`` is a step of preconditioned GD from 0 on features e^K with targets V, the
    preconditioner ``diag(1/Σ_n e^{k_jn})`` made from the context and the rate N/Σ_j e^{q_j} from the query. It is *not* softmax attention:
    for d_k = 1 its output does not depend on q. Its weights are normalised all the same, so 6.1 to 6.5 speak of it too.
    """
    K, V, Q = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.generator("Q", d_k, M)
    yield "by way of the scores, N x M", slow(K, V, Q)
    yield "by way of the memory, d_v x d_k", fast(K, V, Q)


def costs(program: Attention, tokens: Part, queries: Part) -> Cost:
    """A run of an order, counted."""
    algebra = Cost()
    keys, values = algebra.generator("K", KEY, tokens), algebra.generator("V", VALUE, tokens)
    program(keys, values, algebra.generator("Q", KEY, queries))
    return algebra


@reassociation.claim("the multiplications and what is kept in between, counted", kind="bound")
def counted(*, slow: Attention = scores_first, fast: Attention = feature_attention) -> Items:
    k, v, n, m = map(exact.scalar, (KEY, VALUE, TOKENS, QUERIES))
    more = sympy.Symbol("more", positive=True)
    scores, memory = costs(slow, TOKENS, TOKENS), costs(fast, TOKENS, TOKENS)
    crossing = 2 * k * v / (k + v)
    gap = scores.multiplications - memory.multiplications
    yield "N keys, N queries, V(KᵀQ)"
    yield "multiplications", scores.multiplications
    yield "N² for each row of K and of V", n**2 * (k + v)
    yield "N keys, N queries, (VKᵀ)Q"
    yield "multiplications", memory.multiplications
    yield "d_k d_v for each key and each query", 2 * n * k * v
    yield "the difference"
    yield "of the counts", gap
    yield "changes its sign where N = 2 d_k d_v/(d_k + d_v)", n * (k + v) * (n - crossing)
    yield Positive("above, the memory is cheaper", gap.subs(n, crossing + more), (k, v, more))
    yield Positive(
        "below, N = c 2 d_k d_v/(d_k + d_v), c = 1/(1 + more), the scores are", -gap.subs(n, crossing / (1 + more)), (k, v, more)
    )
    yield "what is kept in between: the first product of each order"
    yield "numbers, all together", sympy.Matrix([scores.products[0].entries, memory.products[0].entries])
    yield "are N² and d_k d_v", sympy.Matrix([n**2, k * v])
    yield "N keys, M queries"
    yield "multiplications, both orders", sympy.Matrix([costs(order, TOKENS, QUERIES).multiplications for order in (slow, fast)])
    yield "are NM(d_k + d_v) and (N + M)d_k d_v", sympy.Matrix([n * m * (k + v), (n + m) * k * v])


@reassociation.claim("ten times as many tokens", kind="characterisation")
def ten_times(*, slow: Attention = scores_first, fast: Attention = feature_attention) -> Items:
    n = exact.scalar(TOKENS)
    for program, title, factor in ((slow, "V(KᵀQ)", 100), (fast, "(VKᵀ)Q", 10)):
        count = costs(program, TOKENS, TOKENS).multiplications
        yield f"{title}, as many queries as keys"
        yield "multiplications at 10N", count.subs(n, 10 * n)
        yield f"are {factor} times those at N", factor * count
    one = costs(slow, TOKENS, 1).multiplications
    yield "V(KᵀQ), one query on keys and values that are kept"
    yield "multiplications at 10N", one.subs(n, 10 * n)
    yield "are 10 times those at N: the square is that of a text, not of its next word", 10 * one


@reassociation.claim("efficient attention is a preconditioned step, its rate of the query's making", kind="identity")
def efficient_step(
    algebra: GenericAlgebra,
    d_k: Part,
    d_v: Part,
    N: Part,
    *,
    attention: Attention = efficient_attention,
    step: Callable[..., Matrix] = preconditioned_step,
) -> Items:
    K, V, q = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.generator("q", d_k, 1)
    (S, S_inverse), Z = algebra.invertible("S", d_k), algebra.symbol("Z")
    features, asked = S @ algebra.weights(K.T).T, Z * algebra.weights(q)
    yield "the output", attention(K, V, q)
    rate = algebra.scalar(N) / Z
    yield (
        "the step from 0 on features SA, A = ρ_k(K), preconditioner S⁻ᵀ, rate N/Z, at the query Zρ_q(q), any S and Z",
        step(algebra.zeros(d_v, d_k), features, V, rate, S_inverse.T) @ asked,
    )
    yield Informal("with S = diag(Σ_n e^{k_jn}) and Z = Σ_j e^{q_j} these are e^K and e^q: the definition of softmax")


@reassociation.claim("its weights sum to 1, and at d_k = 1 it does not see the query", kind="identity")
def efficient_weights(algebra: HasWeights, d_k: Part, d_v: Part, N: Part, M: Part, *, attention: Attention = efficient_attention) -> Items:
    K, Q = algebra.generator("K", d_k, N), algebra.generator("Q", d_k, M)
    yield "with all values 1"
    yield "the output", attention(K, algebra.ones(1, N), Q)
    yield "is 1", algebra.ones(1, M)
    key, query, V = algebra.generator("k", 1, N), algebra.generator("r", 1, M), algebra.generator("V", d_v, N)
    yield "d_k = 1"
    yield "the output", attention(key, V, query)
    yield "is one and the same for all queries", V @ algebra.weights(key.T) @ algebra.ones(1, M)


OnBalls = Callable[[Balls, Balls, Balls], Balls]


def softmax_attention(keys: M, values: M, queries: M) -> M:
    """``V softmax(KᵀQ)``."""
    return values @ weighing(keys).weights(keys.T @ queries)


@reassociation.claim("softmax attention does, at d_k = 1: keys and values 0 and 1, queries 0 and 1", kind="bound")
def softmax_sees(*, attention: OnBalls = efficient_attention, softmax: OnBalls = softmax_attention) -> Items:
    ball, pair = Ball(), ((0, 1),)
    keys, values = ball.value(pair), ball.value(pair)
    outputs = [[ball.trace(program(keys, values, ball.value([[q]]))) for q in (0, 1)] for program in (attention, softmax)]
    low, high = sympy.Rational(2310, 10000), sympy.Rational(2311, 10000)
    tiny = sympy.Rational(1, 10**12)
    yield "efficient attention, which is e/(1 + e) at both"
    yield Encloses("the output", outputs[0][0], low + sympy.Rational(1, 2), high + sympy.Rational(1, 2))
    yield Encloses("the change from q = 0 to q = 1", outputs[0][1] - outputs[0][0], -tiny, tiny)
    yield "softmax attention, ½ and e/(1 + e)"
    yield Encloses("the change from q = 0 to q = 1", outputs[1][1] - outputs[1][0], low, high)
