"""Statement 9.3: layers that break one law are rejected at that law, and the argument needs every part it uses."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from equivalence.algebras import Symbolic
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import verify
from proofs.ch09_recognition.recognition_laws import reflected, signed_permutations


def changed(change: Any) -> Any:
    """The builder of gradient descent with its head changed; `change` takes the head, the algebra, d_x and d_y."""

    def build(d_x: Any, d_y: Any, *, algebra: Any, **rest: Any) -> Layer:
        (head,) = gd_layer(d_x, d_y, algebra=algebra, **rest).heads
        return Layer((change(head, algebra, d_x, d_y),))

    return build


def without_start(head: Any, algebra: Any, d_x: Any, d_y: Any) -> Any:
    """The values −y instead of W₀x − y."""
    zeros = algebra.zeros
    return head._replace(value=algebra.block([[zeros(d_x, d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), -algebra.eye(d_y)]]))


def keys_on_targets(head: Any, algebra: Any, d_x: Any, d_y: Any) -> Any:
    """Keys that read x + Uy, so that the update is quadratic in y."""
    eye, zeros = algebra.eye, algebra.zeros
    return head._replace(key=algebra.block([[eye(d_x), algebra.generator("U", d_x, d_y)], [zeros(d_y, d_x), zeros(d_y, d_y)]]))


@pytest.mark.parametrize(
    ("change", "law"),
    [(without_start, "still on data that the start fits"), (keys_on_targets, "affine in the targets")],
)
def test_a_layer_that_breaks_one_law_is_rejected_there(change: Any, law: str) -> None:
    result = verify("9.3", seed=1, replace={"layer": changed(change)}, algebras=("symbolic", "finite field"))
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"symbolic", "finite field"}
    assert f"9.3 The laws of a gradient step, {law}, step 2" in failed[0].message


def test_a_preconditioned_layer_is_seen_by_reflections_of_x() -> None:
    def stretched(head: Any, algebra: Any, d_x: Any, d_y: Any) -> Any:
        eye, zeros = algebra.eye, algebra.zeros
        C = algebra.block([[algebra.generator("C'", d_x, d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), eye(d_y)]])
        return head._replace(query=head.query @ C)

    result = verify("9.3", seed=1, replace={"layer": changed(stretched)}, algebras=("symbolic",))
    on_u, order, message = result.messages
    assert all("it is the step s D (Y − W₀X)XᵀC q" in said for said in (on_u, order)), "it keeps the laws on u, and is another step"
    assert "9.3 The laws of a gradient step, x turned, by R = tI − 2nnᵀ, which is t times a reflection, step 2" in message


def test_a_left_preconditioner_is_seen_by_reflections_of_y() -> None:
    def mixed(head: Any, algebra: Any, d_x: Any, d_y: Any) -> Any:
        eye, zeros = algebra.eye, algebra.zeros
        D = algebra.block([[eye(d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), algebra.generator("D'", d_y, d_y)]])
        return head._replace(projection=D @ head.projection)

    result = verify("9.3", seed=1, replace={"layer": changed(mixed)}, algebras=("symbolic",))
    on_u, order, message = result.messages
    assert all("it is the step s D (Y − W₀X)XᵀC q" in said for said in (on_u, order)), "it keeps the laws on u, and is another step"
    assert "9.3 The laws of a gradient step, y turned, by S = tI − 2mmᵀ, step 2" in message


def halved(algebra: Any, normal: Any) -> tuple[Any, Any]:
    """``tI − nnᵀ``, which is a projection and no reflection."""
    _, t = reflected(algebra, normal)
    return t * algebra.eye(normal.shape[0]) - normal @ normal.T, t


def test_the_argument_needs_reflections() -> None:
    result = verify("9.3", seed=1, replace={"mirror": halved}, algebras=("symbolic",))
    assert [message.split(", step")[0].removeprefix("9.3 The laws of a gradient step, ")[:20] for message in result.messages] == [
        "so Rb = t b; and tha",
        "n = x − x', R = tI −",
        "H(n) = RD − DR, R = ",
    ]


def test_a_reflection_squares_to_the_identity() -> None:
    algebra = Symbolic()
    R, t = reflected(algebra, algebra.generator("n", 3, 1))
    assert algebra.difference(R @ R, (t * t) * algebra.eye(3)) is None
    P, t = halved(algebra, algebra.generator("n", 3, 1))
    assert algebra.difference(P @ P, (t * t) * algebra.eye(3)) is not None


@pytest.mark.parametrize("left_out", [0, 1])
def test_the_preconditioner_is_not_settled_by_fewer_signed_permutations(left_out: int) -> None:
    def fewer(d: int) -> list[sympy.Matrix]:
        return [P for number, P in enumerate(signed_permutations(d)) if number != left_out]

    result = verify("9.3", replace={"generators": fewer}, algebras=("exact",))
    (message,) = result.messages
    assert "9.3 The laws of a gradient step, d = 2; unknowns are the entries of C, step 1" in message
    assert "is not in the ideal" in message


def test_no_refutation_without_a_preconditioner() -> None:
    result = verify("9.3", replace={"right": ((2, 0), (0, 2))}, algebras=("exact", "rational"))
    assert len(result.messages) == 2
    assert all("both sides are equal" in message for message in result.messages)
