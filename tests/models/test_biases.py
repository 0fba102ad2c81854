"""Biases as a constant coordinate, against a loop over tokens that adds them."""

from __future__ import annotations

import numpy as np

from equivalence.models.attention.linear import update
from equivalence.models.biases import biased, projection_bias
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import with_constant

D, D_K, D_V, N, M = 4, 2, 3, 5, 1


def test_a_head_with_biases_is_one_without_on_tokens_with_a_constant() -> None:
    random = np.random.default_rng(3)
    head = Head(*(random.normal(size=shape) for shape in ((D_K, D), (D_K, D), (D_V, D), (D, D_V))))
    b_K, b_Q, b_V, b_P = (random.normal(size=(rows, 1)) for rows in (D_K, D_K, D_V, D))
    C, q = random.normal(size=(D, N)), random.normal(size=(D, M))
    expected = b_P.copy()
    for e in C.T:
        score = (head.key @ e + b_K[:, 0]) @ (head.query @ q[:, 0] + b_Q[:, 0])
        expected[:, 0] += head.projection @ (head.value @ e + b_V[:, 0]) * score
    layer = Layer((biased(head, key=b_K, query=b_Q, value=b_V), projection_bias(b_P, N)))
    got = update(layer, with_constant(C), with_constant(q))
    np.testing.assert_allclose(got[:D], expected, rtol=1e-12)
    assert not got[D].any()


def test_biases_that_are_not_given_are_0() -> None:
    head = Head(*(np.arange(1.0, 13.0).reshape(shape) for shape in ((3, 4), (3, 4), (3, 4), (4, 3))))
    plain = biased(head)
    assert not plain.key[:, 4].any()
    assert not plain.projection[4].any()
    assert np.array_equal(plain.value[:, :4], head.value)
