"""Notes from soundfonts: the score that is played, and how what comes out is cut."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.timbre import soundfont_notes as module
from benchmarks.timbre.soundfont_notes import (
    APART_MS,
    PARTS,
    Part,
    installed_soundfonts,
    midi_file,
    soundfont_notes,
)

RATE = 48000


def read_midi(file: bytes) -> list[tuple[int, tuple[int, ...]]]:
    """Milliseconds and bytes of each event, for files of one track with two or three bytes an event."""
    assert file[:14] == b"MThd" + bytes((0, 0, 0, 6, 0, 0, 0, 1)) + (500).to_bytes(2, "big")
    assert file[14:18] == b"MTrk"
    assert int.from_bytes(file[18:22], "big") == len(file) - 22
    events, place, now = [], 22, 0
    while place < len(file):
        delta = 0
        while True:
            byte = file[place]
            delta, place = delta << 7 | byte & 127, place + 1
            if byte < 128:
                break
        kind = file[place]
        length = 3 + file[place + 2] if kind == 0xFF else 2 if kind & 0xF0 == 0xC0 else 3
        now += delta
        events.append((now, tuple(file[place : place + length])))
        place += length
    return events


def test_the_score_plays_one_note_after_another() -> None:
    events = read_midi(midi_file(42, [(36, 50), (60, 110)]))
    assert events[0] == (0, (0xFF, 0x51, 3, 0x07, 0xA1, 0x20))  # half a second a quarter: 500 ticks
    assert events[1] == (0, (0xC0, 42))
    played = [(now, event) for now, event in events if event[0] in (0x90, 0x80)]
    assert played == [
        (0, (0x90, 36, 50)),
        (1500, (0x80, 36, 64)),
        (2500, (0x90, 60, 110)),
        (4000, (0x80, 60, 64)),
    ]
    assert events[-1] == (5000, (0xFF, 0x2F, 0))


def test_every_instrument_has_its_notes() -> None:
    assert len({part.instrument for part in PARTS}) == 7
    for part in PARTS:
        notes = [midi for midi, _ in part.notes]
        assert min(notes) == part.lowest
        assert part.highest - 3 < max(notes) <= part.highest
        assert len(notes) >= 30


def test_notes_are_cut_where_they_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part("oboe", 68, 60, 63)
    time_s = np.arange(int(RATE * APART_MS / 1000)) / RATE
    sounds = [
        0.3 * np.sin(2 * np.pi * 440.0 * 2.0 ** ((midi - 69) / 12.0) * time_s) * (velocity > 60)
        for midi, velocity in part.notes
    ]
    path = tmp_path / "rendered.wav"
    soundfile.write(path, np.concatenate(sounds), RATE)
    monkeypatch.setattr(module, "PARTS", (part,))
    monkeypatch.setattr(module, "_rendered", lambda soundfont, part: path)
    notes = list(soundfont_notes(Path("any.sf2")))
    assert [(note.midi, note.velocity) for note in notes] == [(60, 80), (60, 110), (63, 80), (63, 110)]
    for note in notes:
        assert note.instrument == "oboe"
        hz = np.argmax(np.abs(np.fft.rfft(note.audio))) * RATE / note.audio.size
        assert hz == pytest.approx(440.0 * 2.0 ** ((note.midi - 69) / 12.0), abs=0.5)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = tmp_path / "some.sf2"
    there.touch()
    monkeypatch.setattr(module, "SOUNDFONTS", {"some": there, "other": tmp_path / "other.sf2"})
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="fluidsynth plays some and is missing: apt install"):
        installed_soundfonts()
    patches = tmp_path / "patches.cfg"
    patches.touch()
    monkeypatch.setattr(module, "SOUNDFONTS", {"patches": patches})
    with pytest.raises(FileNotFoundError, match="timidity plays patches and is missing: apt install"):
        installed_soundfonts()
    monkeypatch.setattr(module, "SOUNDFONTS", {"some": there, "other": tmp_path / "other.sf2"})
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/bin/{name}")
    assert installed_soundfonts() == {"some": there}
    there.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"some\.sf2 or .*other\.sf2, and judges need one: apt install"
    ):
        installed_soundfonts()
