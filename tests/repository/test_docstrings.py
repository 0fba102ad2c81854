"""Every public name says what it takes, in which shape, and what it raises; and a docstring that does not is seen."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import equivalence

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
MODULES = ["equivalence", *re.findall(r"`(equivalence\.[a-z]+)`", GUIDE.split("## What is public")[1].split("\n## ")[0])]
SHAPED = re.compile(r"^(?!.*Layer).*\b(M|Matrix|Array|ArrayLike|ndarray)\b")
"""What an annotation calls a matrix; layers know the shapes of their weights."""
SHAPE = re.compile(r"\b\d?[\w_)]+ x [\w_(1]|\bcolumns?\b|\bscalar\b|\bkey of JAX\b")
"""How a shape is given; that of a scalar or a key by its name."""


def public() -> dict[str, Any]:
    """The names that the guide says are public, each object once."""
    found: dict[int, tuple[str, Any]] = {}
    for module in MODULES:
        home = importlib.import_module(module)
        for name in home.__all__:
            found.setdefault(id(getattr(home, name)), (f"{module}.{name}", getattr(home, name)))
    return dict(found.values())


def sections(text: str) -> dict[str, str]:
    """What stands under Args, Attributes, Returns and Raises."""
    parts = re.split(r"^(Args|Attributes|Returns|Yields|Raises):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def explained(section: str) -> dict[str, str]:
    """By name, the words on a parameter; "left, right: …" explains both."""
    entries = re.findall(r"^    ([\w*]+(?:, [\w*]+)*): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
    return {name: words for names, words in entries for name in names.split(", ")}


def lacking(thing: Any) -> Iterator[str]:
    """What a docstring leaves out."""
    text = inspect.getdoc(thing) or ""
    told = sections(text)
    words = explained(told.get("Args", "") + told.get("Attributes", ""))
    parameters = asked_of(thing)
    yield from (f"{name} is not explained" for name in parameters if name not in words)
    if isinstance(thing, FunctionType):
        shaped = [name for name, kind in parameters.items() if SHAPED.search(kind) and name in words]
        yield from (f"{name} has no shape" for name in shaped if not SHAPE.search(words[name]) and not SHAPE.search(text.split("\n\n")[0]))
        if parameters and not re.search(r"^    \w*(Error|anything)", told.get("Raises", ""), re.MULTILINE):
            yield "nothing is said of what it raises"


def asked_of(thing: Any) -> dict[str, str]:
    """The parameters of a function, or of a class of ours that is made by its fields, with their annotations."""
    if inspect.isclass(thing) and getattr(thing, "_is_protocol", False):
        return {}
    parameters = inspect.signature(thing).parameters.values()
    return {each.name: str(each.annotation) for each in parameters if each.name != "self"}


PUBLIC = {name: thing for name, thing in public().items() if callable(thing)}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_says_what_it_takes_and_raises(name: str) -> None:
    assert list(lacking(PUBLIC[name])) == []


def test_all_public_names_are_looked_at() -> None:
    assert len(PUBLIC) >= 95
    assert {f"equivalence.{name}" for name in equivalence.__all__} <= set(PUBLIC) | {"equivalence.exact"}


def good(weights: Any, rate: float) -> None:
    """Does it.

    Args:
        weights: W, d_y x d_x.
        rate: η.

    Raises:
        ValueError: naming the argument.
    """


def without_args(weights: Any, rate: float) -> None:
    """Does it with weights and a rate.

    Raises:
        ValueError: naming the argument.
    """


def without_raises(rate: float) -> None:
    """Does it.

    Args:
        rate: η. Raises: nothing is said.
    """


def without_shape(weights: Any, rate: float) -> None:
    """Does it.

    Args:
        weights: W.
        rate: η.

    Raises:
        ValueError: naming the argument.
    """


without_shape.__annotations__["weights"] = good.__annotations__["weights"] = "ArrayLike"


@pytest.mark.parametrize(
    ("thing", "messages"),
    [
        (good, []),
        (without_args, ["weights is not explained", "rate is not explained"]),
        (without_raises, ["nothing is said of what it raises"]),
        (without_shape, ["weights has no shape"]),
    ],
)
def test_what_a_docstring_leaves_out_is_seen(thing: Callable[..., None], messages: list[str]) -> None:
    assert list(lacking(thing)) == messages
