"""The runner catches what it is for, on a small notebook; the stored notebooks are thin, complete and free of traces of a machine."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

import proofs  # noqa: F401 - registers the statements
from equivalence import find, verify
from notebooks.__main__ import METADATA, app, check, differences, shown

FOLDER = Path(__file__).parents[2] / "notebooks"
CHAPTERS = [
    "01_data_updates.ipynb",
    "02_one_layer.ipynb",
    "03_depth.ipynb",
    "04_linear_attention.ipynb",
    "04_tokens.ipynb",
    "05_dual_forms.ipynb",
    "06_where_softmax_breaks.ipynb",
    "07_what_softmax_descends.ipynb",
    "09_is_my_layer_gradient_descent.ipynb",
    "10_neighbours.ipynb",
]
CELLS = [
    nbformat.v4.new_markdown_cell("A small notebook.", id="text"),
    nbformat.v4.new_code_cell("from fractions import Fraction\nfrom IPython.display import Image, Markdown", id="imports"),
    nbformat.v4.new_code_cell("print('one'); Fraction(1, 2) + 1", id="half"),
    nbformat.v4.new_code_cell("Markdown('**two**')", id="bold"),
    nbformat.v4.new_code_cell("Image(data=b'\\x89PNG\\r\\n\\x1a\\n0000')", id="image"),
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The small notebook with its outputs, as the runner stores them."""
    path = tmp_path_factory.mktemp("notebooks") / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=CELLS), path)
    assert check(path, write=True) == []
    return path


def run(*arguments):
    """Exit status, stdout and stderr."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def tampered(stored, change):
    notebook = nbformat.read(stored, as_version=4)
    change(notebook.cells)
    return differences("small.ipynb", notebook, nbformat.read(stored, as_version=4))


def test_stored_outputs_are_found_again(stored):
    assert run(stored) == (0, "small.ipynb: as stored\n", "")


def test_a_tampered_output_is_caught_and_the_message_names_notebook_and_cell(stored, tmp_path):
    notebook = nbformat.read(stored, as_version=4)
    notebook.cells[2].outputs[1].data["text/plain"] = "Fraction(5, 2)"
    path = tmp_path / "small.ipynb"
    nbformat.write(notebook, path)
    status, out, err = run(path)
    assert (status, out) == (1, "small.ipynb: FAILS\n")
    assert "small.ipynb, cell 3 (print('one'); Fraction(1, 2) + 1): the output is not what is stored" in err
    assert "\n-Fraction(5, 2)\n+Fraction(3, 2)\n" in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cells: cells[2].outputs[0].update(text="two\n"), r"cell 3 (?s:.*)-two\n\+one"),
        (lambda cells: cells[2].outputs.pop(), r"cell 3 (?s:.*)\+\[text/plain\]\n\+Fraction\(3, 2\)"),
        (lambda cells: cells[3].outputs[0].data.update({"text/markdown": "**three**"}), r"cell 4 (?s:.*)-\*\*three\*\*\n\+\*\*two\*\*"),
        (lambda cells: cells[4].outputs[0].data.pop("image/png"), r"cell 5 (?s:.*)\+\[image/png\]"),
    ],
)
def test_every_kind_of_output_is_compared(stored, change, message):
    (found,) = tampered(stored, change)
    assert re.search(message, found)


def test_the_bytes_of_an_image_are_not_compared(stored):
    assert tampered(stored, lambda cells: cells[4].outputs[0].data.update({"image/png": "AAAA"})) == []


def test_a_cell_that_raises_is_reported_with_its_notebook(tmp_path):
    path = tmp_path / "raises.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0", id="raises")]), path)
    before = path.read_bytes()
    status, _, err = run("--write", path)
    assert status == 1
    assert "raises.ipynb, cell 1 (1 / 0): raises ZeroDivisionError: division by zero" in err
    assert path.read_bytes() == before  # nothing half-written


def without_text(notebook):
    """The cells with an image that has no alternative text."""
    outputs = [(number, output) for number, cell in enumerate(notebook.cells, 1) for output in cell.get("outputs", [])]
    images = [(number, output.get("metadata", {})) for number, output in outputs if "image/png" in output.get("data", {})]
    return [number for number, metadata in images if not metadata.get("image/png", {}).get("alt")]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_image_has_alternative_text(name):
    assert without_text(nbformat.read(FOLDER / name, as_version=4)) == []


def test_an_image_without_alternative_text_is_found_and_another_text_too(stored):
    assert without_text(nbformat.read(stored, as_version=4)) == [5]

    def described(cells):
        cells[4].outputs[0].metadata["image/png"] = {"alt": "A curve."}

    (message,) = tampered(stored, described)
    assert "-A curve." in message


def test_an_unknown_notebook_is_refused(tmp_path):
    assert run(tmp_path / "none.ipynb") == (2, "", f"error: no such notebook: {tmp_path / 'none.ipynb'}\n")


def test_there_is_a_notebook_for_each_chapter():
    assert sorted(path.name for path in FOLDER.glob("*.ipynb")) == CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_is_defined_in_a_notebook(name):
    cells = nbformat.read(FOLDER / name, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    code = "\n".join(line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines() if not line.startswith("%"))
    defining = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    assert [ast.unparse(node) for node in ast.walk(ast.parse(code)) if isinstance(node, defining)] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_stored_outputs_are_complete_and_free_of_traces_of_a_machine(name):
    notebook = nbformat.read(FOLDER / name, as_version=4)
    assert notebook.metadata == METADATA
    assert all(cell.metadata == {} for cell in notebook.cells)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for cell in code for output in cell.outputs)
    seen = "\n".join(line for cell in notebook.cells for line in [cell.source, *shown(cell)])
    assert not re.search(r"(/home|/root|/tmp|/usr|site-packages|0x[0-9a-f]{6,})", seen)


def test_statements_and_results_have_a_plain_form_without_addresses_or_seconds():
    assert repr(find("1.2")) == "<Statement 1.2: A weight update is a target update>"
    assert repr(verify("1.2", algebras=["symbolic"], seed=0)) == "<Result 1.2: holds, 1 check>"
    assert repr(verify("1.2", algebras=[], seed=0)) == "<Result 1.2: not decided, 0 checks>"
