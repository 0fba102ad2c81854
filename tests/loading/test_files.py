"""Files that lie. A bad file is the good one with one thing changed, so that nothing else is what is refused."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equivalence.loading.files import opened, read
from equivalence.loading.layers import load_layers
from tests.support.weight_files import D_K, D_V, D, drawn, written


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
        ValueError, match=r"^'key': expected at most max_bytes = 1000000 bytes of weights in all, as doubles, got 64000120 with its"
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
    with pytest.raises(ValueError, match=r"^source: found no layer") as refused:
        load_layers(path, convention="columns")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


def test_files_that_are_not_there_or_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    for name, message in {
        "weights.pt": r"^path: expected a file that ends in .npz or .safetensors, got 'weights.pt'; other formats can hold pickles, "
        "which are never loaded: save a state_dict by safetensors.torch.save_file, or arrays by numpy.savez$",
        "none.npz": r"^path: expected a file, found none at '.*none.npz'$",
        "folder.npz": r"^path: expected a file, found something else at '.*folder.npz'$",
    }.items():
        with pytest.raises(ValueError, match=message):
            load_layers(tmp_path / name, convention="columns")


def test_paths_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / f"{'long' * 100}.npz", tmp_path / "no\x00byte.npz", tmp_path / "two\nlines.npz", tmp_path / f"{'x' * 500}.pt"):
        with pytest.raises(ValueError, match=r"^path: ") as refused:
            load_layers(path, convention="columns")
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 300
    loop = tmp_path / "loop.npz"
    loop.symlink_to(loop)
    with pytest.raises(ValueError, match=r"^path: (cannot read|expected a file, found none at) '.*loop.npz'"):
        load_layers(loop, convention="columns")
