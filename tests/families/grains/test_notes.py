"""The voice of notes: its pitch is the one that is told, heard and learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.contract import check_block
from tests.support.clouds import clouds
from training.data.source import Source
from training.errors import RecordingsError
from training.families.grains.data import GrainsData, prepare
from training.families.grains.events import Events
from training.families.grains.grains import Grains
from training.families.grains.harmonics import harmonic_losses
from training.families.grains.model import EventsGenerator, GrainsGenerator
from training.families.grains.settings import NOTES, GrainsSettings, GrainsSize
from training.families.grains.train import EVENTS, GRAINS, GrainsTrainer
from training.hits.pitch import PitchHearing, pitch_of
from training.hits.voice import BANDS, HOP_LENGTH, NOISE_HOPS, SAMPLE_RATE, Parts
from training.loop.report import Silent

SIZE = GrainsSize(voice=NOTES, width=16, harmonics=8, transients=4, event_s=0.5)
SETTINGS = GrainsSettings(steps=4, grains=0.5, batch=4, variants=0)


def note(midi: float, length_s: float = 0.5) -> np.ndarray:
    """Play a sawtooth of six harmonics: (T,)."""
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    f0_hz = 440.0 * 2 ** ((midi - 69) / 12)
    waves = [np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 7)]
    return (0.2 * np.sum(waves, 0)).astype(np.float32)


def pitch_in(sound: torch.Tensor, f0_hz: float) -> float:
    """By how many cents the strongest partial in the fundamental's neighbourhood lies beside it."""
    power = torch.fft.rfft(sound * torch.hann_window(len(sound)), 1 << 18).abs()
    f_hz = torch.arange(len(power)) * (SAMPLE_RATE / (1 << 18))
    near = (f_hz > f0_hz * 0.8) & (f_hz < f0_hz * 1.25)
    return 1200 * float(torch.log2(f_hz[near][power[near].argmax()] / f0_hz))


@pytest.fixture(scope="module")
def grains() -> Grains:
    torch.manual_seed(0)
    return Grains(SIZE, 0).eval()


@pytest.mark.parametrize("midi", [43.0, 60.3, 76.0])
def test_a_pitch_is_heard_within_ten_cents(midi: float) -> None:
    found = pitch_of(note(midi))
    assert found is not None
    assert np.median(np.abs(found - midi)) < 0.1


def test_what_has_no_pitch_has_none_and_is_held_while_playing() -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=SAMPLE_RATE // 2).astype(np.float32)
    assert pitch_of(noise) is None
    hearing = PitchHearing(57.0)
    sound = torch.from_numpy(np.concatenate([0 * noise, note(64.0), 0 * noise]))
    hops = sound[: len(sound) // HOP_LENGTH * HOP_LENGTH].reshape(1, -1, HOP_LENGTH)
    heard, _ = hearing(hops, hearing.initial_state())
    assert heard[0, :100].unique().tolist() == [57.0]
    assert float(heard[0, -1]) == pytest.approx(64.0, abs=0.5)
    check_block(hearing, hops[:, 150:210], 1e-4)


@pytest.mark.parametrize("midi", [45.0, 69.4])
def test_a_path_and_an_event_are_played_at_the_pitch_that_is_told(grains: Grains, midi: float) -> None:
    f0_hz = 440.0 * 2 ** ((midi - 69) / 12)
    decoder = GrainsGenerator(grains, ()).eval()
    torch.manual_seed(1)
    events = Events(SIZE, 0).eval()
    with torch.no_grad():
        events.decoder.head.weight[-2] = events.decoder.head.bias[-2] = 0.0
        events.decoder.head.bias[-1] = 0.0
    player = EventsGenerator(grains, events.decoder, clouds(SIZE.places, 0), ()).eval()
    for model, told in ((decoder, {"control.f0_hz": f0_hz}), (player, {"control.note": midi})):
        inputs = model.example_inputs(160)
        for name, value in told.items():
            inputs[name] = torch.full_like(inputs[name], value)
        inputs["control.trigger"][:, 0] = 1.0
        with torch.no_grad():
            sound = model(inputs, model.initial_state())[0]["audio"][0, 0]
        assert abs(pitch_in(sound[30 * HOP_LENGTH :], f0_hz)) < 10


def test_harmonics_that_are_right_cost_nothing_and_others_do() -> None:
    midi, frames = torch.full((1, 40, 1), 57.0), 40
    amplitudes = torch.zeros(1, frames, 8)
    amplitudes[..., :6] = 0.2 / torch.arange(1, 7)
    right = Parts(
        torch.zeros(1, frames, NOISE_HOPS * BANDS),
        amplitudes,
        torch.zeros(1, frames, 8),
        torch.zeros(1, frames, 8),
        torch.zeros(1, frames, 4),
    )
    sound = torch.from_numpy(note(57.0))[None, : frames * HOP_LENGTH]
    tones, surplus, hiss = harmonic_losses(right, sound, midi)
    assert float(tones) < 0.15
    assert float(surplus) < 0.15
    assert float(hiss) == 0.0
    louder = replace(right, amplitudes=amplitudes * 4)
    assert float(harmonic_losses(louder, sound, midi)[0]) == pytest.approx(np.log(4), abs=0.2)
    more = replace(right, amplitudes=torch.full_like(amplitudes, 0.2))
    assert float(harmonic_losses(more, sound, midi)[1]) > 4 * float(surplus) + 0.1
    noisy = replace(right, noise=torch.full_like(right.noise, 0.1))
    assert float(harmonic_losses(noisy, sound, midi)[2]) > 1.0


def read(folder: Path) -> GrainsData:
    return prepare(Source(recordings=folder), SETTINGS, SIZE, Silent())


def test_both_levels_learn_notes(tmp_path: Path) -> None:
    for name, midi in (("a", 50.0), ("b", 57.0), ("c", 62.0), ("d", 69.0)):
        soundfile.write(tmp_path / f"tone-{name}.wav", note(midi), SAMPLE_RATE)
    data = read(tmp_path)
    assert len(data.metadata["notes"]) == 3
    assert 49 < data.metadata["notes"][0] < data.metadata["notes"][2] < 70
    trainer = GrainsTrainer(data, SETTINGS, SIZE)
    trainer.begin()
    found = {}
    for stage in (GRAINS, EVENTS):
        assert trainer.stage == stage
        for _ in range(2):
            found = trainer.step()
            assert {"tones", "surplus", "hiss"} <= {name.rpartition("/")[2] for name in found}
    assert all(np.isfinite(value) for value in found.values())
    sound = trainer.play(torch.zeros(1, 150, SIZE.latents + 1), torch.full((1, 150, 1), -20.0), [57.0])
    assert abs(pitch_in(sound[0, 30 * HOP_LENGTH :], 220.0)) < 10


def test_notes_are_not_learned_from_what_has_no_pitch(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * random.normal(size=SAMPLE_RATE // 3), SAMPLE_RATE)
    with pytest.raises(
        RecordingsError, match=r"holds 0 sounds with a pitch among .*choose --size-voice hits"
    ):
        read(tmp_path)
