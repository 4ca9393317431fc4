"""Give Csound opcodes that play models: `register_opcodes` for programs, `run_csound` for whole .csd files.

Nothing here is imported by the rest of the host but by the command ``brainsynth csound``, so that all else
works where Csound is not installed.
"""

from __future__ import annotations

from .opcodes import register_opcodes
from .run import run_csound

__all__ = ["register_opcodes", "run_csound"]
