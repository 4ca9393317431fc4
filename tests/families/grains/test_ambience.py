"""The voice of ambience: its noise, its lag, its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.contract import check_block
from training.data.source import Source
from training.dsp.long_noise import LongNoise
from training.families.grains.data import prepare
from training.families.grains.grains import Grains
from training.families.grains.settings import AMBIENCE, GrainsSettings, GrainsSize
from training.families.grains.train import EVENTS, GRAINS, GrainsTrainer
from training.hits.voice import HOP_LENGTH, SAMPLE_RATE
from training.loop.report import Silent
from training.streaming.inverse_spectrum import InverseSpectrum

WINDOW = 4096


def play(magnitudes: torch.Tensor) -> torch.Tensor:
    """Play magnitudes (N, 2048): (N, 128)."""
    noise = LongNoise(HOP_LENGTH, WINDOW)
    return noise(magnitudes[None], noise.initial_state())[0][0]


@pytest.mark.parametrize("length", [256, 4096])
def test_spectra_become_the_sum_of_their_waves(length: int) -> None:
    parts = torch.randn(3, 2, length // 2, generator=torch.Generator().manual_seed(0))
    waves = torch.complex(*parts.unbind(1)).to(torch.complex128)
    wanted = torch.fft.ifft(torch.nn.functional.pad(waves, (0, length // 2))).real * length
    torch.testing.assert_close(InverseSpectrum(length)(parts), wanted.float(), atol=1e-5 * length, rtol=1e-5)


def test_long_noise_keeps_the_contract_and_has_unit_variance() -> None:
    check_block(LongNoise(HOP_LENGTH, WINDOW), torch.rand(1, 60, WINDOW // 2))
    assert float(play(torch.ones(600, WINDOW // 2))[32:].var()) == pytest.approx(1.0, abs=0.05)


def test_a_bin_is_where_it_is_asked_for() -> None:
    magnitudes = torch.zeros(200, WINDOW // 2)
    magnitudes[:, 300] = 1.0
    power = torch.fft.rfft(play(magnitudes)[40:].flatten() * torch.hann_window(160 * HOP_LENGTH)).abs() ** 2
    peak = float(power.argmax()) * SAMPLE_RATE / (160 * HOP_LENGTH)
    assert peak == pytest.approx(300 * SAMPLE_RATE / WINDOW, abs=SAMPLE_RATE / WINDOW)


def test_the_lag_is_where_the_sound_is() -> None:
    """What is heard in a frame is loudest half a window later, whichever frame it is, and begins no sooner."""
    voice = Grains(GrainsSize(voice=AMBIENCE, width=16), 0).voice
    delays = []
    for frame in range(40, 48):
        magnitudes = torch.zeros(120, WINDOW // 2)
        magnitudes[frame : frame + 8] = 1.0
        power = play(magnitudes).square().sum(-1)
        assert float(power[:frame].sum()) == 0.0
        delays.append(float((power * torch.arange(120)).sum() / power.sum()) - frame)
    assert np.mean(delays) == pytest.approx(voice.lag_frames + 4, abs=2)


def test_both_levels_learn_with_this_voice(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(4):
        swell = np.sin(np.linspace(0, np.pi, SAMPLE_RATE // 2)) * random.normal(size=SAMPLE_RATE // 2)
        soundfile.write(tmp_path / f"wind-{chr(97 + number)}.wav", 0.1 * swell, SAMPLE_RATE)
    settings = GrainsSettings(steps=4, grains=0.5, batch=4, variants=0)
    size = GrainsSize(voice=AMBIENCE, width=16, event_s=0.6)
    data = prepare(Source(recordings=tmp_path), settings, size, Silent())
    trainer = GrainsTrainer(data, settings, size)
    trainer.begin()
    found = {}
    for stage in (GRAINS, EVENTS):
        assert trainer.stage == stage
        for _ in range(2):
            found = trainer.step()
    assert all(np.isfinite(value) for value in found.values())
    z = torch.zeros(1, 50, size.latents)
    sound = trainer.play(z, torch.full((1, 50, 1), -20.0), [0.0])
    assert sound.shape == (1, 50 * HOP_LENGTH)
    assert float(sound.square().mean()) > 0
