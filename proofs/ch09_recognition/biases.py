"""Statement 9.7: biases are a constant coordinate."""

from __future__ import annotations

from collections.abc import Callable

from equivalence.algebras.protocol import Algebra, HasValues, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, update
from equivalence.models.biases import biased, projection_bias
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import query_tokens, tokens, with_constant
from equivalence.statements import Differ, Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder, arbitrary_head


@statement(
    "9.7",
    "Biases are a constant coordinate",
    claim="a head with biases is one without on tokens [e; 1]",
    source="folklore; for softmax heads 6.9 has it as a key bias",
)
def biases(algebra: Algebra, d: Part, N: Part, M: Part, d_k: Part, d_v: Part, *, widened: Callable[..., Head] = biased) -> Items:
    """Keys ``W_K e + b_K``, queries ``W_Q e + b_Q`` and values ``W_V e + b_V`` are ``[W, b]`` on ``[e; 1]``; the constant is not written.
    The bias b of a projection is a further head with scores 1 and value b/N: the only one that depends on N. All sizes.

    So 2.4 decides here too, by the tensor over d + 1 rows and columns: the entries at the constant are the linear terms, and the free
    ones, in a token and in the query. A step has none: a layer with biases is one iff its tensor without them is, and theirs is 0.
    Single-token contexts still decide: ``[e; 1][e; 1]ᵀ`` spans the symmetric matrices, as ``eeᵀ``, e and 1 come apart at e, −e and 0.
    """
    head = arbitrary_head(algebra, d, d_k, d_v)
    b_K, b_Q, b_V, b = (algebra.generator(name, rows, 1) for name, rows in (("b_K", d_k), ("b_Q", d_k), ("b_V", d_v), ("b", d)))
    C, Q, ones = algebra.generator("C", d, N), algebra.generator("Q", d, M), algebra.ones
    layer = Layer((widened(head, key=b_K, query=b_Q, value=b_V), projection_bias(b, N)))
    yield "the layer without biases on tokens with a constant", linear_attention(layer, with_constant(C), with_constant(Q))[1]
    values, keys = head.value @ C + b_V @ ones(1, N), head.key @ C + b_K @ ones(1, N)
    scored = values @ (keys.T @ (head.query @ Q + b_Q @ ones(1, M)))
    yield "is the one with them, and leaves the constant alone", with_constant(Q + head.projection @ scored + b @ ones(1, M))


@biases.claim("a form in [e; 1] that is 0 everywhere is 0: its values at e, −e and 0 give its parts", kind="identity")
def parts_of_a_form(algebra: Algebra, d: Part) -> Items:
    S, a, e = algebra.generator("S", d, d, symmetric=True), algebra.generator("a", d, 1), algebra.generator("e", d, 1)
    c, one, half = algebra.generator("c", 1, 1), algebra.ones(1, 1), algebra.scalar("1/2")
    whole = algebra.block([[S, a], [a.T, c]])

    def form(token: Matrix) -> Matrix:
        extended = algebra.block([[token], [one]])
        return extended.T @ whole @ extended

    nothing = algebra.zeros(d, 1)
    yield "at 0", form(nothing)
    yield "the free term", c
    yield "half of the difference at e and −e"
    yield "of the values", half * (form(e) - form(-e))
    yield "twice the linear term", algebra.scalar(2) * (a.T @ e)
    yield "half of the sum, less the free term"
    yield "of the values", half * (form(e) + form(-e)) - form(nothing)
    yield "the quadratic form", e.T @ S @ e
    yield Informal("which is 0 everywhere only if S is (2.4)")


@biases.claim("a bias that is left out is another function", kind="refutation")
def left_out(algebra: HasValues, *, layer: LayerBuilder = gd_layer) -> Items:
    unit, none = algebra.value([[1]]), algebra.value([[0]])
    (head,) = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra).heads
    context, query = with_constant(tokens(unit, unit)), with_constant(query_tokens(none, unit))
    plain, shifted = Layer((biased(head),)), Layer((biased(head, key=tokens(unit, none)),))
    yield "x = y = q = η = 1, W₀ = 0, no bias: the update of the query"
    yield "of the layer", update(plain, context, query)
    yield "is the step's, [0; −ΔW q; 0]", algebra.block([[none], [-weight_change(none, unit, unit, algebra.scalar(1)) @ unit], [none]])
    yield "with b_K = (1, 0)"
    yield "the update", update(shifted, context, query)
    yield "is twice that", algebra.scalar(2) * update(plain, context, query)
    yield Differ("with the bias against without", update(shifted, context, query), update(plain, context, query))
