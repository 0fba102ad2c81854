"""Statement 2.4: how few contexts decide whether two layers are the same."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, HasValues, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import update
from equivalence.models.heads import Layer
from equivalence.models.tokens import query_tokens, tokens
from equivalence.statements import Differ, Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import arbitrary_head, head_of


@statement(
    "2.4",
    "Single-token contexts decide",
    claim="the update adds over context tokens",
    source="this project; the step from weights to functions that “Uniqueness” of von Oswald et al. 2022 leaves out",
)
def single_tokens(algebra: Algebra, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    """For a query token that is free and not among the keys, two linear-attention layers (any heads) agree on all contexts iff they agree
    on all contexts of one token, iff their *canonical tensors* ``T[k,(p,r),j] = Σ_h ½(A_kp B_rj + A_kr B_pj)`` are equal.

    Compare the rows k that are read out, and ``T·[I; −W₀]`` when queries are ``[q; −W₀q]``. For tokens that update themselves one token
    is not enough (B antisymmetric gives eᵀBe = 0); two decide. Each step for all sizes; heads add, so two heads stand for any number
    (induction on the number of heads, as for the tokens: one more is added to a sum).
    """
    two_heads = Layer((arbitrary_head(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "'")))
    C, e, Q = algebra.generator("C", d, N), algebra.generator("e", d, 1), algebra.generator("Q", d, M)
    yield "the update on a context with one more token", update(two_heads, algebra.block([[C, e]]), Q)
    yield "is that of the context plus that of the token alone", update(two_heads, C, Q) + update(two_heads, e, Q)
    yield Informal("so agreement on one token is agreement on all contexts: by induction on the tokens, and on the heads")


@single_tokens.claim("on one token, an entry of the update is a quadratic form: a slice of the canonical tensor", kind="identity")
def tensor_slice(algebra: Algebra, d: Part) -> Items:
    rows = [algebra.generator(name, 1, d) for name in ("a", "a'")]
    columns = [algebra.generator(name, d, 1) for name in ("b", "b'")]
    e, half = algebra.generator("e", d, 1), algebra.scalar(1) / algebra.scalar(2)
    entry = rows[0] @ e @ (e.T @ columns[0]) + rows[1] @ e @ (e.T @ columns[1])
    slices = [half * (a.T @ b.T + b @ a) for a, b in zip(rows, columns, strict=True)]
    yield "row k of A, column j of B, two heads", algebra.trace(entry)
    yield "only the symmetric part of aᵀbᵀ is seen", algebra.trace(e.T @ (slices[0] + slices[1]) @ e)


@single_tokens.claim("a quadratic form that vanishes everywhere is zero: eeᵀ spans the symmetric matrices", kind="identity")
def polarisation(algebra: Algebra, d: Part) -> Items:
    S = algebra.generator("S", d, d, symmetric=True)
    e, f = algebra.generator("e", d, 1), algebra.generator("f", d, 1)

    def form(v: Matrix) -> Scalar:
        return algebra.trace(v.T @ S @ v)

    yield "three values of the form", (algebra.scalar(1) / algebra.scalar(2)) * (form(e + f) - form(e) - form(f))
    yield "any entry of the matrix, e and f being any two basis vectors", algebra.trace(f.T @ S @ e)


@single_tokens.claim("queries [q; −W₀q] see B through B[I; −W₀] only", kind="identity")
def through_queries(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    d = (d_x, d_y)
    B = algebra.block([[algebra.generator(f"B_{i}{j}", m, n) for j, n in zip("xy", d, strict=True)] for i, m in zip("xy", d, strict=True)])
    C = tokens(algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N))
    W0, q = algebra.generator("W_0", d_y, d_x), algebra.generator("q", d_x, 1)
    yield "scores of a query token", C.T @ (B @ query_tokens(W0, q))
    yield "the query enters after the contraction", C.T @ (B @ query_tokens(W0, algebra.eye(d_x))) @ q


@single_tokens.claim("self-updating tokens: two decide", kind="identity")
def two_decide(algebra: Algebra, d: Part) -> Items:
    A, B = algebra.generator("A", d, d), algebra.generator("B", d, d)
    e, f = algebra.generator("e", d, 1), algebra.generator("f", d, 1)
    layer = head_of(algebra, A, B)
    yield "the update of e in the context {e, f}, minus that in {e}", update(layer, algebra.block([[e, f]]), e) - update(layer, e, e)
    yield "is the update by f of a free query e", A @ f @ f.T @ B @ e


@single_tokens.claim("a further head adds its own update", kind="identity")
def heads_add(algebra: Algebra, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    C, Q = algebra.generator("C", d, N), algebra.generator("Q", d, M)
    head, other, third = (arbitrary_head(algebra, d, d_k, d_v, mark) for mark in ("", "'", "''"))
    yield "base: one head"
    yield "the update", update(Layer((head,)), C, Q)
    yield "is A C Cᵀ B Q", head.output_value @ C @ C.T @ head.key_query @ Q
    yield "step: one head more"
    yield "the update by three heads", update(Layer((head, other, third)), C, Q)
    yield "is that by two, and the third's own", update(Layer((head, other)), C, Q) + third.output_value @ C @ C.T @ third.key_query @ Q


@single_tokens.claim("self-updating tokens: one does not tell B from B' where B − B' is antisymmetric", kind="identity")
def antisymmetric(algebra: Algebra, d: Part) -> Items:
    A, B, other, e = (algebra.generator(name, d, size) for name, size in (("A", d), ("B", d), ("B'", d), ("e", 1)))
    gap, two = B - other, algebra.scalar(2)
    own = [update(head_of(algebra, A, scores), e, e) for scores in (B, other)]
    yield "any token e; D = B − B'"
    yield "twice the difference of what B and B' make of e", two * (own[0] - own[1])
    yield "eᵀDe is its own transpose; so 0 where D + Dᵀ = 0", A @ e @ e.T @ (gap + gap.T) @ e


@single_tokens.claim("self-updating tokens: so one is not enough", kind="refutation")
def one_is_not_enough(algebra: HasValues) -> Items:
    A, B = algebra.value([[1, 0], [0, 1]]), algebra.value([[0, 1], [-1, 0]])
    layer, nothing = head_of(algebra, A, B), algebra.value([[0, 0], [0, 0]])
    e, both = algebra.value([[1], [2]]), algebra.value([[1, 0], [2, 1]])
    yield "B antisymmetric against B = 0, on one token"
    yield "the token's own update", update(layer, e, e)
    yield "is that of the zero layer", update(head_of(algebra, A, nothing), e, e)
    yield Differ("on two tokens they differ", update(layer, both, e), update(head_of(algebra, A, nothing), both, e))
