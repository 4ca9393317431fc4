"""`brainsynth verify`: prove model files on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from .exit_codes import ExitCode, exit_code
from .messages import warn


def verify(
    files: Annotated[
        list[str], typer.Argument(help="Model files or names of bundled models.", show_default=False)
    ],
) -> int:
    """Play what a model's author computed, whole and in blocks, and compare; check latency and tail. Needs no torch."""
    from rich.text import Text

    from ..playing.verify import verify as verify_files
    from .named_model import open_model
    from .tables import add_row, make_table, open_console

    numbers = ("largest error", "allowed")
    table = make_table(("file", "output", "compared", *numbers, "verdict"), right=numbers)
    proofs = verify_files(files, open_model)
    for proof in proofs:
        for check in proof.checks:
            verdict = Text("passed", "green") if check.passed else Text("failed", "red")
            add_row(table, proof.source, check.tensor, check.compared, *check.figures, verdict)
    if table.row_count:
        open_console().print(table)
    for proof in proofs:
        if proof.refusal is not None:
            warn(str(proof.refusal))
    if any(proof.checks and not proof.passed for proof in proofs):
        return ExitCode.FAILED
    refusals = [proof.refusal for proof in proofs if proof.refusal is not None]
    return exit_code(refusals[0]) if refusals else ExitCode.WELL
