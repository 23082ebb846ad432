"""The notebooks run from the first cell to the last; what they claim they assert."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.shared_data import needs

from benchmarks.anonymize.reference import REFERENCE

pytestmark = [pytest.mark.long, pytest.mark.processes]
FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PUBLIC_TABLES = {"03-composition"}


def notebook(file: Path) -> nbformat.NotebookNode:
    read: nbformat.NotebookNode = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]  # the library's
    return read


def test_there_are_notebooks_without_stored_output() -> None:
    assert len(NOTEBOOKS) == 4
    for file in NOTEBOOKS:
        cells = notebook(file).cells
        assert all(not cell.outputs for cell in cells if cell.cell_type == "code"), file.name


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, id=file.stem, marks=[needs(REFERENCE)] if file.stem in PUBLIC_TABLES else [])
        for file in NOTEBOOKS
    ],
)
def test_notebook_shows_what_it_says(file: Path) -> None:
    shown = notebook(file)
    NotebookClient(shown, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in shown.cells for output in cell.get("outputs", [])]
    assert outputs
    assert all(output.output_type != "error" for output in outputs)
