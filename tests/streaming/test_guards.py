"""Guards: bad numbers in and out, bad calls, late blocks."""

import math
import warnings
from typing import Any

import numpy as np
import pytest

from plugin_host.errors import StreamError
from plugin_host.playing.model import Model
from tests.support import tiny_models
from tests.support.blocks import noise
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block_size", [None, 64])
def test_nan_and_infinity_in_the_input_are_silence_and_do_not_stick(
    block_size: int | None, dtype: Any, rate: int
) -> None:
    model = load(tiny_models.leaky_effect())
    clean = noise(4032).astype(dtype)
    dirty = clean.copy()
    dirty[0, [100, 101, 2000]] = [np.nan, np.inf, -np.inf]
    clean[0, [100, 101, 2000]] = 0.0
    kept = dirty.copy()
    stream, reference = (model.stream(rate, block_size=block_size) for _ in range(2))
    np.testing.assert_array_equal(stream.process(dirty), reference.process(clean))
    np.testing.assert_array_equal(dirty, kept)
    assert stream.counters.repaired_samples == 3
    assert stream.counters.muted_blocks == 0
    assert reference.counters.repaired_samples == 0


def test_float64_beyond_float32_is_repaired_without_a_warning() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64)
    block = np.full((1, 64), 1e300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(stream.process(block), 0.0)
    assert stream.counters.repaired_samples == 64


def test_large_but_finite_samples_pass() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64)
    block = np.full((1, 64), 1e30, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(stream.process(block), block)
    assert (stream.counters.repaired_samples, stream.counters.muted_blocks) == (0, 0)


def test_output_that_is_not_finite_mutes_resets_and_fades_in() -> None:
    stream = load(tiny_models.fragile_effect()).stream(channels=2, block_size=64)
    quiet = np.full((2, 64), 0.5, np.float32)
    loud = quiet.copy()
    loud[1, 30] = 0.95
    np.testing.assert_array_equal(stream.process(quiet), quiet)
    muted = stream.process(loud)
    np.testing.assert_array_equal(muted[0], 0.5)
    np.testing.assert_array_equal(muted[1], 0.0)
    assert stream.counters.muted_blocks == 1
    np.testing.assert_array_equal(stream.state["poison"], 0.0)
    after = np.concatenate([stream.process(quiet) for _ in range(10)], axis=1)
    fade = round(0.01 * SAMPLE_RATE)
    np.testing.assert_array_equal(after[0], 0.5)
    np.testing.assert_allclose(after[1, :fade], 0.5 * np.arange(1, fade + 1) / fade, rtol=1e-5)
    np.testing.assert_array_equal(after[1, fade:], 0.5)
    assert stream.counters.muted_blocks == 1


def test_reset_ends_a_fade() -> None:
    stream = load(tiny_models.fragile_effect()).stream(block_size=64)
    half = np.full((1, 64), 0.5, np.float32)
    stream.process(half + 0.45)
    assert stream.process(half)[0, 0] < 0.01
    stream.reset()
    np.testing.assert_array_equal(stream.process(half), half)


def test_model_that_hides_its_nan_is_found_out() -> None:
    stream = load(tiny_models.hidden_fault_effect()).stream(block_size=64)
    quiet = np.full((1, 64), 0.5, np.float32)
    stream.process(quiet + 0.45)
    outputs = [stream.process(quiet) for _ in range(20)]
    assert stream.counters.muted_blocks == 1
    np.testing.assert_array_equal(outputs[-1], quiet)


def test_analyzer_gives_its_default_where_it_fails() -> None:
    stream = load(tiny_models.rms_analyzer()).stream(block_size=64)
    found = stream.analyze(np.full((1, 64), 1e25, np.float32))["rms"]
    np.testing.assert_array_equal(found, 0.0)
    assert stream.counters.muted_blocks == 1


def test_late_blocks_are_counted_only_against_a_deadline() -> None:
    model = load(tiny_models.gain_effect())
    block = np.zeros((1, 64), np.float32)
    streams = {deadline: model.stream(block_size=64, deadline=deadline) for deadline in (None, 0.0, 1e6)}
    for stream in streams.values():
        for _ in range(5):
            stream.process(block)
    late = {deadline: stream.counters.late_blocks for deadline, stream in streams.items()}
    assert late == {None: 0, 0.0: 5, 1e6: 0}
    assert all(stream.counters.blocks == 5 for stream in streams.values())


BAD_BLOCKS: list[tuple[Any, str]] = [
    (np.zeros((2, 2), np.float32), r"\(1, T\), and a block of shape \(2, 2\)"),
    (np.zeros((64, 1), np.float32), r"shape \(64, 1\) arrived: if its rows are samples, pass block.T"),
    (np.zeros((1, 1, 64), np.float32), r"shape \(1, 1, 64\)"),
    (np.float32(1.0), r"shape \(\)"),
    (np.zeros((1, 64), np.int16), r"int16 arrived.*astype\(numpy.float32\) / 32768"),
    (np.zeros((1, 64), np.int32), "2147483648"),
    (np.zeros((1, 64), np.uint8), "uint8 arrived"),
    (np.zeros((1, 64), bool), "bool arrived"),
    (np.zeros((1, 64), complex), "complex128 arrived"),
    ([[0.0, 1.0], [0.0]], "rows of different lengths"),
    ("noise", "arrived"),
    (None, "arrived"),
]


@pytest.mark.parametrize(("block", "words"), BAD_BLOCKS)
def test_bad_block_is_explained_and_changes_nothing(block: Any, words: str) -> None:
    model = load(tiny_models.leaky_effect())
    stream, reference = model.stream(), model.stream()
    audio = noise(500)
    first = stream.process(audio[:, :250])
    with pytest.raises(StreamError, match=words):
        stream.process(block)
    played = np.concatenate([first, stream.process(audio[:, 250:])], axis=1)
    np.testing.assert_array_equal(played, reference.process(audio))


@pytest.mark.parametrize(
    "block", [np.ones(64), [0.5] * 64, np.ones((1, 64), np.float16), np.ones((1, 128))[:, ::2]]
)
def test_one_channel_and_other_floats_are_taken(block: Any) -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64)
    output = stream.process(block)
    np.testing.assert_array_equal(output, np.asarray(block, np.float32).reshape(1, 64))
    assert output.dtype == np.float32


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, 1e12, 999, "44100", None, True])
def test_bad_rate_is_explained(rate: Any) -> None:
    model = load(tiny_models.gain_effect())
    with pytest.raises(StreamError, match="sample rates from 1000 to 768000 Hz"):
        model.render(np.zeros((1, 10), np.float32), rate)
    if rate is not None:
        with pytest.raises(StreamError, match="sample rates from 1000 to 768000 Hz"):
            model.stream(rate)


def test_rate_cannot_change_in_mid_stream() -> None:
    stream = load(tiny_models.gain_effect()).stream(44_100)
    block = np.zeros((1, 64), np.float32)
    stream.process(block, sample_rate=44_100.0)
    with pytest.raises(StreamError, match="runs at 44100 Hz and a block at 48000 Hz arrived"):
        stream.process(block, sample_rate=48_000)


@pytest.mark.parametrize(
    "options", [{"channels": 0}, {"channels": 65}, {"channels": 1.5}, {"channels": True}]
)
def test_bad_number_of_channels_is_explained(options: dict[str, Any]) -> None:
    with pytest.raises(StreamError, match="from 1 to 64 channels"):
        load(tiny_models.gain_effect()).stream(**options)


@pytest.mark.parametrize("block_size", [0, -64, 64.0, 2**30, "64"])
def test_bad_block_size_is_explained(block_size: Any) -> None:
    with pytest.raises(StreamError, match="block_size from 1 to"):
        load(tiny_models.gain_effect()).stream(block_size=block_size)


def test_block_that_does_not_fit_the_declared_size_is_explained() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=96)
    assert stream.latency_samples == HOP_LENGTH - 32
    stream.process(np.zeros((1, 32), np.float32))
    with pytest.raises(StreamError, match="block_size=96 and takes multiples of 32 samples, and 33 arrived"):
        stream.process(np.zeros((1, 33), np.float32))


def test_wrong_verb_names_the_right_one() -> None:
    block = np.zeros((1, 64), np.float32)
    with pytest.raises(StreamError, match="call analyze instead"):
        load(tiny_models.rms_analyzer()).stream().process(block)
    with pytest.raises(StreamError, match="call generate instead"):
        load(tiny_models.sine_generator()).stream().process(block)
    with pytest.raises(StreamError, match="call process instead"):
        load(tiny_models.gain_effect()).stream().analyze(block)
    with pytest.raises(StreamError, match="call process instead"):
        load(tiny_models.gain_effect()).stream().generate(64)


@pytest.mark.parametrize("samples", [-1, 1.5, math.nan, "64"])
def test_bad_number_of_samples_is_explained(samples: Any) -> None:
    with pytest.raises(StreamError, match="whole number of samples"):
        load(tiny_models.sine_generator()).stream().generate(samples)


@pytest.mark.parametrize(
    "name", ["cello", "clarinet", "flute", "french-horn", "oboe", "saxophone", "trombone"]
)
def test_a_raised_noise_gate_leaves_silence_a_number(name: str) -> None:
    stream = Model(name).stream(block_size=128)
    stream.set(noise_gate=-40.0)
    for _ in range(20):
        stream.process(np.zeros((1, 128), np.float32))
    assert stream.counters.muted_blocks == 0
