"""The demo: a tune with the pitches of its notes, files that can be played, pictures that show both."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

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


def drawn(folder: Path, first: NDArray[np.float64], second: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Draw two sounds, and give how bright the rows of each panel are, 0 to 1, from its top."""
    draw_before_and_after(folder / "one.png", first, second, SAMPLE_RATE, "Two sounds, \udce9$_$")
    assert tree(folder) == ["one.png"]
    grey = imread(folder / "one.png")[:, 400:1300, :3].mean(axis=(1, 2))
    return [grey[60:480], grey[497:917]]


def sine(f0_hz: float) -> NDArray[np.float64]:
    return 0.1 * np.sin(2 * np.pi * f0_hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)[None]


@pytest.mark.parametrize("hertz", [(300, 3000), (3000, 300)])
def test_picture_shows_two_sounds_below_each_other_each_at_its_frequency(
    tmp_path: Path, hertz: tuple[int, int]
) -> None:
    panels = drawn(tmp_path, sine(hertz[0]), sine(hertz[1]))
    for panel, f0_hz in zip(panels, hertz, strict=True):
        assert panel.max() > 0.5
        assert np.median(panel) < 0.05
        height = np.log(f0_hz / 60) / np.log(16_000 / 60)
        assert 1 - panel.argmax() / len(panel) == pytest.approx(height, abs=0.02)


def test_silence_is_drawn_dark(tmp_path: Path) -> None:
    tone, silence = drawn(tmp_path, sine(300), 0 * sine(300))
    assert tone.max() > 0.5
    assert silence.max() < 0.05


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
    assert names == ["cello", "clarinet", "flute", "french-horn", "oboe", "saxophone", "trombone"]
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
