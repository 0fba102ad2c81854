"""Seeded hostile files for the loaders: ``python -m tests.support.hostile_files --number 20000 --seed 1``.

Each is a good file with one thing done to it: bytes changed, cut out, doubled, or put in; a header that lies about shapes, types,
offsets or its own length; names that are odd. What `load_layers` may do with one is little: give layers of finite doubles whose sizes
fit, or raise ValueError whose message is one printable line that is not long. It allocates no more than a limit.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import struct
import tempfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors.numpy import save

from equivalence.loading.layers import load_layers

D, D_K = 5, 3
SHAPES = {"key": (D_K, D), "query": (D_K, D), "value": (2, D), "projection": (D, 2)}
LONGEST_MESSAGE = 300
MOST_BYTES = 2**20
"""The limit that the loader is given, and what it may allocate on top: headers, messages and buffers."""
NAMES = [
    "key",
    "KEY",
    "k",
    "key.npy",
    "attn/key/w",
    "attn_99999999999999999999/key/w",
    "../../key",
    "/etc/key",
    "ké\u202ey",
    "~",
    "a\nb",
    "x" * 5000,
]
NUMBERS = [0, 1, -1, 2, 3, 5, 7, 2**31, 2**63 - 1, 2**63, 2**64, 10**30]
DTYPES = ["<f8", ">f8", "<f4", "<f2", "<i8", "|O", "<c16", "|b1", "<U3", "<M8[s]", "|V8", "<f99", "", "[('a', '<f8')]"]
KINDS = ["F64", "F32", "BF16", "F8_E4M3", "BOOL", "I64", "", "F65"]

LIBRARIES: list[dict[str, str]] = [{}] * 9 + [
    {role: f"layers.0.self_attn.{name}_proj.weight" for role, name in zip(SHAPES, "kqvo", strict=True)},
    {role: f"attn/{name}/kernel" for role, name in zip(SHAPES, ("key", "query", "value", "out"), strict=True)},
    {role: f"blocks.0.attn.W_{name}" for role, name in zip(SHAPES, "KQVO", strict=True)},
    {"key": "in_proj_weight", "projection": "out_proj.weight", "query": "in_proj_bias", "value": "bias_k"},
    {"key": "h.0.attn.c_attn.weight", "projection": "h.0.attn.c_proj.weight", "query": "h.0.ln_1.weight", "value": "h.0.attn.c_attn.bias"},
    {"key": "query_key_value.weight", "projection": "dense.weight", "query": "query_key_value.bias", "value": "layer_norm/scale"},
    {"query": "Q", "value": "P"},
    {"value": "key_bias"},
]
"""What roles are called, where that is not their own name."""
ASKED: list[dict[str, Any]] = [{"convention": "columns"}] * 6 + [
    {},
    {"heads": 2},
    {"d": 5, "d_y": 2, "heads": 1},
    {"biases": "constant", "fused": "heads"},
    {"biases": "leave out", "scale": True, "layers": 1},
]
"""How a file is asked for."""
COMPRESSIONS = [zipfile.ZIP_STORED] * 4 + [zipfile.ZIP_DEFLATED] * 4 + [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]

Random = random.Random
T = TypeVar("T")


def weights(draw: Random) -> dict[str, np.ndarray]:
    """The good weights, small integers."""
    return {
        role: np.array([draw.randint(-3, 3) for _ in range(rows * cols)], float).reshape(rows, cols)
        for role, (rows, cols) in SHAPES.items()
    }


def called(given: dict[str, T], draw: Random, ending: str = "") -> dict[str, T]:
    """By the names that a library has for them."""
    names = draw.choice(LIBRARIES)
    return {names.get(name.removesuffix(ending), name.removesuffix(ending)) + ending: content for name, content in given.items()}


def member(array: np.ndarray) -> bytes:
    """An array as `numpy.save` writes it."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zipped(members: dict[str, bytes], draw: Random) -> bytes:
    """A zip archive, stored or compressed."""
    stream = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(stream, "w", draw.choice(COMPRESSIONS)) as archive,
    ):
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in members.items():
            archive.writestr(name, content)
            if draw.random() < 0.02:
                archive.writestr(name, content)
    return stream.getvalue()


def damaged(content: bytes, draw: Random) -> bytes:
    """A few bytes changed, cut, doubled or put in."""
    damage = bytearray(content)
    for _ in range(draw.choice([1, 1, 1, 3, 20])):
        at, length = draw.randrange(len(damage) + 1), draw.choice([1, 1, 2, 4, 8, 100])
        piece = draw.choice([b"", draw.randbytes(length), bytes(length), b"\xff" * length, bytes(damage[at : at + length]) * 2])
        damage[at : at + length] = piece
    return bytes(damage[: draw.randrange(len(damage) + 1)] if draw.random() < 0.2 else damage)


def lying_member(draw: Random) -> bytes:
    """A member whose header claims what it likes."""
    shape = tuple(draw.choice(NUMBERS) for _ in range(draw.choice([0, 1, 2, 2, 2, 3, 40])))
    described = draw.choice([repr(draw.choice(DTYPES)), draw.choice(DTYPES), "None", "1"])
    text = f"{{'descr': {described}, 'fortran_order': {draw.choice(['True', 'False', '3'])}, 'shape': {shape}, }}\n".encode()
    major = draw.choice([1, 1, 1, 2, 3, 0, 255])
    length = draw.choice([len(text)] * 4 + [0, 3, 2**16 - 1])
    return (
        b"\x93NUMPY"
        + bytes([major, draw.choice([0, 0, 0, 9])])
        + struct.pack("<H" if major == 1 else "<I", length)
        + text
        + draw.randbytes(draw.choice([0, 8, 120]))
    )


def npz(draw: Random) -> bytes:
    """A hostile archive."""
    members = {f"{role}.npy": member(array) for role, array in weights(draw).items()}
    fault, victim = draw.choice(["bytes", "member", "header", "values", "name", "missing"]), draw.choice([*members])
    if fault == "header":
        members[victim] = lying_member(draw)
    elif fault == "member":
        members[victim] = damaged(members[victim], draw)
    elif fault == "values":
        members[victim] = member(np.full(SHAPES["key"], draw.choice([np.nan, -np.inf, 1e308, True, "a", 1j, None]), dtype=None))
    elif fault == "name":
        members[draw.choice(NAMES)] = members.pop(victim)
    elif fault == "missing":
        del members[victim]
    content = zipped(called(members, draw, ".npy"), draw)
    return damaged(content, draw) if fault == "bytes" else content


def safetensors(draw: Random) -> bytes:
    """A hostile file of the other format."""
    content = save(called(weights(draw), draw))
    fault, length = draw.choice(["bytes", "header", "length", "name"]), int.from_bytes(content[:8], "little")
    if fault == "bytes":
        return damaged(content, draw)
    if fault == "length":
        return struct.pack("<Q", draw.choice([0, 1, length - 1, length + 1, 10**8, 2**63, 2**64 - 1])) + content[8:]
    header = json.loads(content[8 : 8 + length])
    victim = draw.choice([*header])
    if fault == "name":
        header[draw.choice(NAMES)] = header.pop(victim)
    else:
        field = draw.choice(["shape", "dtype", "data_offsets", "whole"])
        numbers = [draw.choice(NUMBERS) for _ in range(draw.choice([0, 1, 2, 2, 40]))]
        lie = draw.choice(KINDS) if field == "dtype" else numbers
        header[victim] = lie if field == "whole" else {**header[victim], field: lie}
    text = json.dumps(header, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


FORMATS: dict[str, Callable[[Random], bytes]] = {"npz": npz, "safetensors": safetensors}


def outcome(path: Path, asked: dict[str, Any] = ASKED[0]) -> str:
    """What becomes of one file: "loaded", or the message; raises AssertionError for everything else."""
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of entries left alone
            (layer, *_) = load_layers(path, max_bytes=MOST_BYTES, **asked)
    except ValueError as error:
        message = str(error)
        assert message.isprintable(), f"a message of several lines, or with a terminal's escapes: {message!r}"
        assert len(message) <= LONGEST_MESSAGE, f"a message of {len(message)} characters: {message[:200]}"
        return message
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 4 * MOST_BYTES, f"{peak} bytes allocated"
    for head in layer.heads:
        (d_k, d), d_v = head.key.shape, len(head.value)
        shapes = [weight.shape for weight in head]
        assert shapes == [(d_k, d), (d_k, d), (d_v, d), (d, d_v)], f"sizes that do not fit: {shapes}"
        assert all(weight.dtype == np.float64 and np.isfinite(weight).all() for weight in head), "weights that are no finite doubles"
    return "loaded"


def outcomes(files: int, seed: int, folder: Path) -> dict[str, list[str]]:
    """Of so many files of each format, what became of them. A failure names the seed of its file, and leaves the file."""
    kept: dict[str, list[str]] = {}
    for ending, hostile in FORMATS.items():
        for number in range(files):
            path = folder / f"hostile.{ending}"
            draw = Random(f"{seed}.{number}.{ending}")
            path.write_bytes(hostile(draw))
            try:
                kept.setdefault(ending, []).append(outcome(path, draw.choice(ASKED)))
            except Exception as error:
                raise AssertionError(f"file {number} of seed {seed}, {path}: {type(error).__name__}: {error}") from error
    return kept


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.hostile_files", description="Load hostile files.")
    parser.add_argument("--number", type=int, default=5000, help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    for ending, said in outcomes(options.number, options.seed, folder).items():
        refused = [message for message in said if message != "loaded"]
        print(f"{ending}: {len(said)} files, {len(said) - len(refused)} loaded, {len(refused)} refused by {len(set(refused))} messages")


if __name__ == "__main__":
    main()
