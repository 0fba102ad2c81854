"""Arrays out of what is in memory: a ``state_dict``, a mapping, a tree of mappings or dataclasses, or a module that holds them.

Nothing is imported for it: a module of PyTorch is known by its ``state_dict``, a variable of nnx by its ``value``, a module of equinox is
a dataclass. What a module says of itself, such as its number of heads, is read too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypedDict, TypeVar

import numpy as np

from equivalence.loading.files import Declared, shown
from equivalence.models.weights import untied

HEADS = ("num_heads", "n_heads", "n_head", "num_attention_heads")
GROUPS = ("num_key_value_heads", "num_kv_heads", "n_key_value_heads")
SCALING = ("scaling",)
"""By which attributes a module, or its configuration, says how many heads it has, of keys and values too, and how it scales scores."""
CONFIGURATIONS = ("config", "cfg")
TOGETHER = ("GPTNeoX", "Bloom")
"""Classes whose names begin so hold each head's query, key and value together in a fused weight."""
NUMERIC = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {"float64", "float32", "float16", "bfloat16"}
DEEPEST = 32

N = TypeVar("N", int, float)


class Told(TypedDict, total=False):
    """What a module says of itself.

    Attributes:
        heads, groups: how many heads there are, and how many of keys and values.
        scaling: by what it multiplies scores.
        fused: "heads" where each head's query, key and value lie together.
        zero_token: whether it appends a token of zeros.
    """

    heads: int
    groups: int
    scaling: float
    fused: str
    zero_token: bool


class Tree:
    """Named arrays of an object, as an `equivalence.loading.files.ArrayFile`.

    Attributes:
        names: of all arrays.
        title: what the object is called.
        told: what it says of itself.
    """

    def __init__(self, source: object):
        """Raises TypeError or ValueError: an object that holds no arrays, or whose parts contradict each other."""
        self.title = type(source).__name__
        state = getattr(source, "state_dict", None)
        self._arrays = dict(_leaves(state() if callable(state) else source, (), ()))
        self.names = tuple(self._arrays)
        if not self._arrays:
            raise TypeError(f"source: expected a path, a module, a state_dict or a tree of arrays, got {self.title}, which holds no arrays")
        self.told = _told(source)

    def declared(self, name: str) -> Declared:
        """What an array says of itself."""
        array = self._arrays[name]
        dtype = str(getattr(array, "dtype", "")).removeprefix("torch.")
        return Declared(tuple(map(int, getattr(array, "shape", ()))), dtype, dtype in NUMERIC)

    def array(self, name: str) -> np.ndarray:
        """Its numbers. Raises ValueError for an array that has none here, such as a tensor on the device ``meta``."""
        try:
            return np.asarray(untied(self._arrays[name]))
        except (TypeError, RuntimeError, NotImplementedError) as error:
            raise ValueError(f"{shown(name)}: expected an array whose numbers can be read, got {type(error).__name__}: {error}") from error


def holds_arrays(source: object) -> bool:
    """Whether an object is a module, or a tree with an array in it."""
    return callable(getattr(source, "state_dict", None)) or (
        not hasattr(source, "shape") and next(_leaves(source, (), ()), None) is not None
    )


def _leaves(value: object, path: tuple[str, ...], above: tuple[int, ...]) -> Iterator[tuple[str, object]]:
    """All arrays with their names."""
    if id(value) in above or len(path) > DEEPEST:
        return
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        yield "/".join(path), value
        return
    for name, inner in _inner(value):
        yield from _leaves(inner, (*path, name) if name else path, (*above, id(value)))


def _inner(value: object) -> Iterator[tuple[str, object]]:
    """The parts of a node of a tree, none of a leaf."""
    if isinstance(value, Mapping):
        return ((str(name), inner) for name, inner in value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return zip(value._fields, value, strict=True)
    if isinstance(value, list | tuple):
        return ((str(number), inner) for number, inner in enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ((field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value))
    if hasattr(value, "get_value") and _is_from(value, "flax"):
        return iter([("", value.get_value())])
    return iter(getattr(value, "__dict__", {}).items() if _is_from(value, "flax") else ())


def _is_from(value: object, package: str) -> bool:
    return any(base.__module__.partition(".")[0] == package for base in type(value).__mro__)


def _told(source: object) -> Told:
    """What the modules in an object, and their configurations, say of themselves."""
    nodes = [*_nodes(source)]
    for node in nodes:
        _check_one_width(node)
    told: Told = {}
    if heads := _agreed(HEADS, int, nodes):
        told["heads"] = heads
    if groups := _agreed(GROUPS, int, nodes):
        told["groups"] = groups
    if scaling := _agreed(SCALING, float, nodes):
        told["scaling"] = scaling
    if any(type(node).__name__.startswith(TOGETHER) for node in nodes):
        told["fused"] = "heads"
    if any(getattr(node, "add_zero_attn", False) is True for node in nodes):
        told["zero_token"] = True
    return told


def _nodes(source: object, above: tuple[int, ...] = ()) -> Iterator[object]:
    """The modules of an object, itself among them, and their configurations."""
    if id(source) in above or len(above) > DEEPEST or hasattr(source, "shape"):
        return
    modules = getattr(source, "modules", None)
    for node in modules() if callable(modules) else [source]:
        yield node
        yield from (getattr(node, name) for name in CONFIGURATIONS if not isinstance(node, Mapping) and hasattr(node, name))
    if not callable(modules):
        for _, inner in _inner(source):
            yield from _nodes(inner, (*above, id(source)))


def _agreed(names: tuple[str, ...], kind: type[N], nodes: list[object]) -> N | None:
    """The one number that attributes of these names have, if there are any."""
    values = (getattr(node, name, None) for node in nodes if not isinstance(node, Mapping) for name in names)
    found = {value for value in values if isinstance(value, kind) and not isinstance(value, bool)}
    if len(found) > 1:
        raise ValueError(
            f"source: expected layers of one kind, got modules with {names[0]} = {', '.join(map(str, sorted(found)))}; load each"
        )
    return next(iter(found), None)


def _check_one_width(node: object) -> None:
    """Cross-attention reads keys and values from other tokens than queries."""
    width = getattr(node, "embed_dim", None)
    for name in ("kdim", "vdim"):
        other = getattr(node, name, None)
        if isinstance(width, int) and isinstance(other, int) and other != width:
            raise ValueError(
                f"source: expected {name} = embed_dim = {width}, as keys and values are of the same tokens as queries, got {other}"
            )
