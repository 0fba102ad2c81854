"""Statements 5.1 and 5.2: a linear layer that was trained is attention over its training data, and linear attention an updated layer."""

from __future__ import annotations

from collections.abc import Callable

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.features import feature_attention
from equivalence.models.attention.linear import fast_weights, head_update
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Head
from equivalence.statements import Informal, simulation, statement
from equivalence.statements.simulation import State
from equivalence.statements.steps import Items
from proofs.vocabulary import Attention, Step, arbitrary_head

IRIE = "Irie et al. 2022, after Aizerman et al. 1964; the form as Dai et al. 2022, eq. 7 to 9, have it (both read in secondary texts)"
DAI = "Dai et al. 2022, eq. 11 and 12, as a review quotes them"


@statement("5.1", "The dual form: a trained linear layer is attention over its training data", claim="weights and data", source=IRIE)
def dual_form(algebra: Algebra, d_x: Part, d_y: Part, T: Part, M: Part, *, attention: Attention = feature_attention) -> Items:
    """``(W₀ + Σ_t e_t x_tᵀ)Q = W₀Q + Σ_t e_t (x_tᵀQ)``: inputs are keys, error signals ``e_t = −η ∂L/∂(Wx)`` values. All d_x, d_y, T, M.

    So a whole run of GD is attention: K steps from W₀, for any K, each on its own examples at its own rate, are unnormalised linear
    attention over all examples that were seen, with s times the residuals of their time for values; no weights but W₀ are kept. For least
    squares that is an induction over the steps. For another loss of Wx the e_t are other numbers, and the first line is the same (that the
    gradient is then ``∂L/∂(Wx) xᵀ`` is the chain rule, cited).
    """
    W0, E = algebra.generator("W_0", d_y, d_x), algebra.generator("E", d_y, T)
    X, Q = algebra.generator("X", d_x, T), algebra.generator("Q", d_x, M)
    yield "the updated layer", (W0 + E @ X.T) @ Q
    yield "attention over the data", W0 @ Q + attention(X, E, Q)
    yield "one example more"
    e, x = algebra.generator("e", d_y, 1), algebra.generator("x", d_x, 1)
    yield "attention over all", attention(algebra.block([[X, x]]), algebra.block([[E, e]]), Q)
    yield "adds e(xᵀQ), as exᵀ is added to the weights", attention(X, E, Q) + e @ (x.T @ Q)
    yield Informal("for a loss of Wx, that its gradient in W is ∂L/∂(Wx) xᵀ")


def errors(s: Scalar, predicted: Matrix, targets: Matrix) -> Matrix:
    """``s(Y − WX)``, the error signals of least squares, s = η/N."""
    return s * (targets - predicted)


@dual_form.claim("a run of any number of steps, each on examples of its own, from W₀", kind="induction")
def run(
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    T: Part,
    N: Part,
    M: Part,
    *,
    attention: Attention = feature_attention,
    step: Step = gradient_step,
    signals: Callable[..., Matrix] = errors,
) -> Items:
    W0, Q, eta = algebra.generator("W_0", d_y, d_x), algebra.generator("Q", d_x, M), algebra.symbol("eta")
    X, Y = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N)
    seen, kept = algebra.generator("X_seen", d_x, T), algebra.generator("E", d_y, T)
    s = eta / algebra.scalar(N)
    yield "base: the first step, on X and Y, predicted from W₀"
    first = signals(s, W0 @ X, Y)
    yield "attention over the examples", W0 @ Q + attention(X, first, Q)
    yield "is the layer after the step", step(W0, X, Y, eta) @ Q
    yield "step: T examples were seen, with error signals E, so W = W₀ + E X_seenᵀ; then X and Y"
    new = signals(s, W0 @ X + attention(seen, kept, X), Y)
    yield "attention over T + N examples", W0 @ Q + attention(algebra.block([[seen, X]]), algebra.block([[kept, new]]), Q)
    yield "is the layer after one step more", step(W0 + kept @ seen.T, X, Y, eta) @ Q


@dual_form.claim("the same examples in every step: predictions alone carry the run, any K", kind="induction")
def repeated_examples(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, attention: Attention = feature_attention, step: Step = gradient_step
) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    s = eta / algebra.scalar(N)

    def attended(at_data: Matrix, at_queries: Matrix) -> State:
        new = errors(s, at_data, Y)
        return {"at_data": at_data + attention(X, new, X), "at_queries": at_queries + attention(X, new, Q)}

    yield from simulation(
        algebra,
        state={"W": (d_y, d_x)},
        begins={"W": W0},
        right=lambda W: {"W": step(W, X, Y, eta)},
        start={"at_data": W0 @ X, "at_queries": W0 @ Q},
        left=attended,
        related=lambda W: {"at_data": W @ X, "at_queries": W @ Q},
        reasons=("the predictions of W₀", "each step attends to the same examples, with new error signals"),
    )


Memory = Callable[[Head, Matrix], Matrix]


@statement("5.2", "Linear attention over demonstrations is a weight update", claim="(W_ZSL + ΔW_ICL)q", source=DAI)
def demonstrations(
    algebra: Algebra,
    d: Part,
    d_k: Part,
    d_v: Part,
    n: Part,
    N: Part,
    M: Part,
    *,
    memory: Memory = fast_weights,
) -> Items:
    """Linear attention over [demonstrations X', query tokens X] is ``(W_ZSL + ΔW_ICL)q``, ``W_ZSL = W_V X(W_K X)ᵀ``,
    ``ΔW_ICL = W_V X'(W_K X')ᵀ``, q = W_Q x, for every W_K, W_Q, W_V (P in front). All sizes.

    The identity is exact. It assumes that there is no softmax (5.4), and what it calls the initial weights is attention as well, to the
    query's own tokens: with X = x alone that part is cubic in the query token, where the demonstrations' part is linear.
    """
    before, own, x = algebra.generator("X'", d, N), algebra.generator("X", d, n), algebra.generator("x", d, M)
    weights = arbitrary_head(algebra, d, d_k, d_v)
    yield "the head over [X', X]", head_update(weights, algebra.block([[before, own]]), x)
    updated = memory(weights, own) + memory(weights, before)
    yield "P (W_ZSL + ΔW_ICL) W_Q x", weights.projection @ (updated @ (weights.query @ x))


@demonstrations.claim("ΔW_ICL is a sum over demonstrations, one outer product each")
def one_each(algebra: Algebra, d: Part, d_k: Part, d_v: Part, N: Part, *, memory: Memory = fast_weights) -> Items:
    before, more = algebra.generator("X'", d, N), algebra.generator("x'", d, 1)
    weights = arbitrary_head(algebra, d, d_k, d_v)
    yield "of N demonstrations and one more", memory(weights, algebra.block([[before, more]]))
    yield "one outer product more", memory(weights, before) + (weights.value @ more) @ (weights.key @ more).T


@demonstrations.claim("the “initial weights” see the query: for X = x, λx scales that part by λ³ and the other by λ")
def not_initial(algebra: Algebra, d: Part, d_k: Part, d_v: Part, N: Part, *, memory: Memory = fast_weights) -> Items:
    before, x, factor = algebra.generator("X'", d, N), algebra.generator("x", d, 1), algebra.symbol("lambda")
    weights = arbitrary_head(algebra, d, d_k, d_v)
    cubed = factor * factor * factor
    yield "W_ZSL q"
    yield "at λx", memory(weights, factor * x) @ (weights.query @ (factor * x))
    yield "is λ³ times that at x", cubed * ((weights.value @ x) @ ((weights.key @ x).T @ (weights.query @ x)))
    yield "ΔW_ICL q"
    yield "at λx", memory(weights, before) @ (weights.query @ (factor * x))
    yield "is λ times that at x", factor * (weights.value @ before @ ((weights.key @ before).T @ (weights.query @ x)))
