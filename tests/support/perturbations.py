"""Wrong constructions: what takes a builder of layers to one whose weights are changed in one way, in any algebra.

A builder is a function such as `gd_layer`; the changed one is put in its place, as ``verify("2.1", replace={"layer": changed})``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from equivalence.algebras import DegreeAlgebra
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Flint
from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.sizes import Part, Size
from equivalence.models.constructions.pairing import pairing_layer
from equivalence.models.heads import Head, Layer
from equivalence.statements import Result, find, verify

Builder = Callable[..., Layer]
Partition = tuple[Part, ...]
Partitions = dict[str, tuple[Partition, Partition]]
BLOCKS = tuple(product("AB", "xy", "xy"))
"""The blocks of A and B on tokens [x; y]."""
WEIGHTS = Head._fields


def partitions(builder: Builder, d_x: Part, d_y: Part, context: Part, queries: Part) -> Partitions:
    """The parts of the rows and columns of each weight."""
    if builder is not pairing_layer:
        return dict.fromkeys(WEIGHTS, ((d_x, d_y), (d_x, d_y)))
    token = (d_x, d_y, context, context, queries)
    return {"key": ((context,), token), "query": ((context,), token), "value": ((d_x,), token), "projection": (token, (d_x,))}


def changed(builder: Builder, change: Callable[..., Head]) -> Builder:
    """The builder with its one head changed; `change` takes the head, the algebra and the partitions."""

    def build(d_x: Part, d_y: Part, *, algebra: Algebra, context: Part, **rest: object) -> Layer:
        (head,) = builder(d_x, d_y, algebra=algebra, context=context, **rest).heads
        asked = rest.get("queries", 1)
        assert isinstance(asked, int | Size)
        return Layer((change(head, algebra, partitions(builder, d_x, d_y, context, asked)),))

    return build


def block_added(builder: Builder, weight: str, i: int, j: int) -> Builder:
    """ε·u vᵀ added to block (i, j) of a weight, u and v arbitrary: of any sizes."""

    def change(head: Head, algebra: Algebra, cut: Partitions) -> Head:
        return _added(head, algebra, weight, cut, i, j, _rank_one(algebra, cut[weight][0][i], cut[weight][1][j]))

    return changed(builder, change)


def entry_added(builder: Builder, weight: str, row: int, col: int) -> Builder:
    """1 added to one entry of a weight, at fixed sizes; rows and columns are counted over all parts."""

    def change(head: Head, algebra: Algebra, cut: Partitions) -> Head:
        (i, k), (j, m) = (_place(parts, at) for parts, at in zip(cut[weight], (row, col), strict=True))
        size = cut[weight][0][i], cut[weight][1][j]
        return _added(head, algebra, weight, cut, i, j, _unit(algebra, size[0], k) @ _unit(algebra, size[1], m).T)

    return changed(builder, change)


def perturbed(builder: Builder, which: str, row: str, col: str) -> Builder:
    """ε·u vᵀ added to one block of A = P W_V or of B = W_Kᵀ W_Q, on tokens [x; y]: of any sizes."""

    def change(head: Head, algebra: Algebra, cut: Partitions) -> Head:
        eye = algebra.eye(cut["value"][1])
        apart = Head(key=eye, query=head.key_query, value=head.output_value, projection=eye)
        weight, i, j = {"A": "value", "B": "query"}[which], "xy".index(row), "xy".index(col)
        return _added(apart, algebra, weight, cut, i, j, _rank_one(algebra, cut[weight][0][i], cut[weight][1][j]))

    return changed(builder, change)


def negated(builder: Builder, *weights: str) -> Builder:
    """The sign of one weight or several flipped."""
    return changed(builder, lambda head, *_: head._replace(**{weight: -getattr(head, weight) for weight in weights}))


def scaled(builder: Builder, multiplied: tuple[str, ...], divided: tuple[str, ...]) -> Builder:
    """Some weights multiplied by a symbol c, others divided by it."""

    def change(head: Head, algebra: Algebra, *_: object) -> Head:
        c = algebra.symbol("c")
        factors = dict.fromkeys(multiplied, c) | dict.fromkeys(divided, algebra.scalar(1) / c)
        return head._replace(**{weight: factor * getattr(head, weight) for weight, factor in factors.items()})

    return changed(builder, change)


def transposed(builder: Builder, weight: str) -> Builder:
    """A weight transposed."""
    return changed(builder, lambda head, *_: head._replace(**{weight: getattr(head, weight).T}))


def count_dropped(builder: Builder) -> Builder:
    """η in the place of η/N."""
    return lambda *sizes, **rest: builder(*sizes, **{**rest, "context": 1})


def count_doubled(builder: Builder) -> Builder:
    """η/N² in the place of η/N."""

    def build(*sizes: Part, algebra: Algebra, context: Part, learning_rate: Scalar, **rest: object) -> Layer:
        return builder(*sizes, algebra=algebra, context=context, learning_rate=learning_rate / algebra.scalar(context), **rest)

    return build


def failures(result: Result) -> dict[str, str]:
    """The claims that fail, in order, with the first message of each."""
    found: dict[str, str] = {}
    for check in result.checks:
        if not check.holds:
            found.setdefault(check.claim, check.message)
    return found


def fallen(number: str, **replace: object) -> dict[str, str]:
    """The claims of a statement that fail with a part replaced, each with its chain and step.

    Each fails in every algebra that reads it; not at every size, as many a wrong formula is right at size 1.
    """
    result, label = verify(number, seed=1, replace=replace), f"{number} {find(number).title}"
    found = failures(result)
    read = {(check.claim, check.algebra) for check in result.checks if check.claim in found}
    assert read == {(check.claim, check.algebra) for check in result.checks if not check.holds}
    assert all(message.startswith(f"{label}, ") for message in found.values())
    return {claim: message.removeprefix(f"{label}, ") for claim, message in found.items()}


def _rank_one(algebra: Algebra, rows: Part, cols: Part) -> Matrix:
    """ε·u vᵀ, under names that no statement uses."""
    u, v = algebra.generator("epsilon_u", rows, 1), algebra.generator("epsilon_v", cols, 1)
    return algebra.symbol("epsilon") * (u @ v.T)


def _added(head: Head, algebra: Algebra, weight: str, cut: Partitions, i: int, j: int, block: Matrix) -> Head:
    rows, cols = cut[weight]
    grid = [[algebra.zeros(down, across) for across in cols] for down in rows]
    grid[i][j] = block
    return head._replace(**{weight: getattr(head, weight) + algebra.block(grid)})


def _place(parts: Partition, at: int) -> tuple[int, int]:
    """The part that an index falls into, and its place there."""
    for number, size in enumerate(parts):
        if at < size:
            return number, at
        at -= size
    raise IndexError(f"no part of {parts} has the index")


def _unit(algebra: Algebra, size: int, k: int) -> Matrix:
    """The column e_k as one part. Degrees and heights are those of any 0 and 1, so of a column of ones."""
    if isinstance(algebra, DegreeAlgebra):
        return algebra.ones(size, 1)
    if isinstance(algebra, Flint):
        return Blocked(algebra, (size,), (1,), {(0, 0): algebra.matrix(size, 1, [int(i == k) for i in range(size)])})
    return algebra.block([[algebra.ones(1, 1) if i == k else algebra.zeros(1, 1)] for i in range(size)])
