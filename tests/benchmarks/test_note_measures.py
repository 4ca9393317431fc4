"""What spectral losses overlook in a note, on notes where the answer is known."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.common.recordings import Recording, parse_name
from benchmarks.pitch.trackers import ModelTracker
from benchmarks.pitch.tracking import PitchTrack
from benchmarks.timbre.details import (
    LABELS,
    HeardNote,
    instrument_and_model,
    measure_beginning,
    measure_model,
    measure_note,
    medians,
    spread_over_pitch,
)
from benchmarks.timbre.note_measures import (
    OCTAVES_HZ,
    Parts,
    attack_ms,
    below_pitch_db,
    decay_ms,
    find_parts,
    moving_db,
    octave_bands_db,
    onset_treble_db,
    onset_treble_level_db,
    vibrato_cents,
    without_rumble,
)
from benchmarks.timbre.players import Played

RATE = 48000
F0_HZ = 250.0
START_S = 0.2


def times(duration_s: float = 1.5) -> np.ndarray:
    return np.arange(round(duration_s * RATE)) / RATE


def tone(frequency_hz: float = F0_HZ, amplitude: float = 0.3, duration_s: float = 1.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency_hz * times(duration_s))


def note(sound: np.ndarray, rise_s: float = 0.005, fall_s: float = 0.005) -> np.ndarray:
    """Put silence before and after a sound that rises and falls linearly."""
    rise = np.minimum(1.0, np.arange(sound.size) / (rise_s * RATE))
    fall = np.minimum(1.0, np.arange(sound.size)[::-1] / (fall_s * RATE))
    silence = np.zeros(round(START_S * RATE))
    return np.concatenate((silence, sound * rise * fall, silence))


def parts_of(sound: np.ndarray) -> Parts:
    parts = find_parts(sound, F0_HZ)
    assert parts is not None
    return parts


def treble(level: float, duration_s: float, low_hz: float = 5000.0, high_hz: float = 9000.0) -> np.ndarray:
    """Make noise in a band, of a given RMS, that lasts from the beginning of a tone for so long."""
    white = np.random.default_rng(0).standard_normal(times().size)
    frequency = np.fft.rfftfreq(white.size, 1 / RATE)
    noise = np.fft.irfft(np.fft.rfft(white) * ((frequency > low_hz) & (frequency < high_hz)))
    return level * noise / np.sqrt(np.mean(noise**2)) * (times() < duration_s)


def test_the_parts_of_a_note() -> None:
    parts = parts_of(note(tone()))
    assert parts.onset == pytest.approx(START_S * RATE, abs=0.004 * RATE)
    assert parts.end == pytest.approx((START_S + 1.5) * RATE, abs=0.004 * RATE)
    assert (parts.held.start - parts.onset, parts.end - parts.held.stop) == (0.3 * RATE, 0.2 * RATE)
    short = parts_of(note(tone(duration_s=0.4)))
    assert short.held.start - short.onset == pytest.approx(0.1 * RATE, abs=0.003 * RATE)
    assert short.held.stop - short.held.start == pytest.approx(0.2 * RATE, abs=0.003 * RATE)
    long = parts_of(note(tone(duration_s=4.0)))
    assert long.held.stop - long.held.start == 1.5 * RATE
    assert find_parts(np.zeros(RATE), F0_HZ) is None
    assert find_parts(np.zeros(0), F0_HZ) is None


def test_a_burst_of_treble_at_the_onset_is_measured() -> None:
    always = treble(0.01, 9.0)
    steady, burst = note(tone() + always), note(tone() + always + treble(0.02, 0.06))
    assert onset_treble_db(steady, parts_of(steady)) == pytest.approx(0.0, abs=0.8)
    # The same noise is 0.03 in the first 60 ms and 0.01 later: 9.5 dB.
    assert onset_treble_db(burst, parts_of(burst)) == pytest.approx(9.5, abs=0.8)
    assert onset_treble_level_db(burst, parts_of(burst)) == pytest.approx(9.5, abs=0.8)


def test_a_slow_rise_lowers_the_trebles_level_and_not_its_share() -> None:
    slow = note(tone() + treble(0.01, 9.0), rise_s=0.2)
    assert onset_treble_db(slow, parts_of(slow)) == pytest.approx(0.0, abs=1.5)
    assert onset_treble_level_db(slow, parts_of(slow)) < -10.0


def test_a_burst_below_the_pitch_is_measured() -> None:
    # An abrupt onset has energy everywhere: this one does not begin at once.
    plain = note(tone(), rise_s=0.03)
    assert below_pitch_db(plain, parts_of(plain), F0_HZ) < -30.0
    # A tenth of the power of the first 220 ms.
    burst = note(tone() + tone(F0_HZ / 2, 0.1) * (times() < 0.22), rise_s=0.03)
    assert below_pitch_db(burst, parts_of(burst), F0_HZ) == pytest.approx(-10.0, abs=0.5)
    assert np.isnan(below_pitch_db(burst, parts_of(burst), 60.0))


def test_rumble_is_no_part_of_a_note() -> None:
    rumbling = note(tone(), rise_s=0.03) + 0.1 * np.sin(
        2 * np.pi * 15.0 * np.arange(round(1.9 * RATE)) / RATE
    )
    assert parts_of(rumbling).onset < 0.1 * RATE
    clean = without_rumble(rumbling)
    assert parts_of(clean).onset == pytest.approx(START_S * RATE, abs=0.006 * RATE)
    assert below_pitch_db(clean, parts_of(clean), F0_HZ) < -30.0


@pytest.mark.parametrize("rise_s", [0.05, 0.2])
@pytest.mark.parametrize("frequency_hz", [65.0, 440.0])
def test_attack_and_decay_of_linear_ramps(rise_s: float, frequency_hz: float) -> None:
    sound = note(tone(frequency_hz), rise_s, rise_s)
    parts = find_parts(sound, frequency_hz)
    assert parts is not None
    # A linear rise is at a tenth (-20 dB) and at 0.708 of its end (-3 dB); a fall ends at 0.0316 of it (-30 dB).
    smear_ms = 1000.0 / frequency_hz + 2.5
    assert attack_ms(sound, parts, frequency_hz) == pytest.approx(608.0 * rise_s, abs=smear_ms)
    assert decay_ms(sound, parts, frequency_hz) == pytest.approx(676.0 * rise_s, abs=smear_ms)


def test_what_the_recording_does_not_hold_is_not_measured() -> None:
    cut = note(tone())[round((START_S + 0.1) * RATE) : round((START_S + 1.0) * RATE)]
    assert np.isnan(attack_ms(cut, parts_of(cut), F0_HZ))
    assert np.isnan(decay_ms(cut, parts_of(cut), F0_HZ))
    short = note(tone(duration_s=0.4))
    assert np.isnan(moving_db(short, parts_of(short)))


@pytest.mark.parametrize("depth_db", [1.0, 3.0])
def test_bands_that_move_are_measured(depth_db: float) -> None:
    def sound(swing_hz: float, depth_db: float) -> np.ndarray:
        swing = depth_db * np.sqrt(2.0) * np.sin(2 * np.pi * swing_hz * times())
        loud = tone(250.0, 0.3)
        # All but the loudest band move, in turn up and down: the whole stays as it is.
        signs = zip((500.0, 1000.0, 2000.0, 4000.0), (1, -1, 1, -1), strict=True)
        return note(loud + sum(tone(f, 0.01) * 10 ** (sign * swing / 20) for f, sign in signs))

    still, moving, slow = (sound(hz, depth) for hz, depth in ((6.0, 0.0), (6.0, depth_db), (0.5, depth_db)))
    assert moving_db(still, parts_of(still)) < 0.05
    assert moving_db(moving, parts_of(moving)) == pytest.approx(depth_db, rel=0.1)
    assert moving_db(slow, parts_of(slow)) < 0.4 * depth_db


def test_what_moves_with_the_whole_does_not_count() -> None:
    tremolo = 1.0 + 0.5 * np.sin(2 * np.pi * 6.0 * times())
    sound = note(tremolo * (tone(250.0) + tone(1000.0, 0.1) + tone(4000.0, 0.1)))
    assert moving_db(sound, parts_of(sound)) < 0.05


def test_octave_bands_of_tones() -> None:
    # Neither near the middle of its band: they reach half an octave to either side.
    sound = note(tone(345.0, 0.3) + tone(1450.0, 0.1) + tone(16000.0, 0.03))
    found = dict(zip(OCTAVES_HZ, octave_bands_db(sound, parts_of(sound)), strict=True))
    total = 10 * np.log10(0.3**2 + 0.1**2 + 0.03**2)
    assert found[250] == pytest.approx(20 * np.log10(0.3) - total, abs=0.05)
    assert found[2000] == pytest.approx(20 * np.log10(0.1) - total, abs=0.05)
    assert found[16000] == pytest.approx(20 * np.log10(0.03) - total, abs=0.05)
    assert max(found[centre] for centre in (63, 125, 500, 1000, 4000, 8000)) < -60.0


def vibrato(depth_cents: float, rate_hz: float, duration_s: float = 1.5) -> np.ndarray:
    return depth_cents * np.sin(2 * np.pi * rate_hz * np.arange(round(duration_s * 375)) / 375)


def test_vibrato_is_its_depth() -> None:
    glide = np.linspace(-30.0, 30.0, round(1.5 * 375))
    for swing in (vibrato(20.0, 5.0), vibrato(20.0, 5.0) + glide):
        assert vibrato_cents(440.0 * 2 ** (swing / 1200), 375.0) == pytest.approx(20.0, rel=0.1)
    assert vibrato_cents(440.0 * 2 ** (glide / 1200), 375.0) < 1.0
    assert vibrato_cents(440.0 * 2 ** (vibrato(20.0, 20.0) / 1200), 375.0) < 2.0


def test_vibrato_ignores_leaps_of_the_tracker() -> None:
    f0_hz = 440.0 * 2 ** (vibrato(20.0, 5.0) / 1200)
    f0_hz[100:110] *= 2.0
    assert vibrato_cents(f0_hz, 375.0) == pytest.approx(20.0, rel=0.1)
    f0_hz[200:400] *= 2.0
    assert np.isnan(vibrato_cents(f0_hz, 375.0))
    assert np.isnan(vibrato_cents(f0_hz[:149], 375.0))


def test_the_bundled_tracker_hears_vibrato() -> None:
    depth, rate_hz = 20.0, 5.0
    swing = depth * np.sin(2 * np.pi * rate_hz * times(2.0)) / 1200
    phase = 2 * np.pi * np.cumsum(440.0 * 2**swing) / RATE
    sound = note(np.sum([0.2 * np.sin(k * phase) / k for k in range(1, 6)], axis=0))
    found = measure_note(sound, 440.0, ModelTracker("pitch"))
    assert found["vibrato_cents"] == pytest.approx(depth, rel=0.15)
    assert list(found) == list(LABELS)
    assert list(measure_beginning(sound, 440.0)) == list(LABELS)[:4]
    assert (
        measure_note(np.zeros(RATE), 440.0, ModelTracker("pitch"))
        == measure_beginning(np.zeros(RATE), 440.0)
        == {}
    )


def recording(name: str) -> Recording:
    found = parse_name(Path(f"{name}.mp3"))
    assert found is not None
    return found


def test_a_limit_is_spread_over_the_range() -> None:
    notes = [recording(f"cello_{name}_1_forte_arco-normal") for name in ("C4", "A2", "C3", "G3", "E5")]
    assert [n.midi for n in spread_over_pitch(notes, 3)] == [45, 55, 76]
    assert [n.midi for n in spread_over_pitch(notes, None)] == sorted(n.midi for n in notes)
    assert len(spread_over_pitch(notes, 9)) == 5


def test_medians_are_over_the_notes_that_have_a_measure() -> None:
    found = medians(
        [{"attack_ms": 10.0}, {"attack_ms": 20.0, "decay_ms": float("nan")}, {"attack_ms": 90.0}, {}]
    )
    assert found == {"notes": 4, "silent": 1, "attack_ms": 20.0, "attack_ms_notes": 3}


def test_models_are_names_or_files() -> None:
    known = ["cello", "flute"]
    assert instrument_and_model("cello", known) == ("cello", "cello")
    assert instrument_and_model("flute=my/cello.onnx", known) == ("flute", "my/cello.onnx")
    assert instrument_and_model("runs/flute-new.onnx", known) == ("flute", "runs/flute-new.onnx")
    for wrong in ("runs/new.onnx", "banjo", "cellos=new.onnx"):
        with pytest.raises(ValueError, match="INSTRUMENT=FILE"):
            instrument_and_model(wrong, known)


class Octaver:
    """Plays its own notes as they are, and others an octave higher, after a burst below that pitch."""

    name = "octaver"
    settings = ("calibrate",)

    def resynthesize(self, audio: np.ndarray) -> Played:
        return Played(audio)

    def transfer(self, audio: np.ndarray, setting: str | None = None) -> Played:
        burst = tone(2 * F0_HZ) + tone(F0_HZ, 0.3) * (times() < 0.22)
        return Played(note(burst), octave=1.0)


class Steady:
    """Hears the same pitch at all times."""

    name = "steady"
    identity = None
    look_ahead_s = 0.0

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        frames = audio.size // 128
        return PitchTrack(np.arange(frames) * 128 / RATE, np.full(frames, F0_HZ), np.ones(frames))


def test_a_player_is_measured_beside_the_real_notes() -> None:
    sound = note(tone(), rise_s=0.03).astype(np.float32)
    heard = {name: [HeardNote(sound, F0_HZ)] for name in ("cello", "flute")}
    found = measure_model(Octaver(), "cello", heard, Steady())
    assert list(found) == ["real", "played", "from flute"]
    assert found["real"] == found["played"]
    assert found["real"]["below_pitch_db"] < -30.0
    # The pitch of a transfer is that of its source, moved as it was played: half of the power lies below it.
    assert found["from flute"]["below_pitch_db"] == pytest.approx(-3.0, abs=0.5)
    assert "vibrato_cents" not in found["from flute"]
