"""Attention of transformers, made from configurations, against its own forward pass: fused, interleaved, grouped."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BloomConfig, GPT2Config, GPT2Model, GPTNeoXConfig, LlamaConfig, LlamaModel, Qwen2Config, T5Config
from transformers.models.bert.modeling_bert import BertAttention
from transformers.models.bloom.modeling_bloom import BloomAttention
from transformers.models.gpt2.modeling_gpt2 import GPT2Attention
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXAttention
from transformers.models.llama.modeling_llama import LlamaAttention
from transformers.models.qwen2.modeling_qwen2 import Qwen2Attention
from transformers.models.t5.modeling_t5 import T5Attention

from equivalence import load_layers
from tests.libraries.agreement import COUNT, assert_agrees, assert_planted, contexts
from tests.support.library_files import beside, columns, in_heads, in_parts, planted

WIDTH = 12
SIZES = {"hidden_size": WIDTH, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 11, "attn_implementation": "eager"}


def drawn(module: torch.nn.Module, *without: str) -> torch.nn.Module:
    """Random weights, and biases, but for those that are to be 0."""
    torch.manual_seed(0)
    for name, parameter in module.named_parameters():
        parameter.data = 0 * parameter.data if name in without else torch.randn_like(parameter) / 2
    return module.double().eval()


def given() -> tuple[np.ndarray, torch.Tensor]:
    """Tokens as columns, and as a batch of rows."""
    tokens = contexts(WIDTH) / 2
    return tokens, torch.tensor(tokens.T)[None]


def still(d_k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The cosines and sines of positions that are all 0."""
    return torch.ones(1, COUNT, d_k, dtype=torch.float64), torch.zeros(1, COUNT, d_k, dtype=torch.float64)


def last(outputs: torch.Tensor) -> torch.Tensor:
    """Of the last token, which sees all others, as a column."""
    return outputs[0, -1:].T


def test_gpt2() -> None:
    module = drawn(GPT2Attention(GPT2Config(n_embd=WIDTH, n_head=4, n_layer=2, attn_implementation="eager")), "c_proj.bias")
    tokens, states = given()
    loaded = load_layers(module, biases="constant")
    assert loaded.assumed.convention == "rows"
    assert_agrees(loaded, tokens, last(module(states)[0]))


def test_a_step_planted_in_gpt2() -> None:
    module = GPT2Attention(GPT2Config(n_embd=6, n_head=2, attn_implementation="eager"))
    module.c_attn.weight.data, module.c_proj.weight.data = torch.tensor(in_parts(planted()).T), torch.tensor(beside(planted().projection).T)
    assert_planted(load_layers(module))


def test_a_whole_gpt2() -> None:
    model = GPT2Model(GPT2Config(n_embd=WIDTH, n_head=4, n_layer=2, vocab_size=11, n_positions=9, bos_token_id=1, eos_token_id=2))
    with pytest.warns(UserWarning, match="left alone"):
        loaded = load_layers(model)
    assert (len(loaded), loaded.assumed.heads) == (2, 4)
    named = [left.name for left in loaded.assumed.left_out]
    assert {"softmax", "the causal mask", "h.0.ln_1.weight", "ln_f.weight"} <= set(named)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_llama_with_grouped_queries(groups: int) -> None:
    module = drawn(LlamaAttention(LlamaConfig(num_key_value_heads=groups, **SIZES), 0))
    tokens, states = given()
    loaded = load_layers(module)
    assert (loaded.assumed.heads, loaded.assumed.groups) == (4, groups)
    assert_agrees(loaded, tokens, last(module(states, still(3))[0]))


def test_a_step_planted_in_llama() -> None:
    module = LlamaAttention(LlamaConfig(hidden_size=6, num_attention_heads=3, num_key_value_heads=1, head_dim=4), 0)
    for name, entry in columns(planted(3, 1, d_k=4), ("q_proj", "k_proj", "v_proj", "o_proj")).items():
        getattr(module, name).weight.data = torch.tensor(entry)
    assert_planted(load_layers(module))
    assert_planted(load_layers(module.state_dict(), heads=3))


def test_a_whole_llama() -> None:
    with pytest.warns(UserWarning, match="left alone"):
        loaded = load_layers(LlamaModel(LlamaConfig(num_key_value_heads=2, intermediate_size=5, **SIZES)))
    assert (len(loaded), loaded.assumed.heads, loaded.assumed.groups) == (2, 4, 2)
    assert "rotary positions, if the model has them" in [left.name for left in loaded.assumed.left_out]


def test_qwen_with_its_biases() -> None:
    module = drawn(Qwen2Attention(Qwen2Config(num_key_value_heads=2, **SIZES), 0))
    tokens, states = given()
    with pytest.raises(ValueError, match=r"^'._proj.bias': expected no bias, or zeros"):
        load_layers(module)
    assert_agrees(load_layers(module, biases="constant"), tokens, last(module(states, still(3), None)[0]))


def test_bert() -> None:
    module = drawn(BertAttention(BertConfig(**SIZES)), "output.dense.bias")
    tokens, states = given()
    attended = module.self(states)[0] @ module.output.dense.weight.T
    with pytest.warns(UserWarning, match="left alone: 'output.LayerNorm.weight', "):
        loaded = load_layers(module, biases="constant")
    assert_agrees(loaded, tokens, attended[0].T)


def test_t5_whose_scores_are_not_scaled() -> None:
    config = T5Config(d_model=WIDTH, d_kv=3, num_heads=4, vocab_size=11, attn_implementation="eager")
    module = drawn(T5Attention(config, has_relative_attention_bias=False, layer_idx=0))
    tokens, states = given()
    loaded = load_layers({f"SelfAttention.{name}": entry for name, entry in module.state_dict().items()}, heads=4)
    assert loaded.assumed.scores == "not divided"
    assert_agrees(loaded, tokens, module(states)[0][0].T)


def test_gpt_neox_whose_heads_are_interleaved() -> None:
    config = GPTNeoXConfig(**SIZES)
    module = drawn(GPTNeoXAttention(config, 0), "dense.bias")
    tokens, states = given()
    outputs = module(states, None, position_embeddings=still(module.rotary_ndims))[0]
    assert_agrees(load_layers(module, biases="constant"), tokens, last(outputs))
    other = load_layers(module.state_dict(), heads=4, fused="parts", biases="constant")
    with pytest.raises(AssertionError):
        assert_agrees(other, tokens, last(outputs))


def test_bloom_whose_heads_are_interleaved() -> None:
    module = drawn(BloomAttention(BloomConfig(hidden_size=WIDTH, n_head=4, vocab_size=11), 0), "dense.bias")
    tokens, states = given()
    nowhere = torch.zeros(4, 1, COUNT, dtype=torch.float64)
    outputs = module(states, torch.zeros_like(states), nowhere, None)[0]
    assert_agrees(load_layers(module, biases="constant"), tokens, last(outputs))


def test_a_step_planted_in_bloom() -> None:
    module = BloomAttention(BloomConfig(hidden_size=6, n_head=2, vocab_size=11), 0)
    module.query_key_value.weight.data = torch.tensor(in_heads(planted()))
    module.dense.weight.data = torch.tensor(beside(planted().projection))
    torch.nn.init.zeros_(module.query_key_value.bias), torch.nn.init.zeros_(module.dense.bias)
    assert_planted(load_layers(module))
