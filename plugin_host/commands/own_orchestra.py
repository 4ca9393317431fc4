"""Commands that compile an orchestra of the user's own run in a process of its own: it may crash Csound."""

from __future__ import annotations

from collections.abc import Sequence

COMMANDS = ("render", "generate", "infer")


def compiles_own_orchestra(arguments: Sequence[str]) -> bool:
    """Say whether a command line names a synth that is not bundled."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    return command in COMMANDS and any(word.lower().endswith(".csd") for word in arguments)
