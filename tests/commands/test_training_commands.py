"""`train` and `export` as commands: how they end, and what they say where nobody watches."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Command
from tests.support.children import start_child
from training.errors import DivergedError, UnwritableError
from training.families import PACKAGES
from training.loop.run import open_run
from training.loop.run_lock import run_lock
from training.loop.trainer import Trainer

SMALL = ("--steps", 4, "--batch", 4)


@pytest.fixture(autouse=True)
def with_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.families.PACKAGES", [*PACKAGES, "tests.families.toy"])


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 48_000), 48_000)
    return path


def test_export_says_on_stderr_that_it_takes_an_older_checkpoint(
    brainsynth: Command, sound: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for steps in (3, 4):
        brainsynth("train", "toy", sound, "--output", run, "--steps", steps, "--batch", 4)
    newest = run / "checkpoints" / "step_0000004.safetensors"
    newest.write_bytes(newest.read_bytes()[:100])
    done = brainsynth("export", run, "-o", tmp_path / "toy.onnx")
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert "step_0000004.safetensors is a damaged checkpoint" in done.err
    assert "That of step 3 is taken" in done.err
    (run / "checkpoints" / "step_0000003.safetensors").write_bytes(b"")
    refused = brainsynth("export", run, "-o", tmp_path / "other.onnx")
    assert (refused.code, "no checkpoint that can be read" in refused.err) == (1, True)


def test_a_run_with_other_settings_fewer_steps_or_another_training_in_it_is_wrong_usage(
    brainsynth: Command, sound: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert brainsynth("train", "toy", sound, "--output", run, *SMALL).code == 0
    for options, said in ((("--steps", 4), "settings.batch"), (("--steps", 2, "--batch", 4), "--steps is 2")):
        refused = brainsynth("train", "toy", sound, "--output", run, *options)
        assert (refused.code, said in refused.err) == (2, True), refused.err
    with run_lock(run):
        refused = brainsynth("train", "toy", sound, "--output", run, *SMALL)
    assert (refused.code, "another training goes on" in refused.err) == (2, True)
    nowhere = brainsynth("train", "toy", tmp_path / "nowhere", "--output", tmp_path / "new", *SMALL)
    assert (nowhere.code, "does not exist" in nowhere.err) == (2, True)


@pytest.mark.parametrize(
    ("error", "code"),
    [(DivergedError("why"), 1), (UnwritableError("why"), 5), (MemoryError(), 5)],
)
def test_what_ends_a_training_has_its_code(
    error: Exception,
    code: int,
    brainsynth: Command,
    sound: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Trainer, "step", fail)
    done = brainsynth("train", "toy", sound, "--output", tmp_path / "run", *SMALL)
    assert done.code == code
    assert done.err.startswith(("brainsynth: why", "brainsynth: these settings need more memory"))


def test_a_training_says_a_line_now_and_then_where_nobody_watches(
    brainsynth: Command, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin_host.commands.progress._SHORTEST_GAP_S", 0.0)
    monkeypatch.setattr("plugin_host.commands.progress._GROWTH", 0.0)
    done = brainsynth("train", "toy", sound, "--output", tmp_path / "run", *SMALL)
    lines = done.err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("brainsynth: learning, loss 0.") for line in lines)
    assert lines[-1].endswith("0 min left (100%)")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_training_with_a_checkpoint(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    options = [
        "--steps",
        "100000",
        "--batch",
        "1",
        "--excerpt-frames",
        "8",
        "--size-width",
        "8",
        "--size-hidden",
        "4",
    ]
    command = [sys.executable, "-m", "plugin_host.commands", "train", "pitch", "--output", run, *options]
    process = start_child(
        command,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (run / "logs").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert open_run(run).metadata["step"] > 0
