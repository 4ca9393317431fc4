"""`brainsynth info`: what a model file is."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..model_file.controls import Control
    from ..playing.model import Model

_BYTES = {"float32": 4, "float64": 8, "int64": 8}


def info(
    file: Annotated[
        str, typer.Argument(help="A model file or the name of a bundled model.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Print what a model is: controls, latency, size, trained range, provenance, licence."""
    from ..playing.model import Model
    from .tables import open_console

    model = Model(file)
    document = model.document
    if as_json:
        facts = {**_facts(model), "document": document.summary()}
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    console = open_console()
    console.print(f"{document.name}, {document.role.value}, {document.family}", style="bold", markup=False)
    if document.description:
        console.print(document.description, markup=False)
    console.print()
    console.print(_overview(model))
    for title, controls in (("Controls", document.controls), ("Outputs", document.outputs)):
        if controls:
            console.print(f"\n{title}", style="bold")
            console.print(_controls_table(controls))


def _facts(model: Model) -> dict[str, object]:
    document = model.document
    return {
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "opset": model.opset,
        "providers": model.providers,
        "latency_ms": round(1000 * document.latency_samples / document.sample_rate, 3),
        "has_proof": document.golden is not None,
    }


def _overview(model: Model) -> Table:
    from .tables import add_row, make_table

    document = model.document
    state_bytes = sum(math.prod(state.shape) * _BYTES[state.dtype] for state in document.states)
    rows = {
        "file": f"{model.path}, {model.size_bytes / 1e6:.2f} MB, operator set {model.opset}",
        "runs on": ", ".join(model.providers),
        "audio": f"{document.sample_rate} Hz, {document.channels} channel{'s' * (document.channels > 1)}",
        "hop": _samples(document.hop_length, document.sample_rate),
        "latency": _samples(document.latency_samples, document.sample_rate),
        "tail": _samples(document.tail_samples, document.sample_rate),
        "state": f"{len(document.states)} tensors, {state_bytes / 1024:.1f} KiB",
        **{
            f"trained {name}": f"{trained.low:.4g} to {trained.high:.4g}, median {trained.median:.4g}"
            for name, trained in document.trained.items()
        },
        **document.provenance,
        "proof": "carried in the file: brainsynth verify" if document.golden is not None else "none",
    }
    table = make_table(("", ""))
    for name, text in rows.items():
        add_row(table, name, text)
    return table


def _samples(samples: int, sample_rate: int) -> str:
    return f"{samples} samples ({1000 * samples / sample_rate:.2f} ms)"


def _controls_table(controls: tuple[Control, ...]) -> Table:
    from .tables import add_row, make_table

    numbers = ("from", "to", "default")
    table = make_table(("name", *numbers, "unit", "scale", "about"), right=numbers)
    for control in controls:
        values = (control.minimum, control.maximum, *control.defaults)
        texts = [control.choices[int(value)] if control.choices else f"{value:g}" for value in values]
        scale = ", ".join(control.choices) or control.scale.value
        add_row(table, control.name, *texts, control.unit, scale, control.description)
    return table
