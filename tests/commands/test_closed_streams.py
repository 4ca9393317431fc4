"""Where standard streams are closed, as by a shell's ``>&-`` or a service, commands do what they do elsewhere."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plugin_host.commands.exit_codes import ExitCode
from tests.support.sound_files import read_sound, write_sound

COMMAND = f"{sys.executable} -m plugin_host.commands"
CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")


def run(arguments: str, closed: str) -> int:
    return subprocess.run(["sh", "-c", f"{COMMAND} {arguments} {closed}"], check=False).returncode


@pytest.mark.parametrize("closed", CLOSED)
def test_a_recording_is_processed(closed: str, tmp_path: Path, models: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 1000)).astype(np.float32)
    source = write_sound(tmp_path / "in.wav", sound)
    arguments = f"process {source} --model {models / 'gain.onnx'} --output {tmp_path / 'out.wav'}"
    assert run(arguments, closed) == ExitCode.WELL
    np.testing.assert_allclose(read_sound(tmp_path / "out.wav")[0], sound, atol=1e-4)


@pytest.mark.parametrize("closed", CLOSED)
def test_an_error_keeps_its_code(closed: str) -> None:
    assert run("info no-such-model", closed) == ExitCode.MODEL
    assert run("models", closed) == ExitCode.WELL
