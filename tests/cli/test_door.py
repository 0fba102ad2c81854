"""The one command with all commands: its version, its completion, what it does not load, and what the project says of it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, PackageNotFoundError, version
from pathlib import Path

import pytest
from typer.testing import CliRunner

import equivalence
from equivalence.cli.main import COMMANDS, app, made
from equivalence.cli.progress import tracked
from equivalence.cli.proofs import app as proofs_app
from equivalence.extras import DISTRIBUTION

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_script_is_the_command() -> None:
    ((name, value),) = PROJECT["scripts"].items()
    assert name == "attention-descent"
    assert EntryPoint(name, value, "console_scripts").load() is app


def test_help_names_every_command_in_whole_words() -> None:
    said = CliRunner().invoke(app, ["--help"], prog_name="attention-descent")
    assert said.exit_code == 0
    for command, words in COMMANDS.items():
        assert f"  {command.__name__:<10} {words}\n" in said.stdout


@pytest.mark.parametrize("which", [app, proofs_app, made(completes=False)])
def test_the_version_is_shown(which: object) -> None:
    result = CliRunner().invoke(which, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"{DISTRIBUTION} {equivalence.__version__}\n")


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert equivalence.__version__ == version(DISTRIBUTION) == PROJECT["version"]

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", absent)
    assert equivalence.__version__ == "unknown"
    with pytest.raises(AttributeError, match="no_such_name"):
        equivalence.no_such_name  # noqa: B018


def completed(words: str, place: int) -> list[str]:
    """What bash is offered."""
    environment = {"_ATTENTION_DESCENT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    return CliRunner().invoke(app, [], prog_name="attention-descent", env=environment).stdout.split()


def test_shells_complete_commands_and_options() -> None:
    assert completed("attention-descent ", 1) == [command.__name__ for command in COMMANDS]
    assert completed("attention-descent re", 1) == ["recognise"]
    assert set(completed("attention-descent weights --g", 2)) == {"--gdpp", "--gamma"}
    assert completed("attention-descent weights --format ", 3) == ["text", "latex", "npz"]


def test_completion_is_offered_to_shells_only() -> None:
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).stdout
    assert "--install-completion" not in CliRunner().invoke(made(completes=False), ["--help"]).stdout


def test_help_loads_nothing_that_computes() -> None:
    code = "import sys; from equivalence.cli.main import app\ntry:\n    app()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, "proofs", "--help"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "Check the statements." in done.stdout
    loaded = set(done.stderr.split())
    assert {"typer", "equivalence.cli.proofs"} <= loaded
    assert not {"sympy", "numpy", "flint", "jax", "proofs", "rich.table", "rich.progress"} & loaded


def test_a_bar_is_shown_on_terminals_only_and_quiet_hides_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*, quiet: bool) -> str:
        assert list(tracked([3, 1, 2], "counting", quiet=quiet)) == [3, 1, 2]
        return capsys.readouterr().err

    assert shown(quiet=False) == ""
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    monkeypatch.setenv("TERM", "xterm")
    assert "counting" in shown(quiet=False)
    assert shown(quiet=True) == ""


@pytest.mark.parametrize("command", ["recognise", "falsify", "proofs"])
def test_what_may_take_long_can_be_quiet(command: str) -> None:
    assert "-q, --quiet" in CliRunner().invoke(app, [command, "--help"]).stdout


def test_authors_are_those_to_cite() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert [author["name"] for author in PROJECT["authors"]] == ["The attention-descent-equivalence authors"]
    assert f'authors:\n  - name: "{PROJECT["authors"][0]["name"]}"\n' in citation
    assert [f'"{word}"' in citation or f"- {word}\n" in citation for word in PROJECT["keywords"]] == [True] * len(PROJECT["keywords"])
    assert all(len(label) <= 32 for label in PROJECT["urls"])  # more is no metadata
    assert PROJECT["urls"]
    assert all(f'url: "{url}"' in citation for url in PROJECT["urls"].values())


def test_classifiers_name_the_versions() -> None:
    named = [line.removeprefix("Programming Language :: Python :: ") for line in PROJECT["classifiers"] if ":: Python :: 3." in line]
    assert named == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={named[0]}"
