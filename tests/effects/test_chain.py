"""Chains: pedalboard's plugins and ours in one row, the same whole and in blocks, latency to the sample."""

import builtins
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pedalboard
import pytest
from numpy.typing import NDArray
from pedalboard._pedalboard import Pedalboard

from plugin_host.effects.chain import Chain
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import MissingPackageError, StreamError
from tests.support import tiny_models
from tests.support.tiny_models import SAMPLE_RATE, load

Audio = NDArray[np.float32]


def noise(length: int, channels: int = 2) -> Audio:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (channels, length)).astype(np.float32)


def leaky() -> NeuralEffect:
    return NeuralEffect(load(tiny_models.leaky_effect()))


def delayed(mix: float = 1.0) -> NeuralEffect:
    return NeuralEffect(load(tiny_models.delay_effect(delay=100)), mix=mix)


ROWS: dict[str, Callable[[], list[Any]]] = {
    "nothing": list,
    "one of ours": lambda: [leaky()],
    "plugins": lambda: [pedalboard.Compressor(-20, 4), pedalboard.Chorus(), pedalboard.Reverb()],
    "ours between plugins": lambda: [pedalboard.Compressor(-20, 4), leaky(), pedalboard.Reverb()],
    "ours in a row": lambda: [delayed(), leaky(), delayed(0.5)],
    "a plugin with latency": lambda: [pedalboard.Resample(16_000), leaky(), pedalboard.Delay(0.01)],
    "two plugins with latency": lambda: [pedalboard.MP3Compressor(), delayed(), pedalboard.Resample(8_000)],
}


def play(chain: Chain, audio: Audio, sizes: list[int], rate: float) -> Audio:
    parts, start = [], 0
    while start < audio.shape[1]:
        block = audio[:, start : start + sizes[len(parts) % len(sizes)]]
        parts.append(chain.process(block, rate, reset=False))
        assert parts[-1].shape == block.shape
        start += block.shape[1]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("sizes", [[1, 700], [64], [441], [4096], [1000, 3, 80, 2000]], ids=str)
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
@pytest.mark.parametrize("row", ROWS)
def test_blocks_equal_the_whole_after_the_latency(row: str, rate: int, sizes: list[int]) -> None:
    chain = Chain(ROWS[row]())
    audio = noise(9000)
    whole = chain(audio, rate)
    assert whole.shape == audio.shape
    assert np.max(np.abs(whole)) > 0.05
    chain.prepare(rate, 2)
    latency = chain.latency_samples
    streamed = play(chain, np.pad(audio, ((0, 0), (0, latency))), sizes, rate)
    np.testing.assert_allclose(streamed[:, latency : latency + 9000], whole, rtol=0, atol=2e-6)


@pytest.mark.parametrize("block_size", [32, 100, 441, 512])
@pytest.mark.parametrize("row", ROWS)
def test_declared_block_size(row: str, block_size: int) -> None:
    chain = Chain(ROWS[row](), block_size=block_size)
    audio = noise(20 * block_size)
    whole = chain(audio, 44_100)
    chain.prepare(44_100, 2)
    latency = chain.latency_samples
    blocks = -(-latency // block_size)
    streamed = play(
        chain, np.pad(audio, ((0, 0), (0, blocks * block_size))), [block_size, 2 * block_size], 44_100
    )
    np.testing.assert_allclose(streamed[:, latency : latency + audio.shape[1]], whole, rtol=0, atol=2e-6)
    with pytest.raises(StreamError, match=f"block_size={block_size} and takes multiples of it"):
        chain.process(noise(block_size - 1), 44_100, reset=False)


def test_whole_equals_each_part_by_itself() -> None:
    effect = leaky()
    audio = noise(8000)
    squeezed = pedalboard.Compressor(-20, 4)(audio, 44_100, buffer_size=64)
    expected = pedalboard.Reverb()(effect(squeezed, 44_100), 44_100, buffer_size=64)
    chain = Chain([pedalboard.Compressor(-20, 4), effect, pedalboard.Reverb()])
    # Near the end ours hears what follows in a chain, and silence by itself.
    np.testing.assert_allclose(chain(audio, 44_100)[:, :7900], expected[:, :7900], rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("make", "latency"),
    [
        (lambda: [pedalboard.Gain(0)], 0),
        (lambda: [delayed()], 100),
        (lambda: [pedalboard.Gain(0), delayed(), delayed(), pedalboard.Gain(0)], 200),
    ],
)
def test_reported_latency_is_that_of_a_click(make: Callable[[], list[Any]], latency: int) -> None:
    for block_size, waiting in ((None, 63), (64, 0), (512, 0), (100, 36)):
        chain = Chain(make(), block_size=block_size)
        chain.prepare(SAMPLE_RATE, 1)
        effects = sum(isinstance(plugin, NeuralEffect) for plugin in chain.plugins)
        if block_size == 100:
            # Every effect of hop 64 waits for whole hops; the board takes blocks of 100 as they are.
            assert chain.latency_samples == latency + effects * 60
        else:
            assert chain.latency_samples == latency + waiting
        click = np.zeros((1, 12_800), np.float32)
        click[0, 1000] = 1.0
        output = play(chain, click, [block_size or 100], SAMPLE_RATE)
        assert np.argmax(np.abs(output)) == 1000 + chain.latency_samples
        assert np.argmax(np.abs(chain(click, SAMPLE_RATE))) == 1000


@pytest.mark.parametrize("make", [lambda: pedalboard.MP3Compressor(), lambda: pedalboard.Resample(16_000)])
def test_latency_of_a_plugin_is_measured_and_taken_out(make: Callable[[], Any]) -> None:
    chain = Chain([make()])
    chain.prepare(44_100, 1)
    assert chain.latency_samples > 200
    latency = chain.latency_samples
    bump = np.zeros((1, 20_000), np.float32)
    bump[0, 8000:10_000] = np.sin(np.arange(2000) * 0.1) * np.hanning(2000)
    streamed = play(chain, bump, [333], 44_100)
    for output, lag in ((chain(bump, 44_100), 0), (streamed, latency)):
        energy = np.square(output[0])
        centre = float(np.sum(np.arange(20_000) * energy) / np.sum(energy))
        assert centre == pytest.approx(9000 + lag, abs=2)


@pytest.mark.parametrize(
    "make", [lambda: pedalboard.PitchShift(3), lambda: pedalboard.GSMFullRateCompressor()]
)
def test_plugin_that_pedalboard_cannot_stream_plays_whole_and_is_refused_in_blocks(
    make: Callable[[], Any],
) -> None:
    chain = Chain([make(), leaky()])
    audio = np.pad(noise(6000, 1), ((0, 0), (0, 2000)))
    expected = leaky()(make()(audio, 44_100, buffer_size=64), 44_100)
    found = chain(audio, 44_100)
    assert np.max(np.abs(found)) > 0.05
    np.testing.assert_allclose(found[:, :6000], expected[:, :6000], atol=1e-3)
    with pytest.raises(StreamError, match=f"cannot play {type(make()).__name__} block by block"):
        chain.process(audio, 44_100, reset=False)


def test_growing_blocks_do_not_start_a_plugin_anew() -> None:
    """pedalboard by itself does: this is why blocks have one size here."""
    click = np.zeros((1, 4000), np.float32)
    click[0, 10] = 1.0
    plugin = pedalboard.Delay(0.03125, mix=1.0)
    alone = [
        plugin.process(click[:, :100], 48_000, reset=False),
        plugin.process(click[:, 100:], 48_000, reset=False),
    ]
    assert np.max(np.abs(np.concatenate(alone, axis=1))) == 0.0
    chain = Chain([pedalboard.Delay(0.03125, mix=1.0)])
    output = np.concatenate(
        [chain.process(part, 48_000, reset=False) for part in (click[:, :100], click[:, 100:])], axis=1
    )
    assert np.argmax(output) == 10 + 1500 + chain.latency_samples


def test_settings_changed_while_playing_are_heard() -> None:
    effect, plugin = NeuralEffect(load(tiny_models.gain_effect())), pedalboard.Gain(0)
    chain = Chain([effect, plugin], block_size=64)
    ones = np.ones((1, 6400), np.float32)
    np.testing.assert_array_equal(chain.process(ones, SAMPLE_RATE, reset=False), 1.0)
    effect.gain = 2
    assert chain.process(ones, SAMPLE_RATE, reset=False)[0, -1] == 2.0
    plugin.gain_db = 20.0
    assert chain.process(ones, SAMPLE_RATE, reset=False)[0, -1] == pytest.approx(20.0, rel=1e-5)


def test_reset_starts_anew() -> None:
    chain = Chain([pedalboard.Reverb(), leaky()])
    audio = noise(3000)
    first = chain.process(audio, SAMPLE_RATE, reset=False)
    assert not np.array_equal(chain.process(audio, SAMPLE_RATE, reset=False), first)
    chain.reset()
    np.testing.assert_array_equal(chain.process(audio, SAMPLE_RATE, reset=False), first)
    np.testing.assert_array_equal(chain(audio, SAMPLE_RATE), chain(audio, SAMPLE_RATE))


def test_nan_does_not_stay_in_a_plugins_memory() -> None:
    chain = Chain([pedalboard.Reverb()])
    audio = noise(3000)
    audio[0, 100] = np.nan
    assert np.isfinite(chain.process(audio, SAMPLE_RATE, reset=False)).all()
    assert chain.repaired_samples == 1
    assert np.isfinite(chain(audio, SAMPLE_RATE)).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 32])
def test_any_number_of_channels(channels: int) -> None:
    chain = Chain([pedalboard.Gain(6), leaky()])
    audio = noise(1000, channels)
    whole = chain(audio, SAMPLE_RATE)
    chain.reset()
    streamed = play(chain, np.pad(audio, ((0, 0), (0, 63))), [2, 100], SAMPLE_RATE)
    np.testing.assert_allclose(streamed[:, 63:], whole, rtol=0, atol=1e-6)


def test_two_samples_of_two_channels_and_none_at_all() -> None:
    chain = Chain([pedalboard.Gain(0)])
    audio = noise(2)
    np.testing.assert_array_equal(chain(audio, 44_100), audio)
    chain.reset()
    assert chain.process(audio, 44_100, reset=False).shape == (2, 2)
    assert chain.process(audio[:, :0], 44_100, reset=False).shape == (2, 0)
    assert chain(audio[:, :0], 44_100).shape == (2, 0)
    assert chain(audio[0], 44_100).shape == (2,)


@pytest.mark.parametrize(
    ("audio", "rate", "words"),
    [
        (noise(100), 0, "0 arrived"),
        (noise(100), -1, "-1 arrived"),
        (noise(100), float("nan"), "nan arrived"),
        (noise(100), 1e12, "arrived"),
        (noise(100).T, 44_100, r"shape \(100, 2\) arrived: transpose"),
        (noise(100).astype(np.int16), 44_100, "int16 arrived"),
        (np.zeros((0, 5), np.float32), 44_100, r"shape \(0, 5\)"),
    ],
)
@pytest.mark.parametrize("reset", [True, False])
def test_bad_audio_never_reaches_pedalboard(audio: Any, rate: Any, words: str, reset: bool) -> None:
    with pytest.raises(StreamError, match=words):
        Chain([pedalboard.Reverb()]).process(audio, rate, reset=reset)


def test_rate_and_channels_stay_until_reset() -> None:
    chain = Chain([pedalboard.Reverb()])
    with pytest.raises(StreamError, match="call prepare"):
        _ = chain.latency_samples
    chain.process(noise(100), SAMPLE_RATE, reset=False)
    with pytest.raises(StreamError, match="playing 2 channels at 48000 Hz"):
        chain.process(noise(100), 44_100, reset=False)
    chain.reset()
    chain.process(noise(100)[0], 44_100, reset=False)


def test_chain_takes_plugins_effects_and_chains_and_nothing_else() -> None:
    inner = Chain([pedalboard.Gain(1), leaky()])
    assert (
        len(
            Chain(
                [inner, pedalboard.Chain([pedalboard.Gain(1)]), pedalboard.Mix([pedalboard.Gain(1)])]
            ).plugins
        )
        == 4
    )
    for wrong in (load(tiny_models.gain_effect()), "cello", abs):
        with pytest.raises(StreamError, match="arrived: wrap a model in NeuralEffect"):
            Chain([wrong])
    with pytest.raises(StreamError, match="block_size"):
        Chain([], block_size=0)


def test_different_plugins_in_containers_are_never_taken_for_one() -> None:
    for _ in range(50):
        containers = [pedalboard.Mix([pedalboard.Gain(1)]) for _ in range(5)]
        assert len(Chain(containers)) == 5


def test_without_pedalboard_only_what_needs_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = pedalboard.Gain(0)
    import_as_usual = builtins.__import__

    def refuse(name: str, *others: Any, **options: Any) -> Any:
        if name == "pedalboard":
            raise ImportError("No module named 'pedalboard'")
        return import_as_usual(name, *others, **options)

    monkeypatch.setitem(sys.modules, "pedalboard", None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    audio = noise(100)
    assert Chain([leaky()])(audio, SAMPLE_RATE).shape == audio.shape
    with pytest.raises(MissingPackageError, match="pip install pedalboard"):
        Chain([plugin])


def test_plugin_that_withholds_more_than_before_is_found_out() -> None:
    plugin = pedalboard.MP3Compressor()
    chain = Chain([plugin], block_size=64)
    chain.process(noise(64_000), 44_100, reset=False)
    plugin.reset()
    with pytest.raises(StreamError, match="latency of MP3Compressor has grown while playing: call reset"):
        chain.process(noise(64), 44_100, reset=False)


@pytest.mark.parametrize("channels", [0, -1, 33, 1.5, "two"])
def test_prepare_refuses_channels_that_cannot_be(channels: Any) -> None:
    with pytest.raises(StreamError, match=r"the chain takes 1 to 32 channels, and .* was asked for"):
        Chain([pedalboard.Gain(), leaky()]).prepare(SAMPLE_RATE, channels)


def test_plugins_of_a_chain_can_be_reached() -> None:
    gain, effect = pedalboard.Gain(3), leaky()
    chain = Chain([gain, effect])
    assert (len(chain), chain[1], list(chain)) == (2, effect, [gain, effect])


def test_one_plugin_without_a_list_is_refused() -> None:
    plugin: Any = leaky()
    with pytest.raises(StreamError, match="takes a list of plugins, and one NeuralEffect arrived"):
        Chain(plugin)


@pytest.mark.parametrize("quality", ["ZeroOrderHold", "Linear", "WindowedSinc16", "WindowedSinc8"])
@pytest.mark.parametrize("rate", [1000, 2000, 4000])
def test_a_converter_of_rates_plays_on_when_its_rounding_withholds_more(rate: int, quality: str) -> None:
    """Resample gives fewer samples after 0.3 s, or 5 s, than it did before."""
    chain = Chain([pedalboard.Resample(rate, pedalboard.Resample.Quality.__members__[quality])])
    audio = np.zeros((1, 44_100 * 6), np.float32)
    assert chain(audio, 44_100).shape == audio.shape
    chain.prepare(44_100, 1)
    for start in range(0, audio.shape[1], 4410):
        chain.process(audio[:, start : start + 4410], 44_100, reset=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda gain: [gain, leaky(), gain],
        lambda gain: [gain, pedalboard.Chain([pedalboard.Mix([gain])])],
        lambda gain: [Pedalboard([gain]), leaky(), Chain([gain])],
        lambda gain: [pedalboard.Chain([gain, gain])],
        lambda gain: 2 * [leaky()],
    ],
)
def test_one_object_in_two_places_is_refused(make: Callable[[Any], list[Any]]) -> None:
    with pytest.raises(StreamError, match=r"the same .* stands in the chain twice"):
        Chain(make(pedalboard.Gain(3)))


def test_one_object_put_into_a_container_later_is_refused_too() -> None:
    gain, box = pedalboard.Gain(3), pedalboard.Chain([])
    chain = Chain([gain, leaky(), box])
    box.append(gain)
    for play_it in (lambda: chain(noise(100), SAMPLE_RATE), lambda: chain.prepare(SAMPLE_RATE, 2)):
        with pytest.raises(StreamError, match="the same Gain stands in the chain twice"):
            play_it()
    with pytest.raises(StreamError, match="stands in the chain twice"):
        chain.append(chain[1])
    assert len(chain) == 3


def test_a_chain_is_a_list_of_plugins() -> None:
    first, second, effect = pedalboard.Gain(1), pedalboard.Gain(2), leaky()
    chain = Chain([first])
    chain.append(effect)
    chain.insert(0, Chain([second]))
    assert list(chain) == [second, first, effect]
    assert (chain.index(first), effect in chain, chain[-1], chain[:2]) == (1, True, effect, [second, first])
    chain.remove(first)
    chain[0] = first
    assert chain.plugins == (first, effect)
    chain[1:] = [second]
    chain += [effect]
    assert list(reversed(chain)) == [effect, second, first]
    del chain[0]
    assert chain.pop() is effect
    assert list(chain) == [second]
    with pytest.raises(StreamError, match="wrap a model in NeuralEffect"):
        chain[0] = "cello"
    np.testing.assert_allclose(chain(noise(100), SAMPLE_RATE), noise(100) * 10 ** (2 / 20), rtol=1e-5)


def test_plugins_change_places_as_in_a_list() -> None:
    first, second, effect = pedalboard.Gain(1), pedalboard.Gain(2), leaky()
    chain = Chain([first, effect, second])
    chain[0], chain[-1] = chain[-1], chain[0]
    assert list(chain) == [second, effect, first]
    chain.reverse()
    assert list(chain) == [first, effect, second]
    chain[1] = Chain([pedalboard.Invert(), pedalboard.Delay()])
    assert [type(plugin).__name__ for plugin in chain] == ["Gain", "Invert", "Delay", "Gain"]
    for place in (4, -5):
        with pytest.raises(IndexError):
            chain[place] = effect
    chain[0] = second
    with pytest.raises(StreamError, match="the same Gain stands in the chain twice"):
        chain(noise(100), SAMPLE_RATE)


def test_a_changed_list_begins_a_new_stream() -> None:
    chain = Chain([pedalboard.Gain(0)])
    chain.process(noise(64), SAMPLE_RATE, reset=False)
    chain.append(delayed())
    assert np.argmax(chain.process(np.ones((1, 500), np.float32), SAMPLE_RATE, reset=False)) == 163
