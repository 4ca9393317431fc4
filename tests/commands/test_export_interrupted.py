"""An export that is interrupted leaves what was there, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.children import start_child

TINY = ("--steps", 1, "--batch", 1, "--excerpt-frames", 8, "--size-width", 8, "--size-hidden", 8)
STOPPED = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]

PAUSED = """
import sys, time
import {module} as place
from plugin_host.commands.app import main

work = place.{name}

def pause(*arguments, **options):
    done = work(*arguments, **options) if {does_work} else None
    print("paused", flush=True)
    time.sleep(60)
    return done

place.{name} = pause
main(sys.argv[1:])
"""
MOMENTS = {
    "before the graph": ("export.export_run", "open_run", False),
    "in the graph": ("export.model_file", "build_graph", False),
    "with a file that has no name yet": ("export.model_file", "_write_beside", True),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned") / "run"
    command = [sys.executable, "-m", "plugin_host.commands", "train", "pitch", "-o", folder, *TINY]
    assert subprocess.run([str(part) for part in command], check=False, capture_output=True).returncode == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), STOPPED)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_ends_an_export_with_nothing_changed(
    moment: str, number: signal.Signals, code: int, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"as it was")
    module, name, does_work = MOMENTS[moment]
    program = PAUSED.format(module=module, name=name, does_work=does_work)
    call = ["export", run, "-o", tmp_path / "mine.onnx", "--overwrite"]
    child = start_child(
        [sys.executable, "-c", program, *call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    while child.stdout.readline() not in ("paused\n", ""):
        pass
    if does_work:
        assert len(list(tmp_path.iterdir())) == 2
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert child.returncode == code, said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.onnx"]
    assert (tmp_path / "mine.onnx").read_bytes() == b"as it was"


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.5, 1.5, 4.0])
def test_ctrl_c_at_any_moment_is_told_as_one(after_s: float, run: Path, tmp_path: Path) -> None:
    call = ["-m", "plugin_host.commands", "export", run, "-o", tmp_path / "mine.onnx"]
    child = start_child([sys.executable, *call], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    time.sleep(after_s)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) in [(130, "brainsynth: interrupted\n"), (0, "")]
    assert len(list(tmp_path.iterdir())) == (child.returncode == 0)


IN_A_STRING = """
import signal
from plugin_host.commands import app

def interrupted(*arguments, **options):
    exec("signal.raise_signal(signal.SIGINT)")

app.app = interrupted
app.main([])
"""


def test_ctrl_c_within_a_string_of_code_has_the_code_of_others() -> None:
    child = start_child([sys.executable, "-c", IN_A_STRING], stderr=subprocess.PIPE, text=True)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (130, "brainsynth: interrupted\n")


@pytest.mark.parametrize(("number", "code"), STOPPED)
def test_a_library_that_hides_an_interruption_does_not_change_what_it_is(
    number: signal.Signals, code: int
) -> None:
    program = (
        "import signal\nfrom training.loop.interruptions import Interruptions\nfrom plugin_host.commands import app\n"
        "def fails(*arguments, **options):\n"
        "    with Interruptions():\n"
        "        try:\n"
        f"            signal.raise_signal({int(number)})\n"
        "        finally:\n"
        "            raise AttributeError('half imported')\n"
        "app.app = fails\napp.main([])\n"
    )
    child = start_child([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, "AttributeError" in said) == (code, False)
