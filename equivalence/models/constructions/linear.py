"""The bridge: weights built so that a layer is a descent, over the algebra that is asked for, by default the exact one, whose weights a
reader can print.
"""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part, Size
from equivalence.models.constructions.arguments import Rate, built_count, built_initial, built_rate, checked_preconditioner
from equivalence.models.heads import Head, Layer


def gd_layer(
    d_x: Part, d_y: Part, *, learning_rate: Rate, context: Rate | Size, initial: Matrix | None = None, algebra: Algebra = exact
) -> Layer[Matrix]:
    r"""One head that takes one step of gradient descent (von Oswald et al. 2022, Prop. 1 and appendix A.1; statement 2.1).

    ``W_K = W_Q = diag(I, 0)``, ``W_V = [[0, 0], [W₀, −I]]``, ``P = (η/N) I``, each (d_x + d_y) square, for column tokens and
    the loss ``1/(2N) ‖WX − Y‖²``.

    Args:
        d_x, d_y: rows of the inputs and of the targets.
        learning_rate: η: a number, text such as "1/10", or a symbol's name.
        context: N, the number of context tokens: a number or a symbol's name.
        initial: W₀, d_y x d_x; zero if not given.
        algebra: the reading to build it in.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    start = built_initial(initial, d_x, d_y, algebra)
    step = built_rate("learning_rate", learning_rate, algebra) / built_count(context, algebra)
    value = algebra.block([[algebra.zeros(d_x, d_x), algebra.zeros(d_x, d_y)], [start, -algebra.eye(d_y)]])
    inputs = _inputs_only(d_x, d_y, algebra)
    return Layer((Head(inputs, inputs, value, step * algebra.eye((d_x, d_y))),))


def preconditioned_layer(
    d_x: Part,
    d_y: Part,
    *,
    learning_rate: Rate,
    preconditioner: Matrix,
    context: Rate | Size,
    initial: Matrix | None = None,
    algebra: Algebra = exact,
) -> Layer[Matrix]:
    r"""One head that takes one step of preconditioned gradient descent, ``W₀ − η∇L(W₀) C`` (Ahn et al. 2023, Lemma 1; statement 10.1).

    As `gd_layer`, but ``W_Q = diag(C, 0)``.

    Args:
        d_x, d_y, learning_rate, context, algebra: as for `gd_layer`.
        preconditioner: C, d_x x d_x, not necessarily symmetric.
        initial: W₀, d_y x d_x; zero if not given.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    plain = gd_layer(d_x, d_y, learning_rate=learning_rate, context=context, initial=initial, algebra=algebra)
    (head,) = plain.heads
    zeros = algebra.zeros
    query = algebra.block([[checked_preconditioner(preconditioner, d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), zeros(d_y, d_y)]])
    return Layer((head._replace(query=query),))


def gdpp_layer(
    d_x: Part, d_y: Part, *, learning_rate: Rate, gamma: Rate, context: Rate | Size, initial: Matrix | None = None, algebra: Algebra = exact
) -> Layer[Matrix]:
    r"""One head that takes one step of GD++ (von Oswald et al. 2022, appendix A.10, eq. 23; statement 3.2).

    As `gd_layer`, but ``W_V = [[I, 0], [W₀, −I]]`` and ``P = diag(−γI, (η/N) I)``: the inputs become ``(I − γXXᵀ)X``. γ has no 1/N.

    Args:
        d_x, d_y, learning_rate, context, algebra: as for `gd_layer`.
        gamma: γ, as the rate a scalar, a number, text or a symbol's name.
        initial: W₀, d_y x d_x; zero if not given.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    start = built_initial(initial, d_x, d_y, algebra)
    step = built_rate("learning_rate", learning_rate, algebra) / built_count(context, algebra)
    value = algebra.block([[algebra.eye(d_x), algebra.zeros(d_x, d_y)], [start, -algebra.eye(d_y)]])
    correction = -(built_rate("gamma", gamma, algebra) * algebra.eye(d_x))
    projection = algebra.block([[correction, algebra.zeros(d_x, d_y)], [algebra.zeros(d_y, d_x), step * algebra.eye(d_y)]])
    inputs = _inputs_only(d_x, d_y, algebra)
    return Layer((Head(inputs, inputs, value, projection),))


def _inputs_only(d_x: Part, d_y: Part, algebra: Algebra) -> Matrix:
    """diag(I, 0)."""
    zeros = algebra.zeros
    return algebra.block([[algebra.eye(d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), zeros(d_y, d_y)]])
