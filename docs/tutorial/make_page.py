"""Execute the tutorial's notebook from top to bottom, and make the page of it: python docs/tutorial/make_page.py.

The page is README.md beside the notebook: its text, its code, and what came out. Pictures are in pictures/, sounds in
sounds/. The notebook itself stays without outputs. It takes about ten minutes.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import psutil
import soundfile
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from nbformat import NotebookNode

HERE = Path(__file__).parent
NOTEBOOK = HERE / "tutorial.ipynb"
WORTH_TELLING_S = 2.0
WAV = re.compile('"data:audio/(?:x-)?wav;base64,([^"]*)"')


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run all cells in a new kernel, in ``folder``, and note in each how long it took.

    Parameters
    ----------
    notebook : NotebookNode
        Changed: gets its outputs, and ``metadata.core_s`` in its cells, seconds of one core with those of the programs that
        a cell ran.
    folder : path
        Where the notebook writes.

    Returns
    -------
    NotebookNode
        The same.

    Raises
    ------
    CellExecutionError
        If a cell fails; it names the cell.
    """
    began: list[float] = []

    def core_s() -> float:
        kernel: Any = client.km
        return sum(psutil.Process(kernel.provisioner.pid).cpu_times()[:4])

    def begin(**_: Any) -> None:
        began.append(core_s())

    def end(cell: NotebookNode, **_: Any) -> None:
        cell.metadata["core_s"] = core_s() - began[-1]

    client = NotebookClient(
        notebook,
        timeout=3600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=begin,
        on_cell_executed=end,
    )
    return client.execute()


def make_page(notebook: NotebookNode) -> tuple[str, dict[str, bytes]]:
    """Convert an executed notebook to a page.

    Parameters
    ----------
    notebook : NotebookNode
        Changed: its outputs become what a page can show. Progress, on standard error, is left out.

    Returns
    -------
    page : str
        Markdown.
    files : dict of str to bytes
        What the page shows, by its path beside the page.
    """
    files: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = _shown(cell.outputs)
        for output in cell.outputs:
            _replace_sound(output, files)
        if (core_s := cell.metadata.get("core_s", 0.0)) > WORTH_TELLING_S:
            said = f"*{core_s:.0f} seconds of one core.*"
            cell.outputs.append(nbformat.v4.new_output("display_data", {"text/markdown": said}))
    exporter = MarkdownExporter()
    exporter.register_preprocessor("nbconvert.preprocessors.HighlightMagicsPreprocessor", enabled=True)
    resources = {"unique_key": "pictures/picture", "output_files_dir": ""}
    page, converted = exporter.from_notebook_node(notebook, resources)
    outputs: dict[str, bytes] = converted["outputs"]
    return page.strip() + "\n", files | outputs


def _shown(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Leave out standard error, and make one text of what came out piece by piece."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type != "stream":
            kept.append(output)
        elif output.name == "stdout":
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
            else:
                kept.append(output)
    return kept


def _replace_sound(output: NotebookNode, files: dict[str, bytes]) -> None:
    """Put a link to a small file in place of a player, which a page of Markdown cannot hold."""
    if not (found := WAV.search(output.get("data", {}).get("text/html", ""))):
        return
    wav = base64.b64decode(found[1])
    sound, rate = soundfile.read(io.BytesIO(wav))
    name = f"sounds/sound_{len(files)}.ogg"
    ogg = io.BytesIO()
    soundfile.write(ogg, sound, rate, format="OGG", subtype="VORBIS")
    files[name] = ogg.getvalue()
    output.data = NotebookNode({"text/markdown": f"[Hear it]({name}) ({len(sound) / rate:.0f} s)"})


def main() -> None:
    """Run from the command line."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        page, files = make_page(execute(notebook, Path(folder)))
    for kind in ("pictures", "sounds"):
        shutil.rmtree(HERE / kind, ignore_errors=True)
        (HERE / kind).mkdir()
    for name, content in files.items():
        (HERE / name).write_bytes(content)
    (HERE / "README.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
