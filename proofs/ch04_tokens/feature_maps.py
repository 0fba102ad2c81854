"""Statement 4.4: attention on features, with and without its normaliser."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.attention.features import feature_attention, normalised_attention, normaliser
from equivalence.models.descent.least_squares import gradient_step
from equivalence.statements import Differ, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import Attention, Rows, Step


@statement(
    "4.4",
    "Feature-map attention is a gradient step in feature space",
    claim="without the normaliser: one step for all queries",
    source="Katharopoulos et al. 2020, eq. 4 to 6",
)
def feature_maps(
    algebra: Algebra, d_f: Part, d_v: Part, N: Part, M: Part, *, attention: Attention = feature_attention, step: Step = gradient_step
) -> Items:
    """``V φ(K)ᵀφ(Q)`` is the prediction at φ(Q) after one GD step from W₀ = 0 with rate N (s = 1) on ``1/(2N) ‖Wφ(K) − V‖²``: the values
    are the targets. All d_f, d_v, N, M; φ(K) and φ(Q) are arbitrary matrices, so no φ is excluded.

    The normaliser ``Z(q) = 1ᵀφ(K)ᵀφ(q)``, where it is not 0, makes of this the step with rate N/Z(q): a step size of its own for each
    query, namely the one at which the weights sum to 1. So there is no one step for all queries: with φ(q) doubled a step's prediction
    doubles, and the normalised output stays (exact counterexample). Their eq. 5 is in rows; transposed here.
    """
    keys, queries = algebra.generator("phi(K)", d_f, N), algebra.generator("phi(Q)", d_f, M)
    V = algebra.generator("V", d_v, N)
    yield "the attention", attention(keys, V, queries)
    yield "the step from 0 with rate N, at the queries", step(algebra.zeros(d_v, d_f), keys, V, algebra.scalar(N)) @ queries


@feature_maps.claim("any factor r on the output of a query is the rate rN; its weights sum to rZ, so to 1 iff r = 1/Z")
def factor(
    algebra: Algebra,
    d_f: Part,
    d_v: Part,
    N: Part,
    *,
    step: Step = gradient_step,
    attention: Attention = feature_attention,
    total: Callable[..., Matrix] = normaliser,
) -> Items:
    keys, query = algebra.generator("phi(K)", d_f, N), algebra.generator("phi(q)", d_f, 1)
    V, r = algebra.generator("V", d_v, N), algebra.symbol("r")
    yield "the step"
    yield "r times the output", r * attention(keys, V, query)
    yield "is the step from 0 with rate rN", step(algebra.zeros(d_v, d_f), keys, V, r * algebra.scalar(N)) @ query
    yield "with all values 1 the output is the sum of the weights"
    yield "r times the output", r * attention(keys, algebra.ones(1, N), query)
    yield "is r times the normaliser", r * total(keys, query)


@feature_maps.claim("the normalised program itself at d_f = N = 2, d_v = 1: the rate is N/Z", kind="characterisation")
def normalised_step(*, attention: Attention = normalised_attention, step: Step = gradient_step) -> Items:
    keys, values, query = exact.generator("k", 2, 2), exact.generator("v", 1, 2), exact.generator("q", 2, 1)
    Z = sum(keys[row, token] * query[row] for row in range(2) for token in range(2))
    yield "the output", attention(keys, values, query)
    yield "is the prediction after a step from 0 with rate 2/Z", step(exact.zeros(1, 2), keys, values, 2 / Z) @ query


@feature_maps.claim("no one step for all queries: keys 1 and 2, values 1 and 3, queries 1 and 2", kind="refutation")
def no_one_step(*, attention: Attention = normalised_attention, values: Rows = ((1, 3),)) -> Items:
    keys, V = exact.value([[1, 2]]), exact.value(values)
    once, twice = (attention(keys, V, exact.value([[size]])) for size in (1, 2))
    yield "the outputs of q and of 2q"
    yield "at q = 2", twice
    yield "as at q = 1", once
    yield "which is 7/3", exact.value([[sympy.Rational(7, 3)]])
    yield Differ("what any step from 0 predicts at 2q, W(2q) = 2(Wq), if it is right at q", 2 * once, twice)
