"""The measures themselves, on sounds small enough to know the answer."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.common.loudness import a_weighted_loudness_db, a_weighting
from benchmarks.common.metrics import (
    at_same_level,
    cents,
    log_mel_l1_db,
    loudness_l1_db,
    multi_scale_spectral_loss,
    pitch_figures,
)
from benchmarks.common.noise import add_pink_noise, pink_noise
from benchmarks.common.recordings import parse_name
from benchmarks.common.sounding import sounding_times
from benchmarks.pitch.tracking import PitchTrack

RATE = 48000


def tone(frequency_hz: float, duration_s: float = 0.5, amplitude: float = 0.1) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * RATE)) / RATE)


@pytest.mark.parametrize(
    ("frequency_hz", "gain_db"),
    [(31.5, -39.4), (100, -19.1), (500, -3.2), (1000, 0.0), (2500, 1.3), (10000, -2.5)],
)
def test_a_weighting_is_the_standards_table(frequency_hz: float, gain_db: float) -> None:
    assert 20 * np.log10(a_weighting(np.array([frequency_hz])))[0] == pytest.approx(gain_db, abs=0.15)


@pytest.mark.parametrize("frequency_hz", [100.0, 1000.0, 5000.0])
def test_loudness_of_a_tone_is_its_weighted_mean_square(frequency_hz: float) -> None:
    loudness = a_weighted_loudness_db(tone(frequency_hz), RATE, hop_length=480)
    expected = 20 * np.log10(0.1 * a_weighting(np.array([frequency_hz]))[0]) - 10 * np.log10(2)
    assert loudness.shape == (50,)
    assert loudness[5:-5] == pytest.approx(expected, abs=0.1)


def test_loudness_follows_level_and_stops_at_the_floor() -> None:
    sound = np.concatenate((np.zeros(RATE // 10), tone(1000.0, 0.1), tone(1000.0, 0.1, 0.01)))
    loudness = a_weighted_loudness_db(sound, RATE, 480)
    assert loudness[2] < -70.0
    assert loudness[15] - loudness[25] == pytest.approx(20.0, abs=0.1)
    assert a_weighted_loudness_db(np.zeros(1000), RATE).min() == pytest.approx(-100.0)


def test_loudness_error_is_the_difference_in_level() -> None:
    sound = tone(440.0)
    moments = np.arange(0.05, 0.45, 0.01)
    assert loudness_l1_db(sound, sound, RATE, moments) == 0.0
    assert loudness_l1_db(sound, 0.5 * sound, RATE, moments) == pytest.approx(6.02, abs=0.01)
    assert loudness_l1_db(sound, 0.5 * sound, RATE, moments, gain_db=-6.02) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("distance", [multi_scale_spectral_loss, lambda a, b: log_mel_l1_db(a, b, RATE)])
def test_spectral_distances_are_zero_for_equals_and_grow_with_difference(distance) -> None:
    sound = tone(440.0) + tone(880.0, amplitude=0.03)
    nearly = tone(440.0) + tone(880.0, amplitude=0.02)
    other = tone(523.0) + tone(1046.0, amplitude=0.03)
    assert distance(sound, sound) == 0.0
    assert 0.0 < distance(sound, nearly) < distance(sound, other)


def test_log_mel_distance_is_a_change_of_level_in_decibels() -> None:
    noise = pink_noise(RATE // 2, RATE, seed=1)
    assert log_mel_l1_db(noise, 0.5 * noise, RATE) == pytest.approx(6.02, abs=0.1)


def test_levels_are_matched_by_one_factor() -> None:
    reference, estimate = at_same_level(tone(440.0), tone(440.0, amplitude=0.05), level_db=-20.0)
    assert np.sqrt(np.mean(reference**2)) == pytest.approx(0.1)
    assert np.allclose(estimate, 0.5 * reference)


def test_pitch_figures_count_octaves_apart_from_other_errors() -> None:
    f0_hz = np.array([440.0, 445.0, 880.0, 220.0, 600.0])
    voiced = np.array([True, True, True, False, True])
    found = pitch_figures(cents(f0_hz, 440.0), voiced)
    assert found["within_50"] == pytest.approx(40.0)
    assert found["octave"] == pytest.approx(40.0)
    assert found["gross"] == pytest.approx(60.0)
    assert found["called_voiced"] == pytest.approx(80.0)
    assert found["within_50_of_voiced"] == pytest.approx(50.0)
    assert found["octave_of_voiced"] == pytest.approx(25.0)
    assert np.isnan(pitch_figures(cents(f0_hz, 440.0), np.zeros(5, bool))["median_cents"])


def test_only_the_sounding_part_is_judged() -> None:
    sound = np.concatenate((np.zeros(RATE // 5), tone(440.0, 0.3), np.zeros(RATE // 5)))
    moments = sounding_times(sound, RATE)
    assert moments[0] == pytest.approx(0.2, abs=0.006)
    assert moments[-1] == pytest.approx(0.5, abs=0.006)
    assert np.diff(moments) == pytest.approx(0.005)
    assert sounding_times(np.zeros(RATE), RATE).size == 0


def test_noise_is_pink_and_as_loud_as_asked() -> None:
    noise = pink_noise(1 << 17, RATE, seed=0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(noise.size, 1 / RATE)
    octaves = [power[(frequency >= low) & (frequency < 2 * low)].sum() for low in (100, 400, 1600, 6400)]
    assert np.ptp(10 * np.log10(octaves)) < 1.0
    sound = np.concatenate((np.zeros(RATE // 2), tone(440.0, 1.0)))
    noisy = add_pink_noise(sound, RATE, 10.0, sounding_times(sound, RATE), "a name")
    assert 10 * np.log10(0.005 / np.mean((noisy - sound) ** 2)) == pytest.approx(10.0, abs=0.2)
    assert not np.allclose(noisy, add_pink_noise(sound, RATE, 10.0, sounding_times(sound, RATE), "another"))


def test_a_track_gives_the_frame_nearest_in_time() -> None:
    found = PitchTrack(
        np.array([0.0, 0.01, 0.02]), np.array([100.0, 200.0, 300.0]), np.array([0.0, 1.0, 1.0])
    )
    assert found.at(np.array([-1.0, 0.004, 0.006, 0.0149, 5.0])).f0_hz.tolist() == [100, 100, 200, 200, 300]


def test_file_names_give_the_note() -> None:
    recording = parse_name(Path("french-horn_As2_15_mezzo-forte_normal.mp3"))
    assert recording is not None
    assert (recording.instrument, recording.midi, recording.length) == ("french-horn", 46, "15")
    assert recording.note_hz == pytest.approx(116.54, abs=0.01)
    assert recording.is_single_note
    phrase = parse_name(Path("flute_C5_phrase_forte_legato.mp3"))
    assert phrase is not None
    assert not phrase.is_single_note
    assert parse_name(Path("loop_100.flac")) is None
