"""Modules and trees of Flax, Haiku and equinox, as they are and planted with a gradient step, against their own forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import equinox
import haiku
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from equivalence import load_layers
from tests.libraries.agreement import assert_agrees, assert_planted, contexts
from tests.support.library_files import HAIKU, D, columns, on_axes, planted, rows

NAMES = ("query", "key", "value", "out")


@pytest.fixture(autouse=True)
def single_precision() -> Iterator[None]:
    """As the libraries take it for granted."""
    jax.config.update("jax_enable_x64", False)
    jax.config.update("jax_numpy_dtype_promotion", "standard")
    yield
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_numpy_dtype_promotion", "strict")


def single() -> tuple[np.ndarray, jax.Array]:
    """Tokens as columns, and as rows for the library, in numbers of single precision."""
    tokens = contexts(D).astype(np.float32)
    return tokens.astype(float), jnp.asarray(tokens.T)


def moved(tree: Any, but: str) -> Any:
    """The tree with each leaf moved off what it starts as, but for the biases of projections, which become 0."""
    keys = iter(jax.random.split(jax.random.key(1), 99))

    def move(path: Any, leaf: Any) -> Any:
        return jnp.zeros_like(leaf) if jax.tree_util.keystr(path) == but else leaf + jax.random.normal(next(keys), leaf.shape) / 2

    return jax.tree_util.tree_map_with_path(move, tree)


def test_linen() -> None:
    module, (tokens, given) = linen.MultiHeadDotProductAttention(num_heads=2, qkv_features=8), single()
    parameters = moved(module.init(jax.random.key(0), given), "['params']['out']['bias']")
    outputs = module.apply(parameters, given)
    assert_agrees(load_layers(parameters, biases="constant"), tokens, outputs.T)
    with pytest.raises(ValueError, match=r"^'params/key/bias': expected no bias, or zeros"):
        load_layers(parameters)


def test_linen_scanned() -> None:
    """Layers on a leading axis, as nn.scan makes them."""

    class Block(linen.Module):
        @linen.compact
        def __call__(self, carry: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            change = linen.MultiHeadDotProductAttention(num_heads=2, qkv_features=8, use_bias=False, name="attn")(carry)
            return carry + change, change

    stack = linen.scan(Block, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)()
    tokens, given = single()
    parameters = stack.init(jax.random.key(0), given, None)
    _, changes = stack.apply(parameters, given, None)
    loaded = load_layers(parameters, d=D, layers=3)
    before = given
    for number in range(3):
        alone = load_layers(jax.tree.map(partial(jnp.take, indices=number, axis=0), parameters))
        assert np.array_equal(alone[0].heads[1].value, loaded[number].heads[1].value)
        assert_agrees(alone, np.asarray(before.T, dtype=float), changes[number].T)
        before = before + changes[number]
    assert tokens.shape == (D, 7)


def test_a_step_planted_in_linen() -> None:
    tree = {"params": {name: {"kernel": jnp.asarray(entry)} for name, entry in on_axes(planted(), NAMES).items()}}
    module, (tokens, given) = linen.MultiHeadDotProductAttention(num_heads=2, qkv_features=6, use_bias=False), single()
    loaded = load_layers(tree)
    assert_planted(loaded)
    assert_agrees(loaded, tokens, module.apply(tree, given).T)


def test_nnx() -> None:
    module = nnx.MultiHeadAttention(num_heads=2, in_features=D, qkv_features=8, decode=False, rngs=nnx.Rngs(0))
    nnx.update(module, moved(nnx.state(module, nnx.Param), "['out']['bias'].value"))
    module.out.bias.set_value(jnp.zeros(D))
    tokens, given = single()
    outputs = module(given[None])[0]
    for source in (module, nnx.state(module, nnx.Param), nnx.to_pure_dict(nnx.state(module, nnx.Param))):
        assert_agrees(load_layers(source, biases="constant"), tokens, outputs.T)
    with pytest.raises(ValueError, match=r"^heads: expected 2, as the module says of itself, got 4$"):
        load_layers(module, heads=4, biases="constant")


def test_haiku() -> None:
    def forward(given: jax.Array) -> jax.Array:
        return haiku.MultiHeadAttention(2, 4, w_init=haiku.initializers.VarianceScaling(), model_size=D)(given, given, given)

    module, (tokens, given) = haiku.without_apply_rng(haiku.transform(forward)), single()
    parameters = moved(module.init(jax.random.key(0), given), "['multi_head_attention/linear']['b']")
    outputs = module.apply(parameters, given)
    assert_agrees(load_layers(parameters, heads=2, scale=True, biases="constant"), tokens, outputs.T)


def test_a_step_planted_in_haiku() -> None:
    def forward(given: jax.Array) -> jax.Array:
        options = {"w_init": haiku.initializers.Constant(0), "with_bias": False, "model_size": D}
        return haiku.MultiHeadAttention(2, 3, **options)(given, given, given)

    entries = rows(planted(), HAIKU)
    tree = {f"multi_head_attention/{name.removesuffix('/w')}": {"w": jnp.asarray(entry)} for name, entry in entries.items()}
    module, (tokens, given) = haiku.without_apply_rng(haiku.transform(forward)), single()
    loaded = load_layers(tree, heads=2, scale=True)
    assert_planted(loaded)
    assert_agrees(loaded, tokens, module.apply(tree, given).T)


def test_equinox() -> None:
    options = {"use_query_bias": True, "use_key_bias": True, "use_value_bias": True, "use_output_bias": False}
    module = equinox.nn.MultiheadAttention(2, D, qk_size=4, vo_size=3, key=jax.random.key(0), **options)
    tokens, given = single()
    outputs = module(given, given, given)
    assert_agrees(load_layers(module, biases="constant"), tokens, outputs.T)


def test_a_step_planted_in_equinox() -> None:
    module = equinox.nn.MultiheadAttention(2, D, key=jax.random.key(0))
    for name, entry in columns(planted(), ("query_proj", "key_proj", "value_proj", "output_proj")).items():
        module = equinox.tree_at(lambda tree, name=name: getattr(tree, name).weight, module, jnp.asarray(entry))
    tokens, given = single()
    loaded = load_layers(module)
    assert_planted(loaded)
    assert_agrees(loaded, tokens, module(given, given, given).T)
