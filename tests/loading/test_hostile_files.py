"""Hostile files do no harm, and a loader that trusts them is seen to."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equivalence.loading import files
from equivalence.models.heads import Head, Layer
from tests.support import hostile_files
from tests.support.hostile_files import LONGEST_MESSAGE, Random, npz, outcome, outcomes, weights

FILES = 200


def test_hostile_files_are_loaded_or_refused_in_one_line(tmp_path: Path) -> None:
    for said in outcomes(FILES, 0, tmp_path).values():
        assert len(said) == FILES
        assert 2 <= said.count("loaded") < FILES / 4
        assert len(set(said)) > FILES / 8


def test_the_same_seed_makes_the_same_file() -> None:
    assert npz(Random("0.1")) == npz(Random("0.1")) != npz(Random("0.2"))


@pytest.mark.parametrize("key", [np.full((3, 5), np.inf), np.ones((3, 5), np.float32), np.ones((2, 5))], ids=["infinite", "single", "size"])
def test_a_layer_that_should_not_have_been_loaded_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: np.ndarray) -> None:
    head = Head(**(weights(Random("0")) | {"key": key}))
    monkeypatch.setattr(hostile_files, "load_layers", lambda path, **options: [Layer((head,))])
    with pytest.raises(AssertionError, match=r"^(sizes that do not fit|weights that are no finite doubles)"):
        outcome(tmp_path / "weights.npz")


def test_what_allocates_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LZMA takes what its header claims, here 8 MB, before it unpacks a byte."""
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("key.npy", b"")
        archive.writestr("query.npy", b"")
        archive.writestr("value.npy", b"")
        archive.writestr("projection.npy", b"")
    assert outcome(path) == "'query': expected a member that is stored or deflated, as numpy writes it, got compression 14"
    monkeypatch.setattr(files, "COMPRESSIONS", (zipfile.ZIP_LZMA,))
    with pytest.raises(AssertionError, match=r"^\d{7,} bytes allocated$"):
        outcome(path)


@pytest.mark.parametrize(
    ("name", "message"), [("a\nb", "several lines"), ("x" * 5000, f"a message of [0-9]{{{len(str(LONGEST_MESSAGE)) + 1},}} char")]
)
def test_what_is_said_in_lines_or_at_length_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str) -> None:
    path = tmp_path / "weights.npz"
    np.savez(path, **{name: np.zeros(1)})
    assert outcome(path).startswith("source: found no layer")
    monkeypatch.setattr("equivalence.loading.matching.shown", lambda name: f"'{name}'")
    with pytest.raises(AssertionError, match=message):
        outcome(path)


def test_another_error_is_a_failure_that_names_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, name: str) -> Any:
        raise KeyError(name)

    monkeypatch.setattr(files._Npz, "declared", broken)
    with pytest.raises(AssertionError, match=r"^file \d+ of seed 0, .*hostile.npz: KeyError: '[\w./]+'$"):
        outcomes(FILES, 0, tmp_path)
