"""The orchestras in csd/grains/ play what they are meant to play, with a model whose places are pitches."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.conftest import Command
from tests.support.sound_files import read_sound
from tests.support.tone_grains import CLASSES, RATE, class_hz, save_tone_grains

CSD = Path(__file__).parents[2] / "csd" / "grains"
STEP_S = 60 / 104 / 4
Row = NDArray[np.float32]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the orchestras, and the models beside them."""
    folder = tmp_path_factory.mktemp("orchestras")
    save_tone_grains(folder)
    for path in CSD.glob("*.csd"):
        (folder / path.name).write_text(with_files(path.read_text()))
    return folder


def with_files(text: str) -> str:
    """Give an orchestra the files beside it in place of the bundled model: what that plays has no single frequency."""
    return re.sub(r'"(drums[.a-z]*)"', r'"\1.onnx"', text)


def render(brainsynth: Command, folder: Path, name: str, *flags: object) -> Row:
    """Give what an orchestra plays, (C, T)."""
    out = folder / f"{name}.wav"
    assert brainsynth("csound", folder / f"{name}.csd", "-o", out, "-f", "-m0", *flags).code == 0
    sound, rate = read_sound(out)
    assert rate == RATE
    assert np.all(np.isfinite(sound))
    return sound


def strength(sound: Row, hertz: float, begin_s: float, length_s: float = 0.06) -> float:
    """Give the amplitude of a frequency within a window."""
    length = round(length_s * RATE)
    begin = round(begin_s * RATE)
    part = np.pad(sound, (length, length))[length + begin : 2 * length + begin]
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(part)) / RATE) * np.hanning(len(part))
    return 4 * float(abs(part @ wave)) / length


def test_every_orchestra_is_tested() -> None:
    assert {path.stem for path in CSD.glob("*.csd")} == {"pattern", "cloud", "mirror"}


def test_a_pattern_strikes_each_class_on_its_steps_as_hard_as_it_says(
    brainsynth: Command, folder: Path
) -> None:
    sound = render(brainsynth, folder, "pattern")[0]
    wanted = {
        "kick": {0: 0.9, 6: 0.6, 8: 0.8},
        "snare": {4: 0.9, 7: 0.3, 9: 0.3, 12: 0.9, 15: 0.4},
        "closed-hat": {0: 0.8, 2: 0.5, 4: 0.8, 6: 0.5, 8: 0.8, 10: 0.5, 11: 0.4, 12: 0.8},
        "open-hat": {14: 0.6},
    }
    decibels = {"kick": -3, "snare": -6, "closed-hat": -12, "open-hat": -12}
    assert len(sound) / RATE == pytest.approx(32 * STEP_S + 1, abs=0.01)
    for name, steps in wanted.items():
        levels = []
        for bar in (0, 16):
            for step in range(16):
                at = (bar + step) * STEP_S
                before, after = (strength(sound, class_hz(name), at + late) for late in (-0.065, 0.005))
                assert (after > 1.3 * before + 0.01) == (step in steps), (name, bar + step, before, after)
                if step in steps:
                    levels.append(after / steps[step] / 10 ** (decibels[name] / 20))
        # What rings on from the hit before makes some difference.
        assert np.std(levels) < 0.25 * np.mean(levels), (name, levels)
    assert np.abs(sound[round((32 * STEP_S + 0.7) * RATE) :]).max() < 0.01


@pytest.mark.parametrize("corners", [("kick", "snare", "crash", "tom"), ("kick", "kick", "tom", "tom")])
def test_a_cloud_goes_where_its_path_is_drawn(
    corners: tuple[str, ...], brainsynth: Command, folder: Path
) -> None:
    text = with_files((CSD / "cloud.csd").read_text())
    for corner, (usual, name) in enumerate(zip((2, 7, 1, 8), corners, strict=True)):
        line = f"i 1 0 0.25  {{}} {corner} "
        assert line.format(usual) in text
        text = text.replace(line.format(usual), line.format(CLASSES.index(name)))
    (folder / "cloud.csd").write_text(text)
    sound = render(brainsynth, folder, "cloud")
    octaves = [math.log2(class_hz(name)) for name in corners]
    moments = np.arange(0.1, 0.95, 0.05)
    x = np.interp(moments, np.linspace(0, 1, 5), [0, 1, 0.8, 0.2, 0])
    y = np.interp(moments, np.linspace(0, 1, 5), [0, 0.1, 1, 0.7, 0])
    below = octaves[0] * (1 - x) + octaves[1] * x
    above = octaves[2] * (1 - x) + octaves[3] * x
    wanted = below * (1 - y) + above * y
    assert np.ptp(wanted) > 2
    for row in sound:
        found = []
        for moment in moments:
            begin = round((0.25 + 8 * moment) * RATE)
            spectrum = np.abs(np.fft.rfft(row[begin : begin + 4096] * np.hanning(4096)))
            spectrum[:9] = 0  # what triggers lift
            found.append(math.log2(float(np.argmax(spectrum)) * RATE / 4096))
        assert np.median(np.abs(np.array(found) - wanted)) < 0.25
        assert np.corrcoef(found, wanted)[0, 1] > 0.9
    assert np.abs(sound[0] - sound[1]).max() > 0.05


def test_a_mirror_plays_what_it_hears_and_answers_each_onset_with_its_event(
    brainsynth: Command, folder: Path
) -> None:
    time = np.arange(3 * RATE) / RATE
    taps = ((0.5, 800.0), (1.05, 2000.0), (1.6, 1300.0), (2.15, 2900.0))
    heard = np.zeros(len(time), np.float32)
    for at, hertz in taps:
        since = np.maximum(time - at, 0)
        heard += (time >= at) * 0.3 * np.sin(2 * np.pi * hertz * since) * np.exp(-since * 40)
    soundfile.write(folder / "taps.wav", heard, RATE, subtype="FLOAT")
    path = folder / "mirror.csd"
    text = path.read_text()
    assert "i 1 0 3600" in text
    path.write_text(text.replace("i 1 0 3600", "i 1 0 3"))
    left, right = render(brainsynth, folder, "mirror", "-i", folder / "taps.wav")
    np.testing.assert_allclose(left[: len(heard)], 0.5 * heard[: len(left)], atol=1e-4)
    assert np.abs(right[: round(0.89 * RATE)]).max() == 0
    for at, hertz in taps:
        begin = round((at + 0.41) * RATE)
        spectrum = np.abs(np.fft.rfft(right[begin : begin + 4096] * np.hanning(4096)))
        assert spectrum.max() > 300
        # As near as the model's ear is.
        assert np.argmax(spectrum) * RATE / 4096 == pytest.approx(hertz, rel=0.08)
