"""Calibration: a sound that does not fit where the model was trained is moved there, and one that fits is not."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.effects.calibration import (
    Heard,
    calibrate,
    gain_to,
    listen,
    octaves,
    suit,
    suited_low_cut_hz,
)
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
    ("played_hz", "octave"),
    [(220, 0), (112, 0), (435, 0), (90, 0), (540, 0), (80, 1), (570, -1), (880, -1), (1400, -2), (55, 1)],
)
def test_a_note_is_moved_by_the_fewest_octaves_and_not_at_all_if_it_fits(
    played_hz: float, octave: int, tmp_path: Path, analyzer: Model
) -> None:
    model = make_model(tmp_path, (110, 220, 440), (-60, -40, -20))
    assert calibrate(model, tone(played_hz), 48_000, analyzer)["octave"] == octave


def notes(low_hz: float, high_hz: float) -> NDArray[np.float32]:
    """Give the pitches of a take that goes evenly from a note to another."""
    return np.geomspace(low_hz, high_hz, 1000).astype(np.float32)


def hz(low: float, high: float) -> Range:
    return Range(low=low, median=float(np.sqrt(low * high)), high=high)


CELLO, FLUTE, SAXOPHONE, TROMBONE = hz(69, 928), hz(294, 2122), hz(160, 1103), hz(51, 526)
CELLO_REGISTER, FLUTE_REGISTER = hz(65, 330), hz(880, 2093)


@pytest.mark.parametrize("trained", [CELLO, FLUTE, SAXOPHONE])
def test_two_octaves_stay_two_octaves_where_they_are(trained: Range) -> None:
    melody = notes(260, 1040)
    for register in (trained, CELLO_REGISTER, FLUTE_REGISTER):
        assert octaves(melody, trained, register) == 0


@pytest.mark.parametrize(("share", "octave"), [(0.0, 0), (0.05, 0), (0.095, 0), (0.15, -1)])
def test_a_tenth_of_the_notes_may_lie_elsewhere(share: float, octave: int) -> None:
    take = np.concatenate([notes(440, 800), np.full(round(1000 * share / (1 - share)), 1500.0)])
    assert octaves(take, CELLO, CELLO_REGISTER) == octave


def test_a_bass_goes_up_to_a_flute_by_the_fewest_octaves() -> None:
    assert octaves(notes(85, 170), FLUTE, FLUTE_REGISTER) == 2
    assert octaves(notes(130, 260), FLUTE, FLUTE_REGISTER) == 1
    assert octaves(notes(2000, 4000), TROMBONE, TROMBONE) == -3


def test_a_take_wider_than_the_instrument_stays_unless_much_more_of_it_fits_elsewhere() -> None:
    narrow = hz(200, 400)
    assert octaves(notes(80, 1000), narrow, narrow) == 0
    assert octaves(notes(300, 3600), narrow, narrow) == -1
    # Where it is, 18 semitones fit, and an octave lower 20.
    assert octaves(notes(175, 1400), narrow, narrow) == 0


def test_the_register_decides_between_up_and_down() -> None:
    take, trained = np.repeat([70.0, 700.0], 100), hz(110, 440)
    assert octaves(take, trained, hz(300, 440)) == 1
    assert octaves(take, trained, hz(110, 150)) == -1


@pytest.mark.parametrize("played_hz", [26.5, 31.0, 141.3, 158.7, 211.9, 225.0, 847.6, 4000.0])
def test_there_is_a_place_for_every_note_even_if_one_note_was_learned(played_hz: float) -> None:
    found = octaves(np.array([played_hz]), hz(150, 150), hz(150, 150))
    assert abs(12 * np.log2(played_hz / 150) + 12 * found) <= 6.5


def test_an_author_s_register_moves_no_take_that_fits(tmp_path: Path, analyzer: Model) -> None:
    ranges = {"f0_hz": (55, 220, 880), "loudness_db": (-60, -40, -20), "register_hz": (65, 110, 185)}
    trained = {name: Range(low=low, median=median, high=high) for name, (low, median, high) in ranges.items()}
    proto = tiny_models.delay_effect(controls=(OCTAVE, LOUDNESS_GAIN), trained=trained)
    model = Model(tiny_models.save(proto, tmp_path, "trained"))
    assert calibrate(model, tone(440), 48_000, analyzer)["octave"] == 0


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_octave_is_found_at_any_rate_in_any_channel(
    sample_rate: int, tmp_path: Path, analyzer: Model
) -> None:
    model = make_model(tmp_path, (110, 220, 440), (-60, -40, -20))
    sound = tone(880, sample_rate=sample_rate)
    stereo = np.concatenate([np.zeros_like(sound), sound])
    assert calibrate(model, stereo, sample_rate, analyzer)["octave"] == -1


LEARNED_DB = Range(low=-50, median=-36, high=-26)
SOFTLY_LEARNED_DB = Range(low=-48, median=-39, high=-25)
NEAR_SILENCE_DB = Range(low=-60, median=-38, high=-26)


def played(soft_db: float, held_db: float, loud_db: float) -> NDArray[np.float32]:
    """Give the loudness of a take of which these are the 5th, 50th and 95th percentile."""
    shares, levels = (0, 0.05, 0.5, 0.95, 1), (soft_db - 3, soft_db, held_db, loud_db, loud_db + 3)
    return np.interp(np.linspace(0, 1, 2001), shares, levels).astype(np.float32)


@pytest.mark.parametrize(
    ("take", "gain_db"),
    [
        ((-52, -38, -30), 0),  # as the instrument
        ((-70, -55, -52), 0),  # quiet stays quiet
        ((-70, -59, -52), 22),  # the soft moments become as loud as soft ones learned
        (
            (-100, -65, -56),
            30,
        ),  # there is no room for the softest: the loud ones become as loud as those learned
        ((-100, -95, -56), 36),  # the median stays at -59, the loud ones 6 dB louder than learned
        ((-62, -61, -60), 14),
        ((-40, -25, -21), 0),  # louder than learned, by less than 6 dB
        ((-40, -25, -17), -3),
        ((-10, -5, 0), -20),
        ((-90, -70, -17), -3),  # both too soft and too loud
    ],
)
def test_a_take_is_made_louder_or_softer_only_if_it_is_out_of_range(
    take: tuple[float, float, float], gain_db: float
) -> None:
    found = gain_to(played(*take), LEARNED_DB)
    assert found == pytest.approx(gain_db, abs=0.05)
    assert (found == 0) == (gain_db == 0)


@pytest.mark.parametrize(
    ("learned", "limit_db"), [(LEARNED_DB, -56), (SOFTLY_LEARNED_DB, -56), (NEAR_SILENCE_DB, -58)]
)
@pytest.mark.parametrize("beside_db", [-0.5, 0.5])
def test_softer_than_the_instrument_is_softer_than_its_soft_moments_or_far_below_its_median(
    learned: Range, limit_db: float, beside_db: float
) -> None:
    held_db = limit_db + beside_db
    found = gain_to(played(held_db - 12, held_db, held_db + 6), learned)
    # The soft moments of the take, 12 dB below its median, come to those learned, 8 dB above the limit.
    assert found == (pytest.approx(20.5, abs=0.05) if beside_db < 0 else 0)


def test_a_take_turned_down_is_as_it_was_or_comes_up_among_what_was_learned() -> None:
    take = played(-55, -40, -28)
    seen = set()
    for down in range(61):
        gain = gain_to(take - down, LEARNED_DB)
        seen.add(gain > 0)
        if -40 - down >= -56:
            assert gain == 0
        else:
            soft, held, loud = np.percentile(take - down + gain, [5, 50, 95])
            assert LEARNED_DB.low <= held <= LEARNED_DB.high
            assert loud <= LEARNED_DB.high + 1e-3
            assert loud == pytest.approx(LEARNED_DB.high, abs=1e-3) or soft == pytest.approx(
                LEARNED_DB.median - 12, abs=1e-3
            )
    assert seen == {False, True}


def test_a_soft_recording_is_played_at_a_usable_level_with_its_dynamics(analyzer: Model) -> None:
    model = Model("cello")
    sound = np.concatenate([tone(220, 0.02, 1.5), tone(330, 0.1, 1.5), tone(260, 0.05, 1.5)], axis=1)
    soft = sound * 10 ** (-30 / 20)
    as_it_is: dict[str, Any] = calibrate(model, sound, 48_000, analyzer)
    settings: dict[str, Any] = calibrate(model, soft, 48_000, analyzer)
    assert (as_it_is["octave"], as_it_is["loudness_gain"]) == (0, 0)
    assert settings["octave"] == 0
    learned = model.document.trained["loudness_db"]
    heard = [listen(analyzer, take, 48_000).loudness_db for take in (sound, soft)]
    assert learned.low <= np.median(heard[1]) + settings["loudness_gain"] <= learned.high
    loudness = []
    for take, found in ((sound, as_it_is), (soft, settings)):
        output: dict[str, Any] = analyzer.render(NeuralEffect(model, **found)(take, 48_000), 48_000)
        loudness.append(
            [np.median(output["loudness_db"][0, start : start + 300]) for start in (200, 760, 1325)]
        )
    of_sound, of_soft = np.array(loudness)
    assert np.all((of_soft > learned.low - 3) & (of_soft < learned.high + 3))
    np.testing.assert_allclose(np.diff(of_soft), np.diff(of_sound), atol=3)
    assert of_sound[1] - of_sound[0] > 8


def test_settings_stay_within_the_controls(tmp_path: Path, analyzer: Model) -> None:
    model = make_model(tmp_path, (1000, 2000, 3000), (20, 40, 60))
    assert calibrate(model, tone(110), 48_000, analyzer) == {"octave": 2, "loudness_gain": 30}


def test_calibrated_cello_plays_in_its_own_range(analyzer: Model) -> None:
    model = Model("cello")
    sound = tone(1760, 0.02, 2.0)
    effect = NeuralEffect(model)
    for name, value in calibrate(model, sound, 48_000, analyzer).items():
        setattr(effect, name, value)
    output = effect(sound, 48_000)
    found = analyzer.render(output, 48_000)
    assert isinstance(found, dict)
    f0_hz = float(np.median(found["f0_hz"][0, 200:]))
    trained = model.document.trained["f0_hz"]
    beside = 2 ** (4 / 12)
    assert trained.low / beside <= f0_hz <= trained.high * beside
    higher = np.log2(f0_hz / 1760)
    assert higher == pytest.approx(-1, abs=0.02)


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
    model = make_model(tmp_path, (220, 300, 440), (-60, -40, -20))
    sounds = {"low.wav": tone(110), "high.wav": tone(880), "silent.wav": np.zeros((1, 48_000), np.float32)}
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
    expected = calibrate(model, tone(1760.0), 48_000, analyzer)
    assert expected["octave"] != 0
    assert calibrate("cello", tone(1760.0), 48_000) == expected
    assert calibrate(NeuralEffect(model), tone(1760.0), 48_000) == expected


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
