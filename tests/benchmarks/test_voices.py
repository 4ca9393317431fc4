"""Voices for the benchmark: the same every time, as pitched as the score says, and played as a user plays them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.common.metrics import cents
from benchmarks.pitch.trackers import ModelTracker
from benchmarks.timbre import voice_inputs, voices
from benchmarks.timbre.voice_inputs import VOICES, Spoken, Take, Voice, make_takes, perform, speak
from brainsynth import Model
from tests.conftest import Command

RATE = 48000


@pytest.fixture(scope="module")
def tracker() -> ModelTracker:
    return ModelTracker("pitch", 0.008)


def level_db(audio: np.ndarray) -> float:
    return float(20.0 * np.log10(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))))


@pytest.mark.csound
@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_a_voice_is_the_same_every_time_and_as_pitched_as_its_score(
    voice: Voice, tracker: ModelTracker
) -> None:
    take = perform(voice)
    assert np.array_equal(take.audio, perform(voice).audio)
    heard = tracker(take.audio).at(np.arange(take.f0_hz.size) * 0.005)
    pitched = take.f0_hz > 0
    assert np.mean(np.abs(cents(heard.f0_hz[pitched], take.f0_hz[pitched])) < 50.0) > 0.95
    midi = [note.midi for note in voice.notes]
    lowest, highest = (69 + 12 * np.log2(f(take.f0_hz[pitched]) / 440.0) for f in (np.min, np.max))
    assert lowest == pytest.approx(min(midi), abs=0.8)
    assert highest == pytest.approx(max(midi), abs=0.8)


@pytest.mark.csound
@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_a_voice_is_recorded_as_at_home(voice: Voice) -> None:
    take = perform(voice)
    assert -30.0 <= voice.level_db <= -20.0
    samples = np.repeat(take.sounds, RATE // 200)[: take.audio.size]
    sounding = take.audio[: samples.size][samples]
    assert level_db(sounding) == pytest.approx(voice.level_db, abs=1.0)
    room = take.audio[: round(0.4 * RATE)]
    # Noise at -60 dB and hum at -66.
    assert level_db(room) == pytest.approx(-59.0, abs=1.0)
    spectrum = np.abs(np.fft.rfft(room * np.hanning(room.size)))
    bins = round(50.0 * room.size / RATE)
    assert spectrum[bins] > 3.0 * np.median(spectrum[bins + 4 : bins + 16])


@pytest.mark.csound
def test_consonants_sound_without_a_pitch() -> None:
    take = perform(next(voice for voice in VOICES if voice.name == "singing"))
    hissing = take.sounds & (take.f0_hz == 0)
    assert hissing.sum() * 0.005 > 0.25
    whistle = perform(VOICES[0])
    assert (whistle.sounds & (whistle.f0_hz == 0)).sum() * 0.005 < 0.1


SPEAKER = """#!{python}
import sys, numpy, soundfile
phase = 2 * numpy.pi * 150.0 * numpy.arange(22050) / 22050
tone = sum(0.3 / k * numpy.sin(k * phase) for k in range(1, 9))
soundfile.write(sys.argv[sys.argv.index("-w") + 1], tone, 22050)
"""


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in the place of espeak-ng that says a tone of 150 Hz for a second."""
    program = tmp_path / "espeak-ng"
    program.write_text(SPEAKER.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("speaker")
def test_speech_is_resampled_recorded_and_its_pitch_tracked(tracker: ModelTracker) -> None:
    take = speak(Spoken("a tone", "anybody", "Ah.", -24.0), tracker)
    assert take.audio.size == 2 * RATE
    assert take.sounds.sum() * 0.005 == pytest.approx(1.0, abs=0.03)
    pitched = take.f0_hz[take.f0_hz > 0]
    assert pitched.size * 0.005 > 0.9
    assert np.median(pitched) == pytest.approx(150.0, abs=1.0)
    assert level_db(take.audio[RATE : RATE + 9600]) == pytest.approx(-24.0, abs=0.5)


@pytest.mark.usefixtures("speaker")
@pytest.mark.parametrize("is_there", [True, False])
def test_there_is_speech_where_there_is_a_speaker(
    is_there: bool, tracker: ModelTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_inputs, "VOICES", ())
    if not is_there:
        monkeypatch.setenv("PATH", "")
    names = [take.name for take in make_takes(tracker)]
    assert names == [spoken.name for spoken in voice_inputs.SENTENCES if is_there]


def test_takes_are_played_as_process_plays_them(brainsynth: Command, tmp_path: Path) -> None:
    time_s = np.arange(RATE) / RATE
    note = np.sin(2 * np.pi * 1400.0 * time_s) * ((time_s > 0.3) & (time_s < 0.9))
    noise = np.random.default_rng(0).standard_normal(time_s.size)
    audio = (0.2 * note + 0.001 * noise).astype(np.float32)
    soundfile.write(tmp_path / "take.wav", audio, RATE, subtype="FLOAT")
    done = brainsynth(
        "process", "--auto", "--model", "cello", "--output", tmp_path / "out", tmp_path / "take.wav"
    )
    assert done.code == 0, done.err
    (made,) = (tmp_path / "out").glob("*.wav")
    played = voices.play(Model("cello"), audio, Model("pitch"))
    assert played.octave < 0
    assert played.low_cut_hz > 0
    assert np.abs(played.audio).max() > 0.01
    assert np.allclose(played.audio, soundfile.read(made, dtype="float32")[0], atol=1e-4)
    silent = voices.play(Model("cello"), np.zeros(RATE // 2, np.float32), Model("pitch"))
    assert not silent.calibrated


def test_a_take_that_comes_back_as_it_went_in_has_good_figures(tracker: ModelTracker) -> None:
    time_s = np.arange(2 * RATE) / RATE
    swell = 0.2 * np.sin(np.pi * time_s / 2) ** 2
    partials = [np.sin(2 * np.pi * 200.0 * k * time_s) / k for k in range(1, 9)]
    tone = (swell * np.sum(partials, axis=0)).astype(np.float32)
    sounds = voice_inputs.sounds_at_moments(tone)
    take = Take("a tone", tone, np.where(sounds, 200.0, 0.0), sounds)
    judges = voices.Judges(tracker, tracker)
    found = voices.measure(take, voices.PlayedTake(tone), Model("cello"), judges)
    assert found["median_cents"] < 6.0
    assert found["within_50_percent"] > 95.0
    assert found["sounding_percent"] == 100.0
    assert found["loudness_correlation"] == pytest.approx(1.0)
    assert found["flips_per_s"] == found["outside_semitones"] == 0.0
    octave = voices.measure(take, voices.PlayedTake(tone, octave=-2.0), Model("cello"), judges)
    assert octave["median_cents"] == pytest.approx(2400.0, abs=5.0)
    assert octave["outside_semitones"] > 3.0


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    assert voices.new_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "a" / "b" / "kept.wav").touch()
    for path in (tmp_path / "a" / "b", tmp_path / "a" / "b" / "kept.wav"):
        with pytest.raises(SystemExit, match="nothing is overwritten: name a new folder"):
            voices.new_folder(path)


@pytest.mark.parametrize(("options", "is_written"), [([], True), (["--models", "cello"], False)])
def test_only_a_run_without_options_is_written_down(
    options: list[str], is_written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []

    def note(*given: object) -> str:
        written.append(given)
        return "here"

    monkeypatch.setattr(voices, "make_takes", lambda _: [])
    monkeypatch.setattr(voices, "measure_all", lambda *_: {})
    monkeypatch.setattr(voices, "write_results", note)
    monkeypatch.setattr(sys, "argv", ["voices", *options])
    voices.main()
    assert bool(written) == is_written
