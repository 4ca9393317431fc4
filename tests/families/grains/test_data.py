"""What is learned from: trimmed, at one level, split by series, said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from training.data.source import Source
from training.errors import RecordingsError
from training.families.grains.data import prepare
from training.families.grains.settings import GrainsSettings, GrainsSize
from training.hits.augmentation import as_another_sound
from training.hits.data import HitsData
from training.hits.partial_tracks import stack, track_partials, under_window
from training.hits.sounds import trim
from training.hits.voice import SAMPLE_RATE, partial_centres
from training.loop.report import Silent

SIZE = GrainsSize(width=16, partials=6, transients=4, event_s=0.3)
SETTINGS = GrainsSettings(variants=1)


class Sentences(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, sentence: str) -> None:
        self.said.append(sentence)


def hit(f_hz: float, length_s: float = 0.2, gain: float = 0.5) -> NDArray[np.float32]:
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    return (gain * np.exp(-time * 20) * np.sin(2 * np.pi * f_hz * time)).astype(np.float32)


def write(folder: Path, name: str, samples: NDArray[np.float32]) -> Path:
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, SAMPLE_RATE, subtype="FLOAT")
    return path


def read(
    folder: Path, size: GrainsSize = SIZE, prepared: dict[str, object] | None = None
) -> tuple[HitsData, list[str]]:
    report = Sentences()
    return prepare(Source(recordings=folder, prepared=prepared), SETTINGS, size, report), report.said


@pytest.fixture
def drums(tmp_path: Path) -> Path:
    folder = tmp_path / "drums"
    for number in range(4):
        for series, f_hz in (("top", 190.0), ("rim", 330.0), ("side", 400.0)):
            write(folder, f"snare/{series}{number}", hit(f_hz + number))
        write(folder, f"kick/kick{number}", hit(60.0 + number))
    return folder


def test_sub_folders_are_classes_and_series_stay_together(drums: Path) -> None:
    data, said = read(drums)
    assert data.classes == ("kick", "snare")
    assert said == []
    kept, apart = (
        {sound.name.rstrip("0123456789") for sound in side} for side in (data.train, data.held_out)
    )
    assert not kept & apart
    assert len(apart) == 1
    assert "kick/kick" in kept
    assert {sound.label for sound in data.train} == {0, 1}
    assert [sound.name for sound in data.changed] == [sound.name for sound in data.train]


def test_a_run_keeps_its_split(drums: Path) -> None:
    data, _ = read(drums)
    first = {sound.name for sound in data.held_out}
    for number in range(40):
        write(drums, f"snare/new-{chr(97 + number % 26)}{'x' * (number // 26)}", hit(250.0))
    again, _ = read(drums, prepared=dict(data.prepared))
    assert first == {sound.name for sound in again.held_out}


def test_what_is_one_series_is_all_learned_from_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path / "hits", "a", hit(200.0))
    data, said = read(tmp_path / "hits")
    assert (len(data.train), len(data.held_out)) == (1, 0)
    assert [one.partition(" holds ")[2] for one in said] == [
        "one series in each class, so that none is held out: figures are of what is trained on"
    ]


def test_sounds_of_one_folder_are_of_no_class(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / "hits", name, hit(200.0))
    data, _ = read(tmp_path / "hits")
    assert data.classes == ()


def test_a_class_without_sounds_is_said(drums: Path) -> None:
    (drums / "cowbell").mkdir()
    (drums / ".hidden").mkdir()
    data, said = read(drums)
    assert "cowbell" not in data.classes
    assert [one for one in said if "cowbell" in one or "hidden" in one] == [
        f"{drums / 'cowbell'} holds no sound that can be used, so that there is no class cowbell"
    ]


def test_offset_and_silence_are_cut_off_and_the_level_is_kept_in_mind(tmp_path: Path) -> None:
    plain = hit(200.0)
    silence = np.zeros(SAMPLE_RATE // 10, np.float32)
    worse = np.concatenate([silence, plain, silence]) * 0.1 + 0.2
    first, loud_db = trim(plain, tmp_path)
    second, soft_db = trim(worse.astype(np.float32), tmp_path)
    assert loud_db - soft_db == pytest.approx(20.0, abs=1.0)
    length = min(len(first), len(second), SAMPLE_RATE // 20)
    np.testing.assert_allclose(second[:length], first[:length], atol=0.02)
    # A sound begins eight samples before it is heard.
    assert np.abs(second[:6]).max() < 0.02 < np.abs(second[8:60]).max()


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(9000, np.float32), "is silent or nearly so"),
        (hit(200.0) * 0.003, "is silent or nearly so"),
        (hit(200.0, 0.004), "fewer than two grains of 128"),
    ],
)
def test_what_cannot_be_used_is_named(samples: NDArray[np.float32], sentence: str, drums: Path) -> None:
    path = write(drums, "kick/odd", samples)
    data, said = read(drums)
    assert [sentence in one and str(path) in one for one in said] == [True]
    assert "kick/odd" not in {sound.name for sound in data.train}
    with pytest.raises(RecordingsError, match=sentence):
        read(path)


def test_what_is_uneven_or_long_is_said(drums: Path) -> None:
    write(drums, "cowbell/one", hit(800.0))
    write(drums, "kick/long", np.tile(hit(60.0), 4))
    for number in range(30):
        write(drums, f"snare/top1{number}", hit(190.0))
    _, said = read(drums)
    assert any("1 sound of 48 are longer than 0.3 s" in one or "longer than 0.3 s" in one for one in said)
    assert any("the class cowbell has 1 sound to learn from" in one for one in said)
    assert any("the class snare has" in one and "cowbell 1" in one for one in said)


@pytest.mark.parametrize("f_hz", [60.0, 200.0, 1000.0])
def test_frequencies_are_measured_within_a_cent_or_two(f_hz: float) -> None:
    tracks = track_partials(hit(f_hz, 0.3), 32)
    band = int(np.abs(np.log2(partial_centres(32).numpy() / f_hz)).argmin())
    cents = 1200 * np.abs(np.log2(tracks.f_hz[2:40, band] / f_hz))
    assert cents.max() < 5
    assert tracks.weights[0].argmax() == band


def test_a_tone_and_noise_are_told_apart_however_the_tone_decays() -> None:
    noise = 0.02 * np.random.default_rng(0).normal(size=SAMPLE_RATE // 2).astype(np.float32)
    tone = track_partials(np.pad(hit(700.0, 0.3), (0, 2000)), 32)
    band = int(np.abs(np.log2(partial_centres(32).numpy() / 700.0)).argmin())
    rows = slice(2, 40)
    assert tone.steady[rows, band].min() > 0.6
    hiss = track_partials(noise, 32)
    assert np.median(hiss.steady[:100, 20:]) < 0.1
    # White noise has one magnitude in all bands, its standard deviation.
    np.testing.assert_allclose(np.sqrt(np.square(hiss.hiss[:100, 1:]).mean(0)), 0.02, rtol=0.25)
    assert tone.hiss[rows, 1:4].max() < 0.1 * tone.amplitudes[rows, band].min()


def test_what_is_measured_is_as_loud_as_what_makes_it() -> None:
    f_hz, seconds = 440.0, 0.4
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    amplitude = 0.5 * np.exp(-time / 0.05)
    tracks = track_partials((amplitude * np.sin(2 * np.pi * f_hz * time)).astype(np.float32), 32)
    band = int(np.abs(np.log2(partial_centres(32).numpy() / f_hz)).argmin())
    frames = torch.from_numpy(np.square(amplitude[: 100 * 128 : 128])).float()[None, :, None]
    heard = under_window(frames)[0, :, 0].sqrt()
    np.testing.assert_allclose(heard, tracks.amplitudes[: len(heard), band], rtol=0.05)


def test_outside_of_a_sound_nothing_is_wanted() -> None:
    tracks = track_partials(hit(200.0), 32)
    rows = np.array([[-2, -1, 0, 1], [10**6, 10**6 + 1, 3, 4]])
    found = stack([tracks, tracks], rows, np.array([1.0, 0.5]))
    for weights in (found.weights, found.steady, found.audible):
        assert weights[0, :2].abs().max() == 0 == weights[1, :2].abs().max()
        assert weights[0, 2:].max() > 0.5
    np.testing.assert_allclose(found.amplitudes[1, 2], 0.5 * tracks.amplitudes[3], rtol=1e-6)


def test_a_changed_sound_is_another_of_the_same_kind() -> None:
    random = np.random.default_rng(0)
    plain = trim(hit(200.0), Path())[0]
    changed = [trim(as_another_sound(plain, random)[0], Path())[0] for _ in range(8)]
    peaks = [np.abs(np.fft.rfft(one, 1 << 16)).argmax() * SAMPLE_RATE / (1 << 16) for one in changed]
    assert 200 * 2 ** (-3.3 / 12) < min(peaks) < 195
    assert 205 < max(peaks) < 200 * 2 ** (3.3 / 12)
    # Nothing rings before the onset.
    assert max(np.abs(one[:5]).max() for one in changed) < 0.05
