"""The count of Any sees what says Any, by whatever name, and fails above its ceiling."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.any_count import CEILING, ROOT, counted, main

TEXTS = {
    "from typing import Any\ndef f(x: Any, *rest: list[Any]) -> Any: ...": 3,
    "import typing\nx: typing.Any": 1,
    "from typing import Any as Whatever\nx: Whatever": 1,
    "from typing import Any\nArray = Any\ndef f(x: Array) -> Array: ...": 3,
    "from typing import Any\nArray = dict[str, Any]\nRows = list[Array]\nx: Rows": 3,
    "from typing import Any\ndef f(x: 'Any') -> 'list[Any]': ...": 2,
    "from typing import Any, cast\nvalues = cast(Any, 1)\nprint(values)": 1,
    "from collections.abc import Any\nx: Any": 0,
    '"""Any of them."""\nfound = any([1])': 0,
}


@pytest.mark.parametrize(("text", "count"), TEXTS.items())
def test_what_says_any_is_counted(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room/file.py").write_text(text, encoding="utf-8")
    assert counted(tmp_path, ("room",)).total() == count


def test_an_alias_counts_where_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room/__init__.py").write_text("from typing import Any\nArray = Any", encoding="utf-8")
    (tmp_path / "room/file.py").write_text("from room import Array as A\ndef f(x: A) -> A: ...", encoding="utf-8")
    assert counted(tmp_path, ("room",)) == {"room/__init__.py": 1, "room/file.py": 2}


def test_the_ceiling_holds_and_one_more_would_fail(capsys: pytest.CaptureFixture[str]) -> None:
    count = counted(ROOT).total()
    assert count <= CEILING
    assert main(ROOT, count) == 0
    assert main(ROOT, count - 1) == 1
    assert capsys.readouterr().err == "error: too often: name what is meant, or object for what is only checked\n"
