"""Arrays of floats out of ``.npz`` and ``.safetensors`` files that nobody vouches for.

No pickle is ever loaded. What a file says of its sizes is checked against the file and against a limit before anything is allocated for it,
and only the arrays that are asked for are read. Names come from the file, so messages show them quoted and cut short.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import NamedTuple, Protocol

import numpy as np

from equivalence.checks import legible
from equivalence.extras import extra

MAX_BYTES = 2**30
LONGEST_NPY_HEADER = 2**14  # NumPy refuses above 10,000
LONGEST_SAFETENSORS_HEADER = 10**8  # the format's own limit
NUMBERS = {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"}
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy writes. LZMA allocates what its header claims, up to 4 GB, before a byte is unpacked."""
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # encrypted, nested too deeply
    MemoryError,
    SyntaxError,
    TokenError,
    ValueError,
)
"""What the libraries raise on a file that is not what it says."""


class Declared(NamedTuple):
    """What a file says of one array.

    Attributes:
        shape: its sizes.
        dtype: its type, as the format calls it.
        is_numeric: whether that is a type of floats or integers.
    """

    shape: tuple[int, ...]
    dtype: str
    is_numeric: bool


class ArrayFile(Protocol):
    """An open file of named arrays."""

    names: tuple[str, ...]

    def declared(self, name: str) -> Declared:
        """What the file says of an array, checked against the bytes there are. Raises ValueError."""

    def array(self, name: str) -> np.ndarray:
        """The array as it is stored. Raises ValueError."""


@contextmanager
def opened(path: str | Path) -> Iterator[ArrayFile]:
    """The file, its format told by its name; closed afterwards.

    Raises ValueError: another ending, no such file, a file that is not of its format, or truncated.
    """
    path = Path(path)
    if path.suffix not in (".npz", ".safetensors"):
        raise ValueError(
            f"path: expected a file that ends in .npz or .safetensors, got {shown(path.name)}; other formats can hold pickles, which are "
            "never loaded: save a state_dict by safetensors.torch.save_file, or arrays by numpy.savez"
        )
    try:
        is_file, is_there = path.is_file(), path.exists()
    except OSError as error:  # a folder that may not be searched, a name that is too long
        raise ValueError(f"path: cannot read {shown(str(path))}: {error.strerror}") from error
    if not is_file:
        raise ValueError(f"path: expected a file, found {'something else at' if is_there else 'none at'} {shown(str(path))}")
    with _npz(path) if path.suffix == ".npz" else _safetensors(path) as file:
        yield file


def read(file: ArrayFile, names: Sequence[str], max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """The named arrays as doubles.

    Args:
        file: from `opened`.
        names: of arrays in the file.
        max_bytes: what the doubles may take in all; more is refused before any is read.

    Raises:
        ValueError: too large; an array that is neither of floats nor of integers; NaN or infinity; a member that is broken.
    """
    check(file, names, max_bytes)
    return {name: _finite(name, file.array(name)) for name in names}


def check(file: ArrayFile, names: Sequence[str], max_bytes: int = MAX_BYTES) -> None:
    """Whether the named arrays are of numbers, and not too large in all; nothing is read. Arguments and errors as of `read`."""
    total = 0
    for name in names:
        declared = file.declared(name)
        if not declared.is_numeric:
            why = "which is a pickle and never loaded" if declared.dtype == "object" else "which are no weights"
            raise ValueError(f"{shown(name)}: expected floats, got entries of type {declared.dtype}, {why}; save it as float32 or float64")
        total += 8 * math.prod(declared.shape)
        if total > max_bytes:
            raise ValueError(
                f"{shown(name)}: expected at most max_bytes = {max_bytes} bytes of weights in all, as doubles, got {total} with its shape "
                f"{declared.shape}; nothing was read"
            )


def shown(name: str) -> str:
    """A name from a file, fit for one line of a message."""
    text = repr(name)
    return text if len(text) <= 80 else f"{text[:60]}…{text[-15:]}"


def _finite(name: str, array: np.ndarray) -> np.ndarray:
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{shown(name)}: expected finite numbers, got {values[~np.isfinite(values)][0]:g}")
    return values


@contextmanager
def _npz(path: Path) -> Iterator[ArrayFile]:
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise ValueError(f"path: {path.name!r} is no whole zip archive, as numpy.savez writes: {_reason(error)}") from error
    with archive:
        yield _Npz(archive)


class _Npz:
    """Members ``name.npy``; `numpy.load` is not used, as it allocates what a header claims."""

    def __init__(self, archive: zipfile.ZipFile):
        self.archive = archive
        self.members: dict[str, zipfile.ZipInfo] = {}
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name in self.members:
                raise ValueError(f"{shown(name)}: expected one array of a name in the file, got two")
            self.members[name] = member
        self.names = tuple(self.members)

    def declared(self, name: str) -> Declared:
        shape, _, dtype, _ = self._header(name)
        return Declared(shape, dtype.name, dtype.kind in "fiu")

    def array(self, name: str) -> np.ndarray:
        shape, is_fortran, dtype, start = self._header(name)
        size = self.members[name].file_size
        content = self._content(name, size)
        if len(content) != size:
            raise ValueError(f"{shown(name)}: broken in the file: it ends after {len(content)} of {size} bytes")
        return np.frombuffer(content, dtype, offset=start).reshape(shape, order="F" if is_fortran else "C")

    def _header(self, name: str) -> tuple[tuple[int, ...], bool, np.dtype, int]:
        """Shape, whether in Fortran's order, type, and where the numbers start."""
        start = io.BytesIO(self._content(name, LONGEST_NPY_HEADER))
        try:
            version = np.lib.format.read_magic(start)
            reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, is_fortran, dtype = reader(start)
        except KeyError:
            raise ValueError(f"{shown(name)}: expected an array of floats as numpy.savez writes it, got another version") from None
        except BROKEN as error:
            raise ValueError(f"{shown(name)}: expected an array as numpy.savez writes it: {_reason(error)}") from error
        size, there = math.prod(_possible(name, shape)) * dtype.itemsize, self.members[name].file_size - start.tell()
        if dtype.kind != "O" and size != there:
            raise ValueError(f"{shown(name)}: broken in the file: its header claims shape {shape} of {dtype}, {size} bytes, it has {there}")
        return shape, is_fortran, dtype, start.tell()

    def _content(self, name: str, most: int) -> bytes:
        member = self.members[name]
        if member.compress_type not in COMPRESSIONS:
            raise ValueError(
                f"{shown(name)}: expected a member that is stored or deflated, as numpy writes it, got compression {member.compress_type}"
            )
        try:
            with self.archive.open(member) as stream:
                return stream.read(most)
        except BROKEN as error:
            raise ValueError(f"{shown(name)}: broken in the file: {_reason(error)}") from error


@contextmanager
def _safetensors(path: Path) -> Iterator[ArrayFile]:
    with extra("loading"):
        import ml_dtypes  # noqa: F401  (what bfloat16 is read as)
        from safetensors import SafetensorError, safe_open

    _check_length(path)
    try:
        tensors = safe_open(path, framework="numpy")
    except (SafetensorError, OSError) as error:
        raise ValueError(f"path: {path.name!r} is no whole safetensors file: {_reason(error)}") from error
    with tensors:
        yield _Safetensors(tensors)


def _check_length(path: Path) -> None:
    """The header's length comes first in the file, in 8 bytes, and nothing else is believed before it fits."""
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ValueError(f"path: cannot read {str(path)!r}: {error.strerror}") from error
    header, size = int.from_bytes(start, "little"), path.stat().st_size
    if len(start) < 8 or header > min(size - 8, LONGEST_SAFETENSORS_HEADER):
        raise ValueError(f"path: {path.name!r} is no whole safetensors file: it has {size} bytes and claims a header of {header}")


class _Slice(Protocol):
    """What safetensors knows of an array before it is read."""

    def get_shape(self) -> list[int]: ...

    def get_dtype(self) -> str: ...


class _Opened(Protocol):
    """An open file of safetensors."""

    def keys(self) -> list[str]: ...

    def get_slice(self, name: str, /) -> _Slice: ...

    def get_tensor(self, name: str, /) -> np.ndarray: ...


class _Safetensors:
    def __init__(self, tensors: _Opened):
        self.tensors = tensors
        self.names = tuple(tensors.keys())

    def declared(self, name: str) -> Declared:
        piece = self.tensors.get_slice(name)
        return Declared(_possible(name, tuple(piece.get_shape())), piece.get_dtype(), piece.get_dtype() in NUMBERS)

    def array(self, name: str) -> np.ndarray:
        return self.tensors.get_tensor(name)


def _possible(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A claimed shape, short and small enough to be spoken of."""
    if len(shape) > 32 or not all(0 <= size < 2**63 for size in shape):
        raise ValueError(f"{shown(name)}: broken in the file: its header claims {len(shape)} sizes, or one that no array has")
    return shape


def _reason(error: BaseException) -> str:
    """What a library said, which can quote the file."""
    return legible(str(error) or type(error).__name__)
