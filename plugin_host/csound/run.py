"""Perform a .csd from its beginning to its end, with the opcodes present."""

from __future__ import annotations
from collections.abc import Sequence
def run_csound(arguments: Sequence[str]) -> int: ...
