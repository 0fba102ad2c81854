"""Is this layer gradient descent? The entry: exact weights are decided, floating weights are measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sympy

from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Size
from equivalence.checks import checked_fraction
from equivalence.loading.layers import layer_of
from equivalence.models.constructions.arguments import Rate, built_count
from equivalence.models.heads import Layer
from equivalence.models.origins import origin_of
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.exact.decided import decided
from equivalence.recognition.field import Matrix
from equivalence.recognition.floats.measured import is_near, measured
from equivalence.recognition.in_setting import in_setting
from equivalence.recognition.layer import Arranged, ExactLayer, FloatingLayer, arranged
from equivalence.recognition.layout import NamedRows, Rows
from equivalence.recognition.notes import notes_on, transposed
from equivalence.recognition.query import Query
from equivalence.recognition.question import Question, asked
from equivalence.recognition.result import NOT_JUDGED, Accepted, Recognition, Refused, Still, Undecided
from equivalence.recognition.setting import PLAIN, Keys, setting_of

MOST_TURNED = 256
"""Up to this d the other convention is tried: with larger weights that would take as long as the verdict."""


def recognise(
    layer: Layer | object,
    *,
    d_x: int,
    d_y: int,
    initial: Matrix | str = "zeros",
    context: Rate | Size | None = None,
    tolerance: float = 0.1,
    keys: str = "context",
    prediction: str = "minus",
    x_rows: Rows | None = None,
    y_rows: Rows | None = None,
    read_rows: Rows | None = None,
    constant_row: int | None = None,
) -> Recognition:
    r"""Which family of descents a linear-attention layer with residual belongs to (statements 2.3, 2.4, 9.1, 9.2).

    Tokens are columns ``[x; y]``, the query token is ``[q; −W₀q]`` and no key, the prediction is minus its y-part after the layer, if
    nothing else is said. The canonical tensor of all heads together decides: how heads are split, ordered or gauged does not matter. What
    a verdict takes for granted is in its `assumed`, and what looks mistaken in its `note`.

    Exact weights (SymPy, FLINT rationals, arrays of integers or Fractions) are decided; with symbols, as rational functions of
    them. For floats the simplest family is reported whose relative distance is below the tolerance and well below that of random heads,
    and the nearest GD step otherwise. What rounding leaves open is "not decided". γ is invisible in the prediction of one layer (3.4):
    GD++ is read off the x rows of the query token's update. Where these are of no family they are left out of account, as for a layer
    that was trained on predictions only. A prediction that never moves is a verdict of its own, "rate 0".

    Args:
        layer: the heads, on tokens of d_x + d_y rows, or of more if their rows are named; or a module, a state_dict or another mapping
            that `load_layers` reads as one layer without more being said, or what it loaded, if that is one layer.
        d_x, d_y: rows of the inputs and of the targets.
        initial: which query token [q; −W₀q] is meant: "zeros", [q; 0], which is what the literature trains; W₀ itself, d_y x d_x; or
            "unknown": W₀ is searched for. For exact weights that are a GD step it is found then, or a ValueError asks for it; for
            floats it is estimated, and where no step is found that is no verdict that there is none.
        context: N, with which η = N·s is reported.
        tolerance: the largest relative distance ‖T − T*‖/‖T‖ at which floating weights are said to belong to a family.
        keys: which tokens are keys and values: "context"; "all", the query token too; or "causal". See `setting` for what each changes.
        prediction: "minus", or "plus": the query token is [q; W₀q], and plus its y-part is the prediction.
        x_rows, y_rows: where x and y stand in a token, counted from 0; first x, then y if not given.
        read_rows: where the prediction is read, if not in the y rows; for W₀ = 0 only, as the query token is 0 there.
        constant_row: a row that is 1 in every token, which is what a bias is (statement 9.7). Other rows are taken as 0.

    Raises:
        TypeError, ValueError: naming the argument or the weight, what was expected and what came.
    """
    has_others = any(rows is not None for rows in (x_rows, y_rows, read_rows, constant_row))
    layer = layer_of(layer) if has_others else layer_of(layer, d_x, d_y)
    checked_fraction("tolerance", tolerance)
    setting = setting_of(keys, prediction)
    read = arranged(layer, d_x, d_y, setting.prediction, NamedRows(x_rows, y_rows, read_rows, constant_row))
    count = sympy.Integer(1) if context is None else exact.scalar(built_count(context, exact))
    question = asked(initial, read.core, tolerance, count, setting._replace(constant=read.whole is not None))
    check_read_out(read, question)
    verdict = replace(judged_in_setting(read, question), assumed=assumed_of(layer, read, question, None if context is None else str(count)))
    return with_notes(verdict, layer, question)


def check_read_out(read: Arranged, question: Question) -> None:
    """Whether the initial prediction is in the token: in other rows than those of y there is none but 0. Raises ValueError."""
    if read.layout.read != read.layout.y and question.query is not Query.zeros:
        raise ValueError("read_rows: expected those of y where W₀ is not 0, as the query token holds W₀q there; or initial='zeros'")


def judged_in_setting(read: Arranged, question: Question) -> Recognition:
    """The verdict on a layer that was read, in its setting."""
    if question.initial is None and question.setting.keys is Keys.all and isinstance(read.core, ExactLayer):
        at_zero = judged_in_setting(read, question._replace(initial=sympy.zeros(read.core.d_y, read.core.d_x)))
        if isinstance(at_zero, Accepted | Still):  # the own term asks for it
            return at_zero
    verdict = judged(read.core, question)
    if question.setting != PLAIN:
        verdict = in_setting(verdict, read, question)
    return verdict if read.layout.read == read.layout.y else replace(verdict, context_update=NOT_JUDGED)


def judged(layer: ExactLayer | FloatingLayer, question: Question) -> Recognition:
    """The verdict on tokens ``[x; y]``, keys the context."""
    return decided(layer, question) if isinstance(layer, ExactLayer) else measured(layer, question)


def assumed_of(layer: Layer, read: Arranged, question: Question, context: str | None) -> Assumed:
    """What a verdict on a layer takes for granted."""
    sizes = tuple(len(head.key) for head in read.core.heads)
    return Assumed("linear", sizes, question.setting.keys, question.query, context, read.layout, read.reads, read.writes, origin_of(layer))


def with_notes(verdict: Recognition, layer: Layer, question: Question) -> Recognition:
    """The verdict and what looks mistaken in it."""
    if verdict.assumed is None:
        return verdict
    notes = [verdict.note, *notes_on(verdict, verdict.assumed)]
    if isinstance(verdict, Refused | Undecided) and not verdict.exact:
        notes.append(_by_the_other_convention(verdict, layer, question))
    return replace(verdict, note="; ".join(filter(None, notes)))


def _by_the_other_convention(verdict: Recognition, layer: Layer, question: Question) -> str:
    """What the layer is if its weights are read so, where it is something; an unknown W₀ is taken to be 0, as a search takes its time."""
    layout = verdict.assumed.layout if verdict.assumed else None
    if layout is None or layout.size > MOST_TURNED or layout.others or layout.constant is not None or (other := transposed(layer)) is None:
        return ""
    start = np.zeros((len(layout.y), len(layout.x))) if question.initial is None else question.initial
    read = arranged(other, len(layout.x), len(layout.y), question.setting.prediction, NamedRows(layout.x, layout.y, layout.read))
    if not isinstance(read.core, FloatingLayer) or not is_near(read.core, start, question.tolerance):
        return ""
    found = judged_in_setting(read, question._replace(initial=start))
    if not isinstance(found, Accepted):
        return ""
    within = f"{found.family} within {found.relative_distance:.2g}"
    return f"with each weight transposed the layer is {within}: are the weights of the other convention, rows or columns?"
