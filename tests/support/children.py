"""Start programs that tests stop by signals."""

import signal
import subprocess
from collections.abc import Sequence
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def start_child(command: Sequence[object], **options: Any) -> subprocess.Popen[Any]:
    """Start a program with the usual handling of signals, whoever runs the suite; the options are Popen's.

    A shell ignores SIGINT and SIGQUIT in what it runs in the background, as `nohup` does SIGHUP, and children inherit that.
    """
    return subprocess.Popen([str(part) for part in command], preexec_fn=_handle_signals_as_usual, **options)


def _handle_signals_as_usual() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    for number in STOPPING:
        signal.signal(number, signal.SIG_DFL)
