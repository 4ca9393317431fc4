"""The folder of a run: one training at a time, checkpoints that others may read, full disks, damage, older versions."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from export.export_run import export_run
from tests.support.small_disk import can_mount
from training.errors import CheckpointError, RunError, UnwritableError
from training.loop.logs import Logs, Measured
from training.loop.run import Run, open_run
from training.loop.run_lock import run_lock


def written(folder: Path, *steps: int) -> Run:
    run = Run(folder, {"family": "toy", "settings": {"steps": 9, "seed": 0}})
    for step in steps:
        run.save(step, {"x": torch.full((3,), float(step))}, {})
    return run


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o007, 0o660), (0o077, 0o600)])
def test_others_may_read_a_checkpoint_as_far_as_the_umask_lets_them(
    mask: int, mode: int, tmp_path: Path
) -> None:
    before = os.umask(mask)
    try:
        path = written(tmp_path / "run").save(1, {"x": torch.ones(1)}, {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode
    assert (tmp_path / "run" / "config.json").stat().st_mode & 0o777 == mode


def test_a_training_goes_on_from_the_newest_whole_checkpoint_and_says_so(tmp_path: Path) -> None:
    run, said = written(tmp_path / "run", 3, 5), []
    cut(run.checkpoints / "step_0000005.safetensors")
    checkpoint = run.latest(said.append)
    assert checkpoint is not None
    assert checkpoint.metadata["step"] == 3
    assert len(said) == 1
    assert "step_0000005.safetensors is a damaged checkpoint" in said[0]
    assert said[0].endswith("That of step 3 is taken.")
    assert sorted(p.name for p in run.checkpoints.iterdir()) == [
        "step_0000003.safetensors",
        "step_0000005.damaged",
    ]


def test_a_training_does_not_begin_anew_over_checkpoints_that_are_all_damaged(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 3, 5)
    for path in run.checkpoints.iterdir():
        cut(path)
    for _ in range(2):
        with pytest.raises(CheckpointError, match="no checkpoint that can be read"):
            run.latest()
    assert len(list(run.checkpoints.glob("*.safetensors"))) == 2


def test_export_takes_the_newest_whole_checkpoint_and_says_so(tmp_path: Path) -> None:
    run, said = written(tmp_path / "run", 3, 5), []
    cut(run.checkpoints / "step_0000005.safetensors")
    assert open_run(run.folder, said.append).metadata["step"] == 3
    assert "step 3 is taken" in said[0]
    assert (run.checkpoints / "step_0000005.safetensors").exists()
    cut(run.checkpoints / "step_0000003.safetensors")
    with pytest.raises(CheckpointError, match=r"step_0000005.*step_0000003"):
        export_run(run.folder, tmp_path / "x.onnx")


def test_a_checkpoint_that_cannot_be_opened_is_no_damaged_one(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 3)
    (run.checkpoints / "step_0000005.safetensors").mkdir()
    with pytest.raises(RunError, match="cannot be read"):
        run.latest()


@pytest.mark.parametrize("content", ["[]", "3", "{", "null"])
def test_a_config_that_is_none_is_refused_in_words(content: str, tmp_path: Path) -> None:
    run = written(tmp_path / "run", 3)
    (run.folder / "config.json").write_text(content)
    with pytest.raises(RunError, match=r"config\.json"):
        open_run(run.folder)
    with pytest.raises(RunError, match=r"config\.json"):
        Run(run.folder, {"family": "toy"})


@pytest.mark.parametrize("content", ["[]", "3", "{", "null"])
def test_what_was_decided_of_the_data_is_refused_in_words_if_it_is_damaged(
    content: str, tmp_path: Path
) -> None:
    run = written(tmp_path / "run", 3)
    (run.folder / "data.json").write_text(content)
    with pytest.raises(RunError, match=r"data\.json"):
        written(run.folder)


def test_a_lost_record_of_what_was_decided_is_told_and_is_none_of_the_first_version(tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    run.keep_prepared({"held_out": ["a.wav"]})
    run.save(3, {"x": torch.ones(1)}, {})
    decided = run.folder / "data.json"
    content = decided.read_bytes()
    decided.unlink()
    for _ in range(2):
        with pytest.raises(RunError, match=r"data\.json is missing, which says what the run holds out"):
            written(run.folder)
    decided.write_bytes(content)
    again = written(run.folder)
    again.keep_config()
    assert again.prepared() == {"held_out": ["a.wav"]}
    decided.unlink()
    with pytest.raises(RunError, match="is missing"):
        written(run.folder)


def test_a_run_of_the_first_version_has_decided_nothing_and_goes_on(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 3)
    again = written(run.folder)
    again.keep_prepared({"held_out": ["a.wav"]})
    again.keep_config()
    assert again.prepared() == written(run.folder).prepared() == {}


def test_a_config_with_missing_fields_is_refused_in_words(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 3)
    (run.folder / "config.json").write_text("{}")
    with pytest.raises(RunError, match="does not say its family"):
        export_run(run.folder, tmp_path / "x.onnx")


def test_a_folder_that_was_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    run.keep_prepared({"held_out": ["a.wav"]})
    run.save(3, {"x": torch.ones(1)}, {})
    shutil.rmtree(run.folder)
    run.save(5, {"x": torch.ones(1)}, {})
    assert open_run(run.folder).metadata["step"] == 5
    assert written(run.folder).prepared() == {"held_out": ["a.wav"]}


def test_only_one_training_at_a_time_uses_a_folder(tmp_path: Path) -> None:
    with run_lock(tmp_path / "run"):
        written(tmp_path / "run", 1)
        with pytest.raises(RunError, match="another training goes on"), run_lock(tmp_path / "run"):
            pass
    with run_lock(tmp_path / "run"):
        assert open_run(tmp_path / "run").metadata["step"] == 1


def test_a_lock_leaves_no_empty_folder_and_takes_no_file(tmp_path: Path) -> None:
    with run_lock(tmp_path / "run"):
        pass
    assert not (tmp_path / "run").exists()
    (tmp_path / "file").write_text("mine")
    for place, words in (("file", "is not a training run"), ("file/run", "cannot be written")):
        with pytest.raises(RunError, match=words), run_lock(tmp_path / place):
            pass
    assert (tmp_path / "file").read_text() == "mine"


def test_what_a_killed_process_left_half_written_goes(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 3)
    (run.checkpoints / ".step_0000005.safetensors.12.partial").write_bytes(b"half")
    written(tmp_path / "run")
    assert [p.name for p in run.checkpoints.iterdir()] == ["step_0000003.safetensors"]


FILL = """
import sys, torch
from training.errors import UnwritableError
from training.loop.run import Run
run = Run(__import__("pathlib").Path(sys.argv[1]) / "run", {})
run.save(1, {"x": torch.ones(1000)}, {})
run.save(2, {"x": torch.ones(1000)}, {})
try:
    run.save(3, {"x": torch.ones(100_000)}, {})
except UnwritableError as error:
    print(error)
print(run.latest().metadata["step"], sorted(p.name for p in run.checkpoints.iterdir()))
"""


def test_a_full_disk_keeps_the_checkpoints_that_are_there(tmp_path: Path) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no file system of our own can be mounted here")
    mount = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, tmp_path, sys.executable, "-c", FILL, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said, kept = done.stdout.splitlines()
    assert "step_0000003.safetensors cannot be written (No space left on device); make room" in said
    assert kept == "2 ['step_0000001.safetensors', 'step_0000002.safetensors']"


def test_logs_that_cannot_be_written_are_told_in_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hook = threading.excepthook
    logs = Logs(tmp_path / "logs", 0)
    shutil.rmtree(tmp_path / "logs")
    measured = Measured({f"loss/{number}": 1.0 for number in range(100)})
    with pytest.raises(UnwritableError, match=r"logs cannot be written \(.+\); make room there"):
        logs.write_measured(1, measured)
    with contextlib.suppress(UnwritableError):
        logs.close()
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match="file cannot be written"):
        Logs(tmp_path / "file", 0)
    assert threading.excepthook is hook
    assert capfd.readouterr().err == ""


def test_errors_of_writing_are_those_of_the_system_too() -> None:
    assert issubclass(UnwritableError, OSError)


def test_runs_of_versions_that_did_not_say_when_they_measured_count_as_measured(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", {"settings": {"steps": 5}})
    run.save(5, {}, {"errors": {"f0_hz": 0.1}})
    assert open_run(run.folder).is_complete
    assert json.loads((run.folder / "config.json").read_text()) == {"settings": {"steps": 5}}
