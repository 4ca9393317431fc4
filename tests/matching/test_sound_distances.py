"""The distances of sounds are those of the literature: librosa's spectra, and a time warp done the slow way."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.matching.sound_distances import (
    MSS_SCALES,
    MssTarget,
    distances,
    mel_spectrograms_db,
    mss,
    rms_cosine,
    sot,
    wmfcc,
)

RATE = 48_000


def sound(f0_hz: float, decay: float, seconds: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * f0_hz * time + np.sin(2 * np.pi * 3 * f0_hz * time))
    breath = 0.002 * np.random.default_rng(seed).standard_normal(len(time))
    return (0.3 * tone * np.exp(-decay * time) + breath).astype(np.float32)


TARGET, OTHER = sound(220.0, 2.0), sound(237.0, 4.0, seed=1)


@pytest.mark.slow
def test_mss_is_that_of_librosa() -> None:
    def spectrograms(y: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return [
            librosa.power_to_db(
                librosa.feature.melspectrogram(
                    y=y, sr=RATE, n_fft=int(window * RATE), hop_length=int(hop * RATE), n_mels=bands
                ),
                ref=np.max,
            )
            for window, hop, bands in MSS_SCALES
        ]

    for own, theirs in zip(mel_spectrograms_db(TARGET, RATE), spectrograms(TARGET), strict=True):
        np.testing.assert_allclose(own, theirs, atol=2e-3)
    expected = np.mean(
        [np.abs(a - b).mean() for a, b in zip(spectrograms(TARGET), spectrograms(OTHER), strict=True)]
    )
    assert expected > 3
    assert mss(TARGET, OTHER, RATE) == pytest.approx(float(expected), rel=1e-4)


def test_wmfcc_is_the_distance_of_librosas_coefficients_along_the_best_warp() -> None:
    a, b = (
        librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=20, n_fft=2400, hop_length=480, n_mels=128).T
        for y in (TARGET, OTHER)
    )
    cost = np.abs(a[:, None] - b[None]).mean(-1)
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            one = 1 if i == j == 0 else 2  # the first pair counts once
            total[i + 1, j + 1] = min(
                total[i, j + 1] + cost[i, j], total[i + 1, j] + cost[i, j], total[i, j] + one * cost[i, j]
            )
    expected = total[-1, -1] / (len(a) + len(b))
    assert expected > 3
    assert wmfcc(TARGET, OTHER, RATE) == pytest.approx(expected, rel=1e-4)


def test_wmfcc_forgives_delay() -> None:
    late = np.concatenate([np.zeros(4800, np.float32), TARGET[:-4800]])
    straight = np.pad(TARGET, (4800, 0))[: len(TARGET)]
    assert np.array_equal(late, straight)
    assert wmfcc(TARGET, late, RATE) < 0.5 * wmfcc(TARGET, OTHER, RATE)


def test_sot_is_the_distance_by_which_a_spectrum_is_moved() -> None:
    time = np.arange(RATE) / RATE
    low, high = (np.sin(2 * np.pi * f0 * time).astype(np.float32) for f0 in (2000.0, 5000.0))
    # 3 kHz of 24 kHz.
    assert sot(low, high, RATE) == pytest.approx(3000 / 24000, rel=0.05)


def test_rms_cosine_is_that_of_librosa() -> None:
    a, b = (
        librosa.feature.rms(y=y, frame_length=2400, hop_length=1200)[0].astype(float) for y in (TARGET, OTHER)
    )
    expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert rms_cosine(TARGET, OTHER, RATE) == pytest.approx(expected, rel=1e-5)


def test_equal_sounds_have_no_distance() -> None:
    assert distances(TARGET, TARGET, RATE) == pytest.approx(
        {"mss": 0, "wmfcc": 0, "sot": 0, "rms_cosine": 1}, abs=1e-9
    )


def test_the_shorter_sound_is_filled_up_with_silence() -> None:
    cut = TARGET[:30_000]
    padded = np.pad(cut, (0, len(TARGET) - len(cut)))
    for one, other in ((TARGET, cut), (cut, TARGET)):
        expected = (TARGET, padded) if one is TARGET else (padded, TARGET)
        assert distances(one, other, RATE) == pytest.approx(distances(*expected, RATE))
    assert MssTarget(TARGET, RATE).mss(OTHER) == mss(TARGET, OTHER, RATE)


def test_silence_is_finite() -> None:
    silence = np.zeros_like(TARGET)
    found = distances(TARGET, silence, RATE)
    assert all(np.isfinite(value) for value in found.values())
    assert found["mss"] > 5
    assert found["rms_cosine"] == 0
