"""What a listener notices when a voice is played as an instrument, where the answer is known."""

import numpy as np
import pytest

from benchmarks.timbre.voice_measures import (
    MEASURES,
    below_pitch_at_beginnings_db,
    click_db,
    flips_per_s,
    loudness_correlation,
    mean_ranks,
    outside_semitones,
    pitch_errors_cents,
    silent_percent,
    sounding_percent,
    within_50_percent,
)

RATE = 48000
TIME_S = np.arange(2 * RATE) / RATE
MOMENTS = 401


def course(*parts: tuple[float, int]) -> np.ndarray:
    """Hold each value for so many moments of 5 ms."""
    return np.concatenate([np.full(count, value) for value, count in parts])


def test_a_pitch_that_does_not_come_is_a_wrong_one() -> None:
    asked = course((200.0, 60), (0.0, 20), (200.0, 20))
    came = course((200.0, 30), (206.0, 10), (0.0, 20), (300.0, 40))
    errors = pitch_errors_cents(asked, came)
    assert errors.size == 60
    assert errors[35] == pytest.approx(51.2, abs=0.1)
    assert within_50_percent(asked, came) == pytest.approx(100.0 * 30 / 80)
    assert np.isnan(within_50_percent(np.zeros(5), np.ones(5)))


def test_dropouts_and_noise_in_pauses_are_counted() -> None:
    voice = course((0, 40), (1, 100), (0, 100), (1, 60), (0, 100)).astype(bool)
    assert sounding_percent(voice, voice) == 100.0
    dropout = voice.copy()
    dropout[60:76] = False
    assert sounding_percent(voice, dropout) == pytest.approx(90.0)
    # 36 moments before the first note, 100 - 60 - 4 between the two, 100 - 60 after them.
    assert silent_percent(voice, voice) == 100.0
    noisy = voice.copy()
    noisy[215:233] = True
    assert silent_percent(voice, noisy) == pytest.approx(100.0 * (1 - 18 / 112))


def test_an_instrument_may_ring_on_and_begin_a_little_early() -> None:
    voice = course((0, 100), (1, 100), (0, 100)).astype(bool)
    ringing = voice.copy()
    ringing[96:260] = True
    assert silent_percent(voice, ringing) == 100.0
    ringing[[95, 260]] = True
    assert silent_percent(voice, ringing) < 100.0


def test_loudness_is_followed_or_turned_round() -> None:
    swell = 10.0 ** (-(1.0 + np.cos(np.pi * TIME_S)) / 2)
    tone = np.sin(2 * np.pi * 500.0 * TIME_S)
    sounds = np.ones(MOMENTS, dtype=bool)
    assert loudness_correlation(swell * tone, 0.1 * swell * tone, sounds) == pytest.approx(1.0, abs=1e-3)
    assert loudness_correlation(swell * tone, tone / swell, sounds) < -0.95
    assert np.isnan(loudness_correlation(swell * tone, np.zeros_like(tone), sounds))
    half = sounds & (np.arange(MOMENTS) < 200)
    broken = np.where(TIME_S < 1.0, swell * tone, tone / swell)
    assert loudness_correlation(swell * tone, broken, half) > 0.95


@pytest.mark.parametrize("kind", ["tone", "noise", "pulses", "attack"])
def test_a_click_stands_out_of_whatever_sounds(kind: str) -> None:
    sound = {
        "tone": 0.3 * np.sin(2 * np.pi * 440.0 * TIME_S),
        "noise": 0.05 * np.random.default_rng(0).standard_normal(TIME_S.size),
        "pulses": 0.5 * (np.arange(TIME_S.size) % 800 == 0),
        "attack": 0.05 * np.random.default_rng(0).standard_normal(TIME_S.size) * (TIME_S > 1.0),
    }[kind]
    assert click_db(sound) < 6.0
    clicked = sound.copy()
    clicked[round(1.3 * RATE)] += 2.0
    assert click_db(clicked) > 12.0


def test_a_click_too_faint_to_hear_is_none() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440.0 * TIME_S)
    tone[RATE] += 1e-4
    assert click_db(tone) < 1.0
    assert click_db(np.zeros(RATE)) == 0.0


def test_a_burst_below_the_pitch_is_heard_at_each_beginning_after_a_gap() -> None:
    asked = course((0, 40), (300, 80), (0, 8), (400, 32), (0, 40), (300, 100), (0, 101))
    f0_hz = np.repeat(asked, RATE // 200)[: TIME_S.size]
    tone = np.where(f0_hz > 0, np.sin(2 * np.pi * np.cumsum(f0_hz) / RATE), 0.0)
    clean = below_pitch_at_beginnings_db(tone, asked)
    assert len(clean) == 2
    assert max(clean) < -25.0
    burst = tone + np.sin(2 * np.pi * 100.0 * TIME_S) * ((TIME_S > 1.0) & (TIME_S < 1.2))
    first, second = below_pitch_at_beginnings_db(burst, asked)
    assert first == pytest.approx(clean[0])
    assert second == pytest.approx(-3.0, abs=0.5)


def test_a_voice_that_glides_up_is_no_burst() -> None:
    asked = np.where(
        np.arange(MOMENTS) < 40, 0.0, 200.0 * 2.0 ** np.minimum(1.0, np.arange(MOMENTS) / 80 - 0.5)
    )
    f0_hz = np.repeat(asked, RATE // 200)[: TIME_S.size]
    tone = np.where(f0_hz > 0, np.sin(2 * np.pi * np.cumsum(f0_hz) / RATE), 0.0)
    (level_db,) = below_pitch_at_beginnings_db(tone, asked)
    assert level_db < -25.0


def test_leaps_of_the_voice_are_no_flips() -> None:
    asked = course((200.0, 100), (400.0, 50), (0.0, 20), (100.0, 50))
    assert flips_per_s(asked, asked) == 0.0
    flipped = asked.copy()
    flipped[20:30] *= 2.0
    assert flips_per_s(asked, flipped) == pytest.approx(2.0 / (200 * 0.005))
    slipped = asked.copy()
    slipped[20:30] *= 1.5
    assert flips_per_s(asked, slipped) == 0.0
    assert flips_per_s(asked, np.zeros_like(asked)) == 0.0


def test_distance_from_what_was_learned_is_a_mean() -> None:
    asked = course((100.0, 10), (300.0, 10), (800.0, 20), (0.0, 50))
    assert outside_semitones(asked, 200.0, 400.0) == pytest.approx((12.0 * 10 + 12.0 * 20) / 40)
    assert outside_semitones(asked, 100.0, 800.0) == 0.0
    assert np.isnan(outside_semitones(np.zeros(3), 100.0, 200.0))


def figures(**changed: float) -> dict[str, float]:
    return dict.fromkeys(MEASURES, 50.0) | changed


def test_ranks_go_by_measures_and_small_differences_count_for_nothing() -> None:
    same = mean_ranks({"take": {"a": figures(), "b": figures(median_cents=51.0), "c": figures()}})
    assert same == {"a": 2.0, "b": 2.0, "c": 2.0}
    better = mean_ranks({"take": {"a": figures(), "b": figures(median_cents=10.0, within_50_percent=90.0)}})
    assert better["b"] == pytest.approx(1.5 - 2 * 0.5 / len(MEASURES))
    assert better["a"] == pytest.approx(1.5 + 2 * 0.5 / len(MEASURES))
    mute = mean_ranks({"take": {"a": figures(), "b": figures(median_cents=float("nan"))}})
    assert mute["a"] < mute["b"]
    two = mean_ranks(
        {
            "one": {"a": figures(), "b": figures(click_db=9.0)},
            "other": {"a": figures(click_db=9.0), "b": figures()},
        }
    )
    assert two["a"] == two["b"]
