"""Wrong versions of whatever a claim lets be replaced: of constructions, slopes, steps, maps, numbers and witnesses.

The kinds are told apart by the default values, so a new claim is covered by itself; a default of a kind that is not known is an error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar, get_args, get_type_hints

from equivalence.algebras import algebra_of, exact
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Layer
from equivalence.statements import Claim

Function = Callable[..., object]
Change = Callable[..., object]
Value = TypeVar("Value")


class Wrong(NamedTuple):
    """A value to be put in the place of a part, and how it is wrong."""

    name: str
    value: object


CHANGES: dict[str, Change] = {"zero": lambda right: right - right, "negative": lambda right: -right, "double": lambda right: right + right}
NUMBERS: dict[str, Callable[[Fraction], Fraction]] = {"zero": lambda q: q - q, "negative": lambda q: -q, "next": lambda q: q + 1}


def wrong_versions(claim: Claim, part: str) -> list[Wrong]:
    """The wrong versions of a part, none equal to its default."""
    default = inspect.signature(claim.program).parameters[part].default
    return [wrong for wrong in _versions(default) if callable(default) or wrong.value != default]


def _versions(default: object) -> Iterator[Wrong]:
    if callable(default):
        yield from _of_function(default)
    elif isinstance(default, bool) or not isinstance(default, int | str | tuple):
        raise TypeError(f"no wrong version is known of {default!r}; add its kind")
    elif isinstance(default, int | str):
        yield from (Wrong(name, type(default)(change(Fraction(default)))) for name, change in NUMBERS.items())
    elif all(map(callable, default)):
        yield from _of_members(default)
    elif all(isinstance(member, str) for member in default):
        yield Wrong("one less", default[1:])
        yield Wrong("one twice", (*default[1:], default[-1]))
    else:
        changes = CHANGES | {"next": lambda right: right + 1}
        yield from (Wrong(name, tuple(tuple(map(change, row)) for row in default)) for name, change in changes.items())


def _of_function(right: Function) -> Iterator[Wrong]:
    """A factor wrong in one of its results; a count dropped; GD++ in the place of plain descent, and the other way."""
    count = results_of(right)
    for name, change in CHANGES.items():
        for place in range(count):
            yield Wrong(f"{name} {place}" if count > 1 else name, _changed(right, change, place))
    parameters = _parameters(right)
    if {"context", "learning_rate"} <= set(parameters):
        yield Wrong("no 1/N", lambda *sizes, **rest: right(*sizes, **{**rest, "context": 1}))
    elif "inputs" in parameters:
        yield Wrong("no 1/N", _without_count(right, parameters))
    if right is gd_layer:
        yield Wrong("GD++", _gdpp_instead)
    if right is gdpp_layer:
        yield Wrong("plain", lambda *sizes, gamma, **rest: gd_layer(*sizes, **rest))


def _of_members(functions: Sequence[Function]) -> Iterator[Wrong]:
    for place, right in enumerate(functions):
        for wrong in _of_function(right):
            yield Wrong(f"{wrong.name} of {place}", (*functions[:place], wrong.value, *functions[place + 1 :]))


def results_of(function: Function) -> int:
    """How many results a function has, by its annotation: those of a tuple or of a named tuple; else one."""
    try:
        result = get_type_hints(function).get("return")
    except (NameError, TypeError):
        return 1
    fields = getattr(result, "_fields", ())
    arguments = get_args(result) if getattr(result, "__origin__", None) is tuple else ()
    return 1 if result is Layer else max(len(fields), len(arguments), 1)


def _changed(right: Function, change: Change, place: int) -> Function:
    def wrong(*arguments: object, **rest: object) -> object:
        result = right(*arguments, **rest)
        if not isinstance(result, tuple) or isinstance(result, Layer):
            return _apply(change, result)
        members = [_apply(change, member) if number == place else member for number, member in enumerate(result)]
        return type(result)(*members) if hasattr(result, "_fields") else tuple(members)

    return wrong


def _apply(change: Change, result: object) -> object:
    """A layer is changed in what it writes, a list in each of its members."""
    if isinstance(result, Layer):
        return Layer(tuple(head._replace(projection=change(head.projection)) for head in result.heads))
    return [change(member) for member in result] if isinstance(result, list) else change(result)


def _without_count(right: Function, parameters: Sequence[str]) -> Function:
    """The rate times N, or the result where there is no rate."""

    def wrong(*arguments: object, **rest: object) -> object:
        given = dict(zip(parameters, arguments, strict=False)) | rest
        inputs = given["inputs"]
        count = algebra_of(inputs).scalar(inputs.shape[1])  # type: ignore[attr-defined, call-overload]
        if "rate" in given:
            return right(**{**given, "rate": count * given["rate"]})
        return count * right(**given)

    return wrong


def _gdpp_instead(*sizes: object, algebra: object = exact, **rest: object) -> Layer:
    return gdpp_layer(*sizes, gamma=algebra.scalar("1/3"), algebra=algebra, **rest)  # type: ignore[attr-defined, arg-type, call-overload, misc]


def _parameters(function: Function) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:
        return []
