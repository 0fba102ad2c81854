"""Stacks: K right layers are recognised and certified end to end, wrong ones are refused with the layer named, and bounds hold."""

from __future__ import annotations

from typing import Any

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from equivalence.algebras import exact
from equivalence.models.attention.linear import stack
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import trajectory
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.recognition.stacks import recognise_stack
from equivalence.recognition.stacks.composition import StackNorms, composed_bound

START = exact.value([[1, -2, 0]])
ZERO = exact.zeros(1, 3)
NO_POLYNOMIAL = "as a function it is W₀q + (Y − W₀X)Xᵀp(XXᵀ)q for no polynomial p"
STRAY = "layer {} does not update the context tokens as its step does"
LATER = "layer {} is a step for query tokens [q; −W₀q], but not for those that the layers before it leave"


def descent(*rates: str, initial: Any = START) -> list[Layer]:
    return [gd_layer(3, 1, learning_rate=rate, context=1, initial=initial) for rate in rates]


def curved(*pairs: tuple[str, str], initial: Any = ZERO) -> list[Layer]:
    return [gdpp_layer(3, 1, learning_rate=rate, gamma=gamma, context=1, initial=initial) for rate, gamma in pairs]


def changed(layer: Layer, weight: str, entry: tuple[int, int]) -> Layer:
    (head,) = layer.heads
    grid = getattr(head, weight).as_mutable()
    grid[entry] += 1
    return Layer((head._replace(**{weight: grid.as_immutable()}),))


def test_steps_of_descent_are_recognised_and_certified() -> None:
    found = recognise_stack(descent("1/10", "1/7", "1/5"), d_x=3, d_y=1, initial="unknown")
    assert found.family == "gradient descent"
    assert [str(layer.step_size) for layer in found.layers] == ["1/10", "1/7", "1/5"]
    assert found.certificate is not None
    assert found.certificate < 2.0**-50
    assert "end to end: agrees over a prime field" in str(found)
    assert found.error_bound(2.0, 3.0) == 0


def test_steps_of_gdpp_are_recognised_and_certified() -> None:
    found = recognise_stack(curved(("1/10", "1/20"), ("1/7", "1/30")), d_x=3, d_y=1, initial="unknown")
    assert found.family == "GD++"
    assert found.certificate is not None


def test_layers_of_gdpp_and_of_descent_are_steps_of_gdpp() -> None:
    found = recognise_stack([*curved(("1/10", "1/20")), *descent("1/7", initial=ZERO)], d_x=3, d_y=1)
    assert (found.family, found.reason) == ("GD++", "")
    assert [layer.gamma for layer in found.layers] == [sympy.Rational(1, 20), None]
    assert found.certificate is not None


def test_gamma_of_the_last_layer_is_not_seen() -> None:
    """So the stack is plain descent, from any W₀ (3.4)."""
    found = recognise_stack([*descent("1/10"), *curved(("1/7", "1/30"), initial=START)], d_x=3, d_y=1, initial="unknown")
    assert (found.family, found.reason, found.initial) == ("gradient descent", "", START)
    assert found.certificate is not None


def test_gdpp_from_another_start_is_refused() -> None:
    found = recognise_stack(curved(("1/10", "1/20"), ("1/7", "1/30"), initial=START), d_x=3, d_y=1, initial="unknown")
    assert (found.family, found.reason) == ("none", f"layers of GD++ are its steps for W₀ = 0 only (3.3); {NO_POLYNOMIAL}")


def test_every_layer_must_have_the_same_start() -> None:
    found = recognise_stack([*descent("1/10"), *descent("1/7", initial=ZERO)], d_x=3, d_y=1)
    assert found.family == "none"
    assert found.reason == f"layer 1 by itself is none; {NO_POLYNOMIAL}"  # at the W₀ of both layers added up


@pytest.mark.parametrize("place", [0, 1])
def test_a_changed_entry_is_refused(place: int) -> None:
    layers = descent("1/10", "1/7")
    layers[place] = changed(layers[place], "value", (3, 1))
    found = recognise_stack(layers, d_x=3, d_y=1, initial=START)
    assert found.family == "none"
    assert found.reason == f"layer {place + 1} by itself is none; {NO_POLYNOMIAL}"
    assert found.witness is not None
    assert shown_by_hand(layers, found.witness)
    with pytest.raises(ValueError, match="error_bound: the stack is none of the families, layer"):
        found.error_bound(1.0, 1.0)


def test_only_the_last_layer_may_leave_the_context_alone() -> None:
    layers = descent("1/10", "1/7")
    stray = changed(layers[0], "value", (0, 0))
    assert recognise_stack([layers[0], changed(layers[1], "value", (0, 0))], d_x=3, d_y=1, initial="unknown").family == "gradient descent"
    found = recognise_stack([stray, layers[1]], d_x=3, d_y=1, initial="unknown")
    assert (found.family, found.reason) == ("none", f"{STRAY.format(1)}; {NO_POLYNOMIAL}")


def reading_targets(layer: Layer, amount: Any) -> Layer:
    """The same on [q; 0], but with a y column of B, which a later layer's query tokens see."""
    (head,) = layer.heads
    query = np.array(head.query.tolist(), dtype=type(amount) if isinstance(amount, float) else object)
    query[0, 3] = amount
    return Layer((head._replace(query=query if isinstance(amount, float) else exact.value(query.tolist())),))


def test_a_later_layer_must_be_right_for_any_query_token() -> None:
    """A last layer that is a step on the query tokens [q; −W₀q], but not on those that the first layer leaves."""
    first, last = descent("1/10", "1/7", initial=ZERO)
    found = recognise_stack([first, reading_targets(last, 1)], d_x=3, d_y=1, initial=ZERO)
    assert found.family == "none"
    assert found.reason == f"{LATER.format(2)}; {NO_POLYNOMIAL}"
    assert recognise_stack([reading_targets(first, 1)], d_x=3, d_y=1, initial=ZERO).family == "gradient descent"
    symbol = recognise_stack([first, reading_targets(last, sympy.Symbol("a"))], d_x=3, d_y=1, initial=ZERO)
    assert symbol.reason == f"{LATER.format(2)}; as a function it was not decided, the weights not being rational"


@pytest.mark.parametrize(("amount", "family"), [(1.0, "none"), (1e-4, "gradient descent")])
def test_so_must_one_of_floats(amount: float, family: str) -> None:
    first, last = (layer.to_numpy() for layer in descent("1/10", "1/7", initial=ZERO))
    found = recognise_stack([first, reading_targets(last, amount)], d_x=3, d_y=1, initial=np.zeros((1, 3)))
    assert found.family == family
    assert found.reason == ("" if family != "none" else LATER.format(2))


def test_symbols_are_run_end_to_end_too() -> None:
    layers = [gd_layer(3, 1, learning_rate=rate, context="N", initial=START) for rate in ("eta", "eta_2")]
    found = recognise_stack(layers, d_x=3, d_y=1, initial=START)
    assert found.family == "gradient descent"
    assert found.certificate is not None
    assert found.certificate < 2.0**-50
    assert found.polynomial is None


def test_roots_are_decided_by_the_layers_alone() -> None:
    layers = [gd_layer(3, 1, learning_rate=sympy.sqrt(2), context=1, initial=ZERO)] * 2
    found = recognise_stack(layers, d_x=3, d_y=1, initial=ZERO)
    assert (found.family, found.certificate) == ("gradient descent", None)
    assert "end to end: nothing was run; it follows from the exact verdicts on the layers" in str(found)


NOTHING = Layer((Head(*(exact.zeros(4, 4) for _ in range(4))),))


def hidden_polynomial(rate: str) -> list[Layer]:
    """XXᵀ is preconditioned, then one step is taken, with a context update that is wrong but that nothing reads: 1 − sλ(1 − λ/10)²."""
    (first,), (last,) = curved(("0", "1/10")), descent(rate, initial=ZERO)
    return [first, changed(last, "value", (0, 0)), NOTHING]


def test_layers_that_are_no_steps_singly_may_be_steps_together() -> None:
    """1 − λ(1 − λ/10)² has three real roots, so these are three steps of gradient descent, at rates that are no rationals."""
    found = recognise_stack(hidden_polynomial("1"), d_x=3, d_y=1, initial=ZERO)
    assert (found.family, found.reason) == ("gradient descent", "")
    assert found.certificate is not None
    assert found.certificate < 2.0**-50
    assert found.polynomial is not None
    assert found.polynomial.all_coeffs() == [sympy.Rational(1, 100), sympy.Rational(-1, 5), 1]
    assert len(found.step_sizes) == 3
    for s in found.step_sizes:
        assert sympy.simplify(s**3 - s**2 + s / 5 - sympy.Rational(1, 100)) == 0 or sympy.minimal_polynomial(s).degree() == 3
    assert sum(map(float, found.step_sizes)) == pytest.approx(1, rel=1e-12)
    predicted = error(
        [layer.to_numpy() for layer in hidden_polynomial("1")], found, *(np.ones(shape) / 2 for shape in ((3, 5), (1, 5), (3, 1)))
    )
    assert predicted < 1e-12


def test_complex_roots_are_no_steps() -> None:
    found = recognise_stack(hidden_polynomial("1/2"), d_x=3, d_y=1, initial=ZERO)
    assert (found.family, found.step_sizes) == ("none", ())
    assert found.reason == f"{STRAY.format(2)}; as a function it is a polynomial step, but only 1 of the 3 roots of 1 − λp(λ) are real"
    assert found.polynomial is not None


def test_too_many_roots_are_no_steps() -> None:
    first, stray, nothing = hidden_polynomial("1")
    found = recognise_stack([*curved(("1/3", "1/7")), first, stray, nothing], d_x=3, d_y=1, initial=ZERO)
    assert found.family == "none"
    assert found.reason.endswith("as a function it is a polynomial step, but 1 − λp(λ) has degree 10, that of 4 steps at most 4")


def test_a_wasted_layer_is_a_step_of_rate_0_and_w0_is_found() -> None:
    """The first layer is right on query tokens, but not on context tokens, which the second does not read."""
    (first,) = descent("1/10")
    found = recognise_stack([changed(first, "value", (0, 0)), NOTHING], d_x=3, d_y=1, initial="unknown")
    assert (found.family, found.step_sizes, found.initial) == ("gradient descent", (0, sympy.Rational(1, 10)), START)


def writing_targets(sign: int) -> Layer:
    """Adds to the y row what depends on x rows only; so the next layer, with the other sign, undoes it."""
    value, key, query = (exact.value([row]) for row in ([1, 2, 0, 0], [0, 1, 1, 0], [1, 0, -1, 0]))
    return Layer((Head(key, query, value, exact.value([[0], [0], [0], [sign]])),))


def test_a_layer_that_is_undone_is_no_step_but_the_stack_is() -> None:
    layers = [writing_targets(1), writing_targets(-1), *descent("1/10", "1/7")]
    found = recognise_stack(layers, d_x=3, d_y=1, initial="unknown")
    assert [layer.family for layer in found.layers] == ["none", "none", "gradient descent", "gradient descent"]
    assert (found.family, found.initial) == ("gradient descent", START)
    assert found.step_sizes == (0, 0, sympy.Rational(1, 10), sympy.Rational(1, 7))
    assert "end to end: steps with s = 0, 0, 1/10, 1/7" in str(found)


def test_a_layer_that_is_undone_too_late_is_refused_with_a_witness() -> None:
    """To first order in CCᵀ the layers are a step."""
    layers = [writing_targets(1), *descent("1/10"), writing_targets(-1)]
    found = recognise_stack(layers, d_x=3, d_y=1, initial="unknown")
    assert (found.reason, found.initial) == (f"layer 1 by itself is none; {NO_POLYNOMIAL}", START)
    assert found.witness is not None
    assert shown_by_hand(layers, found.witness)


def gauged(layer: Layer) -> Layer:
    """Dense weights, the same function: the degree reading does not see that P and W_V leave the x rows alone."""
    (head,) = layer.heads
    change = exact.value([[1, 1, 1, 1], [1, 2, 2, 2], [1, 2, 3, 3], [1, 2, 3, 4]])
    return Layer((head._replace(value=change @ head.value, projection=head.projection @ change.inv()),))


def test_what_no_certificate_reaches_is_not_run_and_not_refuted() -> None:
    """Of 45 dense layers the degree is about 3^45, which is more than there are points of a prime field."""
    layers = [gauged(layer) for layer in descent("1/10")] * 45
    found = recognise_stack(layers, d_x=3, d_y=1, initial=START)
    assert (found.family, found.certificate) == ("gradient descent", None)
    found = recognise_stack([*layers, changed(layers[0], "projection", (0, 0)), NOTHING], d_x=3, d_y=1, initial=START)
    assert found.family == "not decided"
    assert found.reason == f"{STRAY.format(46)}; as a function it was not decided, its degree being too high for a certificate"


def shown_by_hand(layers: list[Layer], witness: Any) -> bool:
    """Whether the layers, run token by token on SymPy numbers, predict what the witness says, and not what it says is expected."""
    tokens_ = [list(column) for column in (np.array(sympy.Matrix.vstack(witness.context_x, witness.context_y)).T)]
    asked = [*witness.query, -(START * witness.query)[0]]
    for layer in layers:
        (head,) = layer.heads
        moved = []
        for seeing in [*tokens_, asked]:
            added = sympy.zeros(4, 1)
            for token in tokens_:
                score = (head.key * sympy.Matrix(token)).dot(head.query * sympy.Matrix(seeing))
                added += head.projection * head.value * sympy.Matrix(token) * score
            moved.append(list(sympy.Matrix(seeing) + added))
        *tokens_, asked = moved
    return -asked[3] == witness.prediction[0] != witness.expected[0]


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([], ValueError, "layers: expected at least one, got none"),
        (
            gd_layer(3, 1, learning_rate=1, context=1),
            TypeError,
            r"layers: expected a list of Layers, got Layer; a single layer is \[layer\]",
        ),
        ([1], TypeError, "layers: expected Layers, got int as layer 1"),
        ([*descent("1"), descent("1")[0].to_numpy()], TypeError, "layers: expected weights that are all exact or all floats, got both"),
        ([*descent("1"), gd_layer(2, 1, learning_rate=1, context=1)], ValueError, "layer 2: key of head 0: expected shape"),
    ],
)
def test_what_is_no_stack_is_refused(layers: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        recognise_stack(layers, d_x=3, d_y=1, initial="unknown")


def perturbed(layers: list[Layer], size: float, random: np.random.Generator) -> list[Layer]:
    return [
        Layer(tuple(Head(*(w + size * random.uniform(-1, 1, w.shape) for w in head.to_numpy().heads[0])) for head in [layer]))
        for layer in layers
    ]


def error(layers: list[Layer], found: Any, X: np.ndarray, Y: np.ndarray, Q: np.ndarray) -> float:
    start = np.asarray(found.initial, dtype=float)
    seen = prediction(stack(layers, tokens(X, Y), query_tokens(start, Q))[1], 3, 1)
    rates = [float(s) * X.shape[1] for s in found.step_sizes]
    return float(abs(seen - trajectory(start, X, Y, rates)[-1] @ Q).max())


def rounded_up(matrix: np.ndarray) -> float:
    """The Frobenius norm, and 2n units of rounding for its at most n + 1 roundings."""
    return float(np.linalg.norm(matrix)) * (1 + 2 * matrix.size * 2.0**-52)


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_of_trained_weights_holds_and_falls_with_the_distance(seed: int) -> None:
    random = np.random.default_rng(seed)
    bounds = []
    for size in (1e-3, 1e-5):
        layers = perturbed(descent("1/2", "1/3"), size, random)
        found = recognise_stack(layers, d_x=3, d_y=1, initial=np.array([[1.0, -2.0, 0.0]]))
        assert found.family == "gradient descent", found.reason
        for _ in range(50):
            X, Y, Q = (random.uniform(-0.4, 0.4, shape) for shape in ((3, 5), (1, 5), (3, 1)))
            assert 0 < error(layers, found, X, Y, Q) <= found.error_bound(rounded_up(np.concatenate([X, Y])), rounded_up(Q))
        bounds.append(found.error_bound(1.0, 1.0))
    assert bounds[1] < bounds[0] / 50


def test_the_bound_is_composed_as_it_is_written() -> None:
    """With τ = δ = ρ = r = 1: φ = ε = 1 and R = r = 2 after one layer; φ = 1 + 4·2 + (4·1 + 2·2·1·2) = 21, ε = 1 + 8 + 3·4·1 = 21 and
    R = r = 10 after two; φ = 21 + 100·10 + (100·21 + 2·10·21·10) = 7321 after three.
    """
    layer = (flint.arb(1), flint.arb(1))
    for count, expected in ((1, 1.0), (2, 21.0), (3, 7321.0)):
        assert composed_bound(StackNorms(flint.arb(1), (layer,) * count), 1.0, 1.0) == np.nextafter(expected, np.inf)
    assert composed_bound(StackNorms(flint.arb(1), (layer,)), 2.0, 3.0) == np.nextafter(12.0, np.inf)


def with_value(layer: Layer, entry: tuple[int, int], amount: float) -> Layer:
    (head,) = layer.to_numpy().heads
    value = head.value.copy()
    value[entry] += amount
    return Layer((head._replace(value=value),))


def test_the_bound_has_the_x_rows_of_all_layers_but_the_last() -> None:
    """Where the first layer moves the inputs the error is all theirs; where the last one does nothing reads them."""
    right, start = [layer.to_numpy() for layer in descent("1/2", "1/3")], np.array([[1.0, -2.0, 0.0]])
    layers = [with_value(right[0], (0, 0), 0.05), right[1]]
    first = recognise_stack(layers, d_x=3, d_y=1, initial=start)
    X, Y, Q = (np.full(shape, 0.3) for shape in ((3, 5), (1, 5), (3, 1)))
    bound = first.error_bound(rounded_up(np.concatenate([X, Y])), rounded_up(Q))
    assert 1e-4 < error(layers, first, X, Y, Q) <= bound
    last = recognise_stack([right[0], with_value(right[1], (0, 0), 0.05)], d_x=3, d_y=1, initial=start)
    assert last.family == "gradient descent"
    assert last.error_bound(1, 1) < 1e-12


@jax.jit
def climbed(layers: list[Layer], start: Any, steps: Any, gammas: Any, points: Any) -> Any:
    """The error of each of several contexts and queries of norm 1, as they are and after gradient ascent."""

    def error_at(point: Any) -> Any:
        context, query = (part / jnp.linalg.norm(part) for part in point)
        X, Y = context[:3], context[3:]
        state = Preconditioned(start, jnp.eye(3))
        for step, gamma in zip(steps, gammas, strict=True):
            state = gdpp_step(state, X, Y, step * X.shape[1], gamma)
        return jnp.linalg.norm(prediction(stack(layers, tokens(X, Y), query_tokens(start, query))[1], 3, 1) - state.weights @ query)

    def move(_: Any, at: Any) -> Any:
        slope = jax.vmap(jax.grad(error_at))(at)
        return tuple(_unit(p) + 0.3 * _unit(g) for p, g in zip(at, slope, strict=True))

    return jax.vmap(error_at)(points), jax.vmap(error_at)(jax.lax.fori_loop(0, 60, move, points))


def _unit(points: Any) -> Any:
    return points / (1e-30 + jnp.linalg.norm(points, axis=(1, 2), keepdims=True))


@pytest.mark.parametrize("family", ["gradient descent", "GD++"])
def test_the_bound_is_not_reached_by_gradient_ascent(family: str) -> None:
    """Contexts and queries on the spheres of the bound, where the error is largest, from several starts; half of them of rank one."""
    right, start = (descent("1/2", "1/3"), START) if family == "gradient descent" else (curved(("1/2", "1/5"), ("1/3", "1/7")), ZERO)
    layers = perturbed(right, 1e-2, np.random.default_rng(1))
    found = recognise_stack(layers, d_x=3, d_y=1, initial=np.array(start.tolist(), dtype=float))
    assert found.family == family
    random = np.random.default_rng(2)
    contexts, queries = (random.normal(size=(16, *shape)) for shape in ((4, 4), (3, 1)))
    contexts[::2] *= [1, 0, 0, 0]
    gammas = [float(layer.gamma or 0) for layer in found.layers]
    drawn, worst = climbed(layers, jnp.asarray(found.initial), [*found.step_sizes], gammas, (jnp.asarray(contexts), jnp.asarray(queries)))
    assert drawn.max() < worst.max() <= found.error_bound(1, 1)


@pytest.mark.parametrize(
    ("norms", "error", "message"),
    [
        ((-1.0, 1.0), ValueError, "token_norm: expected a number that is not negative, got -1.0"),
        ((1.0, float("nan")), ValueError, "query_norm: expected a finite number, got nan"),
        (("1", 1.0), TypeError, "token_norm: expected a number, got '1' of type str"),
    ],
)
def test_bad_norms_are_refused(norms: tuple[Any, Any], error: type[Exception], message: str) -> None:
    found = recognise_stack([layer.to_numpy() for layer in descent("1/2", "1/3")], d_x=3, d_y=1, initial="unknown")
    with pytest.raises(error, match=message):
        found.error_bound(*norms)
    assert found.error_bound(np.float32(1), 1) == found.error_bound(1.0, 1.0)


@pytest.mark.parametrize(("curvature", "factor"), [(1.0, 0.1), (1e5, 1.0)])
def test_a_large_curvature_hides_no_wrong_update_of_targets(curvature: float, factor: float) -> None:
    """GD++, and a head that adds a multiple of y³ to y: the x rows were so large that it was within any tolerance."""
    (step,) = gdpp_layer(1, 1, learning_rate="1/10", context=1, gamma=sympy.Rational(curvature)).to_numpy().heads
    own = np.diag([0.0, 1.0])
    layers = [Layer((step, Head(np.eye(2), own, factor * own, np.eye(2)))), gd_layer(1, 1, learning_rate="1/10", context=1).to_numpy()]
    for tolerance in (1e-5, 0.1):
        found = recognise_stack(layers, d_x=1, d_y=1, tolerance=tolerance)
        assert found.family == "none"
        assert "layer 1 does not update the context tokens as its step does" in found.reason
    assert recognise_stack([Layer((step,)), layers[1]], d_x=1, d_y=1).family == "GD++"
