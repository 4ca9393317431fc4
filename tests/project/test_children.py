"""Tests that stop a program do not depend on who started the suite."""

import signal
import subprocess
import sys

import pytest

from tests.support.children import STOPPING, start_child


@pytest.mark.parametrize("number", STOPPING)
def test_a_child_can_be_stopped_where_its_parent_ignores_signals(number: signal.Signals) -> None:
    code = "import sys, time; print(flush=True); time.sleep(60)"
    before = signal.signal(number, signal.SIG_IGN)
    try:
        child = start_child(
            [sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    finally:
        signal.signal(number, before)
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(number)
    child.communicate(timeout=30)
    assert child.returncode in (-number, 1)
