"""Execute the notebooks and compare what they say with what is stored: ``python -m notebooks [--write] [NOTEBOOK ...]``.

Text outputs must be the same to the letter; of an image only its presence and its alternative text are compared, since its bytes depend on
fonts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

import nbformat
import typer
from nbclient import NotebookClient

from equivalence.cli.errors import Command, input_error

app = typer.Typer(add_completion=False)

HERE = Path(__file__).parent
TEXT = ("text/plain", "text/markdown", "text/latex")
METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}


def executed(notebook: Any, folder: Path) -> Any:
    """A copy, executed in a fresh kernel started in the folder, without traces of the machine or the time. Errors are outputs."""
    fresh = deepcopy(notebook)
    options: dict[str, Any] = {"timeout": 120, "kernel_name": "python3", "allow_errors": True, "record_timing": False}
    quiet = ["--Application.log_level=ERROR"]
    NotebookClient(fresh, resources={"metadata": {"path": str(folder)}}, extra_arguments=quiet, **options).execute()
    fresh.metadata = nbformat.from_dict(METADATA)
    for cell in fresh.cells:
        cell.metadata.clear()
    return fresh


def shown(cell: Any) -> list[str]:
    """What a reader sees of a cell's outputs, as lines; an image is a line that says that it is there, and its alternative text."""
    if cell.cell_type != "code":
        return []
    return [line for output in cell.outputs for line in _lines(output)]


def _lines(output: Any) -> Iterator[str]:
    if output.output_type == "stream":
        yield f"[{output.name}]"
        yield from output.text.splitlines()
    elif output.output_type == "error":
        yield f"[error] {output.ename}"
    else:
        for mime in sorted(output.data):
            yield f"[{mime}]"
            yield from output.data[mime].splitlines() if mime in TEXT else output.metadata.get(mime, {}).get("alt", "").splitlines()


def differences(name: str, stored: Any, fresh: Any) -> list[str]:
    """One message for each cell whose output is not what is stored, with a diff."""
    messages = []
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True), 1):
        diff = list(difflib.unified_diff(shown(old), shown(new), "stored", "now", lineterm=""))
        if diff:
            messages.append("\n".join([f"{_place(name, number, new)}: the output is not what is stored", *diff]))
    return messages


def errors(name: str, fresh: Any) -> list[str]:
    """One message for each cell that raised."""
    return [
        f"{_place(name, number, cell)}: raises {output.ename}: {output.evalue}"
        for number, cell in enumerate(fresh.cells, 1)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def _place(name: str, number: int, cell: Any) -> str:
    return f"{name}, cell {number} ({cell.source.partition(chr(10))[0]})"


def check(path: Path, *, write: bool = False) -> list[str]:
    """Execute one notebook; store the outputs, or say where they differ from the stored ones. Errors are never stored."""
    stored = nbformat.read(path, as_version=4)
    fresh = executed(stored, path.parent)
    wrong = errors(path.name, fresh) or ([] if write else differences(path.name, stored, fresh))
    if write and not wrong:
        nbformat.write(fresh, path)
    return wrong


@app.command(cls=Command)
def main(
    notebooks: Annotated[list[Path] | None, typer.Argument(help="Notebooks to execute; none: all.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Store the outputs instead of comparing them.")] = False,
) -> None:
    """Execute the notebooks and compare their text outputs with what is stored. The exit status is 1 if any differs, 2 for bad input."""
    paths = notebooks or sorted(HERE.glob("*.ipynb"))
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        raise input_error(f"no such notebook: {', '.join(missing) or HERE / '*.ipynb'}")
    messages = []
    for path in paths:
        found = check(path, write=write)
        typer.echo(f"{path.name}: {'FAILS' if found else 'written' if write else 'as stored'}")
        messages += found
    for message in messages:
        typer.echo(f"\n{message}", err=True)
    raise typer.Exit(int(bool(messages)))


if __name__ == "__main__":
    app()
