"""What espeak-ng speaks is the same every time, and a machine without it is told what to do."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.parameters import recordings, spoken
from training.hits.notes import named_note


@pytest.mark.skipif(shutil.which(spoken.PROGRAM) is None, reason="needs espeak-ng")
def test_texts_are_spoken_the_same_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "TEXTS", spoken.TEXTS[:2])
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    first, second = (spoken.speak(folder) for folder in folders)
    assert len({path.read_bytes() for path in first}) == len(first) == 2 * len(spoken.VOICES)
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
        sound, rate = soundfile.read(one)
        assert len(sound) > 0.1 * rate
        assert np.abs(sound).max() > 0.01
        assert not named_note(one.stem), "no voice sings a note"
    assert spoken.version().startswith("eSpeak NG")


@pytest.mark.skipif(shutil.which(spoken.PROGRAM) is None, reason="needs espeak-ng")
def test_a_voice_that_does_not_exist_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "VOICES", (("klingon-opera", 50),))
    with pytest.raises(SystemExit, match=r"klingon-opera.*failed: "):
        spoken.speak(tmp_path)


def test_a_machine_without_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["recordings", "--speech"])
    with pytest.raises(SystemExit, match="--speech needs espeak-ng, which is not installed: apt-get install"):
        recordings.main()


def test_no_sounds_at_all_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["recordings"])
    with pytest.raises(SystemExit):
        recordings.main()
    assert "give --sounds FOLDER, --speech or both" in capsys.readouterr().err
