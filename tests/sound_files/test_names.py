"""Training and processing take the same files of a folder for sound."""

from pathlib import Path

import numpy as np

from plugin_host.files.plan import plan_jobs
from plugin_host.sound_files.names import SOUND_SUFFIXES
from tests.support.sound_files import write_sound
from training.data.recordings import find_recordings


def test_training_and_processing_find_the_same_files(tmp_path: Path) -> None:
    takes = tmp_path / ".hidden root" / "takes"
    for place in ("", "deep/er", ".git", "deep/.cache"):
        (takes / place).mkdir(parents=True, exist_ok=True)
        for suffix in (*SOUND_SUFFIXES, ".txt", ".m4a"):
            (takes / place / f"a{suffix}").touch()
        (takes / place / "b.WAV").touch()
        write_sound(takes / place / "._a.wav", np.zeros((1, 100)))
    found = find_recordings(takes)
    assert found == sorted(job.input for job in plan_jobs([str(takes)], tmp_path / "out"))
    assert len(found) == 2 * (len(SOUND_SUFFIXES) + 1)
