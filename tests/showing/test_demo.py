"""The demo: a tune with the pitches of its notes, files that can be played, pictures that show both."""

import re
from pathlib import Path

import numpy as np
import pytest

from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import CalibrationError
from plugin_host.playing.model import Model
from plugin_host.showing.demo import bundled_instruments, demo
from plugin_host.showing.demo_melody import SAMPLE_RATE, TUNE, make_melody
from plugin_host.showing.spectrogram_pictures import draw_before_and_after, spectrogram_db
from tests.conftest import Command
from tests.support.sound_files import read_sound, tree, write_sound


def test_melody_is_sung_at_the_pitches_of_its_notes() -> None:
    melody = make_melody()
    assert melody.dtype == np.float32
    assert np.abs(melody).max() == pytest.approx(0.5, abs=1e-6)
    np.testing.assert_array_equal(melody, make_melody())
    found = Model("pitch").render(melody, SAMPLE_RATE)
    assert isinstance(found, dict)
    frame_s = Model("pitch").document.hop_length / SAMPLE_RATE
    start_s = 0.25
    for note in TUNE:
        length_s = note.beats * 0.58
        middle = int((start_s + 0.5 * note.held * length_s) / frame_s)
        f0_hz = float(np.median(found["f0_hz"][0, middle - 5 : middle + 6]))
        assert 12 * np.log2(f0_hz / 440) + 69 == pytest.approx(note.midi, abs=0.5)
        start_s += length_s


def test_spectrogram_shows_a_sine_where_it_is() -> None:
    audio = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)[None]
    power_db, frequency_hz = spectrogram_db(audio, 48_000)
    column = power_db[:, power_db.shape[1] // 2]
    assert frequency_hz[column.argmax()] == pytest.approx(1000, rel=0.02)
    assert column.max() == pytest.approx(-6.02, abs=2)
    assert power_db.shape == (len(frequency_hz), 101)
    assert frequency_hz[-1] == pytest.approx(16_000)
    assert spectrogram_db(audio, 8000)[1][-1] == pytest.approx(4000)


def test_picture_is_a_png_that_differs_with_the_sound(tmp_path: Path) -> None:
    melody = make_melody()[:, :48_000]
    for name, after in (("one", melody), ("two", melody * 0)):
        draw_before_and_after(tmp_path / f"{name}.png", melody, after, SAMPLE_RATE, "A melody, \udce9$_$")
    one, two = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "two"))
    assert one.startswith(b"\x89PNG")
    assert one != two
    assert tree(tmp_path) == ["one.png", "two.png"]


@pytest.mark.slow
def test_demo_of_a_users_file_renders_every_instrument_as_it_says(
    tmp_path: Path, brainsynth: Command
) -> None:
    sound = make_melody()[:, : 2 * SAMPLE_RATE]
    source = write_sound(tmp_path / "mine.wav", sound, subtype="FLOAT")
    before = source.read_bytes()
    ended = brainsynth("demo", source, "-o", tmp_path / "out")
    assert ended.code == 0
    assert str(tmp_path / "out") in ended.out
    names = [model.name for model in bundled_instruments()]
    assert names == ["cello", "flute", "saxophone", "trombone"]
    files = sorted(f"mine-{name}{suffix}" for name in names for suffix in (".wav", ".png"))
    assert tree(tmp_path / "out") == files
    for name in names:
        (line,) = (line for line in ended.out.splitlines() if line.startswith(f"{name} "))
        assert f"mine-{name}.wav" in line
        assert f"mine-{name}.png" in line
        effect = NeuralEffect(name)
        settings = re.findall(r"(octave|loudness_gain) ([-+][0-9.]+)", line)
        for control, value in settings:
            setattr(effect, control, float(value))
        assert [control for control, _ in settings] == ["octave", "loudness_gain"]
        wanted = effect(sound, SAMPLE_RATE)
        assert np.abs(wanted).max() > 0.005
        np.testing.assert_allclose(read_sound(tmp_path / "out" / f"mine-{name}.wav")[0], wanted, atol=2**-22)
    assert source.read_bytes() == before


def test_demo_of_a_silent_file_says_so(tmp_path: Path) -> None:
    source = write_sound(tmp_path / "mine.wav", np.zeros((1, 48_000), np.float32))
    with pytest.raises(CalibrationError, match="silent"):
        list(demo(tmp_path / "out", source))
