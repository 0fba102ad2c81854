"""Packages that only some users need: they are imported where they are used, and an error names the extra that they come with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

DISTRIBUTION = "attention-descent-equivalence"
EXTRAS = {
    "jax": ("jax",),
    "loading": ("safetensors", "ml_dtypes"),
    "plots": ("matplotlib",),
    "testing": ("hypothesis",),
}
"""Name of an extra: the packages that are imported for its sake."""


class MissingExtraError(ModuleNotFoundError):
    """A package is not installed; the message names the extra and the command that installs it."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """What is imported in here comes with the extra of this name.

    Raises MissingExtraError if a package of the extra is not there. Other errors of an import, also of a package of ours, pass as they are.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS[name]:
            raise
        raise MissingExtraError(
            f"{package} is not installed; it comes with the extra {name!r}: python -m pip install '{DISTRIBUTION}[{name}]'", name=error.name
        ) from None
