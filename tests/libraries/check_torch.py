"""Modules of PyTorch, as they are and planted with a gradient step, against their own forward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from equivalence import Head, Layer, load_layers
from equivalence.models.attention.linear import update
from equivalence.recognition import recognise
from tests.libraries.agreement import assert_agrees, assert_planted, contexts
from tests.support.library_files import SIZES, D, beside, columns, in_parts, planted


def attention(**how: Any) -> nn.MultiheadAttention:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(D, 2, **how).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
        if module.out_proj.bias is not None:
            module.out_proj.bias.zero_()
    return module


def run(module: nn.Module, tokens: np.ndarray) -> torch.Tensor:
    """On tokens that are columns."""
    given = torch.tensor(tokens.T)[None]
    given = given if module.batch_first else given.transpose(0, 1)
    outputs, _ = module(given, given, given)
    return (outputs[0] if module.batch_first else outputs[:, 0]).T


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("biases", [None, "constant"])
def test_multihead_attention(batch_first: bool, biases: str | None) -> None:
    module, tokens = attention(batch_first=batch_first, bias=biases is not None), contexts(D)
    assert_agrees(load_layers(module, biases=biases), tokens, run(module, tokens))


def test_multihead_attention_with_weights_apart() -> None:
    """What a module has whose kdim is told to be another; here it is as wide."""
    module, tokens = attention(), contexts(D)
    module.q_proj_weight, module.k_proj_weight, module.v_proj_weight = map(nn.Parameter, module.in_proj_weight.detach().chunk(3))
    module.register_parameter("in_proj_weight", None)
    module._qkv_same_embed_dim = False
    assert set(module.state_dict()) >= {"q_proj_weight", "in_proj_bias"}
    assert_agrees(load_layers(module, biases="constant"), tokens, run(module, tokens))


def test_a_module_of_other_keys_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^source: expected kdim = embed_dim = 6, "):
        load_layers(nn.MultiheadAttention(D, 2, kdim=4, vdim=4))


def test_added_keys_and_values_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^'bias_k': expected no bias, or zeros"):
        load_layers(attention(add_bias_kv=True, bias=False))
    module, tokens = attention(add_bias_kv=True, bias=False), contexts(D)
    loaded = load_layers(module, biases="leave out")
    with pytest.raises(AssertionError):
        assert_agrees(loaded, tokens, run(module, tokens))
    module.bias_k = module.bias_v = None
    assert_agrees(loaded, tokens, run(module, tokens))


@pytest.mark.parametrize("how", [{"scale": False}, {"heads": 1}, {"heads": 3}])
def test_what_is_read_wrongly_does_not_agree(how: dict[str, Any]) -> None:
    module, tokens = attention(bias=False), contexts(D)
    with pytest.raises(AssertionError):
        assert_agrees(load_layers(module.state_dict(), **{"heads": 2, **how}), tokens, run(module, tokens))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_planted_step(dtype: torch.dtype) -> None:
    module = attention(bias=False)
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.tensor(in_parts(planted())))
        module.out_proj.weight.copy_(torch.tensor(beside(planted().projection)))
    assert_planted(load_layers(module.to(dtype)))
    found = recognise(module, **SIZES)
    assert found.family == "gradient descent"
    assert "left out: operation 'softmax'" in str(found)
    assert_planted(load_layers(module.state_dict(), heads=2))


def test_a_module_in_bfloat16() -> None:
    loaded = load_layers(attention(bias=False).bfloat16())
    assert loaded.assumed.rounding == 2.0**-8
    assert np.array_equal(loaded[0].heads[0].key, attention(bias=False).in_proj_weight.bfloat16().double().detach().numpy()[D : D + 3])


def test_a_file_in_bfloat16(tmp_path: Any) -> None:
    module = attention(bias=False).bfloat16()
    save_file(module.state_dict(), tmp_path / "weights.safetensors")
    from_file, from_module = load_layers(tmp_path / "weights.safetensors", heads=2), load_layers(module)
    for head, twin in zip(from_file[0].heads, from_module[0].heads, strict=True):
        assert all(np.array_equal(weight, of_twin) for weight, of_twin in zip(head, twin, strict=True))


def test_an_encoder_of_three_layers_has_three() -> None:
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(D, 2, 8), 3, enable_nested_tensor=False).double().eval()
    with pytest.warns(UserWarning, match="left alone"):
        loaded = load_layers(encoder)
    tokens = contexts(D)
    for number, layer in enumerate(encoder.layers):
        single = load_layers(layer.self_attn)
        assert all(np.array_equal(a, b) for a, b in zip(single[0].heads[1], loaded[number].heads[1], strict=True))
        assert_agrees(single, tokens, run(layer.self_attn, tokens))


def test_linear_layers_by_name() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, weight in columns(planted(), ("q_proj", "k_proj", "v_proj", "out_proj")).items():
                layer = nn.Linear(*weight.shape[::-1], bias=False).double()
                layer.weight.data = torch.tensor(weight)
                self.add_module(name, layer)
            self.num_heads = 2

    assert_planted(load_layers(Attention()))


@pytest.mark.parametrize("convention", ["columns", "rows"])
def test_merged_weights(convention: str) -> None:
    """Linear attention as the literature prints it, on columns, and the same with everything transposed; exactly, in small integers."""

    class Merged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.P, self.Q = (nn.Parameter(torch.randint(-4, 5, (D, D)).double()) for _ in range(2))

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            if convention == "columns":
                return self.P @ given @ (given.T @ self.Q @ given)
            return (given @ self.Q @ given.T) @ (given @ self.P)

    module, tokens, is_columns = Merged(), np.rint(contexts(D)), convention == "columns"
    outputs = module(torch.tensor(tokens if is_columns else tokens.T)).detach().numpy()
    expected = outputs if is_columns else outputs.T
    (layer,) = load_layers(module, convention=convention)
    (other,) = load_layers(module, convention="rows" if is_columns else "columns")
    assert np.array_equal(update(layer, tokens, tokens), expected)
    assert not np.array_equal(update(other, tokens, tokens), expected)


def test_tensors_in_a_head() -> None:
    given = planted(1, d_k=D, scaled=False)
    parts = (given.key[0], given.query[0], given.value[0], given.projection[0])
    layer = Layer(Head(*(nn.Parameter(torch.tensor(part)) for part in parts)))
    assert recognise(layer, **SIZES).family == "gradient descent"
    assert np.array_equal(layer.to_numpy().heads[0].key, given.key[0])


def test_a_tensor_on_meta_is_named() -> None:
    with pytest.raises(ValueError, match=r"^'in_proj_weight': expected an array whose numbers can be read, got NotImplementedError: "):
        load_layers(nn.MultiheadAttention(D, 2, bias=False, device="meta"))
