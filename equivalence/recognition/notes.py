r"""What is likely to have been mistaken where a verdict looks odd.

*A negative rate.* Either the layer ascends, or its prediction is read with the other sign (2.8).

*A rate that is too large.* Where N is given: a step of rate η makes the residual along an eigenvector of ``XXᵀ/N`` larger where the
eigenvalue λ is above 2/η. The mean eigenvalue of inputs with independent entries of mean 0 is their variance, and the largest eigenvalue is
at least the mean. The smallest inputs of the literature are uniform on (−½, ½), of variance 1/12: for η > 24 the step diverges on these,
and on larger ones the more. Weights of softmax layers are large, and read as linear ones they look so.

*More dimensions in a head than in a token.* They are not needed, but several heads that were taken for one look so.

*The other convention.* Where all weights are square they can be read either way. If a layer is of no family, but with each weight
transposed it is, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy

from equivalence.models.heads import Head, Layer
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.result import DESCENT, GDPP, PRECONDITIONED, Recognition
from equivalence.recognition.setting import Sign

MOVING = (DESCENT, PRECONDITIONED, GDPP)
SMALLEST_VARIANCE = 1 / 12
"""Of the inputs of the literature."""


def notes_on(verdict: Recognition, assumed: Assumed) -> Iterator[str]:
    """What may have been mistaken, by the verdict's numbers and by the shapes."""
    d_k, d = max(assumed.key_dimensions), assumed.layout.size
    if d_k > d:
        yield f"a head has d_k = {d_k}, more than the d = {d} rows of a token: were several heads taken for one?"
    if verdict.family not in MOVING:
        return
    if _is_negative(verdict.step_size):
        other = str(Sign.plus if assumed.layout.prediction is Sign.minus else Sign.minus)
        yield f"the rate is negative, which is ascent; where the prediction is {other} the y-part it is descent: see prediction={other!r}"
    rate = verdict.learning_rate
    if assumed.context is not None and not getattr(rate, "free_symbols", None) and abs(float(rate)) * SMALLEST_VARIANCE > 2:
        large = abs(float(rate))
        yield (
            f"a step of |η| = {large:.4g} diverges where an eigenvalue of XXᵀ/N is above 2/|η| = {2 / large:.2g}, which is small for any"
            " inputs in use: attention was taken to be linear; is it softmax, or N another number?"
        )


def _is_negative(step: sympy.Expr | float) -> bool:
    return bool(step.is_negative) if isinstance(step, sympy.Basic) else step < 0


def transposed(layer: Layer) -> Layer | None:
    """The layer as it is if its weights, with all heads side by side, are to be read in the other convention; None if that cannot be."""
    sides = [[np.asarray(getattr(head, name)) for head in layer.heads] for name in ("key", "query", "value")]
    sides.append([np.asarray(head.projection).T for head in layer.heads])
    joined = [np.concatenate(parts) for parts in sides]
    if any(whole.shape[0] != whole.shape[1] for whole in joined):
        return None
    turned = [np.split(whole.T, np.cumsum([len(part) for part in parts])[:-1]) for whole, parts in zip(joined, sides, strict=True)]
    return Layer(tuple(Head(key, query, value, out.T) for key, query, value, out in zip(*turned, strict=True)))
