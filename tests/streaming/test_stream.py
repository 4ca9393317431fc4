"""Streams: the same sound in any blocks, at any rate, on any number of channels."""

import copy
import math
import pickle
import resource
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from plugin_host.errors import ControlError, StreamError
from plugin_host.playing.model import Model
from tests.support import tiny_models
from tests.support.blocks import cut, noise, play
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load

EFFECTS = [
    tiny_models.gain_effect,
    tiny_models.delay_effect,
    tiny_models.leaky_effect,
    tiny_models.mode_effect,
]
BLOCK_SIZES = [1, 17, 63, 64, 127, 441, 4096, "random"]


@pytest.mark.parametrize("size", BLOCK_SIZES)
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100, 16_000])
@pytest.mark.parametrize("make", EFFECTS)
def test_blocks_equal_whole(make: Callable[[], onnx.ModelProto], rate: int, size: int | str) -> None:
    model = load(make())
    audio = noise(9001, channels=2)
    whole_stream, stream = model.stream(rate, channels=2), model.stream(rate, channels=2)
    whole = whole_stream.process(audio)
    assert np.ptp(whole) > 0.1
    # Sums over the frames of a call come in another order in other calls; all else is the same bit by bit.
    tolerance = 1e-6 if make is tiny_models.leaky_effect else 0.0
    np.testing.assert_allclose(play(stream, audio, size), whole, rtol=0, atol=tolerance)
    for name, value in whole_stream.state.items():
        np.testing.assert_allclose(stream.state[name], value, rtol=0, atol=1e-14 if tolerance else 0.0)
    np.testing.assert_allclose(stream.flush(), whole_stream.flush(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("size", [64, 128, 192, 256])
def test_blocks_of_whole_hops_have_no_delay_and_equal_the_graph(size: int) -> None:
    model = load(tiny_models.leaky_effect())
    audio = noise(64 * 60)
    stream = model.stream(block_size=size)
    assert stream.latency_samples == 0
    zeros = {"state.level": np.zeros((1, 1)), "state.hops": np.zeros(1, np.int64)}
    expected = model.session.run(["output.audio"], {"audio": audio[None], **zeros})[0]
    played = play(stream, audio, size)
    np.testing.assert_allclose(played, np.asarray(expected)[0, :, : played.shape[1]], atol=1e-6)


@pytest.mark.parametrize("block_size", [128, 512, 441])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 24_000, 44_100, 96_000])
def test_declared_block_size_changes_the_latency_and_nothing_else(rate: int, block_size: int) -> None:
    model = load(tiny_models.leaky_effect())
    audio = noise(20 * block_size)
    declared, free = model.stream(rate, block_size=block_size), model.stream(rate)
    assert declared.latency_samples <= free.latency_samples
    played = np.concatenate([play(declared, audio, block_size), declared.flush()], axis=1)
    expected = np.concatenate([free.process(audio), free.flush()], axis=1)
    played, expected = played[:, declared.latency_samples :], expected[:, free.latency_samples :]
    np.testing.assert_allclose(played, expected, rtol=0, atol=1e-6)


def test_state_can_be_read_and_put_into_another_stream() -> None:
    model = load(tiny_models.leaky_effect())
    first, second = model.stream(channels=2, block_size=64), model.stream(channels=2, block_size=64)
    first.process(noise(640, 2))
    state = first.state
    assert state["hops"].dtype == np.int64
    assert state["level"].dtype == np.float64
    np.testing.assert_array_equal(state["hops"], [[10], [10]])
    assert state["level"].shape == (2, 1, 1)
    assert state["level"][0] != state["level"][1]
    second.state = state
    later = noise(640, 2, seed=1)
    np.testing.assert_array_equal(second.process(later), first.process(later))
    state["level"][...] = 99.0
    assert np.all(first.state["level"] != 99.0)
    with pytest.raises(StreamError, match="a state of"):
        second.state = {"level": state["level"]}


def test_streams_of_one_model_do_not_hear_each_other() -> None:
    model = load(tiny_models.leaky_effect())
    alone = play(model.stream(), noise(3000), 100)
    first, second = model.stream(), model.stream()
    parts = []
    for part in cut(3000, 100):
        parts.append(first.process(noise(3000)[:, part]))
        second.process(noise(3000, seed=5)[:, part])
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), alone)


def test_channels_of_a_mono_model_each_have_their_own_state() -> None:
    model = load(tiny_models.leaky_effect())
    audio = noise(2000, channels=3)
    together = model.stream(channels=3).process(audio)
    for channel in range(3):
        np.testing.assert_array_equal(
            model.stream().process(audio[channel : channel + 1])[0], together[channel]
        )


def test_model_of_two_channels_takes_exactly_two() -> None:
    model = load(tiny_models.gain_effect(channels=2))
    audio = noise(500, channels=2)
    stream = model.stream()
    assert stream.channels == 2
    np.testing.assert_array_equal(play(stream, audio, 99)[:, 63:], audio[:, : 500 - 63])
    with pytest.raises(StreamError, match="exactly 2 channels, and 1 arrived"):
        model.stream(channels=1)


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 22_050])
def test_reset_makes_a_stream_as_new(rate: int) -> None:
    model = load(tiny_models.leaky_effect())
    stream = model.stream(rate)
    first = play(stream, noise(3000), 170)
    assert not np.array_equal(play(stream, noise(3000), 170), first)
    stream.reset()
    np.testing.assert_array_equal(play(stream, noise(3000), 170), first)
    stream.flush()
    np.testing.assert_array_equal(play(stream, noise(3000), 170), first)


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
@pytest.mark.parametrize("length", [0, 1, 64, 1000])
def test_flush_gives_latency_and_tail(length: int, rate: int) -> None:
    model = load(tiny_models.leaky_effect())
    stream = model.stream(rate)
    given = stream.process(noise(length))
    rest = stream.flush()
    assert rest.shape == (1, stream.latency_samples + math.ceil(1000 * rate / SAMPLE_RATE))
    longer = model.stream(rate).process(np.pad(noise(length), ((0, 0), (0, rest.shape[1]))))
    np.testing.assert_array_equal(np.concatenate([given, rest], axis=1), longer)


def test_no_samples_in_give_no_samples_out() -> None:
    effect = load(tiny_models.leaky_effect()).stream(channels=2)
    assert effect.process(np.zeros((2, 0), np.float32)).shape == (2, 0)
    analyzer = load(tiny_models.rms_analyzer()).stream()
    assert analyzer.analyze(np.zeros((1, 0), np.float32))["rms"].shape == (1, 0)
    generator = load(tiny_models.sine_generator()).stream()
    assert generator.generate(0).shape == (1, 0)
    assert (effect.counters.blocks, analyzer.counters.blocks, generator.counters.blocks) == (0, 0, 0)
    np.testing.assert_array_equal(effect.state["hops"], 0)


@pytest.mark.parametrize("size", BLOCK_SIZES)
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_analyzer_gives_the_same_frames_in_any_blocks(rate: int, size: int | str) -> None:
    model = load(tiny_models.rms_analyzer())
    audio = noise(9001, channels=2) * np.linspace(0, 1, 9001, dtype=np.float32)
    whole = model.render(audio, rate)["rms"]
    stream = model.stream(rate, channels=2)
    parts = [stream.analyze(audio[:, part])["rms"] for part in cut(9001, size)]
    found = np.concatenate([*parts, stream.flush()["rms"]], axis=1)
    assert found.shape == (2, math.ceil(math.ceil(9001 * SAMPLE_RATE / rate) / HOP_LENGTH))
    np.testing.assert_allclose(found, whole, rtol=1e-6)
    assert np.all(np.diff(whole[:, :-1:20]) > 0)


def test_analyzer_over_two_channels_gives_one_row() -> None:
    stream = load(tiny_models.rms_analyzer(channels=2)).stream(block_size=64)
    audio = np.stack([np.full(128, 0.6), np.full(128, 0.8)]).astype(np.float32)
    np.testing.assert_allclose(stream.analyze(audio)["rms"], np.full((1, 2), np.sqrt(0.5)), rtol=1e-6)


@pytest.mark.parametrize("size", [1, 17, 64, 441, 4096, "random"])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_generator_gives_the_same_sound_in_any_pieces(rate: int, size: int | str) -> None:
    model = load(tiny_models.sine_generator())
    whole = model.stream(rate).generate(9001, f0_hz=440.0)
    stream = model.stream(rate)
    stream.set(f0_hz=440.0)
    parts = [stream.generate(part.stop - part.start) for part in cut(9001, size)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=2e-6)
    expected = np.sin(2 * np.pi * 440.0 * np.arange(9001) / rate)
    # The sine begins abruptly, so the filter of a conversion rings at first.
    np.testing.assert_allclose(whole[0, 200:], expected[200:], atol=2e-3 if rate != SAMPLE_RATE else 2e-5)


def test_frames_of_an_analyzer_that_lags_are_on_the_time_line_of_its_input() -> None:
    audio = noise(1000)
    prompt = load(tiny_models.rms_analyzer()).render(audio, SAMPLE_RATE)["rms"]
    model = load(tiny_models.rms_analyzer(latency_samples=2 * HOP_LENGTH))
    late = model.render(audio, SAMPLE_RATE)["rms"]
    # It does not lag in truth, so that what is taken out is missing at the beginning.
    np.testing.assert_array_equal(late, np.concatenate([prompt[:, 2:], [[0.0, 0.0]]], axis=1))


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_an_analyzer_is_as_new_after_its_end_and_after_a_reset(rate: int) -> None:
    stream = load(tiny_models.rms_analyzer()).stream(rate)
    ends = []
    for begins_anew in (stream.flush, stream.reset, stream.flush):
        stream.analyze(noise(10))
        ends.append(stream.flush()["rms"])
        stream.analyze(noise(500, seed=1))
        begins_anew()
    assert ends[0].shape == (1, 1)
    np.testing.assert_array_equal(ends[1:], [ends[0]] * 2)


def test_generator_takes_one_value_a_frame() -> None:
    model = load(tiny_models.sine_generator())
    stream = model.stream()
    assert stream.frames_for(1000) == 16
    curve = np.linspace(100, 1000, 16)
    sound = stream.generate(1000, f0_hz=curve)
    held = np.repeat(np.float32(curve).astype(np.float64), HOP_LENGTH)
    phase = np.concatenate([[0], np.cumsum(held)[:-1]]) / SAMPLE_RATE
    np.testing.assert_allclose(sound[0], np.sin(2 * np.pi * phase)[:1000], atol=1e-5)
    assert stream.frames_for(24) == 0
    assert stream.frames_for(25) == 1
    with pytest.raises(ControlError, match=r"shape \(3,\), needed is one value a frame: \(15,\)"):
        stream.generate(64 * 15, f0_hz=np.array([100.0, 200.0, 300.0]))


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_a_generator_is_as_new_after_its_end_and_after_a_reset(rate: int) -> None:
    stream = load(tiny_models.sine_generator()).stream(rate)
    first = stream.generate(1000, f0_hz=440.0)
    made = len(first[0]) + len(stream.flush()[0])
    # It had run ahead up to the end of a frame.
    assert made >= 1000
    if rate == SAMPLE_RATE:
        assert made == 16 * HOP_LENGTH
    np.testing.assert_array_equal(stream.generate(1000), first)
    stream.reset()
    np.testing.assert_array_equal(stream.generate(1000), first)


def test_generator_takes_values_per_channel() -> None:
    stream = load(tiny_models.sine_generator()).stream(channels=2)
    curves = np.stack([np.full(10, 200.0), np.full(10, 300.0)])
    sound = stream.generate(640, f0_hz=curves)
    times = np.arange(640) / SAMPLE_RATE
    for channel, frequency in enumerate((200.0, 300.0)):
        np.testing.assert_allclose(sound[channel], np.sin(2 * np.pi * frequency * times), atol=1e-5)


def test_output_is_the_callers_own() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64)
    block = np.ones((1, 64), np.float32)
    first = stream.process(block)
    stream.process(2 * block)
    np.testing.assert_array_equal(first, 1.0)


def instance_bytes(model: Model) -> int:
    tracemalloc.start()
    stream = model.stream(channels=1, block_size=128)
    stream.process(np.zeros((1, 128), np.float32))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size


def test_one_more_instance_is_small() -> None:
    assert instance_bytes(load(tiny_models.leaky_effect())) < 2**20


@pytest.mark.slow
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_memory_stays_flat_over_20000_blocks(rate: int) -> None:
    stream = load(tiny_models.leaky_effect()).stream(rate, channels=2)
    random = np.random.default_rng(0)
    audio = noise(2000, channels=2)
    sizes = [int(size) for size in random.integers(1, 300, 500)]

    def run(blocks: int) -> None:
        for index in range(blocks):
            stream.process(audio[:, : sizes[index % len(sizes)]])

    run(1000)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    run(500)
    before = tracemalloc.get_traced_memory()[0]
    run(500)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    run(18_000)
    assert after - before < 10_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident
    assert grown < 4096
    assert stream.counters.blocks == 20_000


@pytest.mark.parametrize("make_another", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_stream_cannot_be_copied(make_another: Callable[[object], object]) -> None:
    stream = load(tiny_models.leaky_effect()).stream()
    with pytest.raises(StreamError, match="cannot be copied or pickled: make another of its model"):
        make_another(stream)


def test_a_stream_says_what_it_is() -> None:
    stream = load(tiny_models.leaky_effect()).stream(44_100, 2, 64)
    assert repr(stream) == "<EffectStream of effect 'leaky', 2 channels at 44100 Hz, block_size=64>"


@pytest.mark.parametrize("samples", [-1, 1.5, "a", 2**28 + 1, 10**12])
def test_a_generator_refuses_what_it_cannot_give(samples: Any) -> None:
    stream = load(tiny_models.sine_generator()).stream()
    with pytest.raises(
        StreamError, match=r"a whole number of samples from 0 to 268435456 a call, and .* was"
    ):
        stream.generate(samples)
