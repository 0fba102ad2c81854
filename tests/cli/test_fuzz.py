"""Commands end as they say, whatever they are asked; and what would not is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from equivalence.cli.errors import Command as OneLine
from tests.support.fuzzed_commands import Call, Command, commands, found_wrong, furnished, of_recognise, wrong

CALLS = 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_commands_end_as_they_say(tmp_path: Path, seed: int) -> None:
    with furnished(tmp_path):
        assert [(call, message) for call, message in found_wrong(CALLS, seed) if message] == []


GOOD = {
    "weights": ["weights", "--d-x", "2", "--d-y", "1", "--learning-rate", "eta", "--context", "N"],
    "recognise": ["recognise", "one.npz", "--d-x", "2", "--d-y", "1", "--convention", "columns", "--json"],
    "falsify": ["falsify", "model_of_the_fuzz:softmax", "--d-x", "2", "--d-y", "1", "--examples", "3"],
    "proofs": ["proofs", "1.2", "--seed", "0", "--json"],
}


@pytest.mark.parametrize("name", GOOD)
def test_good_calls_are_good(tmp_path: Path, name: str) -> None:
    with furnished(tmp_path):
        assert wrong(Call(name, GOOD[name]), commands()[name]) == ""


def ending(status: int, stdout: str = "", stderr: str = "") -> Command:
    """A command that says this and ends so."""
    app = typer.Typer()

    @app.command(cls=OneLine)
    def main() -> None:
        typer.echo(stdout, nl=False)
        typer.echo(stderr, nl=False, err=True)
        raise typer.Exit(status)

    return Command(app, [], [], {}, {}, [])


def raising() -> Command:
    app = typer.Typer()

    @app.command(cls=OneLine)
    def main() -> None:
        raise KeyError("lost")

    return Command(app, [], [], {}, {}, [])


@pytest.mark.parametrize(
    ("name", "command", "message"),
    [
        ("weights", raising(), "ends in a defect: error: a defect of ours, please report it: KeyError: 'lost'"),
        ("weights", ending(2, stderr="error: no\nsecond line\n"), "status 2 says"),
        ("weights", ending(2, "half an answer", "error: no\n"), "status 2 says"),
        ("weights", ending(2, stderr="error: \x1b[31m\n"), "status 2 says"),
        ("weights", ending(2, stderr="Usage: …\n"), "status 2 says"),
        ("weights", ending(3, "W_K"), "status 3 says 'W_K'"),
        ("weights", ending(0, "W_K", "warning\n"), "status 0 with 'warning\\n' on stderr"),
        ("weights", ending(0, "nothing"), "status 0 says 'nothing'"),
        ("recognise", ending(0, "family: none"), "status 0 says 'family: none'"),
        ("recognise", ending(1, "family: gradient descent"), "status 1 says 'family: gradient descent'"),
        ("recognise", ending(0, "family: rate 0\n\nfamily: not decided"), "status 0 says 'family: rate 0"),
        ("recognise", ending(3, "family: none\n\nfamily: not decided"), "status 3 says 'family: none"),
        ("falsify", ending(1, "not refuted"), "status 1 says 'not refuted'"),
        ("falsify", ending(0, "refuted"), "status 0 says 'refuted'"),
        ("proofs", ending(0, "1 statement holds, 1 refuted\n"), "status 0 says"),
        ("proofs", ending(1, "2 statements hold, 0 refuted\n"), "status 1 says"),
    ],
)
def test_what_ends_otherwise_is_seen(name: str, command: Command, message: str) -> None:
    assert wrong(Call(name, []), command).startswith(message)


def test_no_number_that_is_none_passes_as_json() -> None:
    with pytest.raises(ValueError, match="NaN is no JSON"):
        of_recognise(0, '{"family": "none", "distance": NaN}', ["--json"])
