"""A training that is refused says why, and leaves nothing behind that the next one would stumble over."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.families.toy import FAMILY
from tests.families.toy.settings import ToySettings, ToySize
from training.data.source import Source
from training.errors import MemoryShortageError, RecordingsError, RunError, SettingsError
from training.families import find_family
from training.loop.run import Run
from training.loop.train import train


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "short.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 48_000), 48_000)
    return path


def test_recordings_that_are_refused_leave_no_folder(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingsError, match="at least 10 s are needed"):
        train(find_family("timbre"), Source(recording), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_that_learned_nothing_begins_anew_and_one_that_did_is_compared(tmp_path: Path) -> None:
    Run(tmp_path / "run", {"settings": {"batch": 1}})
    run = Run(tmp_path / "run", {"settings": {"batch": 2}})
    run.save(1, {}, {})
    with pytest.raises(RunError, match=r"batch \(was 2, now 3\)"):
        Run(tmp_path / "run", {"settings": {"batch": 3}})
    run.discard_unless_learned()
    assert run.latest() is not None


def test_a_run_that_was_killed_before_its_first_checkpoint_stays_a_run(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", {"settings": {"batch": 1}})
    run.logs.mkdir()
    run.discard_unless_learned()
    assert Run(tmp_path / "run", {"settings": {"batch": 2}}).latest() is None


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "CPU"])
def test_a_device_that_does_not_exist_is_refused_before_anything_is_made(
    device: str, recording: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"--device is '{device}'; needed is cpu or cuda"):
        train(FAMILY, Source(recording), tmp_path / "run", device=device)
    assert not (tmp_path / "run").exists()


def test_too_large_a_model_is_refused_in_words(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(MemoryShortageError, match="more memory than there is"):
        train(
            FAMILY, Source(recording), tmp_path / "run", ToySettings(steps=1), ToySize(hop_length=10_000_000)
        )
    assert not (tmp_path / "run").exists()
