"""What an exact verdict says, checked with tensors formed entry by entry: in Fractions; where there are roots, in SymPy's number fields."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import sympy

from equivalence.recognition import Recognition
from tests.support.constructions import KINDS, Rows, eye, inner, residual_form, times, transposed, zeros

DESCENT, GDPP, PRECONDITIONED = dict.fromkeys(KINDS)
STILL = "rate 0"
Tensor = dict[tuple[int, int, int, int], Any]
Forms = list[tuple[Any, Any]]
"""``A = P W_V`` and ``B = W_KᵀW_Q`` of each head."""


def complaint(verdict: Recognition, heads: list[list[Rows]]) -> str:
    """What is wrong with a verdict that heads are a step: its numbers, its family, its γ or its context update; or nothing."""
    number = field_of(verdict)
    forms = [(lifted(A, number), lifted(B, number)) for A, B in products(heads)]
    d_y, d_x = verdict.initial.shape
    step, gamma, W0 = number(verdict.step_size), number(verdict.gamma or Fraction(0)), lifted(verdict.initial, number)
    factors = (verdict.left_factor, d_y), (verdict.preconditioner, d_x)
    D, C = (lifted(eye(size) if factor is None else factor, number) for factor, size in factors)
    form = lifted(residual_form(verdict.initial.tolist()), number)
    A, B = scaled(step, times(D, form)), C + lifted(zeros(d_y, d_x), number)
    if predicted(forms, W0) != symmetrised([(A, B)]):
        return f"wrongly accepted as {verdict.family}: its numbers do not make its tensor"
    plain = all(factor == lifted(eye(len(factor)), number) for factor in (C, D))
    curvature = curvature_of(forms, W0)
    family = STILL if not step else PRECONDITIONED if not plain else GDPP if curvature else DESCENT
    if verdict.family != family or (family in (GDPP, STILL) and gamma != curvature):
        return f"wrongly accepted as {verdict.family} with γ = {verdict.gamma}: it is {family}"
    whole = symmetrised([(inputs_rows(gamma, d_x, d_y) + A, [row + lifted(zeros(1, d_y), number)[0] for row in B])])
    moved = GDPP if family == STILL and curvature else family
    update = moved if symmetrised(forms) == whole else "none"
    return "" if verdict.context_update == update else f"wrongly accepted: its context update is {update}, not {verdict.context_update}"


def field_of(verdict: Recognition) -> Callable[[Any], Any]:
    """How Fractions and SymPy's numbers become elements of one field in which equality is decided.

    Raises:
        ValueError: the verdict has numbers that are not real.
    """
    factors = [factor for factor in (verdict.left_factor, verdict.preconditioner) if factor is not None]
    numbers = [verdict.step_size, *(entry for matrix in (verdict.initial, *factors) for entry in matrix)]
    if not all(number.is_real for number in numbers):
        raise ValueError(f"expected real numbers, got {numbers}")
    if all(number.is_Rational for number in numbers):
        return lambda value: Fraction(int(value.p), int(value.q)) if isinstance(value, sympy.Basic) else Fraction(value)
    domain = sympy.construct_domain(numbers, field=True, extension=True)[0]
    return lambda value: domain.from_sympy(sympy.Rational(*value.as_integer_ratio()) if isinstance(value, Fraction | int) else value)


def lifted(matrix: Any, number: Callable[[Any], Any]) -> Any:
    """A matrix of field elements."""
    rows = matrix.tolist() if isinstance(matrix, sympy.MatrixBase) else matrix
    return [[number(entry) for entry in row] for row in rows]


def products(heads: list[list[Rows]]) -> Forms:
    """A and B of each head."""
    return [(times(projection, value), times(transposed(key), query)) for key, query, value, projection in heads]


def symmetrised(forms: Forms) -> Tensor:
    """``Σ A_kp B_rj + A_kr B_pj``, entry by entry."""
    A, B = forms[0]
    places = product(range(len(A)), range(len(B)), range(len(B)), range(len(B[0])))
    return {(k, p, r, j): sum(A[k][p] * B[r][j] + A[k][r] * B[p][j] for A, B in forms) for k, p, r, j in places}


def on_queries(B: Any, initial: Any) -> Any:
    """``B[I; −W₀]``."""
    d_x = len(initial[0])
    return [[row[j] - inner(row[d_x:], [line[j] for line in initial]) for j in range(d_x)] for row in B]


def predicted(forms: Forms, initial: Any) -> Tensor:
    """The tensor of the prediction on queries [q; −W₀q]."""
    return symmetrised([(A[len(initial[0]) :], on_queries(B, initial)) for A, B in forms])


def curvature_of(forms: Forms, initial: Any) -> Any:
    """γ, if the x rows of a query token's update are those of GD++; else 0."""
    d_y, d_x = len(initial), len(initial[0])
    seen = symmetrised([(A[:d_x], on_queries(B, initial)) for A, B in forms])
    gamma = -seen[0, 0, 0, 0] / 2
    unit = [[gamma - gamma + entry.numerator for entry in row] for row in eye(d_x) + zeros(d_y, d_x)]
    return gamma if seen == symmetrised([(inputs_rows(gamma, d_x, d_y), unit)]) else gamma - gamma


def inputs_rows(gamma: Any, d_x: int, d_y: int) -> Any:
    """``[−γI, 0]``, d_x x (d_x + d_y)."""
    return [[-gamma if i == j else gamma - gamma for j in range(d_x + d_y)] for i in range(d_x)]


def is_some_step(heads: list[list[Rows]], initial: Rows) -> bool:
    """Whether the prediction from this W₀ is a step for some s, D and C, which a nonzero entry at a target and an input tells."""
    d_y, d_x = len(initial), len(initial[0])
    seen = predicted(products(heads), initial)
    found = next((place for place in product(range(d_y), range(d_x, d_x + d_y), range(d_x), range(d_x)) if seen[place]), None)
    if found is None:
        return not any(seen.values())
    k, m, i, j = found
    D = [[-seen[row, d_x + column, i, j] for column in range(d_y)] for row in range(d_y)]
    C = [[seen[k, m, row, column] / seen[found] for column in range(d_x)] for row in range(d_x)]
    return seen == symmetrised([(times(D, residual_form(initial)), C + zeros(d_y, d_x))])


def shows(verdict: Recognition, heads: list[list[Rows]]) -> bool:
    """Whether the witness has what the layer and the step predict, both run by hand, and they are not the same."""
    witness = verdict.witness
    if witness is None:
        return False
    number = field_of(verdict)
    x, y, q, W0 = (lifted(part, number) for part in (witness.context_x, witness.context_y, witness.query, verdict.initial))
    own, stepped = layer_on(heads, x, y, q, W0), step_on(number(verdict.step_size), x, y, q, W0)
    return own == lifted(witness.prediction, number) and stepped == lifted(witness.expected, number) and own != stepped


def layer_on(heads: list[list[Rows]], x: Any, y: Any, q: Any, W0: Any) -> Any:
    """What heads predict at q after one context token (x, y)."""
    token, asked = x + y, q + scaled(-1, times(W0, q))
    after = asked
    for key, query, value, projection in heads:
        score = inner(*([entry for (entry,) in times(weight, column)] for weight, column in ((key, token), (query, asked))))
        after = plus(after, scaled(score, times(projection, times(value, token))))
    return scaled(-1, after[len(x) :])


def step_on(step: Any, x: Any, y: Any, q: Any, W0: Any) -> Any:
    """``W₀q + s (y − W₀x)(x·q)``."""
    residual = plus(y, scaled(-1, times(W0, x)))
    return plus(times(W0, q), scaled(step * times(transposed(x), q)[0][0], residual))


def plus(left: Any, right: Any) -> Any:
    """A sum."""
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]


def scaled(factor: Any, matrix: Any) -> Any:
    """A multiple."""
    return [[factor * entry for entry in row] for row in matrix]
