from __future__ import annotations

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from equivalence.loading.files import opened, read
from equivalence.loading.layers import load_layers
from equivalence.models.attention.linear import update
from equivalence.models.heads import Layer

D, D_K, D_V, H, K = 5, 3, 2, 4, 12  # d, d_k, d_v, heads; 12 layers, so that numbers and letters order them differently
ROLES = ("key", "query", "value", "projection")

HAIKU = {
    "key": "net/~/attn{}/key/w",
    "query": "net/~/attn{}/query/w",
    "value": "net/~/attn{}/value/w",
    "projection": "net/~/attn{}/linear/w",
}
FLAX = {
    "key": "Attention{}/key/kernel",
    "query": "Attention{}/query/kernel",
    "value": "Attention{}/value/kernel",
    "projection": "Attention{}/out/kernel",
}
TORCH = {role: f"layers{{}}.self_attn.{name}.weight" for role, name in zip(ROLES, ("k_proj", "q_proj", "v_proj", "o_proj"), strict=True)}
HAIKU_REPEATED = {"key": "net/key{}/w", "query": "net/query{}/w", "value": "net/value{}/w", "projection": "net/linear{}/w"}
NAMES = {
    "haiku": HAIKU,
    "haiku, modules repeated": HAIKU_REPEATED,
    "flax": FLAX,
    "torch": TORCH,
    "plain": {role: role + "{}" for role in ROLES},
}


def drawn(seed: int, heads: int = 1, d_k: int = D_K, d_v: int = D_V) -> dict[str, np.ndarray]:
    """W_K, W_Q, W_V, heads below one another, and P, heads side by side: applied from the left."""
    random = np.random.default_rng(seed)
    shapes = {"key": (heads * d_k, D), "query": (heads * d_k, D), "value": (heads * d_v, D), "projection": (D, heads * d_v)}
    return {role: random.integers(-16, 17, size=shape) / 4 for role, shape in shapes.items()}


def written(path: Path, entries: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **entries)
    else:
        save_file({name: np.ascontiguousarray(entry) for name, entry in entries.items()}, path)
    return path


def entries_of(weights: dict[str, np.ndarray], names: dict[str, str], convention: str, number: str = "") -> dict[str, np.ndarray]:
    return {names[role].format(number): weight.T if convention == "rows" else weight for role, weight in weights.items()}


def attended(weights: dict[str, np.ndarray], heads: int, context: np.ndarray, query: np.ndarray, divisor: float = 1) -> np.ndarray:
    """A loop over heads and tokens, on vectors."""
    change = np.zeros(D)
    d_k, d_v = len(weights["key"]) // heads, len(weights["value"]) // heads
    for h in range(heads):
        asked = [weights["query"][h * d_k + i] @ query for i in range(d_k)]
        for token in context.T:
            score = sum(weights["key"][h * d_k + i] @ token * asked[i] for i in range(d_k)) / divisor
            for j in range(d_v):
                change += weights["projection"][:, h * d_v + j] * (weights["value"][h * d_v + j] @ token) * score
    return change


def assert_does(layer: Layer, weights: dict[str, np.ndarray], heads: int = 1, divisor: float = 1) -> None:
    """Exactly: quarters of small integers, whose products and sums are doubles."""
    random = np.random.default_rng(7)
    context, query = (random.integers(-16, 17, size=(D, count)) / 4 for count in (6, 1))
    expected = attended(weights, heads, context, query[:, 0], divisor)
    assert np.array_equal(update(layer, context, query)[:, 0], expected)
    assert expected.any()


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("convention", ["rows", "columns"])
@pytest.mark.parametrize("names", NAMES)
def test_what_is_written_is_loaded(tmp_path: Path, ending: str, convention: str, names: str) -> None:
    weights = drawn(0)
    path = written(tmp_path / f"weights.{ending}", entries_of(weights, NAMES[names], convention))
    (layer,) = load_layers(path, convention=convention, d=D, layers=1)
    (head,) = layer.heads
    for role in ROLES:
        assert np.array_equal(getattr(head, role), weights[role])
        assert getattr(head, role).dtype == np.float64


@pytest.mark.parametrize("convention", ["rows", "columns"])
@pytest.mark.parametrize("scale", [False, True])
def test_heads_side_by_side_do_what_a_loop_over_heads_does(tmp_path: Path, convention: str, scale: bool) -> None:
    weights = drawn(1, H, d_k=16)
    path = written(tmp_path / "weights.npz", entries_of(weights, HAIKU, convention))
    (layer,) = load_layers(path, convention=convention, heads=H, scale=scale)
    assert [head.key.shape for head in layer.heads] == [(16, D)] * H
    assert [head.projection.shape for head in layer.heads] == [(D, D_V)] * H
    assert_does(layer, weights, H, 4 if scale else 1)


def test_heads_on_an_axis_of_their_own(tmp_path: Path) -> None:
    weights = drawn(2, H)
    entries = {FLAX[role].format(""): weights[role].T.reshape(D, H, -1) for role in ROLES[:3]}
    entries[FLAX["projection"].format("")] = weights["projection"].T.reshape(H, D_V, D)
    path = written(tmp_path / "weights.npz", entries)
    (layer,) = load_layers(path, convention="rows", heads=H)
    assert_does(layer, weights, H)
    with pytest.raises(ValueError, match=r"^'Attention/key/kernel': expected 2 heads on axis 1, got shape \(5, 4, 3\)$"):
        load_layers(path, convention="rows", heads=2)
    with pytest.raises(ValueError, match=r"^'Attention/key/kernel': expected a matrix, got shape \(5, 4, 3\)$"):
        load_layers(path, convention="columns", heads=H)


@pytest.mark.parametrize("convention", ["rows", "columns"])
def test_query_key_and_value_in_one_weight(tmp_path: Path, convention: str) -> None:
    weights = drawn(3, D, d_k=1, d_v=1)
    fused = np.concatenate([weights[role] for role in ("query", "key", "value")])
    entries = {"attn.in_proj_weight": fused, "attn.out_proj.weight": weights["projection"], "attn.in_proj_bias": np.zeros((3 * D, 1))}
    path = written(tmp_path / "weights.safetensors", {name: entry.T if convention == "rows" else entry for name, entry in entries.items()})
    (layer,) = load_layers(path, convention=convention, heads=D)
    assert_does(layer, weights, D)


def test_query_key_and_value_that_are_not_side_by_side(tmp_path: Path) -> None:
    entries = {"attn.in_proj_weight": np.ones((2 * D, D)), "attn.out_proj.weight": np.ones((D, D))}
    path = written(tmp_path / "weights.npz", entries)
    with pytest.raises(
        ValueError, match=r"^'attn.in_proj_weight': expected a matrix with query, key and value side by side, got shape \(10, 5\)$"
    ):
        load_layers(path, convention="columns")


@pytest.mark.parametrize("names", NAMES)
def test_layers_are_ordered_by_number(tmp_path: Path, names: str) -> None:
    all_weights = [drawn(seed) for seed in range(K)]
    numbers = ["", *(f"_{number}" for number in range(1, K))]
    entries: dict[str, np.ndarray] = {}
    for number, weights in sorted(zip(numbers, all_weights, strict=True), key=lambda pair: pair[0], reverse=True):
        entries |= entries_of(weights, NAMES[names], "rows", number)
    layers = load_layers(written(tmp_path / "weights.npz", entries), convention="rows", layers=K)
    for layer, weights in zip(layers, all_weights, strict=True):
        assert np.array_equal(layer.heads[0].value, weights["value"])


def test_another_number_of_layers_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", entries_of(drawn(0), HAIKU, "rows"))
    with pytest.raises(ValueError, match=r"^layers: expected 3 in the file, found 1; a recurrent stack is \[layer\] \* 3$"):
        load_layers(path, convention="rows", layers=3)


def test_layers_in_no_order_are_refused(tmp_path: Path) -> None:
    entries = {f"{part}/{name}": entry for part in ("encoder", "decoder") for name, entry in entries_of(drawn(0), HAIKU, "rows").items()}
    path = written(tmp_path / "weights.npz", entries)
    with pytest.raises(
        ValueError, match=r"^path: expected layers that differ in numbers only, got 'decoder/net/attn', 'encoder/net/attn'; give names$"
    ):
        load_layers(path, convention="rows")


def test_layers_of_the_same_numbers_are_refused(tmp_path: Path) -> None:
    entries = {f"{name}/{role}": weight for name in ("a_1/b", "a/b_1") for role, weight in drawn(0).items()}
    path = written(tmp_path / "weights.npz", entries)
    with pytest.raises(ValueError, match=r"^path: expected layers that differ in numbers only, got 'a/b_1', 'a_1/b'; give names$"):
        load_layers(path, convention="columns")


def test_the_command_line_writes_what_is_loaded(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from equivalence import gdpp_layer
    from equivalence.cli.main import app

    path = tmp_path / "weights.npz"
    asked = ["--d-x", "3", "--d-y", "2", "--learning-rate", "1/10", "--context", "5", "--gdpp", "--gamma", "1/20"]
    assert CliRunner().invoke(app, ["weights", *asked, "--format", "npz", "--out", str(path)]).exit_code == 0
    (layer,) = load_layers(path, convention="columns")
    expected = gdpp_layer(3, 2, learning_rate="1/10", gamma="1/20", context=5).to_numpy()
    assert all(np.array_equal(found, weight) for found, weight in zip(layer.heads[0], expected.heads[0], strict=True))


def test_names_that_the_table_does_not_know(tmp_path: Path) -> None:
    names = {"key": "h.{}.score.a", "query": "h.{}.score.b", "value": "h.{}.read", "projection": "h.{}.write"}
    all_weights = [drawn(seed) for seed in range(K)]
    entries: dict[str, np.ndarray] = {}
    for number, weights in enumerate(all_weights):
        entries |= entries_of(weights, names, "columns", str(number))
    path = written(tmp_path / "weights.safetensors", entries)
    layers = load_layers(path, convention="columns", names=names)
    assert len(layers) == K
    assert all(np.array_equal(layer.heads[0].query, weights["query"]) for layer, weights in zip(layers, all_weights, strict=True))
    with pytest.raises(
        ValueError, match=r"^path: found no layer: expected entries such as 'attn/key/w', got 'h.0.read', .* and 42 more; give names$"
    ):
        load_layers(path, convention="columns")
    with pytest.raises(ValueError, match=r"^names: value: expected an entry of the file, got 'h.0.values'; it holds 'h.0.read', "):
        load_layers(path, convention="columns", names=names | {"value": "h.{}.values"})
    with pytest.raises(
        ValueError, match=r"^names: expected key, query, value and projection, or in_proj and projection, got 'key', 'kay'$"
    ):
        load_layers(path, convention="columns", names={"key": "a", "kay": "b"})
    with pytest.raises(TypeError, match=r"^names: expected the names of entries, got \['a', 1\]$"):
        load_layers(path, convention="columns", names={"in_proj": "a", "projection": 1})  # type: ignore[dict-item]


def test_one_weight_may_serve_all_layers(tmp_path: Path) -> None:
    weights = drawn(0)
    entries = {"a0": weights["key"], "a1": 2 * weights["key"], "q": weights["query"], "v": weights["value"], "p": weights["projection"]}
    names = {"key": "a{}", "query": "q", "value": "v", "projection": "p"}
    first, second = load_layers(written(tmp_path / "weights.npz", entries), convention="columns", names=names)
    assert np.array_equal(2 * first.heads[0].key, second.heads[0].key)
    assert np.array_equal(first.heads[0].query, second.heads[0].query)


def test_other_entries_are_named_once_and_not_read(tmp_path: Path) -> None:
    entries = entries_of(drawn(0), HAIKU, "rows") | {
        "net/norm/scale": np.full(D, np.nan),
        "net/mlp/linear/w": np.array(["no", "numbers"]),
        "net/mlp/linear/b": np.ones(3),
    }
    path = written(tmp_path / "weights.npz", entries)
    with pytest.warns(UserWarning, match="left alone") as warned:
        (layer,) = load_layers(path, convention="rows")
    assert [str(warning.message) for warning in warned] == [
        "'weights.npz': left alone: 'net/norm/scale', 'net/mlp/linear/w', 'net/mlp/linear/b'; the layers are taken without them"
    ]
    assert warned[0].filename == __file__
    assert layer.heads[0].key.shape == (D_K, D)


@pytest.mark.parametrize(("weight", "bias"), [("attn/value/w", "attn/value/b"), ("v_proj.Weight", "v_proj.Bias"), ("value", "value_bias")])
@pytest.mark.parametrize("is_named", [True, False])
def test_biases_are_refused_unless_they_are_zero(tmp_path: Path, weight: str, bias: str, is_named: bool) -> None:
    names = {
        role: weight.replace("value", role).replace("v_", {"key": "k_", "query": "q_", "value": "v_", "projection": "o_"}[role])
        for role in ROLES
    }
    entries = entries_of(drawn(0), names, "rows") | {bias: np.zeros(D_V)}
    how: dict[str, Any] = {"convention": "rows", "names": names if is_named else None}
    path = written(tmp_path / "weights.npz", entries)
    assert len(load_layers(path, **how)) == 1
    entries[bias][1] = -0.5
    written(path, entries)
    with pytest.raises(ValueError, match=rf"^'{bias}': expected no bias, or zeros, as the layers here have none, got up to 0.5$"):
        load_layers(path, **how)


SHAPES = [
    ("key", (D_K, 4), r"^'key' as key: expected shape \('any', 5\), got \(3, 4\); check d = d_x \+ d_y, or try the convention 'rows'$"),
    ("query", (2, D), r"^'query' as query: expected shape \(3, 5\), got \(2, 5\); check d = d_x \+ d_y, or try the convention 'rows'$"),
    (
        "value",
        (D, D_V),
        r"^'value' as value: expected shape \('any', 5\), got \(5, 2\); check d = d_x \+ d_y, or try the convention 'rows'$",
    ),
    ("value", (0, D), r"^'value' as value: expected sizes of at least 1, got shape \(0, 5\)"),
    ("projection", (D, 3), r"^'projection' as projection: expected shape \(5, 2\), got \(5, 3\); check d = d_x \+ d_y, "),
    ("projection", (D,), r"^'projection': expected a matrix, got shape \(5,\)$"),
]


@pytest.mark.parametrize(("role", "shape", "message"), SHAPES)
def test_shapes_that_do_not_fit(tmp_path: Path, role: str, shape: tuple[int, ...], message: str) -> None:
    path = written(tmp_path / "weights.npz", drawn(0) | {role: np.ones(shape)})
    with pytest.raises(ValueError, match=message):
        load_layers(path, convention="columns", d=D)


def test_shapes_are_shown_in_the_convention_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", entries_of(drawn(0), HAIKU, "columns"))
    message = (
        r"^'net/~/attn/key/w' as key: expected shape \(5, 'any'\), got \(3, 5\); check d = d_x \+ d_y, or try the convention 'columns'$"
    )
    with pytest.raises(ValueError, match=message):
        load_layers(path, convention="rows", d=D)


def test_heads_that_do_not_divide(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", drawn(0))
    with pytest.raises(ValueError, match=r"^heads: expected a number that divides the 3 dimensions of all heads in 'key', got 2$"):
        load_layers(path, convention="columns", heads=2)


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    entries = entries_of(drawn(0), HAIKU, "rows")
    del entries["net/~/attn/value/w"]
    message = (
        r"^path: expected key, query, value and projection, or in_proj and projection, of layer 'net/attn', found key, projection, query; "
    )
    with pytest.raises(ValueError, match=message):
        load_layers(written(tmp_path / "weights.npz", entries), convention="rows")


def test_two_weights_for_one_place_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", drawn(0) | {"W_Q": np.ones((D_K, D))})
    with pytest.raises(ValueError, match=r"^'W_Q': expected one query of a layer, got 'query' too; give names$"):
        load_layers(path, convention="columns")


ARGUMENTS = [
    (
        {"convention": "row"},
        ValueError,
        r"^convention: expected 'rows' \(y = x @ w: Haiku, Flax\) or 'columns' \(PyTorch's weight\), got 'row'$",
    ),
    ({"heads": 0}, ValueError, "^heads: expected a whole number, at least 1, got 0$"),
    ({"heads": None}, TypeError, "^heads: expected a whole number, at least 1, got None of type NoneType$"),
    ({"d": True}, TypeError, "^d: expected a whole number, at least 1, got True of type bool$"),
    ({"layers": 1.5}, TypeError, "^layers: expected a whole number, at least 1, got 1.5 of type float$"),
    ({"max_bytes": -1}, ValueError, "^max_bytes: expected a whole number, at least 1, got -1$"),
    ({"scale": 0.5}, TypeError, "^scale: expected True or False, got 0.5; it says whether scores are divided by the root of d_k$"),
]


@pytest.mark.parametrize(("argument", "error", "message"), ARGUMENTS)
def test_arguments_are_checked_before_the_file(argument: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load_layers("nowhere.npz", **{"convention": "rows", **argument})


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.int8, np.uint64])
def test_floats_and_integers_become_doubles(tmp_path: Path, dtype: Any) -> None:
    weights = {role: np.rint(4 * np.abs(weight)).astype(dtype) for role, weight in drawn(0).items()}
    weights["value"] = np.asfortranarray(weights["value"])
    (layer,) = load_layers(written(tmp_path / "weights.npz", weights), convention="columns")
    for role in ROLES:
        assert getattr(layer.heads[0], role).dtype == np.float64
        assert np.array_equal(getattr(layer.heads[0], role), weights[role].astype(float))


def test_bfloat16(tmp_path: Path) -> None:
    weights = {role: weight.astype(ml_dtypes.bfloat16) for role, weight in drawn(0).items()}
    (layer,) = load_layers(written(tmp_path / "weights.safetensors", weights), convention="columns")
    assert np.array_equal(layer.heads[0].key, weights["key"].astype(float))


def test_compressed_members(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "weights.npz", **drawn(0))
    (layer,) = load_layers(tmp_path / "weights.npz", convention="columns")
    assert np.array_equal(layer.heads[0].key, drawn(0)["key"])


# What follows are files that lie. A bad file is the good one with one thing changed, so that nothing else is what is refused.


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def header(shape: str, descr: str = "'<f8'", version: int = 1) -> bytes:
    """The start of a member with a claim of ours."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def zipped(path: Path, key: bytes, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """The good weights, but for the bytes of the key."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for role, weight in drawn(0).items():
            archive.writestr(f"{role}.npy", key if role == "key" else npy(weight))
    return path


class Trap:
    """What a pickle can do."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was loaded",))


MEMBERS = {
    "an object array, a pickle": (
        header("(1,)", "'|O'") + pickle.dumps(Trap()),
        "expected floats, got entries of type object, which is a pickle and never loaded; save it as float32 or float64",
    ),
    "complex": (npy(np.ones((3, 5), complex)), "expected floats, got entries of type complex128, which are no weights; save it as float"),
    "booleans": (npy(np.ones((3, 5), bool)), "expected floats, got entries of type bool, which are no weights"),
    "text": (npy(np.array(["a"])), "expected floats, got entries of type str32, which are no weights"),
    "records": (npy(np.zeros(3, [("a", float)])), "expected floats, got entries of type void64, which are no weights"),
    "NaN": (npy(np.full((3, 5), np.nan)), "expected finite numbers, got nan"),
    "infinity": (npy(np.full((3, 5), -np.inf)), "expected finite numbers, got -inf"),
    "terabytes": (
        header("(1000000, 1000000)"),
        "broken in the file: its header claims shape (1000000, 1000000) of float64, 8000000000000 bytes, it",
    ),
    "a size that no array has": (
        header(f"(1{'0' * 4000}, 1{'0' * 4000})"),
        "broken in the file: its header claims 2 sizes, or one that no array",
    ),
    "too many sizes": (header(f"({'1, ' * 33})") + bytes(8), "broken in the file: its header claims 33 sizes, or one that no array has"),
    "a negative size": (header("(-1, -2)") + bytes(16), "broken in the file: its header claims 2 sizes, or one that no array has"),
    "too few numbers": (npy(np.ones((3, 5)))[:-8], "broken in the file: its header claims shape (3, 5) of float64, 120 bytes, it has 112"),
    "too many numbers": (
        npy(np.ones((3, 5))) + bytes(8),
        "broken in the file: its header claims shape (3, 5) of float64, 120 bytes, it has 128",
    ),
    "a pickle in place of an array": (pickle.dumps(Trap()), "expected an array as numpy.savez writes it: the magic string is not correct"),
    "nothing": (b"", "expected an array as numpy.savez writes it: EOF: reading magic string"),
    "another version": (header("(3, 5)", version=9), "expected an array of floats as numpy.savez writes it, got another version"),
    "a header of gigabytes": (
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 10**6,
        "expected an array as numpy.savez writes it: EOF: reading array",
    ),
    "a header that is no header": (header("(3, 5"), "expected an array as numpy.savez writes it: "),
    "a header that is a deep expression": (header("-" * 9000 + "1"), "expected an array as numpy.savez writes it: "),
}


@pytest.mark.parametrize("fault", MEMBERS)
def test_members_that_lie(tmp_path: Path, fault: str) -> None:
    content, message = MEMBERS[fault]
    with pytest.raises(ValueError, match=r"^'key': ") as refused:
        load_layers(zipped(tmp_path / "weights.npz", content), convention="columns")
    assert str(refused.value).startswith(f"'key': {message}")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


def test_the_good_file_of_these_tests_is_good(tmp_path: Path) -> None:
    (layer,) = load_layers(zipped(tmp_path / "weights.npz", header("(3, 5)") + np.ones((3, 5)).tobytes()), convention="columns")
    assert np.array_equal(layer.heads[0].key, np.ones((3, 5)))


def test_a_zip_bomb_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    """A member that unpacks to 64 MB, out of 64 KB, under a limit of 1 MB."""
    path = zipped(tmp_path / "weights.npz", header("(1000, 8000)") + bytes(64 * 10**6))
    assert path.stat().st_size < 10**5
    tracemalloc.start()
    with pytest.raises(
        ValueError, match=r"^'key': expected at most max_bytes = 1000000 bytes of weights in all, as doubles, got 64000000 with its"
    ):
        load_layers(path, convention="columns", max_bytes=10**6)
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_the_limit_is_for_all_weights_together(tmp_path: Path) -> None:
    path, needed = written(tmp_path / "weights.npz", drawn(0)), 8 * (2 * D_K * D + 2 * D_V * D)
    assert len(load_layers(path, convention="columns", max_bytes=needed)) == 1
    with pytest.raises(ValueError, match=rf"expected at most max_bytes = {needed - 1} bytes of weights in all, as doubles, got {needed} "):
        load_layers(path, convention="columns", max_bytes=needed - 1)


def test_half_floats_are_counted_as_the_doubles_they_become(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.safetensors", {"a": np.ones((2, 3), np.float16)})
    with (
        opened(path) as file,
        pytest.raises(ValueError, match=r"^'a': expected at most max_bytes = 47 bytes .* got 48 with its shape \(2, 3\); "),
    ):
        read(file, ["a"], 47)


def test_a_member_whose_bytes_were_changed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "weights.npz", npy(np.ones((3, 5))), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(struct.pack("<d", 1.0))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^'key': broken in the file: Bad CRC-32 for file 'key.npy'$"):
        load_layers(path, convention="columns")


def test_a_member_that_is_encrypted(tmp_path: Path) -> None:
    path = zipped(tmp_path / "weights.npz", npy(np.ones((3, 5))), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^'key': broken in the file: File .* is encrypted, password required for extraction$"):
        load_layers(path, convention="columns")


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", drawn(0))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("key", npy(np.zeros((3, 5))))
    with pytest.raises(ValueError, match=r"^'key': expected one array of a name in the file, got two$"):
        load_layers(path, convention="columns")


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_truncated_files(tmp_path: Path, ending: str, kept: int) -> None:
    path = written(tmp_path / f"weights.{ending}", drawn(0))
    path.write_bytes(path.read_bytes()[:kept])
    kind = "zip archive, as numpy.savez writes" if ending == "npz" else "safetensors file"
    with pytest.raises(ValueError, match=rf"^path: 'weights.{ending}' is no whole {kind}: .*$"):
        load_layers(path, convention="columns")


def test_a_pickle_under_either_name_is_refused(tmp_path: Path) -> None:
    for ending in ("npz", "safetensors"):
        path = tmp_path / f"weights.{ending}"
        path.write_bytes(pickle.dumps(Trap()))
        with pytest.raises(ValueError, match=rf"^path: 'weights.{ending}' is no whole "):
            load_layers(path, convention="columns")


SAFETENSORS = {
    "a header of terabytes": (struct.pack("<Q", 2**42) + b"{}", "it has 10 bytes and claims a header of 4398046511104"),
    "a header longer than the file": (struct.pack("<Q", 3) + b"{}", "it has 10 bytes and claims a header of 3"),
    "a header that is no JSON": (struct.pack("<Q", 2) + b"{]", "Error while deserializing header: "),
    "a type with a terminal's escape in it": (
        json.dumps({"key": {"dtype": "F\x1b[2J\nerror:", "shape": [], "data_offsets": [0, 0]}}, ensure_ascii=True).encode(),
        r"Error while deserializing header: invalid JSON in header: unknown variant `F\x1b[2J\nerror:`, ",
    ),
    "sizes that the file does not have": (
        json.dumps({"key": {"dtype": "F64", "shape": [10**6, 10**6], "data_offsets": [0, 8 * 10**12]}}).encode(),
        "Error while deserializing header: ",
    ),
    "sizes that do not match their bytes": (
        json.dumps({"key": {"dtype": "F64", "shape": [10**6, 10**6], "data_offsets": [0, 0]}}).encode(),
        "Error while deserializing header: ",
    ),
}


@pytest.mark.parametrize("fault", SAFETENSORS)
def test_safetensors_that_lie(tmp_path: Path, fault: str) -> None:
    content, message = SAFETENSORS[fault]
    path = tmp_path / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", len(content)) + content if content.startswith(b'{"') else content)
    with pytest.raises(ValueError, match=r"^path: ") as refused:
        load_layers(path, convention="columns")
    assert str(refused.value).startswith(f"path: 'weights.safetensors' is no whole safetensors file: {message}")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "finite numbers, got nan"), (True, "floats, got entries of type BOOL, which are no weights")]
)
def test_safetensors_of_what_are_no_weights(tmp_path: Path, value: Any, message: str) -> None:
    path = written(tmp_path / "weights.safetensors", drawn(0) | {"key": np.full((3, 5), value)})
    with pytest.raises(ValueError, match=rf"^'key': expected {message}"):
        load_layers(path, convention="columns")


def test_names_from_the_file_cannot_forge_lines(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a\nerror: forged \x1b[2J\u202e.npy", npy(np.ones(1)))
        archive.writestr(f"{'long' * 100}.npy", npy(np.ones(1)))
    with pytest.raises(ValueError, match=r"^path: found no layer") as refused:
        load_layers(path, convention="columns")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


def test_files_that_are_not_there_or_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    for name, message in {
        "weights.pt": r"^path: expected a file that ends in .npz or .safetensors, got 'weights.pt'; other formats can hold pickles, which ",
        "none.npz": r"^path: expected a file, found none at '.*none.npz'$",
        "folder.npz": r"^path: expected a file, found something else at '.*folder.npz'$",
    }.items():
        with pytest.raises(ValueError, match=message):
            load_layers(tmp_path / name, convention="columns")
