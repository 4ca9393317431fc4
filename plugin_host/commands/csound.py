"""`brainsynth csound`: render or play an orchestra that uses models."""

from __future__ import annotations

from typing import Annotated

import typer

# Its flags are Csound's, -h among them; only --help is ours: it answers where Csound is missing too.
SETTINGS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


def csound(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE.csd FLAGS",
            help="The file, or an .orc and a .sco, and flags as csound takes them, such as -o out.wav or -odac;"
            " -h lists them.",
            show_default=False,
        ),
    ],
) -> int:
    """Render or play a .csd with the opcodes nnfx, nngen, nnana and nnlatency. Ends with 1 wherever Csound fails.

    Relative paths of models are looked up beside the .csd. Needs Csound 6 (sudo apt-get install csound
    libcsound64-dev libcsnd-dev).
    """
    from ..csound.csound_process import run_csound_apart

    return run_csound_apart(arguments, child=f"{__package__}.csound_child")
