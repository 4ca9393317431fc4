"""Partials of a note and the noise beside them are measured as the voice plays them, wherever they lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.hits.harmonic_tracks import HarmonicTracks, harmonic_losses
from training.hits.voice import BANDS, NOISE_HOPS, Parts, Voice

NOTE, LEVELS, HISS = 57.3, (0.3, 0.1, 0.03, 0.01), 0.001
STRAYS = (0.0, 0.06, 0.2, 0.45)
FRAMES, KEPT = 80, 50


def played() -> tuple[Parts, np.ndarray]:
    """Four partials, stretched as a bell's, and noise, and their sound."""
    amplitudes = torch.tensor(LEVELS).expand(1, FRAMES, 4)
    f_hz = 440 * 2 ** ((NOTE - 69) / 12) * (torch.arange(1, 5) + torch.tensor(STRAYS)).expand(1, FRAMES, 4)
    noise = torch.full((1, FRAMES, NOISE_HOPS * BANDS), HISS)
    parts = Parts(noise, amplitudes, f_hz, torch.zeros(1, FRAMES, 4), torch.zeros(1, FRAMES, 2))
    trigger = torch.eye(1, FRAMES)[..., None]
    voice = Voice(4, 2)
    with torch.no_grad():
        (tones, hiss), _ = voice((parts, trigger), voice.initial_state(1))
    return parts, (tones + hiss).flatten().numpy()


def losses(parts: Parts, tracks: HarmonicTracks) -> tuple[float, ...]:
    rows, note = np.arange(KEPT)[None], torch.full((1, KEPT, 1), NOTE)
    return tuple(float(each) for each in harmonic_losses(parts.rows(slice(0, KEPT)), [tracks], rows, note))


def test_partials_and_noise_are_those_that_were_played() -> None:
    _, sound = played()
    tracks = HarmonicTracks.of(sound, NOTE, 4)
    np.testing.assert_allclose(np.exp(tracks.levels[20].astype(float)), LEVELS, rtol=0.02)
    np.testing.assert_allclose(tracks.strays[20].astype(float), STRAYS, atol=0.01)
    assert tracks.tonal[20].min() == 1
    levels = np.exp(tracks.hiss[20:40].astype(float)).mean(0)
    # Where tones are, the noise beneath them counts as theirs.
    np.testing.assert_allclose(levels[5:-2], HISS, rtol=0.4)


def test_noise_is_no_partial() -> None:
    noise = np.random.default_rng(0).standard_normal(FRAMES * 128).astype(np.float32) * 0.1
    tracks = HarmonicTracks.of(noise, 72.0, 20)
    assert tracks.tonal.mean() < 0.1
    assert np.exp(tracks.hiss[:50].astype(float)).mean() == pytest.approx(0.1, rel=0.1)


def test_what_was_played_costs_little_and_what_is_changed_costs_its_change() -> None:
    parts, sound = played()
    tracks = HarmonicTracks.of(sound, NOTE, 4)
    tones, strays, surplus, hiss = losses(parts, tracks)
    assert surplus == pytest.approx(0, abs=1e-3)
    assert tones < 0.01
    assert strays < 0.01
    louder = Parts(parts.noise * 10, parts.amplitudes * 2, parts.f_hz, parts.phases, parts.transients)
    more = losses(louder, tracks)
    assert more[0] == pytest.approx(np.log(2), abs=0.01)
    assert more[3] > hiss + 1
    softer = Parts(parts.noise * 0.01, parts.amplitudes, parts.f_hz, parts.phases, parts.transients)
    assert losses(softer, tracks)[3] == pytest.approx(0, abs=1e-3)
    apart = Parts(parts.noise, parts.amplitudes, parts.f_hz + 22, parts.phases, parts.transients)
    assert losses(apart, tracks)[1] == pytest.approx(0.1, abs=0.01)


def test_partials_where_there_are_none_cost_what_is_heard_of_them() -> None:
    parts, _ = played()
    tracks = HarmonicTracks.of(np.zeros(FRAMES * 128, np.float32), NOTE, 4)
    tones, strays, surplus, _ = losses(parts, tracks)
    assert (tones, strays) == (0, 0)
    assert surplus == pytest.approx(np.log(np.array(LEVELS) / 5e-5).mean(), rel=0.02)


def test_a_sound_without_a_note_has_no_partials() -> None:
    parts, sound = played()
    tones, strays, surplus, hiss = losses(parts, HarmonicTracks.of(sound, 0.0, 4))
    assert (tones, strays, hiss) == (0, 0, 0)
    assert surplus > 3
