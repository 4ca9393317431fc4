"""The process in which a command compiles an orchestra of the user's own."""

from __future__ import annotations

import sys

from ..csound.csound_process import end_with_parent
from . import app


def main() -> None:
    """Run the command line that this process was given, and leave."""
    end_with_parent()
    app.main(sys.argv[1:])
