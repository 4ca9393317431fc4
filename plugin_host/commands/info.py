"""`brainsynth info`: what a model file is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..model_file.controls import Control
    from ..model_file.document import ModelDocument
    from ..playing.model import Model

_SHOWN = 4


def info(
    file: Annotated[
        str, typer.Argument(help="A model file or the name of a bundled model.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Print what a model is: controls, latency, size, trained range, provenance, licence."""
    from .named_model import open_model
    from .tables import open_console, show

    model = open_model(file)
    document = model.document
    if as_json:
        details = {**_details(model), "document": document.summary()}
        # In ASCII: a text of a stranger may hold what a terminal obeys.
        typer.echo(json.dumps(details, indent=2))
        return
    console = open_console()
    show(console, f"{document.name}, {document.role.value}, {document.family}", "bold")
    if document.description:
        show(console, document.description)
    console.print()
    console.print(_overview(model))
    for title, controls in (("Controls", document.controls), ("Outputs", document.outputs)):
        if controls:
            console.print(f"\n{title}", style="bold")
            console.print(_controls_table(controls))
    for control in (*document.controls, *document.outputs):
        if control.map:
            labels = ", ".join(dict.fromkeys(point.label for point in control.map))
            points = f"{len(control.map)} point{'s' * (len(control.map) > 1)}"
            console.print()
            show(console, f"Map of {control.name}, {points}: {labels}")


def _details(model: Model) -> dict[str, object]:
    document = model.document
    return {
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "opset": model.opset,
        "providers": model.providers,
        "latency_ms": round(1000 * document.latency_samples / document.sample_rate, 3),
        "has_proof": document.golden is not None,
        "tolerances": _tolerances(document),
    }


def _tolerances(document: ModelDocument) -> dict[str, float]:
    """Give how far a host may be off in each output."""
    golden = document.golden
    return {} if golden is None else {tensor: golden.tolerance_of(tensor) for tensor in golden.outputs}


def _proof(document: ModelDocument) -> str:
    tolerances = _tolerances(document)
    if not tolerances:
        return "none"
    texts = [f"{tensor.removeprefix('output.')} {value:.2g}" for tensor, value in tolerances.items()]
    if len(set(tolerances.values())) == 1:
        texts = [f"{next(iter(tolerances.values())):.2g}"]
    return f"carried in the file: brainsynth verify; a host may be off by {', '.join(texts)}"


def _overview(model: Model) -> Table:
    from .tables import add_row, make_table

    document = model.document
    state_bytes = sum(state.nbytes for state in document.states)
    rows = {
        "format": str(document.format),
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
        "proof": _proof(document),
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
        name = f"{control.name}[0..{control.size - 1}]" if control.is_vector else control.name
        ends = [_value(control, value) for value in (control.minimum, control.maximum)]
        scale = ", ".join(control.choices) or control.scale.value
        add_row(table, name, *ends, _default(control), control.unit, scale, control.description)
    return table


def _value(control: Control, value: float) -> str:
    return control.choices[int(value)] if control.choices else f"{value:g}"


def _default(control: Control) -> str:
    """Write one number where it holds for all elements, and the first of many."""
    values = [_value(control, value) for value in control.defaults]
    if len(set(values)) == 1:
        return values[0]
    return ", ".join(values if len(values) <= _SHOWN else [*values[:_SHOWN], "..."])
