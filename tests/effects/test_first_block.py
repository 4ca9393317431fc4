"""Streams that begin with reset=True, as pedalboard's own programs do: what follows goes on from there."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pedalboard
import pytest
from numpy.typing import NDArray
from pedalboard._pedalboard import Pedalboard
from pedalboard_native import _internal

from plugin_host.effects.chain import Chain
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import StreamError
from tests.support import tiny_models
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load

Audio = NDArray[np.float32]


def noise(length: int, channels: int = 2) -> Audio:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (channels, length)).astype(np.float32)


def leaky(**options: Any) -> NeuralEffect:
    return NeuralEffect(load(tiny_models.leaky_effect()), **options)


def gain(**options: Any) -> NeuralEffect:
    return NeuralEffect(load(tiny_models.gain_effect()), **options)


def plugins() -> list[Any]:
    return [pedalboard.Compressor(-20, 4), pedalboard.Delay(0.01), pedalboard.Reverb()]


def play(player: Any, audio: Audio, sizes: list[int], rate: float) -> Audio:
    """Play the first block with reset=True and the others without; the last size is repeated."""
    parts, start = [], 0
    while start < audio.shape[1]:
        block = audio[:, start : start + sizes[min(len(parts), len(sizes) - 1)]]
        parts.append(player.process(block, rate, reset=not parts))
        start += block.shape[1]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sizes", [[512], [1000, 100, 7, 700]], ids=str)
def test_plugins_without_latency_give_what_a_pedalboard_gives(sizes: list[int], channels: int) -> None:
    audio = noise(6000, channels)
    expected = Pedalboard(plugins())(audio, 44_100)
    np.testing.assert_array_equal(play(Pedalboard(plugins()), audio, sizes, 44_100), expected)
    np.testing.assert_array_equal(play(Chain(plugins()), audio, sizes, 44_100), expected)


@pytest.mark.parametrize("sizes", [[1], [1, 64, 7, 1]], ids=str)
def test_one_channel_may_come_sample_by_sample(sizes: list[int]) -> None:
    audio = noise(200, 1)
    expected = Pedalboard(plugins())(audio, 44_100)
    np.testing.assert_array_equal(play(Chain(plugins()), audio, sizes, 44_100), expected)
    declared = Chain(plugins(), block_size=1)
    blocks = [declared.process(audio[:, i : i + 1], 44_100, reset=False) for i in range(200)]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), expected)


MAKERS: dict[str, Callable[[], Any]] = {
    "an effect": leaky,
    "an effect of declared blocks": lambda: leaky(block_size=128),
    "an effect and its input": lambda: leaky(mix=0.4),
    "a chain of one": lambda: Chain([leaky()]),
    "a chain of declared blocks": lambda: Chain([leaky(), pedalboard.Reverb()], block_size=512),
    "a chain": lambda: Chain([pedalboard.Compressor(-20, 4), leaky(), pedalboard.Delay(0.01), leaky()]),
}


@pytest.mark.parametrize("name", MAKERS)
def test_blocks_of_whole_hops_are_the_whole_recording(name: str) -> None:
    audio = noise(512 * 9)
    whole = MAKERS[name]()(audio, SAMPLE_RATE)
    np.testing.assert_allclose(play(MAKERS[name](), audio, [512], SAMPLE_RATE), whole, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["an effect", "an effect and its input", "a chain"])
def test_a_shorter_block_is_right_too_and_the_last(name: str) -> None:
    audio = noise(512 * 5 + 77)
    player = MAKERS[name]()
    output = play(player, audio, [512], SAMPLE_RATE)
    np.testing.assert_allclose(output, MAKERS[name]()(audio, SAMPLE_RATE), rtol=0, atol=2e-6)
    for length in (512, 77):
        with pytest.raises(StreamError, match="shorter than those before and ended the stream: call reset"):
            player.process(audio[:, :length], SAMPLE_RATE, reset=False)
    player.reset()
    player.process(audio[:, :77], SAMPLE_RATE, reset=False)


def test_last_block_of_one_sample_is_right_too() -> None:
    audio = noise(1025)
    expected = Pedalboard(plugins())(audio, 44_100)
    np.testing.assert_array_equal(play(Chain(plugins()), audio, [512], 44_100), expected)


@pytest.mark.parametrize("sizes", [[1000], [1000, 64, 500, 300]], ids=str)
@pytest.mark.parametrize(
    ("make", "rate", "others"),
    [
        (gain, SAMPLE_RATE, list),
        (gain, 44_100, list),
        (lambda: Chain([gain(), pedalboard.Delay(0.01)]), SAMPLE_RATE, lambda: [pedalboard.Delay(0.01)]),
        (lambda: Chain([gain(), pedalboard.Delay(0.01)]), 44_100, lambda: [pedalboard.Delay(0.01)]),
        (
            lambda: NeuralEffect(load(tiny_models.delay_effect(delay=100))),
            SAMPLE_RATE,
            list,
        ),
    ],
)
def test_with_latency_it_is_a_pedalboard_with_a_plugin_of_that_latency(
    make: Callable[[], Any], rate: float, others: Callable[[], list[Any]], sizes: list[int]
) -> None:
    time = np.arange(8000) / rate
    # The converters of rates let low tones through as they are.
    audio = (0.3 * np.sin(2 * np.pi * 200 * time) * np.hanning(8000))[None].astype(np.float32)
    player = make()
    found = play(player, audio, sizes, rate)
    assert player.latency_samples > 0
    twin = Pedalboard([_internal.AddLatency(player.latency_samples), *others()])
    expected = play(twin, audio, sizes, rate)
    tolerance = 2e-6 if rate == SAMPLE_RATE else 2e-3
    # The filter of a conversion rings around the seam, which a plain delay does not.
    for part in (slice(0, 980), slice(1200, None)):
        np.testing.assert_allclose(found[:, part], expected[:, part], rtol=0, atol=tolerance)


def test_a_plugin_with_latency_lags_as_much_in_every_later_block() -> None:
    audio = np.zeros((1, 20_000), np.float32)
    audio[0, 12_000:14_000] = np.sin(np.arange(2000) * 0.1) * np.hanning(2000)
    chain = Chain([pedalboard.Resample(16_000), leaky()])
    energy = np.square(play(chain, audio, [4000, 1000, 700], SAMPLE_RATE)[0])
    centre = float(np.sum(np.arange(20_000) * energy) / np.sum(energy))
    assert centre == pytest.approx(13_000 + chain.latency_samples, abs=3)


def test_a_recording_counts_and_its_latency_is_that_of_its_rate() -> None:
    audio = noise(1000)
    audio[0, 10] = np.nan
    for player in (gain(), Chain([pedalboard.Reverb(), gain()])):
        player(audio, 44_100)
        lag = player.latency_samples
        counted = player.repaired_samples if isinstance(player, Chain) else player.counters.repaired_samples
        assert counted == 1
        player.reset()
        assert player.latency_samples == lag
        player.prepare(44_100, 2)
        assert player.latency_samples == lag
        player.prepare(SAMPLE_RATE, 2)
        assert player.latency_samples == HOP_LENGTH - 1


def test_latency_is_found_without_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    effect = gain()
    monkeypatch.setattr(type(effect.model), "stream", None)
    assert effect.latency_samples == HOP_LENGTH - 1


def test_a_plugin_that_cannot_play_blocks_does_not_go_on() -> None:
    chain = Chain([pedalboard.PitchShift(3)])
    chain(noise(4000, 1), SAMPLE_RATE)
    with pytest.raises(StreamError, match="cannot play PitchShift block by block"):
        chain.process(noise(4000, 1), SAMPLE_RATE, reset=False)


@pytest.mark.parametrize("buffer_size", [1, 100, 8192, np.int64(300)])
def test_buffer_size_changes_nothing(buffer_size: int) -> None:
    chain = Chain([pedalboard.Delay(0.01), leaky()])
    audio = noise(3000)
    expected = chain(audio, 44_100)
    np.testing.assert_allclose(chain(audio, 44_100, buffer_size), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        chain.process(audio, 44_100, buffer_size=buffer_size, reset=True), expected, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("buffer_size", [0, -1, 1.5, None, True, "all"])
@pytest.mark.parametrize("make", [gain, lambda: Chain([gain()])])
def test_buffer_size_is_checked(make: Callable[[], Any], buffer_size: Any) -> None:
    for reset in (True, False):
        with pytest.raises(StreamError, match=r"takes a buffer_size of at least 1, and .* arrived"):
            make().process(noise(100), SAMPLE_RATE, buffer_size, reset)


def test_buffer_size_beyond_any_sound_is_taken() -> None:
    assert gain()(noise(100), SAMPLE_RATE, 2**40).shape == (2, 100)
