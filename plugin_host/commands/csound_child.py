"""The process in which `brainsynth csound` performs."""

from __future__ import annotations

import sys

from ..csound.csound_process import end_with_parent
from ..csound.run_csd import run_csound
from .exit_codes import ExitCode
from .leaving import leave_with


def main() -> None:
    """Perform the command line of Csound that this process was given, and leave."""
    end_with_parent()
    leave_with(lambda: ExitCode.FAILED if run_csound(sys.argv[1:]) else ExitCode.WELL)
