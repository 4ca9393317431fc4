"""Songs that the project composes itself: they sound, do not clip, and follow from their seed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.music.composer import Song, sections_of
from benchmarks.music.own_songs import render
from benchmarks.music.styles import STYLES

BEATS = {"Kick", "Snare", "Hat", "Tom", "Bass"}


def excerpt(style: str, seed: int, seconds: float = 4.0) -> tuple[np.ndarray, int]:
    """Render the first seconds of the tune with all its parts, faded as the end of a song is."""
    song = Song(style, seed)
    song.sections = ["A"]
    master, *notes = song.score().splitlines()
    begun = [line for line in notes if line.startswith("i") and float(line.split()[2]) < seconds]
    return render("\n".join([master.replace(f"{song.seconds:.4f}", str(seconds)), *begun, "e"]))


def test_the_same_seed_gives_the_same_samples_and_another_seed_another_song():
    once, again, other = (excerpt("dub", seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    length = min(len(once), len(other))
    assert not np.allclose(once[:length], other[:length], atol=1e-3)


@pytest.mark.parametrize("style", STYLES)
def test_a_song_sounds_does_not_clip_and_fades(style: str):
    audio, sample_rate = excerpt(style, 3)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 0.9 + 1e-9
    assert np.sqrt(np.mean(audio[: 2 * sample_rate] ** 2)) > 0.03
    assert np.abs(audio[4 * sample_rate - 100 :]).max() < 0.001


@pytest.mark.parametrize("style", STYLES)
def test_every_note_but_the_beat_is_of_the_scale(style: str):
    for seed in range(5):
        song = Song(style, seed)
        keys = {note.key for note in song.notes() if note.instrument not in BEATS}
        assert {(key - song.key) % 12 for key in keys} <= set(song.scale)


def test_a_song_is_the_same_in_every_process():
    command = [
        sys.executable,
        "-c",
        "from benchmarks.music.composer import Song; print(Song('dub', 1).score())",
    ]
    scores = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(scores) == 1


def test_phrases_return():
    bars = Song("arp", 1).phrases["A"]
    assert bars[:3] == bars[4:7]
    assert bars[3] != bars[7]


def test_the_arrangement_has_a_bridge_and_a_break():
    assert sections_of(8) == ["intro", "A", "A", "B", "A", "break", "A", "end"]
    assert [len(sections_of(count)) for count in range(5, 13)] == list(range(5, 13))
