"""Music that goes on, as a musician asks for it: passages, seeds, the report, and what is refused."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from brainsynth import Model
from plugin_host.errors import AudioFileError, ModelFileError, UsageError
from plugin_host.music.composition import Composition
from plugin_host.music.passage import Passage
from plugin_host.music.report import Report
from tests.conftest import Command
from tests.support.loops import LOOP_STEPS, loop
from training.families.music.data import frames_of

HOP, RATE = 512, 24000


def sound_of(work: Composition) -> np.ndarray:
    return np.concatenate(list(work.blocks()), 1)[0]


@pytest.mark.parametrize(
    ("text", "start_s"), [("a.mp3@80", 80), ("a.mp3@1:20", 80), ("a.mp3@1:01:20.5", 3680.5), ("a.mp3", 0)]
)
def test_a_passage_is_a_file_and_a_time(text: str, start_s: float) -> None:
    assert Passage.parse(text) == Passage(Path("a.mp3"), start_s)


def test_a_name_may_hold_an_at(tmp_path: Path) -> None:
    path = tmp_path / "me@home.wav"
    soundfile.write(path, loop([60], 1), RATE)
    assert Passage.parse(str(path)) == Passage(path)
    assert Passage.parse(f"{path}@1") == Passage(path, 1)
    with pytest.raises(UsageError, match="no time"):
        Passage.parse("song.mp3@noon")


def test_a_passage_is_levelled_and_converted(tmp_path: Path) -> None:
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.stack([0.01 * loop([60, 64], 4)] * 2, 1), 48000)
    heard = Passage(path, 0.5).read(1.0, RATE)
    assert heard.shape == (RATE,)
    assert 20 * np.log10(np.sqrt(np.mean(heard**2))) == pytest.approx(-20, abs=4)
    with pytest.raises(AudioFileError, match="a passage was asked for at 99 s"):
        Passage(path, 99).read(1.0, RATE)
    soundfile.write(path, np.zeros(RATE), RATE)
    with pytest.raises(AudioFileError, match="silent"):
        Passage(path).read(1.0, RATE)


def test_one_seed_is_one_music_whatever_the_block_size(music: Path, songs: Path) -> None:
    model = Model(music)
    first = Passage(songs / "song 0.wav")
    whole = sound_of(Composition(model, 3.0, first, prime_s=2.0, controls={"seed": 5.0}))
    assert whole.shape == (3 * RATE,)
    assert np.abs(whole).max() > 0.01
    again = sound_of(Composition(model, 3.0, first, prime_s=2.0, controls={"seed": 5.0}))
    assert np.array_equal(whole, again)
    other = sound_of(Composition(model, 3.0, first, prime_s=2.0, controls={"seed": 6.0}))
    assert not np.array_equal(whole, other)
    # The same by hand, in blocks that are no hops.
    heard = first.read(2.0, RATE)
    heard = heard[: len(heard) // HOP * HOP]
    stream = model.stream(RATE, 1)
    stream.set(seed=5.0, listen="on")
    random, parts, place = np.random.default_rng(0), [], 0
    fed = np.concatenate([heard, np.zeros(4 * RATE, np.float32)])
    edges = [len(heard), *np.sort(random.integers(0, len(fed), 60)), 0, len(fed)]
    for start, end in pairwise(sorted({int(edge) for edge in edges})):
        if start == len(heard):
            stream.set(listen="off")
        parts.append(stream.process(fed[None, start:end])[0])
        place = end
    assert place == len(fed)
    late = stream.latency_samples
    assert np.array_equal(np.concatenate(parts)[late + len(heard) :][: 2 * RATE], whole[: 2 * RATE])


def test_the_passage_may_stand_before_the_music(music: Path, songs: Path) -> None:
    model, first = Model(music), Passage(songs / "song 0.wav")
    alone = sound_of(Composition(model, 1.0, first, prime_s=2.0))
    kept = sound_of(Composition(model, 1.0, first, prime_s=2.0, keep_prime=True))
    passage = 2 * RATE // HOP * HOP
    assert len(kept) == passage + RATE
    assert np.array_equal(kept[passage:], alone)
    heard = first.read(2.0, RATE)[:passage]
    spectra = [np.abs(np.fft.rfft(x[RATE // 2 : RATE])) for x in (kept, heard)]
    assert np.corrcoef(np.stack(spectra))[0, 1] > 0.6


def test_a_blend_goes_from_one_passage_to_the_other(music: Path, songs: Path) -> None:
    model, ends = Model(music), (Passage(songs / "song 0.wav"), Passage(songs / "song 2.wav"))
    found = [
        sound_of(Composition(model, 2.0, *ends, 2.0, controls={"blend": blend, "temperature": 0.0}))
        for blend in (0.0, 0.5, 1.0)
    ]
    alone = sound_of(Composition(model, 2.0, ends[0], prime_s=2.0, controls={"temperature": 0.0}))
    levels = [frames_of(sound).astype(np.float32) for sound in (alone, *found)]
    apart = [float(np.abs(level - levels[0]).mean()) for level in levels]
    assert apart[1] < 1.5, "the first passage alone, but for phases"
    assert apart[3] > 2 * apart[1]


def test_the_ear_finds_a_copy_and_where_it_is_from(music: Path, songs: Path) -> None:
    ear = Model(music.with_name("loops.ear.onnx"))
    names = {output.name: output for output in ear.document.outputs}["song"].choices
    name = next(n for n in names if n not in ("none", "song 0.wav"))
    report = Report(RATE, ear)
    sound = Passage(songs / name).read(6.0, RATE)
    report.take(sound[None])
    copied = report.finish()["copied"]
    assert copied["song"] == name
    assert copied["longest_run_steps"] > LOOP_STEPS / 2
    assert copied["flagged_share"] > 0.5
    longest = copied["runs"][0]
    assert (longest["song"], longest["steps"]) == (name, copied["longest_run_steps"])
    assert 0 <= longest["starts_at_s"] < longest["ends_at_s"] <= 6.0
    assert report.flags()["copied"].mean() == pytest.approx(copied["flagged_share"], abs=1e-4)
    assert report.flags().keys() == {"copied", "copied_transposed"}
    other = Report(RATE, ear)
    other.take(0.1 * np.random.default_rng(0).standard_normal((1, 6 * RATE)).astype(np.float32))
    strange = other.finish()["copied"]
    assert strange["longest_run_steps"] < copied["longest_run_steps"] / 4
    assert strange["flagged_share"] < 0.2


def test_what_is_shorter_than_a_step_has_a_report(music: Path) -> None:
    report = Report(RATE, Model(music.with_name("loops.ear.onnx")))
    report.take(np.zeros((1, 100), np.float32))
    assert report.finish() == {"holds": {"part_s": 30.0, "parts": [], "tempo_bpm": None}, "copied": None}


def test_a_report_tells_loudness_silence_and_what_repeats() -> None:
    report = Report(RATE)
    time = np.arange(45 * RATE) / RATE
    sound = 0.1 * np.sin(2 * np.pi * 440 * time).astype(np.float32)
    sound[30 * RATE :] *= 0.1
    sound[40 * RATE :] = 0
    for part in np.array_split(sound, 7):
        report.take(part[None])
    found = report.finish()
    assert found["copied"] is None
    first, second = found["holds"]["parts"]
    assert first["loudness_db"] == pytest.approx(-23, abs=0.1)
    assert (first["silent_share"], second["silent_share"]) == (0, pytest.approx(1 / 3, abs=0.02))
    assert found["holds"]["loudness_change_db"] == pytest.approx(-21.8, abs=0.3)


def test_composing_on_the_command_line(music: Path, songs: Path, tmp_path: Path, brainsynth: Command) -> None:
    out = tmp_path / "on.wav"
    line = [
        "compose",
        str(music),
        "--prime",
        f"{songs / 'song 0.wav'}@0:01",
        "--seconds",
        "2",
        "-o",
        str(out),
    ]
    done = brainsynth(*line, "--picture")
    assert done.code == 0, done.err
    sound, rate = soundfile.read(out)
    assert (len(sound), rate) == (2 * RATE, RATE)
    told = json.loads(out.with_suffix(".json").read_text())
    assert told["copied"]["song"].startswith("song ")
    assert 0 <= told["copied"]["flagged_share_transposed"] <= 1
    assert told["holds"]["parts"]
    assert out.with_suffix(".png").stat().st_size > 5000
    refused = brainsynth(*line)
    assert refused.code == 2
    assert "--overwrite" in refused.err


def refused(brainsynth: Command, *line: str) -> str:
    """What one sentence says of a command that is refused."""
    done = brainsynth("compose", *line)
    assert done.code != 0
    assert "Traceback" not in done.err
    return done.err


def test_what_cannot_be_composed_is_refused(
    music: Path, songs: Path, tmp_path: Path, brainsynth: Command
) -> None:
    name, song, out = str(music), str(songs / "song 0.wav"), ["-o", str(tmp_path / "x.wav")]
    assert "needed is a number above 0" in refused(brainsynth, name, "--seconds", "0", *out)
    assert "temperature" in refused(brainsynth, name, "--temperature", "10", "--seconds", "1", *out)
    assert "add --prime" in refused(brainsynth, name, "--prime2", song, *out)
    assert "does not exist" in refused(brainsynth, name, "--prime", "gone.mp3", *out)
    assert "no control listen" in refused(brainsynth, "cello", *out)
    assert not list(tmp_path.iterdir())


def test_only_models_that_listen_compose() -> None:
    with pytest.raises(ModelFileError, match="listen"):
        Composition(Model("cello"), 1.0)
