"""Linked channels: one player for all of them, placed where the input is."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.effects.chain import Chain
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import StreamError
from plugin_host.playing.model import Model
from tests.conftest import Command
from tests.support import tiny_models
from tests.support.sound_files import read_sound, write_sound
from tests.support.tiny_models import SAMPLE_RATE, load, save

Audio = NDArray[np.float32]


def noise(length: int) -> Audio:
    return np.random.default_rng(0).uniform(-0.3, 0.3, length).astype(np.float32)


def linked(proto: Any, **options: Any) -> NeuralEffect:
    return NeuralEffect(load(proto), channels="linked", **options)


def melody(seconds: int) -> Audio:
    """Give a note of five partials a second, each a minor third higher, (T,)."""
    time = np.arange(SAMPLE_RATE * seconds) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (np.floor(time) / 4)) / SAMPLE_RATE
    partials = np.arange(1, 6)[:, None]
    sound = 0.2 * np.sum(np.sin(partials * phase) / partials, axis=0)
    return (sound * np.tanh(20 * (time % 1))).astype(np.float32)


def correlation(stereo: Audio) -> float:
    left, right = stereo
    return float(np.vdot(left, right) / np.sqrt(np.vdot(left, left) * np.vdot(right, right)))


def test_a_panned_melody_stays_one_source_where_copies_make_two() -> None:
    sound = 0.1 * melody(2)  # as soft as cellos are: what is louder than any sounds alike at any level
    stereo = np.stack([sound, 0.5 * sound])
    model = Model("cello")
    together = NeuralEffect(model, octave=-1, channels="linked")(stereo, SAMPLE_RATE)
    apart = NeuralEffect(model, octave=-1)(stereo, SAMPLE_RATE)
    left_db, right_db = 10 * np.log10(np.square(together).mean(axis=1))
    assert correlation(together) > 0.999
    assert left_db - right_db == pytest.approx(6.02, abs=0.05)
    assert correlation(apart) < 0.998
    np.testing.assert_allclose(together[0], apart[0], atol=2e-3)


@pytest.mark.parametrize("gains", [(1, 1), (1, 0.5), (0.1, 1), (1, 0), (1, 0.5, 0.25)])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_one_source_keeps_the_level_of_each_channel(gains: tuple[float, ...], rate: int) -> None:
    sound = np.array(gains, np.float32)[:, None] * noise(4000)
    if rate != SAMPLE_RATE:
        sound = np.cumsum(sound, axis=1, dtype=np.float32) * 0.05
    output = linked(tiny_models.delay_effect(delay=100))(sound, rate)
    # The filters of a conversion of rates end in the silence after the sound.
    tolerance = 1e-4 if rate == SAMPLE_RATE else 2e-2
    np.testing.assert_allclose(output[:, :-50], sound[:, :-50], atol=tolerance)


def test_what_cancels_is_not_brought_back() -> None:
    sound = np.array([[1.0], [-0.99]], np.float32) * noise(4000)
    output = linked(tiny_models.gain_effect())(sound, SAMPLE_RATE)
    # Their mean is 200 times as quiet; two channels of one source differ by no more than a factor of 2.
    np.testing.assert_allclose(output, np.array([[0.01], [0.0099]]) * noise(4000), atol=1e-5)


@pytest.mark.parametrize("sizes", [[64], [441], [1, 100, 2000]], ids=str)
@pytest.mark.parametrize("delay", [0, 100])
def test_blocks_equal_the_whole(sizes: list[int], delay: int) -> None:
    proto = tiny_models.delay_effect(delay=delay) if delay else tiny_models.leaky_effect()
    effect = linked(proto, mix=0.7)
    audio = np.stack([noise(6000), np.roll(noise(6000), 1234) * np.linspace(0, 2, 6000, dtype=np.float32)])
    audio[0, 300:330] = np.nan
    whole = effect(audio, SAMPLE_RATE)
    assert effect.counters.repaired_samples >= 30
    effect.reset()
    parts, start = [], 0
    padded = np.pad(audio, ((0, 0), (0, 1000)))
    while start < padded.shape[1]:
        block = padded[:, start : start + sizes[len(parts) % len(sizes)]]
        parts.append(effect.process(block, SAMPLE_RATE, reset=False))
        start += block.shape[1]
    latency = effect.latency_samples
    assert latency == delay + 63
    output = np.concatenate(parts, axis=1)[:, latency : latency + 6000]
    np.testing.assert_allclose(output, whole, rtol=0, atol=2e-6)


def test_silence_and_mono_are_as_ever() -> None:
    effect = linked(tiny_models.leaky_effect())
    alone = NeuralEffect(effect.model)
    np.testing.assert_array_equal(effect(noise(1000), SAMPLE_RATE), alone(noise(1000), SAMPLE_RATE))
    silence = np.zeros((2, 1000), np.float32)
    np.testing.assert_array_equal(effect(silence, SAMPLE_RATE), alone(silence, SAMPLE_RATE))


def test_one_copy_runs_in_chains_and_copies_too(tmp_path: Path) -> None:
    effect = NeuralEffect(save(tiny_models.gain_effect(), tmp_path), channels="linked", low_cut_hz=100)
    sound = np.stack([noise(2000), 0.5 * noise(2000)])
    expected = effect(sound, SAMPLE_RATE)
    others = [copy.copy(effect), pickle.loads(pickle.dumps(effect)), Chain([effect]).clone()]
    for other in others:
        np.testing.assert_allclose(other(sound, SAMPLE_RATE), expected, atol=1e-6)


@pytest.mark.parametrize("channels", ["mono", None, 2, ["linked"]])
def test_another_word_is_refused(channels: Any) -> None:
    with pytest.raises(StreamError, match="takes channels='separate' or, where"):
        NeuralEffect(load(tiny_models.gain_effect()), channels=channels)


def test_a_model_of_two_channels_cannot_be_linked() -> None:
    with pytest.raises(StreamError, match="'linked' arrived for a model of 2"):
        NeuralEffect("ar.cross", channels="linked")


def test_files_are_played_so_too(tmp_path: Path, brainsynth: Command) -> None:
    model = save(tiny_models.gain_effect(), tmp_path)
    sound = np.stack([noise(4000), 0.5 * noise(4000)])
    write_sound(tmp_path / "in.wav", sound)
    call = ("process", tmp_path / "in.wav", "-m", model, "-o", tmp_path / "out.wav", "--channels", "linked")
    assert brainsynth(*call).code == 0
    np.testing.assert_allclose(read_sound(tmp_path / "out.wav")[0], sound, atol=1e-4)
