"""`brainsynth csound`: render or play a .csd whose orchestra uses models."""

from __future__ import annotations

from typing import Annotated

import typer

# Its flags are Csound's, -h among them; only --help is ours.
SETTINGS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


def csound(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE.csd FLAGS",
            help="The file, and flags as csound takes them, such as -o out.wav or -odac.",
            show_default=False,
        ),
    ],
) -> int:
    """Render or play a .csd with the opcodes nnfx, nngen, nnana and nnlatency. Ends with Csound's exit code.

    Relative paths of models are looked up beside the .csd. Needs Csound 6 (sudo apt-get install csound
    libcsound64-dev libcsnd-dev).
    """
    from ..csound.run_csd import run_csound

    return run_csound(arguments)
