r"""The setting of a layer: which tokens are keys, and how the prediction is read. By 2.2, 2.8, 2.9 and 3.8 the same weights are another
function in each.

*Keys.* Let T be the canonical tensor of a layer (2.4), so that the update of a query token u by a context is ``Σ_i T(e_i, e_i, u)``.

- "context": the context tokens only. T decides, on the query tokens in question.
- "causal": a context token sees those up to itself, and the query token, which is no key, all of them (3.8). For one layer T decides in
  the same way: the prediction is the same function, and the context tokens follow the steps of their own prefixes.
- "all": the context and the query token. One more term is added, ``T(u, u, u)``, which no context changes: the context taken twice tells it
  from the rest (2.9). So the layer is a member iff T is the member's on query tokens, *and* this own term is 0 for every q. On queries
  ``[q; −W₀q]`` a member's is ``2sDW₀q·qᵀCq``, so 0 iff s = 0, DW₀ = 0 or C is antisymmetric; on queries ``[q; W₀q]``, whose residual is
  0, it is 0. The x rows of GD++ have the own term ``−γqqᵀq``, which is 0 for γ = 0 only.

One query token is asked about. Several among the keys see each other; with W₀ = 0 none adds anything to a step.

*The read-out.* "minus": queries ``[q; −W₀q]``, the prediction is minus the y-part. "plus": queries ``[q; W₀q]``, and plus it, the context
tokens being ``[x; y]`` in both. That is the layer of ``W_Q diag(I, −I)`` and ``diag(I, −I)P`` read as minus (2.8), for the query token:
the context tokens' own update is not that of the data then, unless the rate is 0, as it would need the opposite sign.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


class Keys(StrEnum):
    """Which tokens serve as keys and values."""

    context = "context"
    all = "all"
    causal = "causal"


class Sign(StrEnum):
    """How the prediction is read off the y-part of the query token."""

    minus = "minus"
    plus = "plus"


KEYS = {
    Keys.context: "the context tokens only",
    Keys.all: "the context tokens and the query token",
    Keys.causal: "the context tokens, each for itself and those after it; the query token is none",
}


TOKEN = {Sign.minus: "[q; −W₀q]", Sign.plus: "[q; W₀q]"}
"""The query token."""


class Setting(NamedTuple):
    """How a layer is used.

    Attributes:
        keys: which tokens are keys.
        prediction: how it is read.
        constant: whether its tokens are ``[x; 1; y]``.
    """

    keys: Keys = Keys.context
    prediction: Sign = Sign.minus
    constant: bool = False

    @property
    def own_sign(self) -> int:
        """What the y-part of the query token is to be multiplied by where it is a key of the layer as it is judged."""
        return 1 if self.prediction is Sign.minus else -1


PLAIN = Setting()
"""Keys are the context only, and minus the y-part is read."""


def setting_of(keys: str, prediction: str) -> Setting:
    """The setting. Raises ValueError for another word."""
    return Setting(_chosen("keys", keys, Keys), _chosen("prediction", prediction, Sign))


def _chosen(name: str, value: str, choices: type[Choice]) -> Choice:
    try:
        return choices(value)
    except ValueError:
        raise ValueError(f"{name}: expected {' or '.join(repr(str(choice)) for choice in choices)}, got {value!r}") from None
