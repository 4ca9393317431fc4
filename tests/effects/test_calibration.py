"""Calibration: a sound of known pitch and loudness is moved to where the model was trained."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.effects.calibration import Heard, calibrate, listen, suit, suited_low_cut_hz
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import CalibrationError
from plugin_host.model_file.controls import Control, Scale
from plugin_host.model_file.document import Range
from plugin_host.playing.model import Model
from tests.conftest import Command
from tests.support import tiny_models
from tests.support.sound_files import read_sound, write_sound

OCTAVE = Control(name="octave", minimum=-2, maximum=2, default=0, scale=Scale.INTEGER)
LOUDNESS_GAIN = Control(name="loudness_gain", unit="dB", minimum=-30, maximum=30, default=0)


@pytest.fixture(scope="module")
def analyzer() -> Model:
    return Model("pitch")


def make_model(
    folder: Path, f0_hz: tuple[float, float, float], loudness_db: tuple[float, float, float]
) -> Model:
    """Make an effect that claims to have been trained on these ranges (low, median, high)."""
    ranges = {"f0_hz": f0_hz, "loudness_db": loudness_db}
    trained = {name: Range(low=low, median=median, high=high) for name, (low, median, high) in ranges.items()}
    proto = tiny_models.delay_effect(controls=(OCTAVE, LOUDNESS_GAIN), trained=trained)
    return Model(tiny_models.save(proto, folder, "trained"))


def tone(
    f0_hz: float, level: float = 0.1, duration_s: float = 1.0, sample_rate: int = 48_000
) -> NDArray[np.float32]:
    """Give a tone with overtones, (1, T)."""
    phase = 2 * np.pi * f0_hz * np.arange(int(duration_s * sample_rate)) / sample_rate
    overtones = np.arange(1, 6)[:, None]
    return (level * np.sum(np.sin(overtones * phase) / overtones, axis=0, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("played_hz", "trained_hz", "octave"),
    [
        (220, 220, 0),
        (440, 220, -1),
        (880, 220, -2),
        (110, 220, 1),
        (200, 220, 0),
        (300, 220, 0),
        (330, 220, -1),
        (1760, 220, -2),
    ],
)
def test_octave_brings_the_pitch_nearest_to_the_trained_median(
    played_hz: float, trained_hz: float, octave: int, tmp_path: Path, analyzer: Model
) -> None:
    model = make_model(tmp_path, (trained_hz / 2, trained_hz, trained_hz * 2), (-60, -40, -20))
    assert calibrate(model, tone(played_hz), 48_000, analyzer)["octave"] == octave


def test_octave_goes_to_the_register_that_the_author_names(tmp_path: Path, analyzer: Model) -> None:
    ranges = {"f0_hz": (55, 220, 880), "loudness_db": (-60, -40, -20), "register_hz": (65, 110, 185)}
    trained = {name: Range(low=low, median=median, high=high) for name, (low, median, high) in ranges.items()}
    proto = tiny_models.delay_effect(controls=(OCTAVE, LOUDNESS_GAIN), trained=trained)
    model = Model(tiny_models.save(proto, tmp_path, "trained"))
    assert calibrate(model, tone(220), 48_000, analyzer)["octave"] == -1


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_octave_is_found_at_any_rate_in_any_channel(
    sample_rate: int, tmp_path: Path, analyzer: Model
) -> None:
    model = make_model(tmp_path, (110, 220, 440), (-60, -40, -20))
    sound = tone(440, sample_rate=sample_rate)
    stereo = np.concatenate([np.zeros_like(sound), sound])
    assert calibrate(model, stereo, sample_rate, analyzer)["octave"] == -1


def test_a_steady_sound_becomes_as_loud_as_the_loudest_trained(tmp_path: Path, analyzer: Model) -> None:
    sound = tone(220)
    found = analyzer.render(sound, 48_000)
    assert isinstance(found, dict)
    own_db = float(np.median(found["loudness_db"][0, 100:]))
    model = make_model(tmp_path, (110, 220, 440), (own_db - 5, own_db + 1, own_db + 6))
    assert calibrate(model, sound, 48_000, analyzer)["loudness_gain"] == pytest.approx(6, abs=0.5)
    assert calibrate(model, sound * 10 ** (-10 / 20), 48_000, analyzer)["loudness_gain"] == pytest.approx(
        16, abs=0.5
    )


def test_the_loud_notes_set_the_gain(tmp_path: Path, analyzer: Model) -> None:
    sound = np.concatenate([tone(220, 0.02, 2.0), tone(220, 0.2, 1.0)], axis=1)
    found = analyzer.render(sound, 48_000)
    assert isinstance(found, dict)
    quiet_db, loud_db = (
        float(np.median(found["loudness_db"][0, part])) for part in (slice(100, 600), slice(800, 1100))
    )
    assert loud_db - quiet_db == pytest.approx(20, abs=1)
    model = make_model(tmp_path, (110, 220, 440), (quiet_db - 5, quiet_db + 10, quiet_db + 12))
    assert calibrate(model, sound, 48_000, analyzer)["loudness_gain"] == pytest.approx(-5, abs=1)


def test_settings_stay_within_the_controls(tmp_path: Path, analyzer: Model) -> None:
    model = make_model(tmp_path, (1000, 2000, 3000), (20, 40, 60))
    assert calibrate(model, tone(110), 48_000, analyzer) == {"octave": 2, "loudness_gain": 30}


def test_calibrated_cello_plays_in_its_own_range(analyzer: Model) -> None:
    model = Model("cello")
    sound = tone(880, 0.02, 2.0)
    effect = NeuralEffect(model)
    for name, value in calibrate(model, sound, 48_000, analyzer).items():
        setattr(effect, name, value)
    output = effect(sound, 48_000)
    found = analyzer.render(output, 48_000)
    assert isinstance(found, dict)
    f0_hz = float(np.median(found["f0_hz"][0, 200:]))
    trained = model.document.trained["f0_hz"]
    assert trained.low <= f0_hz <= trained.high
    octaves = np.log2(f0_hz / 880)
    assert octaves == pytest.approx(round(octaves), abs=0.02)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (np.zeros((1, 48_000), np.float32), "is silent"),
        (np.random.default_rng(0).normal(0, 0.1, (1, 48_000)).astype(np.float32), "hardly any pitch"),
        (tone(220, duration_s=0.05), "hardly any pitch"),
    ],
)
def test_sound_without_pitch_is_refused(
    sound: NDArray[np.float32], words: str, tmp_path: Path, analyzer: Model
) -> None:
    model = make_model(tmp_path, (110, 220, 440), (-60, -40, -20))
    with pytest.raises(CalibrationError, match=words):
        calibrate(model, sound, 48_000, analyzer)


def test_models_that_cannot_be_calibrated_are_refused(models: Path, tmp_path: Path, analyzer: Model) -> None:
    with pytest.raises(CalibrationError, match="gain does not say in which range"):
        calibrate(Model(models / "gain.onnx"), tone(220), 48_000, analyzer)
    ranges = {"f0_hz": Range(low=1, median=2, high=3), "loudness_db": Range(low=1, median=2, high=3)}
    path = tiny_models.save(tiny_models.gain_effect(trained=ranges), tmp_path)
    with pytest.raises(CalibrationError, match="no control octave or loudness_gain of one number"):
        calibrate(Model(path), tone(220), 48_000, analyzer)
    model = make_model(tmp_path, (110, 220, 440), (-60, -40, -20))
    with pytest.raises(CalibrationError, match="rms is no analyzer of pitch"):
        calibrate(model, tone(220), 48_000, Model(models / "rms.onnx"))


def test_auto_calibrates_every_file_by_itself(tmp_path: Path, brainsynth: Command) -> None:
    model = make_model(tmp_path, (110, 220, 440), (-60, -40, -20))
    sounds = {"low.wav": tone(110), "high.wav": tone(440), "silent.wav": np.zeros((1, 48_000), np.float32)}
    for name, sound in sounds.items():
        write_sound(tmp_path / "in" / name, sound)
    report = tmp_path / "report.json"
    call = ("process", tmp_path / "in", "-m", model.path, "-o", tmp_path / "out", "--auto", "-j", 1)
    ended = brainsynth(*call, "--set", "loudness_gain=1", "--report", report)
    assert ended.code == 0
    assert "silent.wav: played as it is, for the sound is silent" in ended.err
    files = {Path(entry["source"]).name: entry for entry in json.loads(report.read_text())["files"]}
    assert files["low.wav"]["settings"] == {"octave": 1.0, "loudness_gain": 1.0}
    assert files["high.wav"]["settings"] == {"octave": -1.0, "loudness_gain": 1.0}
    assert files["silent.wav"]["settings"] == {"loudness_gain": 1.0}
    assert "silent" in files["silent.wav"]["uncalibrated"]
    assert not files["low.wav"]["uncalibrated"]
    assert read_sound(tmp_path / "out" / "low.wav")[0].shape == (1, 48_000)
    assert not np.any(read_sound(tmp_path / "out" / "silent.wav")[0])


def test_a_name_an_effect_and_a_model_are_calibrated_alike(analyzer: Model) -> None:
    model = Model("cello")
    expected = calibrate(model, tone(440.0), 48_000, analyzer)
    assert expected["octave"] != 0
    assert calibrate("cello", tone(440.0), 48_000) == expected
    assert calibrate(NeuralEffect(model), tone(440.0), 48_000) == expected


def phrase(level: float, noise_db: float) -> NDArray[np.float32]:
    """Give a note, the same at a fifth of its level, and a pause, a second each, in white noise: (1, T)."""
    silence = np.zeros((1, 48_000), np.float32)
    notes = np.concatenate([tone(220, level), tone(330, level / 5), silence], axis=1)
    noise = np.random.default_rng(0).normal(0, 10 ** (noise_db / 20), notes.shape)
    return (notes + noise).astype(np.float32)


def level_db(sound: NDArray[np.floating]) -> float:
    return 10 * float(np.log10(np.mean(np.square(sound)) + 1e-12))


@pytest.mark.parametrize(("level", "noise_db"), [(0.1, -90), (0.1, -65), (0.1, -50), (0.002, -90)])
def test_the_gate_is_above_the_noise_and_below_quiet_music(
    level: float, noise_db: float, analyzer: Model
) -> None:
    model, sound = Model("cello"), phrase(level, noise_db)
    found: dict[str, Any] = calibrate(model, sound, 48_000, analyzer)
    played = NeuralEffect(model, **found)(sound, 48_000)[0]
    open_ = NeuralEffect(model, **{**found, "noise_gate": -100})(sound, 48_000)[0]
    for second in (0, 1):
        note = slice(48_000 * second + 12_000, 48_000 * second + 46_000)
        assert level_db(played[note]) == pytest.approx(level_db(open_[note]), abs=1.0)
    pause = slice(2 * 48_000 + 24_000, None)
    assert level_db(played[pause]) < min(level_db(open_[pause]) - 15, -60)


def test_a_clean_recording_keeps_the_gate_where_it_is(analyzer: Model) -> None:
    assert calibrate("cello", phrase(0.1, -90), 48_000, analyzer)["noise_gate"] == -70


def test_a_note_without_a_pause_is_not_gated(analyzer: Model) -> None:
    assert calibrate("cello", tone(220, 0.0005, 2.0), 48_000, analyzer)["noise_gate"] < -75


@pytest.mark.parametrize("low", [0.0, -110.0])
@pytest.mark.parametrize("name", ["f0_hz", "register_hz"])
def test_a_register_that_is_no_pitch_is_refused(
    name: str, low: float, tmp_path: Path, brainsynth: Command
) -> None:
    good = Range(low=110, median=220, high=440)
    trained = {"f0_hz": good, "loudness_db": Range(low=-60, median=-40, high=-20)}
    trained[name] = Range(low=low, median=low, high=low)
    proto = tiny_models.delay_effect(controls=(OCTAVE, LOUDNESS_GAIN), trained=trained)
    path = tiny_models.save(proto, tmp_path, "trained")
    with pytest.raises(CalibrationError, match=rf"^delay says that {name} was trained from {low:g} Hz"):
        calibrate(path, tone(220), 48_000)
    sound = write_sound(tmp_path / "in.wav", tone(220))
    ended = brainsynth("process", sound, "-m", path, "-o", tmp_path / "out", "--auto")
    assert ended.code == 1
    assert f"{name} was trained from {low:g} Hz" in ended.err


def test_controls_of_any_range_are_suited(tmp_path: Path, analyzer: Model) -> None:
    octave = Control(name="octave", minimum=-1e30, maximum=1e30, default=0)
    shift = Control(name="pitch_shift", minimum=0, maximum=1, default=0, size=2)
    gain = Control(name="loudness_gain", minimum=0, maximum=0.26, default=0)
    trained = {
        "f0_hz": Range(low=110, median=220, high=440),
        "loudness_db": Range(low=20, median=40, high=60),
    }
    proto = tiny_models.delay_effect(controls=(octave, shift, gain), trained=trained)
    model = Model(tiny_models.save(proto, tmp_path, "trained"))
    heard = listen(analyzer, tone(220), 48_000)
    found: dict[str, Any] = suit(model, heard)
    assert found["loudness_gain"] == pytest.approx(0.26)
    NeuralEffect(model, **found)
    for settings in ({"octave": 1e30, "pitch_shift": (0, 1)}, {"pitch_shift": "up"}):
        assert suited_low_cut_hz(model, heard, settings) == pytest.approx(110 / np.sqrt(2), abs=0.1)
    assert suited_low_cut_hz(model, heard, {"octave": -1e30}) == 0


def test_a_control_that_takes_no_single_number_cannot_be_calibrated(tmp_path: Path, analyzer: Model) -> None:
    octave = Control(name="octave", minimum=0, maximum=1, default=0, scale=Scale.CHOICE, choices=("a", "b"))
    ranges = {"f0_hz": Range(low=1, median=2, high=3), "loudness_db": Range(low=1, median=2, high=3)}
    proto = tiny_models.delay_effect(controls=(octave, LOUDNESS_GAIN), trained=ranges)
    with pytest.raises(CalibrationError, match="no control octave of one number"):
        calibrate(Model(tiny_models.save(proto, tmp_path, "trained")), tone(220), 48_000, analyzer)


@pytest.mark.parametrize(
    ("noise_db", "quietest_db", "gate_db"),
    [
        (-np.inf, -40, -70),  # where the default is, both are on their sides of it
        (-60, -40, -54),  # 6 dB above the noise
        (-60, -50, -54),  # and still 4 dB below the music
        (-60, -55, -58),  # 3 dB below the music, if not more
        (-60, -80, -83),
        (-np.inf, -72, -78),  # 6 dB, where there is room
    ],
)
def test_the_gate_keeps_its_distances(noise_db: float, quietest_db: float, gate_db: float) -> None:
    note = np.full(100, 220.0, np.float32), np.full(100, -20.0, np.float32)
    assert suit(Model("cello"), Heard(*note, noise_db, quietest_db))["noise_gate"] == gate_db


def test_what_is_heard_is_what_stands_out() -> None:
    """A loud note, a soft one, one that hardly sounds, and a pause, a second each in frames of 10 ms."""
    frames = {
        "f0_hz": np.repeat([220, 330, 440, 550], 100),
        "voicing": np.repeat([0.9, 0.9, 0.9, 0.1], 100),
        "loudness_db": np.concatenate([np.repeat([-10, -49, -51], 100), np.linspace(-100, -60, 100)]),
    }
    document = SimpleNamespace(hop_length=480, sample_rate=48_000)
    analyzer: Any = SimpleNamespace(document=document, render=lambda *_: frames)
    heard = listen(analyzer, np.zeros(192_000, np.float32), 48_000)
    np.testing.assert_array_equal(heard.f0_hz, np.repeat([220, 330], 100))
    np.testing.assert_array_equal(heard.loudness_db, np.repeat([-10, -49], 100))
    assert heard.noise_db == pytest.approx(-90)  # the quieter moments of the pause
    assert heard.quietest_db == -51
