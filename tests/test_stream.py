"""Streams: the same sound in any blocks, smooth controls, bad numbers kept out, bad input explained."""

import math
import resource
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from plugin_host.errors import ControlError, StreamError
from plugin_host.model import Model
from plugin_host.stream import Stream
from tests import tiny_models
from tests.tiny_models import HOP_LENGTH, SAMPLE_RATE, load

Audio = NDArray[np.float32]

EFFECTS = [
    tiny_models.gain_effect,
    tiny_models.delay_effect,
    tiny_models.leaky_effect,
    tiny_models.mode_effect,
]
BLOCK_SIZES = [1, 17, 63, 64, 127, 441, 4096, "random"]


def noise(length: int, channels: int = 1, seed: int = 0) -> Audio:
    return np.random.default_rng(seed).uniform(-1, 1, (channels, length)).astype(np.float32)


def cut(length: int, size: int | str) -> Iterator[slice]:
    random = np.random.default_rng(length)
    start = 0
    while start < length:
        step = int(random.integers(1, 1500)) if isinstance(size, str) else size
        yield slice(start, min(start + step, length))
        start += step


def play(stream: Stream, audio: Audio, size: int | str) -> Audio:
    return np.concatenate([stream.process(audio[:, part]) for part in cut(audio.shape[1], size)], axis=1)


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
    following = noise(640, 2, seed=1)
    np.testing.assert_array_equal(second.process(following), first.process(following))
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


def test_generator_takes_values_per_channel() -> None:
    stream = load(tiny_models.sine_generator()).stream(channels=2)
    curves = np.stack([np.full(10, 200.0), np.full(10, 300.0)])
    sound = stream.generate(640, f0_hz=curves)
    times = np.arange(640) / SAMPLE_RATE
    for channel, frequency in enumerate((200.0, 300.0)):
        np.testing.assert_allclose(sound[channel], np.sin(2 * np.pi * frequency * times), atol=1e-5)


def ramp_of(stream: Stream, size: int | str, before: int, after: int) -> NDArray[np.float32]:
    """Play ones through a gain, set it after some samples, and give the output."""
    stream.set(gain=1.0)
    first = play(stream, np.ones((1, before), np.float32), size)
    stream.set(gain=3.0)
    return np.concatenate([first, play(stream, np.ones((1, after), np.float32), size)], axis=1)


@pytest.mark.parametrize("size", [32, 64, 160, 960])
def test_control_ramps_in_a_straight_line_over_20_ms_whatever_the_blocks(size: int) -> None:
    stream = load(tiny_models.gain_effect(hop_length=32)).stream(block_size=32)
    output = ramp_of(stream, size, before=960, after=1920)[0]
    frames = round(0.02 * SAMPLE_RATE / 32)
    assert frames == 30
    expected = 1 + 2 * np.minimum(np.arange(1, 61) / frames, 1)
    np.testing.assert_array_equal(output[:960], 1.0)
    np.testing.assert_allclose(output[960:], np.repeat(expected, 32), rtol=1e-6)


def test_control_set_while_it_moves_starts_from_where_it_is() -> None:
    stream = load(tiny_models.gain_effect(hop_length=48)).stream(block_size=48)
    ones = np.ones((1, 480), np.float32)
    stream.process(ones)
    stream.set(gain=3.0)
    assert stream.process(ones)[0, -1] == pytest.approx(2.0)
    stream.set(gain=0.0)
    assert stream.process(ones)[0, 0] == pytest.approx(2.0 - 2.0 / 20)
    assert stream.controls == {"gain": 0.0}
    assert stream.process(ones)[0, -1] == 0.0


def test_control_set_before_the_first_block_holds_at_once() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64)
    stream.set(gain=2.5)
    np.testing.assert_array_equal(stream.process(np.ones((1, 64), np.float32)), 2.5)
    stream.set(gain=1.5)
    stream.reset()
    np.testing.assert_array_equal(stream.process(np.ones((1, 64), np.float32)), 1.5)


def test_choice_jumps_and_takes_words() -> None:
    stream = load(tiny_models.mode_effect()).stream(block_size=64)
    ones = np.ones((1, 64), np.float32)
    np.testing.assert_array_equal(stream.process(ones), 1.0)
    stream.set(mode="both")
    np.testing.assert_array_equal(stream.process(ones), 2.0)
    stream.set(mode=0)
    np.testing.assert_array_equal(stream.process(ones), 0.0)


@pytest.mark.parametrize("size", [64, 128, 640, 9600])
def test_automation_is_heard_frame_by_frame(size: int) -> None:
    stream = load(tiny_models.gain_effect()).stream(channels=2, block_size=64)
    frames = 9600 // HOP_LENGTH
    curve = np.random.default_rng(0).uniform(0, 4, frames).astype(np.float32)
    ones = np.ones((2, 9600), np.float32)
    parts = []
    for part in cut(9600, size):
        now = curve[part.start // HOP_LENGTH : part.stop // HOP_LENGTH]
        parts.append(stream.process(ones[:, part], controls={"gain": now}))
    np.testing.assert_array_equal(np.concatenate(parts, axis=1)[1], np.repeat(curve, HOP_LENGTH))
    np.testing.assert_array_equal(stream.process(ones[:, :640]), curve[-1])


def test_automation_per_channel() -> None:
    stream = load(tiny_models.gain_effect()).stream(channels=2, block_size=64)
    curves = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    output = stream.process(np.ones((2, 128), np.float32), controls={"gain": curves})
    np.testing.assert_array_equal(output, np.repeat(curves, 64, axis=1))


def test_automation_needs_whole_hops() -> None:
    model = load(tiny_models.gain_effect())
    for stream, length in ((model.stream(), 65), (model.stream(44_100), 64)):
        with pytest.raises(StreamError, match="whole hops of 64 samples at 48000 Hz"):
            stream.process(np.ones((1, length), np.float32), controls={"gain": np.ones(1)})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gian": 1.0}, "no control 'gian': did you mean 'gain'"),
        ({"volume": 1.0}, "no control 'volume': it has gain"),
        ({"gain": 4.5}, "gain is 4.5, needed is a number from 0 to 4"),
        ({"gain": -0.1}, "from 0 to 4"),
        ({"gain": math.nan}, "gain is nan"),
        ({"gain": math.inf}, "gain is inf"),
        ({"gain": "loud"}, "gain is 'loud', needed is a number"),
        ({"gain": None}, "gain is None"),
        ({"gain": True}, "gain is True"),
        ({"gain": 2.0, "gian": 1.0}, "gian"),
    ],
)
def test_bad_control_is_explained_and_changes_nothing(values: dict[str, Any], words: str) -> None:
    stream = load(tiny_models.gain_effect()).stream()
    with pytest.raises(ControlError, match=words):
        stream.set(**values)
    assert stream.controls == {"gain": 1.0}


def test_bad_choice_and_bad_curves_are_explained() -> None:
    stream = load(tiny_models.mode_effect()).stream(block_size=64)
    with pytest.raises(ControlError, match="choose one of 'dry', 'wet', 'both'"):
        stream.set(mode="loud")
    with pytest.raises(ControlError, match="whole number from 0 to 2"):
        stream.set(mode=1.5)
    block = np.ones((1, 128), np.float32)
    for curve, words in (
        ([0.0, 2.0], "level goes from 0 to 2, needed are numbers from -1 to 1"),
        ([0.0, math.nan], "level goes from"),
        ([0.0], r"shape \(1,\), needed"),
        (["a", "b"], "no array of numbers"),
    ):
        with pytest.raises(ControlError, match=words):
            stream.process(block, controls={"level": np.array(curve)})
    with pytest.raises(ControlError, match="between whole numbers"):
        stream.process(block, controls={"mode": np.array([0.5, 1.0])})


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinity_in_the_input_are_silence_and_do_not_stick(dtype: Any, rate: int) -> None:
    model = load(tiny_models.leaky_effect())
    clean = noise(4000).astype(dtype)
    dirty = clean.copy()
    dirty[0, [100, 101, 2000]] = [np.nan, np.inf, -np.inf]
    clean[0, [100, 101, 2000]] = 0.0
    kept = dirty.copy()
    stream, reference = model.stream(rate), model.stream(rate)
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
