"""Biases, as weights on a constant coordinate (statement 9.7): a head with biases on tokens e is one without on ``[e; 1]``."""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of
from equivalence.algebras.protocol import M
from equivalence.algebras.sizes import Dimension
from equivalence.models.heads import Head


def biased(head: Head[M], *, key: M | None = None, query: M | None = None, value: M | None = None) -> Head[M]:
    """The head ``W_K e + b_K``, ``W_Q e + b_Q``, ``W_V e + b_V`` as one on tokens ``[e; 1]``, d + 1 rows, of which it writes the first d.

    Args:
        head: on tokens of d rows.
        key, query, value: the biases, d_k x 1, d_k x 1 and d_v x 1; 0 for none.
    """
    algebra = algebra_of(head.key)

    def wider(weight: M, bias: M | None) -> M:
        return algebra.block([[weight, algebra.zeros(weight.shape[0], 1) if bias is None else bias]])

    projection = algebra.block([[head.projection], [algebra.zeros(1, head.projection.shape[1])]])
    return Head(wider(head.key, key), wider(head.query, query), wider(head.value, value), projection)


def projection_bias(bias: M, context: Dimension) -> Head[M]:
    """The head on tokens ``[e; 1]`` that adds a bias b to every query token, as the bias of a projection does: its scores are 1.

    That depends on N: a linear head adds up over the context, a bias does not.

    Args:
        bias: b, d x 1.
        context: N.
    """
    algebra = algebra_of(bias)
    d, one, none = bias.shape[0], algebra.ones(1, 1), algebra.zeros
    constant = algebra.block([[none(1, d), one]])
    share = (algebra.scalar(1) / algebra.scalar(context)) * one
    return Head(constant, constant, algebra.block([[none(1, d), share]]), algebra.block([[bias], [none(1, 1)]]))
