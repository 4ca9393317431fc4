"""The timbre model: the contract from torch to the host, and what its controls mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from export.signals import proof_inputs
from tests.contract import check_block, check_model
from training.analysis.bundled_weights import load_analyzer
from training.analysis.tracker import PitchAnalyzer
from training.dsp.hold import PitchHold
from training.families.timbre.losses import render
from training.families.timbre.model import Instrument, TimbreEffect, TimbreGenerator
from training.families.timbre.settings import TimbreSize

SIZE = TimbreSize(width=32, hidden=24, partitions=6)


def small_instrument() -> Instrument:
    torch.manual_seed(11)
    instrument = Instrument(48000, 128, SIZE).eval()
    torch.nn.init.normal_(instrument.synthesizer.room.impulse_response, std=0.01)
    return instrument


@pytest.fixture(scope="module")
def effect() -> TimbreEffect:
    return TimbreEffect(load_analyzer().tracker, small_instrument()).eval()


@pytest.fixture(scope="module")
def generator() -> TimbreGenerator:
    return TimbreGenerator(small_instrument()).eval()


@pytest.mark.slow
def test_effect_keeps_the_contract(effect: TimbreEffect, tmp_path: Path) -> None:
    check_model(effect, tmp_path, frames=60)


@pytest.mark.slow
def test_generator_keeps_the_contract(generator: TimbreGenerator, tmp_path: Path) -> None:
    check_model(generator, tmp_path, frames=60)


@pytest.mark.slow
def test_analyzer_keeps_the_contract(tmp_path: Path) -> None:
    check_model(load_analyzer(), tmp_path, frames=60, engines=1e-4)


@torch.no_grad()
def test_the_tail_lasts_until_nothing_of_a_sound_is_heard(effect: TimbreEffect) -> None:
    torch.manual_seed(2)
    frames, end = 120, 40
    inputs = proof_inputs(effect, frames, moving=False)
    silence = torch.zeros(1, 1, frames * 128)
    sound = silence.clone()
    sound[..., : end * 128].uniform_(-0.5, 0.5)
    (_, _, loudness), _ = effect.tracker(sound.reshape(1, -1, 128), effect.tracker.initial_state(1))
    heard = end + effect.tracker.loudness_reach // 128
    assert loudness[0, heard - 1] > -100.0
    assert loudness[0, heard:].max() == -100.0
    played, idle = (
        effect(inputs | {"audio": audio}, effect.initial_state(1))[0]["audio"][0, 0]
        for audio in (sound, silence)
    )
    left = (played - idle)[end * 128 :].abs()
    assert left[effect.tail_samples :].max() < 1e-10
    assert left[effect.instrument.tail_samples : effect.tail_samples].max() > 1e-6


def test_training_renders_what_the_model_plays() -> None:
    instrument = small_instrument()
    f0 = 200 + 100 * torch.rand(2, 50, 1)
    score = torch.cat(
        [57 + torch.rand(2, 50, 1), -20 + torch.rand(2, 50, 1), torch.ones(2, 50, 1), torch.zeros(2, 50, 2)],
        2,
    )
    with torch.no_grad():
        trained = render(instrument, f0, score, torch.zeros(2, 1, 1, dtype=torch.int64))
        state = instrument.initial_state(2)
        state["synthesizer.reverb"] = torch.ones(2, 1)
        played, _ = instrument((f0, score, torch.ones(2, 50, 1), torch.ones(2, 50, 1)), state)
    torch.testing.assert_close(trained, played.flatten(1), atol=2e-5, rtol=0)


def test_pitch_hold_keeps_the_last_voiced_pitch() -> None:
    midi = torch.tensor([10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]).double()[None, :, None]
    voicing = torch.tensor([0.0, 0.9, 0.1, 0.2, 0.8, 0.9, 0.0])[None, :, None]
    held = check_block(PitchHold(), (midi, voicing))
    assert held.flatten().tolist() == [15.5, 20.0, 20.0, 20.0, 50.0, 60.0, 60.0]


@torch.no_grad()
def play(
    effect: TimbreEffect, f0_hz: float, level: float = 0.3, frames: int = 300, **controls: float
) -> np.ndarray:
    time = torch.arange(frames * 128) / 48000
    tone = sum(torch.sin(2 * torch.pi * k * f0_hz * time) / k for k in range(1, 8)) * level / 2
    inputs = proof_inputs(effect, frames, moving=False) | {"audio": torch.as_tensor(tone)[None, None]}
    for name, value in controls.items():
        inputs[f"control.{name}"] = torch.full((1, frames), value)
    return effect(inputs, effect.initial_state(1))[0]["audio"][0, 0].numpy()


def strongest_hz(sound: np.ndarray) -> float:
    late = sound[-16384:] * np.hanning(16384)
    return float(np.argmax(np.abs(np.fft.rfft(late, 1 << 18)))) * 48000 / (1 << 18)


def level_db(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.std(sound[-16384:]) + 1e-9))


def test_controls_of_the_effect_mean_what_they_say(effect: TimbreEffect) -> None:
    # The fresh decoder's harmonics fall as 1 / k, so the strongest partial is the fundamental.
    plain = play(effect, 220.0)
    assert strongest_hz(plain) == pytest.approx(220.0, rel=0.006)
    assert strongest_hz(play(effect, 220.0, pitch_shift=7.0)) == pytest.approx(220 * 2 ** (7 / 12), rel=0.006)
    assert strongest_hz(play(effect, 220.0, octave=1.0)) == pytest.approx(440.0, rel=0.006)
    sharp = 220 * 2 ** (0.3 / 12)
    assert strongest_hz(play(effect, sharp)) == pytest.approx(sharp, rel=0.004)
    assert strongest_hz(play(effect, sharp, autotune=1.0)) == pytest.approx(220.0, rel=0.0005)
    assert level_db(play(effect, 220.0, loudness_gain=6.0)) - level_db(plain) > 3.0
    assert level_db(play(effect, 220.0, noise_gate=0.0)) < level_db(plain) - 30.0
    assert level_db(play(effect, 220.0, harmonic_gain=-60.0)) < level_db(plain) - 10.0
    assert level_db(play(effect, 220.0, level=0.03)) < level_db(plain) - 15.0


@pytest.mark.parametrize("amount", [1.0, 2.0])
def test_reverb_adds_its_amount_of_the_room_to_the_dry_sound(effect: TimbreEffect, amount: float) -> None:
    dry, wet = play(effect, 220.0, reverb=0.0), play(effect, 220.0, reverb=amount)
    response = effect.instrument.synthesizer.room.impulse_response.detach().numpy()
    # The amount rises from nothing in the first hop.
    room = amount * np.convolve(dry, response)[128 : len(dry)]
    assert np.abs(room).max() > 0.01
    np.testing.assert_allclose(wet[128:] - dry[128:], room, atol=1e-6)


@pytest.mark.parametrize("f0_hz", [65.41, 110.0, 261.63, 440.0, 880.0, 1760.0])
def test_a_known_pitch_comes_back(f0_hz: float) -> None:
    analyzer: PitchAnalyzer = load_analyzer()
    time = torch.arange(48000) / 48000
    partials = [k for k in range(1, 12) if k * f0_hz < 20000]
    tone = torch.as_tensor(sum(torch.sin(2 * torch.pi * k * f0_hz * time) / k for k in partials)) * 0.2
    with torch.no_grad():
        tracked, _ = analyzer({"audio": tone[None, None]}, analyzer.initial_state(1))
    late = tracked["control.f0_hz"][0, 60:]
    assert (1200 * (late / f0_hz).log2()).abs().median() < 15
    assert tracked["control.voicing"][0, 60:].min() > 0.5


def test_noise_and_silence_are_not_voiced() -> None:
    analyzer = load_analyzer()
    torch.manual_seed(0)
    for sound in (torch.zeros(1, 1, 48000), 0.1 * torch.randn(1, 1, 48000)):
        with torch.no_grad():
            tracked, _ = analyzer({"audio": sound}, analyzer.initial_state(1))
        assert (tracked["control.voicing"][0, 60:] > 0.5).float().mean() < 0.1
