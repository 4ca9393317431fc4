"""Recordings become a data set: as an analyzer hears them, with settings that a search found, whoever searched and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from brainsynth import DataSet, Renderer, Synth, generate
from plugin_host.datasets.found_settings import FoundSettingsMaker, generate_like
from plugin_host.datasets.manifest import MANIFEST_NAME, read_manifest
from plugin_host.errors import DataSetError, UsageError
from plugin_host.matching.refinement import Refinement
from plugin_host.matching.sound_distances import mss
from plugin_host.matching.target_sound import from_onset, loudest_db
from plugin_host.matching.unaided_search import UnaidedSearch
from plugin_host.matching.usual_levels import usual_levels_db
from tests.conftest import Command
from tests.support.synths import SINE, write_synth

RATE, SECONDS = 44_100, 0.3
PITCHES_HZ = {"deep/low.wav": 210.0, "high.flac": 640.0, "middle.wav": 330.0}
RENDERS = 30


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    path = tmp_path_factory.mktemp("synth") / "sine.csd"
    return Synth(write_synth(path, SINE, "i 1 0 0.4\ne 0.5"))


def write_tone(path: Path, f0_hz: float, level: float = 0.3, seconds: float = SECONDS) -> None:
    """Write a tone in two channels, after a fifth of a second of silence, as no synth of these tests plays it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * RATE)) / RATE
    fade = np.minimum(1, (seconds - time) / 0.15)
    tone = level * fade * (np.sin(2 * np.pi * f0_hz * time) + 0.1 * np.sin(4 * np.pi * f0_hz * time))
    soundfile.write(path, np.tile(np.concatenate([np.zeros(RATE // 5), tone])[:, None], 2), RATE)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for name, f0_hz in PITCHES_HZ.items():
        write_tone(folder / name, f0_hz)
    return folder


@pytest.fixture(scope="module")
def made(synth: Synth, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found")
    tally = generate_like(synth, recordings, folder, RENDERS, workers=1)
    assert (tally.made, tally.failed) == (3, 0)
    return folder


def lines_of(folder: Path) -> dict[int, dict[str, Any]]:
    lines = (folder / MANIFEST_NAME).read_text().splitlines()
    return {entry["index"]: entry for entry in map(json.loads, lines)}


def test_sounds_are_the_recordings_and_parameters_come_near_them(made: Path, synth: Synth) -> None:
    data, lines = DataSet(made), lines_of(made)
    assert (len(data), data.skipped, data.info.frames) == (3, 0, synth.frames)
    assert [lines[index]["recording"] for index in range(3)] == sorted(PITCHES_HZ)
    place = [parameter.name for parameter in synth.parameters].index("f0_hz")
    with Renderer(synth) as renderer:
        for index, name in enumerate(sorted(PITCHES_HZ)):
            sound, entry = data.sound(index)[0], lines[index]
            assert data.values[index, place] == pytest.approx(PITCHES_HZ[name], rel=0.02)
            assert np.abs(sound[:20]).max() > 0.005, "it begins at its onset"
            heard = np.abs(np.fft.rfft(sound, 8 * len(sound)))
            hertz = np.argmax(heard) * synth.sample_rate / (8 * len(sound))
            assert hertz == pytest.approx(PITCHES_HZ[name], rel=0.02)
            again = from_onset(renderer.render_values(data.values[index])[0])
            assert entry["distance_db"] == pytest.approx(mss(sound, again, synth.sample_rate), abs=0.3)
            silence = mss(sound, np.zeros(1), synth.sample_rate)
            assert entry["distance_db"] < 0.5 * silence
            assert (entry["renders"], entry["gain_db"], entry["draws"]) == (RENDERS, 0.0, 1)


def test_nothing_depends_on_workers_or_on_when_it_was_stopped(
    made: Path, synth: Synth, recordings: Path, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 3
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_like(synth, recordings, tmp_path / "out", RENDERS, workers=1, on_progress=stop)
    assert len(lines_of(tmp_path / "out")) == 1
    seen: list[tuple[int, int]] = []
    tally = generate_like(
        synth, recordings, tmp_path / "out", RENDERS, workers=2, on_progress=lambda *done: seen.append(done)
    )
    assert (tally.made, seen[0], seen[-1]) == (2, (1, 3), (3, 3))
    assert lines_of(tmp_path / "out") == lines_of(made)
    one, other = DataSet(made), DataSet(tmp_path / "out")
    assert np.array_equal(one.checksums(), other.checksums())


def test_half_a_search_is_not_kept(made: Path, synth: Synth, recordings: Path, tmp_path: Path) -> None:
    class Stopped(UnaidedSearch):
        def __init__(self) -> None:
            pass

        def target_of(self, audio: Any, sample_rate: float) -> Any:
            return audio[0, -1000:], 0.0

        def find(self, target: Any, renderer: Any, on_progress: Any = None) -> Refinement:
            return Refinement(dict(synth.defaults), 9.0, 5.0, 3, interrupted=True)

    maker = FoundSettingsMaker(synth, Stopped(), recordings, sorted(PITCHES_HZ), tmp_path, rewinds=True)
    with pytest.raises(KeyboardInterrupt):
        maker([0], lambda _: None)
    assert (tmp_path / MANIFEST_NAME).read_text() == ""
    maker.close()


def test_what_cannot_be_used_is_named_skipped_counted_and_tried_again(
    brainsynth: Command, synth: Synth, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    write_tone(folder / "a.wav", 300.0)
    write_tone(folder / "short.wav", 300.0, seconds=0.015)
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    (folder / "text.wav").write_text("this is no sound")
    command = ("generate", synth.path, "--like", folder, "-o", out, "--renders", 8, "-j", 1)
    done = brainsynth(*command)
    assert done.code == 1
    named = done.err.splitlines()
    assert len(named) == 3
    for name, why in (("short.wav", "lasts 15 ms"), ("silent.wav", "is silent"), ("text.wav", "")):
        assert any(str(folder / name) in line and why in line for line in named), name
    assert "1 made" in done.out
    assert "3 failed" in done.out
    assert read_manifest(out, synth.parameters).failed.keys() == {1, 2, 3}
    write_tone(folder / "silent.wav", 500.0)
    write_tone(folder / "added.wav", 400.0)
    again = brainsynth(*command)
    assert again.code == 1
    assert len(again.err.splitlines()) == 2
    assert "2 made" in again.out
    names = {index: entry["recording"] for index, entry in lines_of(out).items()}
    assert names == {0: "a.wav", 1: "short.wav", 2: "silent.wav", 3: "text.wav", 4: "added.wav"}
    assert DataSet(out).indices.tolist() == [0, 2, 4]


def test_a_soft_recording_is_brought_to_the_level_of_the_synth(synth: Synth, tmp_path: Path) -> None:
    write_tone(tmp_path / "in" / "soft.wav", 300.0, level=0.002)
    with Renderer(synth) as renderer:
        low_db, high_db = usual_levels_db(renderer)
    assert -40 < low_db < high_db < 6
    generate_like(synth, tmp_path / "in", tmp_path / "out", 4, workers=1)
    entry, sound = lines_of(tmp_path / "out")[0], DataSet(tmp_path / "out").sound(0)[0]
    assert loudest_db(sound) == pytest.approx(low_db, abs=0.1)
    assert entry["gain_db"] == pytest.approx(
        low_db - loudest_db(sound * 10 ** (-entry["gain_db"] / 20)), abs=0.1
    )
    assert entry["gain_db"] > 20


def test_a_recording_that_is_cut_off_is_filled_up_and_its_length_is_known(
    synth: Synth, tmp_path: Path
) -> None:
    time = np.arange(int(0.21 * RATE)) / RATE
    soundfile.write(tmp_path / "cut.wav", 0.3 * np.sin(2 * np.pi * 300 * time), RATE)
    generate_like(synth, tmp_path / "cut.wav", tmp_path / "out", 4, workers=1)
    sound, seconds = DataSet(tmp_path / "out").sound(0)[0], lines_of(tmp_path / "out")[0]["seconds"]
    assert 0.15 < seconds < 0.21
    assert not sound[round(seconds * synth.sample_rate) :].any()
    assert len(sound) == synth.frames


def test_another_data_set_is_not_gone_on_with(
    made: Path, synth: Synth, recordings: Path, tmp_path: Path
) -> None:
    before = (made / MANIFEST_NAME).read_bytes()
    with pytest.raises(DataSetError, match="begun with renders 30 and now it is 31"):
        generate_like(synth, recordings, made, 31, workers=1)
    with pytest.raises(DataSetError, match="begun with sampling 'like' and now it is 'random'"):
        generate(synth, made, 4)
    write_tone(tmp_path / "other" / "tone.wav", 300.0)
    with pytest.raises(DataSetError, match="holds none of the recordings with which"):
        generate_like(synth, tmp_path / "other", made, RENDERS, workers=1)
    generate(synth, tmp_path / "random", 2, workers=1)
    with pytest.raises(DataSetError, match="begun with sampling 'random' and now it is 'like'"):
        generate_like(synth, recordings, tmp_path / "random", RENDERS, workers=1)
    assert (made / MANIFEST_NAME).read_bytes() == before


def test_there_must_be_recordings(synth: Synth, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no .*; give a folder of recordings"):
        generate_like(synth, tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "tune.m4a").write_text("")
    with pytest.raises(UsageError, match=r"holds no recordings, only 1 .m4a file; give"):
        generate_like(synth, tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--count", 3), "--count: with --like there is a sound for each recording"),
        (("--seed", 0), "--seed: with --like"),
        (("--sampling", "grid", "--steps", "f0_hz=3"), "--sampling, --steps: with --like"),
        (("--list", "x.csv"), "--list: with --like"),
        (("--redraw-silent",), "--redraw-silent: with --like"),
        (("--renders", 1), "refinement by 1 renders was asked for; needed are 2 or more"),
    ],
)
def test_options_that_choose_parameters_are_refused(
    brainsynth: Command,
    synth: Synth,
    recordings: Path,
    tmp_path: Path,
    options: tuple[object, ...],
    sentence: str,
) -> None:
    done = brainsynth("generate", synth.path, "--like", recordings, "-o", tmp_path / "out", *options)
    assert done.code == 2
    assert sentence in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_renders_are_for_recordings(brainsynth: Command, synth: Synth, tmp_path: Path) -> None:
    done = brainsynth("generate", synth.path, "--count", 2, "--renders", 9, "-o", tmp_path / "out")
    assert done.code == 2
    assert "add --like RECORDINGS" in done.err
