"""The README says what is so: its table is the registry's, its examples run and print what it shows, its version is the package's."""

import re
import tomllib
from pathlib import Path

import pytest

import proofs  # noqa: F401 - registers the statements
from equivalence.cli.status import MEANINGS
from equivalence.statements import in_order, registry
from equivalence.statements.kinds import KINDS, status

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", README + GUIDE, flags=re.MULTILINE | re.DOTALL)


def rows(heading):
    """The cells of the table below a heading, without its first two lines."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if line.startswith("|")]


@pytest.fixture
def registry_as_it_was():
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def test_the_table_is_the_registry():
    assert rows("The statements")[2:] == [(found.number, found.title, status(claim.kind for claim in found.claims)) for found in in_order()]


def test_the_statuses_are_explained():
    explained = {row[0]: row[2] for row in rows("What counts as proved") if row[0] in KINDS}
    assert explained == {kind.name: kind.status for kind in KINDS.values()}


def test_the_exit_statuses_are_those_of_the_commands():
    assert rows("A layer of your own")[2:] == [(str(int(status)), meaning) for status, meaning in MEANINGS.items()]


def tree():
    """The paths in the README's layout, by indentation; a comma parts files of one line."""
    block = re.search(r"^## Layout\n\n```text\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)[1]
    folders = []
    for line in block.splitlines():
        depth, names = (len(line) - len(line.lstrip())) // 2, re.split(r"\s{2,}", line.strip())[0]
        for name in re.split(r", |\s+", names):
            yield "".join([*folders[:depth], name])
        if names.endswith("/"):
            folders[depth:] = [names]


def test_the_layout_is_there_and_names_every_room():
    named = set(tree())
    assert {path for path in named if not (ROOT / path).exists()} == set()
    rooms = {f"equivalence/{file.parent.name}/" for file in (ROOT / "equivalence").glob("*/__init__.py")}
    assert rooms - named == set()


def test_make_has_what_the_texts_name():
    targets = set(re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)[1].split())
    texts = README + GUIDE + (ROOT / ".ci/run").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", texts, flags=re.MULTILINE))
    assert named - targets == set()
    assert {"proofs", "test", "lint"} <= named


@pytest.mark.parametrize(("code", "shown"), EXAMPLES, ids=[code.strip().splitlines()[-1] for code, _ in EXAMPLES])
@pytest.mark.usefixtures("registry_as_it_was")
def test_examples_run_and_print_what_is_shown(code, shown, capsys):
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out == shown


def test_there_are_examples_that_print_and_that_assert():
    assert sum(bool(shown) for _, shown in EXAMPLES) >= 3
    assert sum("assert " in code for code, _ in EXAMPLES) >= 1


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings[:2] == ["Unreleased", version]


def test_pins_are_plain_and_cover_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line)] == []
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    names = {re.split(r"[<>=\[]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    assert names - pinned == {project["name"]}  # its extras name one another
