"""K preconditioned steps, as in Ahn et al. 2023: recognised exactly with a certificate, and in floats with a bound."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition.stacks import recognise_stack
from tests.recognition.test_stacks import ZERO, curved, descent

FACTORS = [sympy.Matrix([[1, 2, 0], [0, 1, 0], [1, 0, 1]]), sympy.Matrix([[1, 0, 0], [0, 2, 1], [0, 0, 0]])]
START = sympy.Matrix([["1/2", 3, -1], [0, 2, "2/3"]])


def preconditioned(rate: str, C: sympy.Matrix, D: sympy.Matrix | None = None, initial: sympy.Matrix | None = None) -> Layer:
    d_y = 1 if initial is None else initial.shape[0]
    (head,) = gd_layer(3, d_y, learning_rate=rate, context=1, initial=initial).heads
    left = sympy.diag(sympy.eye(3), sympy.eye(d_y) if D is None else D)
    return Layer((head._replace(projection=left * head.projection, query=head.query * sympy.diag(C, sympy.eye(d_y))),))


def by_hand(verdict: object, X: np.ndarray, Y: np.ndarray, q: np.ndarray) -> np.ndarray:
    """``W ← W + s D (Y − WX) Xᵀ C``, from the numbers of the verdict."""
    weights = np.array(verdict.initial.tolist(), dtype=float)  # type: ignore[attr-defined]
    for layer in verdict.layers:  # type: ignore[attr-defined]
        D = np.eye(len(Y)) if layer.left_factor is None else np.array(layer.left_factor.tolist(), dtype=float)
        C = np.eye(len(X)) if layer.preconditioner is None else np.array(layer.preconditioner.tolist(), dtype=float)
        weights = weights + float(layer.step_size) * D @ (Y - weights @ X) @ X.T @ C
    return weights @ q


def predicted(layers: list[Layer], X: np.ndarray, Y: np.ndarray, q: np.ndarray, initial: np.ndarray) -> np.ndarray:
    context, query = np.concatenate([X, Y]), np.concatenate([q, -initial @ q])
    for layer in layers:
        pairs = [(head.projection @ head.value, head.key.T @ head.query) for head in layer.to_numpy().heads]
        moves = [sum(A @ context @ context.T @ B @ seen for A, B in pairs) for seen in (context, query)]
        context, query = context + moves[0], query + moves[1]
    return -query[len(X) :]


@pytest.mark.parametrize("left", [None, sympy.Matrix([[1, 1], [0, 1]])])
@pytest.mark.parametrize("numeric", [False, True])
def test_preconditioned_steps_are_recognised_from_any_w0(numeric: bool, left: sympy.Matrix | None) -> None:
    layers = [preconditioned(rate, C, left, START) for rate, C in zip(("1/7", "1/9"), FACTORS, strict=True)]
    layers.append(gd_layer(3, 2, learning_rate="1/5", context=1, initial=START))
    start = np.array(START.tolist(), dtype=float)
    given = [layer.to_numpy() for layer in layers] if numeric else layers
    for initial in (start if numeric else START, "unknown"):
        found = recognise_stack(given, d_x=3, d_y=2, initial=initial)
        assert (found.family, found.reason) == ("preconditioned gradient descent", "")
        assert found.polynomial is None
        random = np.random.default_rng(0)
        X, Y, q = (random.uniform(-0.4, 0.4, size=shape) for shape in ((3, 4), (2, 4), (3, 1)))
        own = predicted(layers, X, Y, q, start)
        assert np.allclose(by_hand(found, X, Y, q), own, rtol=1e-9)
        assert not np.allclose(predicted(layers[:2], X, Y, q, start), own, rtol=1e-3)
        assert "random heads" in str(found)
        if numeric:
            assert found.certificate is None
            assert found.error_bound(1, 1) < 1e-9
        else:
            assert found.certificate is not None
            assert found.certificate < 2.0**-50


def test_a_preconditioner_that_is_not_the_layers_is_refuted_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from equivalence.recognition.stacks import recognise

    monkeypatch.setattr(recognise, "preconditioned_steps", lambda steps, factors: recognise.descent_steps(steps))
    with pytest.raises(ArithmeticError, match="the layers are steps singly, but not together"):
        recognise_stack([preconditioned("1/7", FACTORS[0])] * 2, d_x=3, d_y=1)


def test_the_bound_has_the_preconditioner() -> None:
    random = np.random.default_rng(1)
    layers = []
    for rate, C in zip(("1/7", "1/9"), FACTORS, strict=True):
        (head,) = preconditioned(rate, C).to_numpy().heads
        layers.append(Layer((Head(*(weight + 1e-4 * random.normal(size=weight.shape) for weight in head)),)))
    found = recognise_stack(layers, d_x=3, d_y=1)
    assert found.family == "preconditioned gradient descent"
    X, Y, q = (np.full(shape, 0.3) for shape in ((3, 5), (1, 5), (3, 1)))
    error = np.abs(predicted(layers, X, Y, q, np.zeros((1, 3))) - by_hand(found, X, Y, q)).max()
    norms = (float(np.linalg.norm(part)) * (1 + 1e-12) for part in (np.concatenate([X, Y]), q))
    assert 0 < error <= found.error_bound(*norms) < 0.1


def test_layers_of_gdpp_and_preconditioned_ones_are_not_judged_together() -> None:
    found = recognise_stack([*curved(("1/10", "1/20")), preconditioned("1/7", FACTORS[0])], d_x=3, d_y=1)
    assert found.family == "none"
    assert found.reason.startswith("layers of GD++ and preconditioned ones are not judged together")
    last = recognise_stack(
        [preconditioned("1/7", FACTORS[0]), gdpp_layer(3, 1, learning_rate="1/10", gamma="1/20", context=1)], d_x=3, d_y=1
    )
    assert (last.family, last.reason) == ("preconditioned gradient descent", "")


def test_gdpp_is_tried_from_0_too() -> None:
    """The first layer's estimate of W₀ is not 0 exactly, for which alone layers of GD++ are its steps."""
    random = np.random.default_rng(0)
    layers = [
        Layer(tuple(Head(*(w + 1e-6 * random.normal(size=w.shape) for w in head)) for head in layer.to_numpy().heads))
        for layer in curved(("1/2", "1/5"), ("1/3", "1/7"))
    ]
    found = recognise_stack(layers, d_x=3, d_y=1, initial="unknown")
    assert (found.family, found.initial.tolist()) == ("GD++", [[0.0, 0.0, 0.0]])
    assert found.error_bound(1, 1) < 1e-2


def test_layers_of_rate_0_alone_move_nothing() -> None:
    still = descent("0", "0", initial=ZERO)
    for layers in (still, [layer.to_numpy() for layer in still]):
        found = recognise_stack(layers, d_x=3, d_y=1)
        assert (found.family, [float(s) for s in found.step_sizes]) == ("rate 0", [0.0, 0.0])
    moved = recognise_stack([still[0], *descent("1/7", initial=ZERO)], d_x=3, d_y=1)
    assert (moved.family, moved.step_sizes) == ("gradient descent", (0, sympy.Rational(1, 7)))
    curves = recognise_stack(curved(("0", "1/5"), ("1/3", "1/7")), d_x=3, d_y=1)
    assert curves.family == "GD++"


def test_what_floats_leave_open_is_not_none() -> None:
    """A layer that rounding hides, and a stack for which no W₀ was found."""
    (head,) = descent("1/7", initial=ZERO)[0].to_numpy().heads
    big = head._replace(value=1e9 * np.ones((4, 4)), projection=1e9 * np.ones((4, 4)))
    layers = [Layer((head, big, big._replace(projection=-big.projection)))] * 2
    found = recognise_stack(layers, d_x=3, d_y=1, tolerance=1e-5)
    assert (found.family, found.reason) == ("not decided", "layer 1 by itself is not decided")
    with pytest.raises(ValueError, match="error_bound: the stack was not decided, layer 1"):
        found.error_bound(1, 1)
    wrong = Layer((Head(*np.random.default_rng(0).normal(size=(4, 4, 4))),))
    lost = recognise_stack([wrong, wrong], d_x=3, d_y=1, initial="unknown")
    assert lost.family == "not decided"
    assert lost.reason.endswith("not found for an unknown W₀: give `initial`")
    assert recognise_stack([wrong, wrong], d_x=3, d_y=1).family == "none"


@pytest.mark.parametrize("order", [1, -1])
def test_singular_left_factors_fix_w0_together(order: int) -> None:
    """D = diag(1, 0) and diag(0, 1): each layer fixes one row of W₀."""
    C = [sympy.diag(1, 2, 1), sympy.Matrix([[1, 1, 0], [0, 1, 0], [0, 0, 1]])]
    layers = [preconditioned("1/7", C[k], sympy.diag(1 - k, k), START) for k in (0, 1)][::order]
    for initial in (START, "unknown"):
        found = recognise_stack(layers, d_x=3, d_y=2, initial=initial)
        assert (found.family, found.initial) == ("preconditioned gradient descent", START)
    other = preconditioned("1/7", C[0], sympy.diag(1, 0), 2 * START)
    none = recognise_stack([*layers, other], d_x=3, d_y=2, initial="unknown")
    assert none.family == "none"


def test_none_is_said_of_a_stack_only_where_no_other_w0_would_do() -> None:
    """To first order these layers cancel, for any W₀, and the first sees targets: what they are from another W₀ was not tried."""
    first = preconditioned("1/7", FACTORS[0], sympy.diag(1, 0), START)
    (head,) = first.heads
    seeing = Layer(head._replace(query=head.query + head.query[:, :1] * sympy.Matrix([[0, 0, 0, 0, 1]])))
    undone = preconditioned("-1/7", FACTORS[0], sympy.diag(1, 0), START)
    found = recognise_stack([seeing, undone], d_x=3, d_y=2, initial="unknown")
    assert found.family == "not decided"
    assert found.reason.endswith("so at the W₀ shown, not at every one; give the initial model to decide it")
    assert recognise_stack([seeing, undone], d_x=3, d_y=2, initial=START).family == "none"
