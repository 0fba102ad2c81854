r"""Are two layers the same function? The entry.

The layer of all heads of both, those of the second with −P, has the tensor T − T': two layers are the same function iff it does nothing.
That decides for each choice of keys (2.4, 2.9): a context tells T from T' on the query tokens in question, or none does; taken twice, it
does so with the query among the keys; and under a causal mask the query sees all of it. Different numbers of heads, gauges and d_k are
nothing to T.
"""

from __future__ import annotations

import numpy as np
import sympy

from equivalence.checks import checked_fraction
from equivalence.models.heads import Layer
from equivalence.models.origins import origin_of
from equivalence.recognition.assumed import ANY, Assumed
from equivalence.recognition.field import Matrix
from equivalence.recognition.layer import Arranged, ExactLayer, FloatingLayer, arranged, is_exact, read_initial
from equivalence.recognition.layout import NamedRows, Rows
from equivalence.recognition.query import Query
from equivalence.recognition.result import size_of_start
from equivalence.recognition.sameness.decided import decided
from equivalence.recognition.sameness.measured import measured
from equivalence.recognition.sameness.pair import paired
from equivalence.recognition.sameness.result import Compared, Sameness
from equivalence.recognition.setting import Keys, Setting, Sign, setting_of

ROUNDED = 1e-5
"""The relative distance below which layers of floats are the same by default: float32 rounds a weight by 6e-8, and four are multiplied."""
FREE = "any"


def same_function(
    layer: Layer,
    other: Layer,
    *,
    d_x: int,
    d_y: int,
    initial: Matrix | str = "zeros",
    compare: str = "prediction",
    tolerance: float = ROUNDED,
    keys: str = "context",
    prediction: str = "minus",
    other_prediction: str | None = None,
    x_rows: Rows | None = None,
    y_rows: Rows | None = None,
    constant_row: int | None = None,
    other_x_rows: Rows | None = None,
    other_y_rows: Rows | None = None,
    other_constant_row: int | None = None,
) -> Sameness:
    """Whether two linear-attention layers with residual are the same function of context and query, for contexts of every size.

    Exact weights are decided, with a context and a query on which both were run if they differ. Floats are measured: the same if the
    relative distance of the canonical tensors is below the tolerance, rounding included; where it is not, they were run. An exact layer is
    rounded to floats to be compared with one of floats.

    Args:
        layer, other: on tokens of d_x + d_y rows, or of more if their rows are named.
        d_x, d_y: rows of the inputs and of the targets, the same for both.
        initial: on which query tokens they are compared: "zeros", [q; 0]; W₀, d_y x d_x, [q; ∓W₀q]; or "any", whatever stands in y.
        compare: "prediction", what is read out of the query token; or "update", all rows of any query token: a context token is one to
            the others, so that is what context tokens become, too.
        tolerance: for floats.
        keys: as for `recognise`, the same for both.
        prediction, x_rows, y_rows, constant_row: of the first layer, as for `recognise`.
        other_prediction, other_x_rows, other_y_rows, other_constant_row: of the second; the first one's prediction, and x, then y, if not
            given.

    Raises:
        TypeError, ValueError: naming the argument or the weight, what was expected and what came.
    """
    checked_fraction("tolerance", tolerance)
    what = _compared(compare)
    settings = setting_of(keys, prediction), setting_of(keys, other_prediction or prediction)
    rows = NamedRows(x_rows, y_rows, None, constant_row), NamedRows(other_x_rows, other_y_rows, None, other_constant_row)
    _check_signs(what, settings, initial)
    both = _of_one_kind(layer, other)
    first, second = (
        _arranged(name, each, d_x, d_y, setting.prediction, named)
        for name, each, setting, named in zip(("layer", "other"), both, settings, rows, strict=True)
    )
    start = None if what is Compared.update or _is_any(initial) else _start(initial, first.core)
    pair = paired(first, second, start, what, settings[0])
    about = [_assumed(*each, initial) for each in zip((layer, other), (first, second), settings, strict=True)]
    size = None if start is None or getattr(start, "free_symbols", None) else size_of_start(start)
    return decided(pair, size, *about) if isinstance(pair.apart, ExactLayer) else measured(pair, tolerance, size, *about)


def _assumed(layer: Layer, read: Arranged, setting: Setting, initial: Matrix | str) -> Assumed:
    """What is taken for granted of one of them; N makes no difference, as no rate is named."""
    sizes = tuple(len(head.key) for head in read.core.heads)
    query = Query.zeros if isinstance(initial, str) and initial == "zeros" else Query.given
    return Assumed("linear", sizes, setting.keys, query, ANY, read.layout, read.reads, read.writes, origin_of(layer))


def _compared(compare: str) -> Compared:
    try:
        return Compared(compare)
    except ValueError:
        raise ValueError(f"compare: expected 'prediction' or 'update', got {compare!r}") from None


def _is_any(initial: Matrix | str) -> bool:
    return isinstance(initial, str) and initial == FREE


def _check_signs(what: Compared, settings: tuple[Setting, Setting], initial: Matrix | str) -> None:
    """Where the read-outs differ, query tokens do too unless W₀ = 0, and so do keys; an update is not read out at all."""
    signs = {setting.prediction for setting in settings}
    if what is Compared.update and signs != {Sign.minus}:
        raise ValueError("prediction: expected none but 'minus', which is not looked at, with compare='update'")
    if len(signs) > 1 and settings[0].keys is Keys.all and not (isinstance(initial, str) and initial == "zeros"):
        raise ValueError("other_prediction: expected that of the first layer where the query is a key and W₀ is not 0")
    if len(signs) > 1 and _is_any(initial):
        raise ValueError("other_prediction: expected that of the first layer with initial='any', as y-parts are read with one sign")


def _of_one_kind(layer: Layer, other: Layer) -> tuple[Layer, Layer]:
    """Both exact or both of floats."""
    exact = [_is_exact(layer), _is_exact(other)]
    if exact == [True, False]:
        return layer.to_numpy(), other
    return (layer, other.to_numpy()) if exact == [False, True] else (layer, other)


def _is_exact(layer: object) -> bool:
    """Whether all weights are; of what is no layer it is not asked."""
    return isinstance(layer, Layer) and all(is_exact("layer", weight) for head in layer.heads for weight in head)


def _arranged(name: str, layer: Layer, d_x: int, d_y: int, prediction: Sign, rows: NamedRows) -> Arranged:
    try:
        return arranged(layer, d_x, d_y, prediction, rows)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def _start(initial: Matrix | str, layer: ExactLayer | FloatingLayer) -> Matrix:
    if isinstance(initial, str):
        if initial != "zeros":
            raise ValueError(f"initial: expected W₀ as a matrix, 'zeros' or 'any', got {initial!r}")
        return sympy.zeros(layer.d_y, layer.d_x) if isinstance(layer, ExactLayer) else np.zeros((layer.d_y, layer.d_x))
    return read_initial(initial, layer)
