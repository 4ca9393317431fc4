"""What the bundled tracker says of the first moments of a note: it knows that it does not know yet."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.analysis.bundled_weights import load_analyzer
from training.analysis.tracker import SETTLING_FRAMES

RATE, HOP = 48000, 128
SILENCE = 150


@torch.no_grad()
def tracked(sound: np.ndarray) -> dict[str, np.ndarray]:
    analyzer = load_analyzer()
    given = torch.from_numpy(sound.astype(np.float32))[None, None]
    values, _ = analyzer({"audio": given}, analyzer.initial_state(1))
    return {name.removeprefix("control."): value[0].numpy() for name, value in values.items()}


def struck(f0_hz: float, level: float, background: float = 0.0) -> np.ndarray:
    """A tone that is there at once, after silence or faint noise."""
    time = np.arange(188 * HOP) / RATE
    tone = sum(np.sin(2 * np.pi * k * f0_hz * time) / k for k in range(1, 10)) * level / 2
    noise = np.random.default_rng(0).normal(0, background, SILENCE * HOP + len(time))
    return np.concatenate([np.zeros(SILENCE * HOP), tone]) + noise


@pytest.mark.parametrize("f0_hz", [220.0, 330.0, 880.0])
@pytest.mark.parametrize(("level", "background"), [(0.5, 0.0), (0.03, 0.0), (0.5, 0.001)])
def test_no_pitch_is_called_sure_before_it_is_right(f0_hz: float, level: float, background: float) -> None:
    heard = tracked(struck(f0_hz, level, background))
    voiced = heard["voicing"][SILENCE:] > 0.5
    first = int(np.argmax(voiced))
    assert SETTLING_FRAMES <= first <= 9
    away = 1200 * np.abs(np.log2(heard["f0_hz"][SILENCE:] / f0_hz))
    assert away[first] < 100
    assert np.median(away[first : first + 20]) < 30
    assert voiced[first : first + 60].mean() > 0.95


def test_a_low_pitch_is_wrong_for_one_frame_at_most() -> None:
    heard = tracked(struck(110.0, 0.5))
    first = int(np.argmax(heard["voicing"] > 0.5))
    assert 1200 * np.abs(np.log2(heard["f0_hz"][first + 1] / 110.0)) < 100


def test_a_swell_is_voiced_throughout() -> None:
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * k * 220.0 * time) / k for k in range(1, 10)) * 0.3
    swell = tone * 10 ** (np.linspace(-50.0, 0.0, len(time)) / 20)
    assert (tracked(swell)["voicing"][40:] > 0.5).mean() > 0.98


@pytest.mark.parametrize("f0_hz", [110.0, 200.0, 300.0, 440.0, 800.0, 1600.0])
@pytest.mark.parametrize("second_db", [-200.0, -20.0])
def test_clean_tones_of_hardly_any_partials_are_heard_rightly(f0_hz: float, second_db: float) -> None:
    time = np.arange(188 * HOP) / RATE
    second = 10 ** (second_db / 20)
    tone = 0.3 * (np.sin(2 * np.pi * f0_hz * time) + second * np.sin(4 * np.pi * f0_hz * time))
    heard = tracked(tone)
    assert (1200 * np.abs(np.log2(heard["f0_hz"][40:] / f0_hz))).max() < 50
    assert (heard["voicing"][40:] > 0.5).mean() > 0.9
