"""Controls: smooth where they should be, checked, and the same whatever the blocks."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.errors import ControlError, StreamError
from plugin_host.model_file.controls import Control, Scale
from plugin_host.streaming.control_values import check_value, read_value
from plugin_host.streaming.stream import Stream
from tests.support import tiny_models
from tests.support.blocks import cut, play
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load


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


def test_value_that_is_set_again_on_the_way_is_reached_no_later() -> None:
    """Hosts hand over all values with every block."""
    stream = load(tiny_models.gain_effect(hop_length=48)).stream(block_size=48)
    ones = np.ones((1, 48), np.float32)
    stream.process(ones)
    reached = []
    for _ in range(25):
        stream.set(gain=3.0)
        reached.append(stream.process(ones)[0, -1])
    np.testing.assert_allclose(reached, 1 + 2 * np.minimum(np.arange(1, 26) / 20, 1), rtol=1e-6)


def test_control_set_before_the_first_block_holds_at_once() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64)
    stream.set(gain=2.5)
    np.testing.assert_array_equal(stream.process(np.ones((1, 64), np.float32)), 2.5)
    stream.set(gain=1.5)
    stream.reset()
    np.testing.assert_array_equal(stream.process(np.ones((1, 64), np.float32)), 1.5)


def test_a_written_choice_is_a_word_before_it_is_a_position() -> None:
    control = Control(
        name="voices", minimum=0, maximum=2, default=0, scale=Scale.CHOICE, choices=("1", "2", "4")
    )
    assert [read_value(control, text) for text in ("1", "2", "4", "0", 4)] == [0, 1, 2, 0, 2]
    assert [read_value(control, text) for text in ("1.0", "02", "4e0", 2.0)] == [0, 1, 2, 1]
    assert (check_value(control, "2"), check_value(control, 2)) == (1, 2)
    for text in ("3", "two", "", "-1", "nan", "1e999"):
        with pytest.raises(ControlError, match="voices is"):
            read_value(control, text)


def test_numbers_of_any_length_are_refused_in_few_words() -> None:
    stream = load(tiny_models.gain_effect()).stream()
    for settings in ({"gain": 10**5000}, {"gain": "9" * 5000}, {"gain[" + "9" * 5000 + "]": 1}):
        with pytest.raises(ControlError, match="gain") as refusal:
            stream.set(**settings)
        assert len(str(refusal.value)) < 200


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


@pytest.mark.parametrize("frames", [2, 150])
def test_automation_per_channel(frames: int) -> None:
    stream = load(tiny_models.gain_effect()).stream(channels=2, block_size=64)
    curves = np.random.default_rng(0).uniform(0, 4, (2, frames)).astype(np.float32)
    output = stream.process(np.ones((2, frames * 64), np.float32), controls={"gain": curves})
    np.testing.assert_array_equal(output, np.repeat(curves, 64, axis=1))
    analyzer = load(tiny_models.echo_analyzer()).stream(channels=2, block_size=64)
    found = analyzer.analyze(np.ones((2, frames * 64), np.float32), controls={"gain": curves})
    np.testing.assert_array_equal(found["echo"], curves)


def test_automation_needs_whole_hops() -> None:
    model = load(tiny_models.gain_effect())
    begun = model.stream()
    begun.process(np.ones((1, 10), np.float32))
    for stream, length in ((model.stream(), 65), (model.stream(44_100), 64), (begun, 64)):
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
