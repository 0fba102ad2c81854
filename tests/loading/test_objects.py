"""Modules and trees: known by what they do, not by an import; what they say of themselves is used, and what contradicts it is an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from equivalence.loading.objects import DEEPEST
from equivalence.recognition import recognise
from tests.support.library_files import (
    EQUINOX,
    FILES,
    RATE,
    SIZES,
    D,
    Entries,
    beside,
    columns,
    in_heads,
    in_parts,
    nested,
    on_axes,
    planted,
    prefixed,
)
from tests.support.tensors import Tensor

TORCH: Entries = {"in_proj_weight": in_parts(planted()), "out_proj.weight": beside(planted().projection)}


class Module:
    """What a module of PyTorch has: tensors under names, modules below it, and attributes."""

    def __init__(self, entries: Entries, dtype: Any = np.float64, below: tuple[object, ...] = (), **attributes: Any):
        self._entries, self._dtype, self._below = entries, dtype, below
        vars(self).update(attributes)

    def state_dict(self) -> dict[str, Tensor]:
        return {name: Tensor(entry.astype(self._dtype)) for name, entry in self._entries.items()}

    def modules(self) -> Iterator[object]:
        return iter((self, *self._below))


class MultiheadAttention(Module):
    """It has the name, and says the number of heads."""


def assert_planted(source: object, rate: float = RATE, **how: Any) -> Any:
    (layer,) = loaded = load_layers(source, **how)
    found = recognise(layer, **SIZES)
    assert found.family == "gradient descent"
    assert found.learning_rate == pytest.approx(rate, rel=1e-12)
    return loaded.assumed


def test_a_module_says_how_many_heads_it_has() -> None:
    told = assert_planted(MultiheadAttention(TORCH, num_heads=2, embed_dim=D, kdim=D, vdim=D))
    assert told.lines[:4] == (
        "weights: MultiheadAttention, read as nn.MultiheadAttention of PyTorch",
        "convention: columns (nn.MultiheadAttention of PyTorch has it so)",
        "heads: 2 (the module says so)",
        "scores: divided by √d_k (as its library does)",
    )
    assert "torch" not in sys.modules


def test_what_contradicts_a_module_is_an_error() -> None:
    module = MultiheadAttention(TORCH, num_heads=2, embed_dim=D)
    with pytest.raises(ValueError, match=r"^heads: expected 2, as the module says of itself, got 3$"):
        load_layers(module, heads=3)
    with pytest.raises(
        ValueError, match=r"^'in_proj_weight': expected shape \('a multiple of 6', 5\), got \(18, 6\); check d = d_x \+ d_y$"
    ):
        load_layers(module, d=5)
    wider = MultiheadAttention(TORCH, num_heads=2, embed_dim=D, kdim=4)
    with pytest.raises(
        ValueError, match=r"^source: expected kdim = embed_dim = 6, as keys and values are of the same tokens as queries, got 4$"
    ):
        load_layers(wider)


def test_a_model_of_layers_with_different_heads_is_loaded_layer_by_layer() -> None:
    model = Module(TORCH, below=(SimpleNamespace(num_heads=2), SimpleNamespace(num_heads=4)))
    with pytest.raises(ValueError, match=r"^source: expected layers of one kind, got modules with num_heads = 2, 4; load each$"):
        load_layers(model)


def test_a_configuration_says_heads_groups_and_scale() -> None:
    entries = columns(planted(4, 2, rate=RATE), ("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"))
    config = SimpleNamespace(num_attention_heads=4, num_key_value_heads=2)
    attention = SimpleNamespace(scaling=1 / np.sqrt(3), config=config)
    told = assert_planted(Module(entries, config=config, below=(attention,)))
    assert (told.heads, told.groups, told.scores, told.because["scores"]) == (4, 2, "multiplied by 0.57735", "the module says so")
    other = SimpleNamespace(num_attention_heads=4, num_key_value_heads=4)
    with pytest.raises(ValueError, match=r"^'k_proj.weight' as key: expected shape \(12, 6\), got \(6, 6\); check d"):
        load_layers(Module(entries, config=other))


def test_classes_of_which_it_is_known_need_not_be_asked_how_a_weight_is_fused() -> None:
    class BloomAttention(Module):
        pass

    entries = {"query_key_value.weight": in_heads(planted()), "dense.weight": beside(planted().projection)}
    assert_planted(BloomAttention(entries, num_heads=2))
    assert_planted(Module(entries, below=(BloomAttention(entries),)), heads=2)
    with pytest.raises(ValueError, match=r"^fused: expected 'heads', as the module says of itself, got 'parts'$"):
        load_layers(BloomAttention(entries, num_heads=2), fused="parts")


def test_a_token_of_zeros_is_told() -> None:
    told = assert_planted(MultiheadAttention(TORCH, num_heads=2, add_zero_attn=True))
    assert "the token of zeros of add_zero_attn, which changes softmax only" in [left.name for left in told.left_out]


@pytest.mark.parametrize(("dtype", "rounding"), [(np.float64, 2.0**-53), (np.float32, 2.0**-24), (ml_dtypes.bfloat16, 2.0**-8)])
def test_tensors_of_any_float_with_gradients(dtype: Any, rounding: float) -> None:
    loaded = load_layers(MultiheadAttention(TORCH, dtype, num_heads=2))
    expected = load_layers({name: entry.astype(dtype).astype(float) for name, entry in TORCH.items()}, heads=2)
    assert np.array_equal(loaded[0].heads[1].query, expected[0].heads[1].query)
    assert loaded.assumed.rounding == rounding


def test_a_tensor_without_numbers_is_named() -> None:
    class Meta(Tensor):
        def detach(self) -> Tensor:
            raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    entries = {name: Meta(entry) for name, entry in TORCH.items()}
    with pytest.raises(ValueError, match=r"^'in_proj_weight': expected an array whose numbers can be read, got NotImplementedErr"):
        load_layers(entries, heads=2)


class Linear(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray | None = None


@dataclass
class Attention:
    """What a module of equinox is."""

    query_proj: Linear
    key_proj: Linear
    value_proj: Linear
    output_proj: Linear
    num_heads: int
    inference: bool = False


def test_dataclasses_and_named_tuples_are_trees() -> None:
    query, key, value, output = columns(planted(), prefixed("", EQUINOX)).values()
    module = Attention(Linear(query), Linear(key), Linear(value), Linear(output, np.zeros(D)), num_heads=2)
    told = assert_planted(module)
    assert (told.layout, told.source, told.because["heads"]) == ("equinox", "Attention", "the module says so")
    assert len(load_layers({"layers": [module, module]})) == 2


class Variable:
    """What a variable of nnx is, for those that do not import it."""

    __module__ = "flax.nnx.variablelib"

    def __init__(self, value: object):
        self._value = value

    def get_value(self) -> object:
        return self._value


class NnxModule:
    """A module of nnx, which may refer to itself."""

    __module__ = "flax.nnx.module"

    def __init__(self, **parts: Any):
        vars(self).update(parts, parent=self)


def test_modules_of_nnx_are_trees() -> None:
    entries = on_axes(planted(), ("query", "key", "value", "out"))
    module = NnxModule(**{name: NnxModule(kernel=Variable(entry)) for name, entry in entries.items()}, num_heads=2)
    assert assert_planted(module).layout == "Flax"


@pytest.mark.parametrize("source", [None, 3, {}, [], {"key": "value"}, object()])
def test_what_holds_no_arrays_is_refused(source: object) -> None:
    message = rf"^source: expected a path, a module, a state_dict or a tree of arrays, got {type(source).__name__}, which holds no arrays$"
    with pytest.raises(TypeError, match=message):
        load_layers(source)


def test_trees_without_an_end_end() -> None:
    endless: dict[str, Any] = nested(FILES["Flax linen"].entries())
    endless["itself"] = endless
    assert_planted(endless)
    deep: Any = np.ones(1)
    for _ in range(10 * DEEPEST):
        deep = [deep]
    with pytest.raises(TypeError, match=r"^source: expected a path, .*, got list, which holds no arrays$"):
        load_layers(deep)


def test_entries_left_alone_are_named_for_the_module() -> None:
    with pytest.warns(UserWarning, match=r"^MultiheadAttention: left alone: 'mask'; the layers are taken without them$"):
        load_layers(MultiheadAttention(TORCH | {"mask": np.ones((3, 3))}, num_heads=2))
