"""Harmonics of a note and the noise between them are measured as the voice plays them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.hits.harmonic_tracks import HarmonicTracks, harmonic_losses
from training.hits.voice import BANDS, NOISE_HOPS, Parts, Voice

NOTE, LEVELS, HISS = 57.3, (0.3, 0.1, 0.03, 0.01), 0.002
FRAMES, KEPT = 80, 50


def played() -> tuple[Parts, np.ndarray]:
    """Four harmonics and noise, and their sound."""
    amplitudes = torch.tensor(LEVELS).expand(1, FRAMES, 4)
    f_hz = 440 * 2 ** ((NOTE - 69) / 12) * torch.arange(1, 5).float().expand(1, FRAMES, 4)
    noise = torch.full((1, FRAMES, NOISE_HOPS * BANDS), HISS)
    parts = Parts(noise, amplitudes, f_hz, torch.zeros(1, FRAMES, 4), torch.zeros(1, FRAMES, 2))
    trigger = torch.eye(1, FRAMES)[..., None]
    voice = Voice(4, 2)
    with torch.no_grad():
        (tones, hiss), _ = voice((parts, trigger), voice.initial_state(1))
    return parts, (tones + hiss).flatten().numpy()


def losses(parts: Parts, tracks: HarmonicTracks) -> tuple[float, float]:
    rows, note = np.arange(KEPT)[None], torch.full((1, KEPT, 1), NOTE)
    tones, hiss = harmonic_losses(parts.rows(slice(0, KEPT)), [tracks], rows, note)
    return float(tones), float(hiss)


def test_levels_are_those_that_were_played() -> None:
    _, sound = played()
    tracks = HarmonicTracks.of(sound, NOTE, 4)
    np.testing.assert_allclose(np.exp(tracks.levels[20].astype(float)), LEVELS, rtol=0.02)
    assert tracks.tonal[20].min() == 1
    assert np.exp(tracks.between[20:40].astype(float)).mean(0)[3] == pytest.approx(HISS, rel=0.4)


def test_what_was_played_costs_little_and_what_is_changed_costs_its_change() -> None:
    parts, sound = played()
    tracks = HarmonicTracks.of(sound, NOTE, 4)
    tones, hiss = losses(parts, tracks)
    assert tones < 0.01
    louder = Parts(parts.noise * 10, parts.amplitudes * 2, parts.f_hz, parts.phases, parts.transients)
    more = losses(louder, tracks)
    assert more[0] == pytest.approx(np.log(2), abs=0.01)
    assert more[1] > hiss + 1
    softer = Parts(parts.noise * 0.01, parts.amplitudes, parts.f_hz, parts.phases, parts.transients)
    assert losses(softer, tracks)[1] == pytest.approx(0, abs=1e-3)


def test_a_sound_without_a_note_costs_nothing() -> None:
    parts, sound = played()
    assert losses(parts, HarmonicTracks.of(sound, 0.0, 4)) == (0, 0)
