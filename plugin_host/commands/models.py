"""`brainsynth models`: what is there to play."""

from __future__ import annotations


def models() -> None:
    """List the models that come with the package."""
    from ..model_file.bundled import MODELS_FOLDER, bundled_names
    from ..model_file.document import ModelDocument
    from ..model_file.onnx_bytes import read_header, read_model_bytes
    from .tables import add_row, make_table, open_console

    table = make_table(("name", "role", "Hz", "MB", "about", "licence"), right=("Hz", "MB"))
    for name in bundled_names():
        path = MODELS_FOLDER / f"{name}.onnx"
        # Only the header: a list need not load every graph.
        data = read_model_bytes(path)
        document = ModelDocument.from_metadata(read_header(data, str(path)).metadata, str(path))
        add_row(
            table,
            name,
            document.role.value,
            str(document.sample_rate),
            f"{len(data) / 1e6:.1f}",
            document.description,
            document.provenance.get("licence", "not stated"),
        )
    open_console().print(table)
