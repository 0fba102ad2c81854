r"""Stacks whose keys are not the context only (statements 2.2, 2.9, 3.8).

Let the layers by themselves be steps of gradient descent from one W₀, on contexts as the keys. If one layer moves anything, the others
are as if they were not there: under a causal mask nothing changes, and with the query among the keys its own term decides. If two or more
move, the stack is not these steps, nor others:

- with the query among the keys and W₀ = 0, what is of first order in ``YXᵀ`` is ``Σ_k s_k Π_{j>k}(1 − s_j t) YXᵀq`` with t = ‖q‖², by the
  layers' own terms; times t that is ``1 − Π(1 − s_j t)``, and of steps it is ``t Σ s_j``: the same for all t only if one s_j is not 0;
- under a causal mask, let y be 0 on the first of two tokens, x = a, and not on the second, x = b (in one coordinate, W₀ = 0). The first is
  fitted and stays so; the second and the query follow steps on the second alone, so that y is multiplied by ``p(b²) b q``,
  ``λp(λ) = 1 − Π(1 − s_j λ)``, where steps on both have ``p(a² + b²)``: the same for all a only if p is constant.

Other steps are none either: queries near 0, and contexts of one token, settle the rates. For exact weights a context is found and run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy

from equivalence.algebras import exact
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import stack
from equivalence.models.descent.least_squares import trajectory
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.recognition import Recognition, Refused, Undecided, Witness
from equivalence.recognition.in_setting import in_setting
from equivalence.recognition.layer import Arranged, ExactLayer
from equivalence.recognition.question import Question
from equivalence.recognition.result import DESCENT, STILL
from equivalence.recognition.setting import Keys, Setting, Sign
from equivalence.recognition.stacks.layerwise import Layerwise
from equivalence.recognition.stacks.result import RefusedStack, StackRecognition, UndecidedStack

LATER = {
    Keys.all: "from the second step on the query token, a key itself, adds to its own prediction (2.9)",
    Keys.causal: "from the second step on tokens follow weights of their own (3.8)",
}
Columns = tuple[sympy.MatrixBase, sympy.MatrixBase, sympy.MatrixBase]


def unjudged(reads: Sequence[Arranged], alone: Layerwise, setting: Setting) -> str:
    """Why nothing is decided of a stack in this setting, or nothing."""
    for number, read in enumerate(reads, 1):
        if read.whole is not None and _reads_constant(read):
            return f"layer {number} reads the row that is 1, which is judged in single layers only"
    if not alone.reason or not isinstance(reads[0].core, ExactLayer):
        return ""
    if setting.prediction is Sign.plus:
        return "as a function it was not decided, plus being read"
    return "" if setting.keys is Keys.context else "as a function it was not decided with these keys"


def _reads_constant(read: Arranged) -> bool:
    heads, place = (read.whole or read.core).heads, read.core.d_x
    return any(weight[:, place].astype(bool).any() for head in heads for weight in (head.key, head.query, head.value))


def with_other_keys(reads: Sequence[Arranged], alone: Layerwise, question: Question) -> tuple[Layerwise, StackRecognition | None]:
    """What layers that are steps singly are with these keys; the layers alone, and no verdict, where the keys make no difference."""
    moving = [place for place, verdict in enumerate(alone.verdicts) if {verdict.family, verdict.context_update} != {STILL}]
    if len(moving) > 1:
        return alone, _several(reads, alone, question)
    if not moving or question.setting.keys is Keys.causal:
        return alone, None
    (place,) = moving
    verdict = in_setting(alone.verdicts[place], reads[place]._replace(whole=None), question._replace(initial=alone.initial))
    if isinstance(verdict, Refused | Undecided):
        return alone, _stopped(alone, place, verdict, question)
    verdicts = (*alone.verdicts[:place], verdict, *alone.verdicts[place + 1 :])
    return Layerwise(verdict.family, verdicts, ""), None


def _stopped(alone: Layerwise, place: int, verdict: Recognition, question: Question) -> StackRecognition:
    """The own term of the one layer that moves; the others change nothing, so its witness is one of the stack."""
    known = {"layers": alone.verdicts, "initial": alone.initial, "query": question.query}
    if isinstance(verdict, Undecided):
        return UndecidedStack(**known, reason=f"layer {place + 1}: {verdict.note}")  # type: ignore[arg-type]
    reason = f"in layer {place + 1} the query token, a key itself, adds to its own prediction (2.9)"
    return RefusedStack(**known, reason=reason, witness=verdict.witness)  # type: ignore[arg-type]


def _several(reads: Sequence[Arranged], alone: Layerwise, question: Question) -> StackRecognition:
    keys, known = question.setting.keys, {"layers": alone.verdicts, "initial": alone.initial, "query": question.query}
    if any(verdict.family not in (DESCENT, STILL) for verdict in alone.verdicts):
        reason = "several steps with these keys are judged if they are of plain gradient descent"
        return UndecidedStack(**known, reason=reason)  # type: ignore[arg-type]
    layers = [read.core.matrices for read in reads if isinstance(read.core, ExactLayer)]
    witness = next(_witnesses(layers, alone, keys), None) if layers else None
    if layers and witness is None:
        return UndecidedStack(**known, reason=f"{LATER[keys]}, but no context was found on which it shows")  # type: ignore[arg-type]
    return RefusedStack(**known, reason=LATER[keys], witness=witness)  # type: ignore[arg-type]


def _witnesses(layers: Sequence[Layer], alone: Layerwise, keys: Keys) -> Iterator[Witness]:
    """The stack run on small contexts, where it is not the steps."""
    for X, Y, q in _small(alone.initial, keys, len(layers)):
        context, query = tokens(X, Y), query_tokens(alone.initial, q)
        if keys is Keys.all:
            _, after = stack(layers, context, query, queries_as_keys=True)
        else:
            columns, after = [context[:, j] for j in range(X.cols)], query
            for layer in layers:
                columns, after = causal_attention(layer, columns, after)
        predicted = prediction(after, *reversed(alone.initial.shape)).applyfunc(sympy.cancel)
        rates = [exact.scalar(s) * X.cols for s in alone.step_sizes]
        expected = (trajectory(alone.initial, X, Y, rates)[-1] @ q).applyfunc(sympy.cancel)
        if predicted != expected:
            yield Witness(X, Y, q, predicted, expected)


def _small(initial: sympy.MatrixBase, keys: Keys, depth: int) -> Iterator[Columns]:
    """Contexts in the first coordinate: by the argument above, and as polynomials have few roots, one of them shows a difference."""
    d_y, d_x = initial.shape
    x, y = sympy.ImmutableDenseMatrix.eye(d_x)[:, 0], sympy.ImmutableDenseMatrix.eye(d_y)[:, 0]
    for size in range(1, 2 * depth + 2):
        if keys is Keys.all:
            yield from ((scale * x, y, size * x) for scale in (1, 2))
        else:
            yield sympy.ImmutableDenseMatrix.hstack(size * x, x), sympy.ImmutableDenseMatrix.hstack(0 * y, y), x
