"""Start another Python with the modules of this one."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).parents[1])


def child_command(module: str, function: str) -> list[str]:
    """Give the command that calls a function of one of our modules in a process of its own.

    What is added to it are the arguments of that process.
    """
    path = [*sys.path, _ROOT]
    # Without what an environment adds at the start, which is on the path already.
    return [
        sys.executable, "-S", "-c", f"import sys; sys.path = {path!r}; import {module} as child; child.{function}()",
    ]  # fmt: skip
