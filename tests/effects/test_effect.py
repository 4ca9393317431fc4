"""Neural effects: called like a plugin, set like a plugin, mixed with the input on one time line."""

import math
from typing import Any

import numpy as np
import pedalboard
import pytest
from numpy.typing import NDArray

from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import ControlError, HostError, StreamError
from tests.support import tiny_models
from tests.support.tiny_models import SAMPLE_RATE, load


def noise(length: int, channels: int = 2) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-1, 1, (channels, length)).astype(np.float32)


def gain(**options: Any) -> NeuralEffect:
    return NeuralEffect(load(tiny_models.gain_effect()), **options)


def play(
    effect: NeuralEffect, audio: NDArray[np.float32], sizes: list[int], rate: float
) -> NDArray[np.float32]:
    parts, start = [], 0
    while start < audio.shape[1]:
        block = audio[:, start : start + sizes[len(parts) % len(sizes)]]
        parts.append(effect.process(block, rate, reset=False))
        assert parts[-1].shape == block.shape
        start += block.shape[1]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize(
    "audio", [noise(1000), noise(1000)[0], noise(1000).astype(np.float64), noise(0), noise(0)[0]]
)
def test_call_returns_what_a_plugin_returns(audio: NDArray[np.floating]) -> None:
    ours, theirs = gain(gain=2)(audio, 48_000), pedalboard.Gain(20 * math.log10(2))(audio, 48_000)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("mix", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
@pytest.mark.parametrize("sizes", [[64], [441], [1, 100, 2000]])
def test_blocks_equal_the_whole_after_the_latency(sizes: list[int], rate: int, mix: float) -> None:
    effect = NeuralEffect(load(tiny_models.leaky_effect()), mix=mix)
    audio = noise(6000)
    whole = effect(audio, rate)
    effect.reset()
    streamed = play(effect, np.pad(audio, ((0, 0), (0, 1000))), sizes, rate)
    latency = effect.latency_samples
    assert latency == (63 if rate == SAMPLE_RATE else effect.latency.resampling + effect.latency.reblocking)
    np.testing.assert_allclose(streamed[:, latency : latency + 6000], whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("buffer_size", [1, 100, 5000, 8192])
def test_buffer_size_changes_nothing(buffer_size: int) -> None:
    effect = NeuralEffect(load(tiny_models.delay_effect()), mix=0.5)
    audio = noise(5000)
    np.testing.assert_array_equal(effect(audio, 44_100, buffer_size), effect(audio, 44_100))


def test_dry_and_wet_are_on_one_time_line() -> None:
    """A model that only delays, mixed in equal parts with its input, gives back the input itself."""
    effect = NeuralEffect(load(tiny_models.delay_effect(delay=100)), mix=0.5)
    audio = noise(3000)
    np.testing.assert_allclose(effect(audio, SAMPLE_RATE), audio, atol=1e-7)
    effect.reset()
    streamed = play(effect, audio, [77], SAMPLE_RATE)
    assert effect.latency_samples == 163
    np.testing.assert_allclose(streamed[:, 163:], audio[:, :-163], atol=1e-7)


def test_mix_of_nothing_is_the_input_bit_by_bit() -> None:
    effect = gain(gain=0, mix=0)
    audio = noise(3000)
    np.testing.assert_array_equal(effect(audio, 44_100), audio)


@pytest.mark.parametrize("sizes", [[100], [7000], [64, 20_000]])
def test_dry_signal_of_a_long_stream_is_the_input_bit_by_bit(sizes: list[int]) -> None:
    effect = gain(gain=0, mix=0)
    audio = noise(60_000)
    np.testing.assert_array_equal(play(effect, audio, sizes, SAMPLE_RATE)[:, 63:], audio[:, :-63])


@pytest.mark.parametrize("size", [10, 64, 960, 4000])
def test_mix_ramps_over_20_ms_whatever_the_blocks(size: int) -> None:
    effect = gain(gain=0)
    ones = np.ones((1, 4000), np.float32)
    np.testing.assert_array_equal(play(effect, ones[:, :960], [64], SAMPLE_RATE)[:, 63:], 0.0)
    effect.mix = 0.25
    output = play(effect, ones, [size], SAMPLE_RATE)[0]
    expected = 0.75 * np.minimum(np.arange(1, 4001) / 960, 1)
    np.testing.assert_allclose(output, expected, atol=1e-6)


def test_mix_set_before_the_first_block_holds_at_once() -> None:
    effect = gain(gain=0, block_size=64)
    effect.prepare(SAMPLE_RATE, 1)
    effect.mix = 0.25
    output = effect.process(np.ones((1, 64), np.float32), SAMPLE_RATE, reset=False)
    np.testing.assert_array_equal(output, 0.75)


def test_mix_set_while_it_moves_starts_from_where_it_is() -> None:
    effect = gain(gain=0, block_size=64)
    ones = np.ones((1, 640), np.float32)
    effect.process(ones, SAMPLE_RATE, reset=False)
    effect.mix = 0.0
    assert effect.process(ones, SAMPLE_RATE, reset=False)[0, -1] == pytest.approx(640 / 960)
    effect.mix = 1.0
    falling = 640 / 960 * (1 - np.arange(1, 641) / 960)
    np.testing.assert_allclose(effect.process(ones, SAMPLE_RATE, reset=False)[0], falling, atol=1e-6)


@pytest.mark.parametrize("block_size", [None, 64])
@pytest.mark.parametrize("delay", [0, 100])
def test_dry_signal_is_there_when_the_mix_leaves_one(block_size: int | None, delay: int) -> None:
    """What the dry signal was while the wet one alone sounded is faded in, smoothly and on the same time line."""
    effect = NeuralEffect(
        load(tiny_models.delay_effect(delay=delay)) if delay else gain().model, block_size=block_size
    )
    audio = noise(64 * 40)
    audio[:, 640 - 80] = np.nan
    clean = np.nan_to_num(audio, nan=0.0)
    before = play(effect, audio[:, :640], [64], SAMPLE_RATE)
    if not delay:
        effect.gain = 0.0
        effect.reset()
        play(effect, audio[:, :640], [64], SAMPLE_RATE)
    effect.mix = 0.0
    after = play(effect, audio[:, 640:], [64], SAMPLE_RATE)
    latency = effect.latency_samples
    assert latency == delay + (0 if block_size else 63)
    dry = np.pad(clean, ((0, 0), (latency, 0)))[:, : clean.shape[1]]
    if delay:
        # A model that delays as long as it says is the dry signal itself, whatever the mix.
        np.testing.assert_allclose(np.concatenate([before, after], axis=1), dry, atol=1e-6)
    else:
        shares = np.minimum(np.arange(1, after.shape[1] + 1) / 960, 1)
        np.testing.assert_allclose(after, dry[:, 640:] * shares, atol=1e-6)


def test_nan_does_not_reach_the_output_on_the_dry_path() -> None:
    effect = gain(mix=0.5)
    audio = noise(1000)
    audio[0, 500] = np.nan
    output = effect(audio, SAMPLE_RATE)
    assert np.isfinite(output).all()
    assert output[0, 500] == 0.0
    assert effect.counters.repaired_samples == 1
    effect.reset()
    play(effect, audio, [100], SAMPLE_RATE)
    assert effect.counters.repaired_samples == 1


def test_controls_are_properties_with_ranges_and_units() -> None:
    effect = NeuralEffect(load(tiny_models.mode_effect()), mode="both", level=-0.5)
    assert (effect.mode, effect.level, effect.mix) == ("both", -0.5, 1.0)
    assert {"mode", "level", "mix", "reset", "latency_samples"} <= set(dir(effect))
    note = vars(type(effect))["level"].__doc__
    assert note == "What the output's samples are. A number from -1 to 1; 0 unless set."
    assert repr(effect) == "<NeuralEffect 'mode' mix=1, mode='both', level=-0.5>"
    assert isinstance(effect, NeuralEffect)
    assert not hasattr(gain(), "level")


def test_controls_changed_while_playing_are_heard_and_ramp() -> None:
    effect = gain(gain=1)
    ones = np.ones((1, 640), np.float32)
    play(effect, ones, [64], SAMPLE_RATE)
    effect.gain = 3
    later = play(effect, np.ones((1, 4000), np.float32), [64], SAMPLE_RATE)[0]
    assert np.all(np.diff(later) >= 0)
    assert 1.0 <= later[70] < 1.5
    assert later[-1] == 3.0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("gian", 1, "did you mean 'gain'"),
        ("volume", 1, "it has gain, mix"),
        ("gain", 5, "from 0 to 4"),
        ("gain", math.nan, "nan"),
        ("gain", "loud", "'loud'"),
        ("mix", 1.1, "mix is 1.1, needed is a number from 0"),
        ("mix", -0.1, "mix is -0.1"),
        ("mix", math.nan, "mix is nan"),
        ("mix", "dry", "mix is 'dry'"),
        ("mix", "0.5", "mix is '0.5'"),
        ("mix", None, "mix is None"),
        ("mix", True, "mix is True"),
        ("mix", np.bool_(True), "mix is np.True_"),
        ("mix", 10**400, "mix is 1000"),
        ("mix", np.full(2, 0.5), r"mix is array\(\[0.5, 0.5\]\)"),
        ("mix", [0.5], r"mix is \[0.5\]"),
        ("mix", [[0.5], [1, 2]], r"mix is \[\[0.5\]"),
        ("gain", np.full(2, 0.5), r"gain is array\(\[0.5, 0.5\]\)"),
        ("gain", np.array("loud"), "gain is array"),
        ("gain", np.bool_(True), "gain is np.True_"),
        ("gain", None, "gain is None"),
        ("gain", 1j, "gain is 1j"),
    ],
)
def test_bad_setting_is_explained(name: str, value: Any, words: str) -> None:
    effect = gain()
    with pytest.raises(ControlError, match=words):
        setattr(effect, name, value)
    with pytest.raises(ControlError, match=words.replace(", mix", "")):
        gain(**{name: value})
    assert (effect.gain, effect.mix) == (1.0, 1.0)


def test_stream_starts_anew_only_after_reset() -> None:
    effect = NeuralEffect(load(tiny_models.leaky_effect()))
    audio = noise(1000)
    first = effect.process(audio, SAMPLE_RATE, reset=False)
    assert not np.array_equal(effect.process(audio, SAMPLE_RATE, reset=False), first)
    effect.reset()
    np.testing.assert_array_equal(effect.process(audio, SAMPLE_RATE, reset=False), first)
    effect.prepare(SAMPLE_RATE, 2)
    np.testing.assert_array_equal(effect.process(audio, SAMPLE_RATE, reset=False), first)


def test_rate_and_channels_stay_until_reset() -> None:
    effect = gain()
    effect.process(noise(100), SAMPLE_RATE, reset=False)
    with pytest.raises(StreamError, match="playing 2 channels at 48000 Hz, and 2 channels at 44100 Hz"):
        effect.process(noise(100), 44_100, reset=False)
    with pytest.raises(StreamError, match="and 1 channel at 48000 Hz arrived: call reset"):
        effect.process(noise(100)[0], SAMPLE_RATE, reset=False)
    effect.reset()
    assert effect.process(noise(100)[0], 44_100, reset=False).shape == (100,)


def test_declared_block_size_lowers_the_latency() -> None:
    assert gain().latency_samples == 63
    effect = gain(block_size=512)
    assert effect.latency_samples == 0
    audio = noise(512)
    np.testing.assert_array_equal(effect.process(audio, SAMPLE_RATE, reset=False), audio)
    np.testing.assert_array_equal(effect(noise(777), SAMPLE_RATE), noise(777))
    with pytest.raises(StreamError, match="multiples of 64"):
        effect.process(noise(100), SAMPLE_RATE, reset=False)


@pytest.mark.parametrize(
    ("audio", "rate", "options", "words"),
    [
        (noise(100).astype(np.int16), 48_000, {}, "int16 arrived"),
        (noise(100).T, 48_000, {}, "100 arrived.*transpose"),
        (np.zeros((1, 2, 3), np.float32), 48_000, {}, r"shape \(1, 2, 3\)"),
        (noise(100), 0, {}, "0 arrived"),
        (noise(100), -1, {}, "-1 arrived"),
        (noise(100), math.nan, {}, "nan arrived"),
        (noise(100), 1e12, {}, "1000000000000.0 arrived"),
        (noise(100), 48_000, {"buffer_size": 0}, "buffer_size of at least 1"),
        (noise(100), 48_000, {"buffer_size": -8}, "buffer_size of at least 1"),
        (np.zeros((0, 100), np.float32), 48_000, {}, "0 arrived"),
    ],
)
@pytest.mark.parametrize("reset", [True, False])
def test_bad_audio_is_explained(
    audio: Any, rate: Any, options: dict[str, Any], words: str, reset: bool
) -> None:
    with pytest.raises(StreamError, match=words):
        gain().process(audio, rate, reset=reset, **options)


def test_two_by_two_is_two_channels_of_two_samples() -> None:
    audio = noise(2)
    np.testing.assert_array_equal(gain(gain=2)(audio, SAMPLE_RATE), 2 * audio)


def test_only_effects_are_effects() -> None:
    for proto in (tiny_models.rms_analyzer(), tiny_models.sine_generator()):
        with pytest.raises(StreamError, match="is no effect but of role"):
            NeuralEffect(load(proto))
    with pytest.raises(HostError, match="no model 'chello'"):
        NeuralEffect("chello")
