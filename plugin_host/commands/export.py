"""`brainsynth export`: write what a run has learned into model files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError, counted
from .training_packages import training_packages

if TYPE_CHECKING:
    from export.proof import Proof


def export(
    run: Annotated[Path, typer.Argument(help="A folder made by brainsynth train.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The model file to write.", show_default=False)
    ],
    licence: Annotated[
        str | None, typer.Option("--licence", help="Of the model.", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="What the model was trained on.", show_default=False),
    ] = None,
    data_terms: Annotated[
        str | None,
        typer.Option(
            "--data-terms", help="Under what terms that may be trained on and published.", show_default=False
        ),
    ] = None,
    author: Annotated[str | None, typer.Option("--author", help="Of the model.", show_default=False)] = None,
    register: Annotated[
        str | None,
        typer.Option(
            "--register",
            metavar="LOW-HIGH",
            help="Hz: the register the instrument is known for, which the file tells; 65-330 for a cello.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
) -> None:
    """Write what a run has learned into model files, if they play as torch does; else write nothing."""
    register_hz = read_register(register) if register is not None else None
    with training_packages(), _interruptions():
        from export.export_run import export_run

        from .outputs import refuse_unwritable
        from .tables import add_row, make_table, open_console, show

        refuse_unwritable(output)
        stated = {"licence": licence, "author": author, "data": data, "data_terms": data_terms}
        provenance = {name: text for name, text in stated.items() if text is not None}
        numbers = ("frames", "largest error", "allowed")
        console = open_console()

        def warn(sentence: str) -> None:
            typer.echo(f"brainsynth: {sentence}", err=True)

        for written in export_run(run, output, provenance, overwrite, register_hz, warn):
            table = make_table(("output", "compared", *numbers), right=numbers)
            for proof in _nearest_to_tolerance(written.proofs):
                error, allowed = f"{proof.error:.2e}", f"{proof.tolerance:.0e}"
                add_row(table, proof.tensor, proof.compared, str(proof.frames), error, allowed)
            show(console, f"{written.path}, {written.size / 1e6:.2f} MB", "bold")
            show(
                console,
                f"{counted(len(written.proofs), 'comparison')} with torch and {counted(len(written.checks), 'check')} in"
                " the host, all passed. Of each output and state, the comparison that came nearest to its limit:",
            )
            console.print(table)


def _nearest_to_tolerance(proofs: Iterable[Proof]) -> Iterable[Proof]:
    """Give of each tensor the comparison whose error is the largest share of what is allowed."""
    found: dict[str, Proof] = {}
    for proof in proofs:
        known = found.get(proof.tensor)
        if known is None or proof.error * known.tolerance > known.error * proof.tolerance:
            found[proof.tensor] = proof
    return found.values()


def _interruptions() -> AbstractContextManager[object]:
    """Let SIGTERM, as Ctrl-C does, end the work by an exception, so that what is half written is removed."""
    from training.loop.interruptions import Interruptions

    return Interruptions()


def read_register(text: str) -> tuple[float, float]:
    """Read ``65-330`` as two frequencies, the lower one first; raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", text.replace(" ", ""))
    if match is None or not 0 < float(match[1]) < float(match[2]):
        raise UsageError(f"--register is {text!r}; needed are two frequencies in Hz, as in 65-330")
    return float(match[1]), float(match[2])
