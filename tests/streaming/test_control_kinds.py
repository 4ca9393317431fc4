"""Vectors, triggers and seeds: every element ramps by itself, and a trigger stands for one frame."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.errors import ControlError
from plugin_host.streaming.stream import Stream
from tests.support import tiny_models
from tests.support.blocks import cut, noise
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load

FRAMES = 60
RAMP = round(0.02 * SAMPLE_RATE / HOP_LENGTH)
AT_REST = 2.0 * 0.5
"""What the model gives with its controls at their defaults."""


def kinds(channels: int = 1) -> Stream:
    return load(tiny_models.kinds_effect()).stream(channels=channels, block_size=HOP_LENGTH)


def frames_of(stream: Stream, frames: int, size: int | str = HOP_LENGTH) -> NDArray[np.float32]:
    """Play silence in blocks of some samples, and give one value a frame: (N,)."""
    parts = [
        stream.process(np.zeros((stream.channels, HOP_LENGTH * (part.stop - part.start)), np.float32))
        for part in cut(frames, size if isinstance(size, str) else size // HOP_LENGTH)
    ]
    played = np.concatenate(parts, axis=1)[0].reshape(frames, HOP_LENGTH)
    np.testing.assert_array_equal(played, played[:, :1].repeat(HOP_LENGTH, axis=1))
    return played[:, 0]


@pytest.mark.parametrize("size", [64, 192, 640, "random"])
def test_each_element_of_a_vector_ramps_by_itself_whatever_the_blocks(size: int | str) -> None:
    stream = kinds()
    np.testing.assert_array_equal(frames_of(stream, 10, size), AT_REST)
    stream.set(place=(1.0, 0.5, -1.0))
    found = frames_of(stream, FRAMES, size)
    shares = np.minimum(np.arange(1, FRAMES + 1) / RAMP, 1)
    np.testing.assert_allclose(found, AT_REST + shares * (1.0 - 4.0), atol=1e-6)
    stream.set(**{"place[1]": -0.5})
    np.testing.assert_allclose(frames_of(stream, FRAMES, size), -2.0 - 2.0 * shares, atol=1e-6)
    assert stream.controls == {"place": (1.0, -0.5, -1.0), "hit": 0.0, "dice": 0.0}


def test_vector_at_rest_stays_where_it_is_when_the_number_of_frames_changes() -> None:
    """Where its elements lie in memory depends on that number."""
    stream = kinds()
    stream.set(place=[0.25, -0.5, 1.0])
    for frames in (1, 3, 1, 2, 7, 3, 60, 1):
        np.testing.assert_array_equal(frames_of(stream, frames, HOP_LENGTH * frames), 0.25 - 1.0 + 4.0)


@pytest.mark.parametrize("size", [64, 128, 640])
def test_vector_is_automated_frame_by_frame(size: int) -> None:
    stream = kinds(channels=2)
    curve = np.random.default_rng(0).uniform(-1, 1, (2, 3, 10)).astype(np.float32)
    silence = np.zeros((2, 10 * HOP_LENGTH), np.float32)
    found = []
    for part in cut(10 * HOP_LENGTH, size):
        now = curve[:, :, part.start // HOP_LENGTH : part.stop // HOP_LENGTH]
        found.append(stream.process(silence[:, part], controls={"place": now}))
    expected = np.einsum("k,ckn->cn", np.array(tiny_models.PLACE_WEIGHTS), curve)
    np.testing.assert_allclose(np.concatenate(found, axis=1)[:, ::HOP_LENGTH], expected, atol=1e-6)
    stream.process(silence, controls={"place": curve[0]})
    last = stream.process(silence)
    np.testing.assert_allclose(last, np.full_like(silence, expected[0, -1]), atol=1e-6)


@pytest.mark.parametrize("size", [64, 192, 640, "random"])
def test_trigger_stands_for_one_frame(size: int | str) -> None:
    stream = kinds()
    stream.set(hit=0.5)
    expected = np.full(FRAMES, AT_REST)
    expected[0] += 8.0
    np.testing.assert_array_equal(frames_of(stream, FRAMES, size), expected)
    stream.set(hit=1.0)
    stream.set(dice=3)
    expected = np.full(FRAMES, AT_REST + 3)
    expected[0] += 16.0
    np.testing.assert_array_equal(frames_of(stream, FRAMES, size), expected)


@pytest.mark.parametrize("size", [64, 640])
def test_triggers_faster_than_frames_wait_for_their_turn(size: int) -> None:
    stream = kinds()
    for value in (0.25, 0.0, 0.25, 1.0):
        stream.set(hit=value)
    np.testing.assert_array_equal(frames_of(stream, 10, size)[:5] - AT_REST, [4.0, 4.0, 16.0, 0.0, 0.0])


def test_trigger_is_not_repeated_after_a_reset() -> None:
    stream = kinds()
    stream.set(hit=0.5)
    frames_of(stream, 1)
    stream.reset()
    np.testing.assert_array_equal(frames_of(stream, 3), AT_REST)
    stream.set(hit=0.5)
    stream.reset()
    np.testing.assert_array_equal(frames_of(stream, 3), AT_REST)


def test_automated_trigger_is_zero_again_afterwards() -> None:
    stream = kinds()
    curve = np.array([0.0, 0.5, 0.0, 1.0], np.float32)
    silence = np.zeros((1, 4 * HOP_LENGTH), np.float32)
    found = stream.process(silence, controls={"hit": curve})
    np.testing.assert_array_equal(found[0, ::HOP_LENGTH], AT_REST + 16 * curve)
    np.testing.assert_array_equal(stream.process(silence), AT_REST)


def test_seed_jumps() -> None:
    stream = kinds()
    frames_of(stream, 3)
    stream.set(dice=1000)
    np.testing.assert_array_equal(frames_of(stream, 3), AT_REST + 1000)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"place": 0.5}, r"place is 0.5, needed are 3 numbers from -1 to 1; set one of them as 'place\[0\]'"),
        ({"place": (0.5, 0.5)}, "place is 2 numbers, needed are 3"),
        ({"place": np.zeros((1, 3))}, "needed are 3 numbers|whole hops|one value a frame"),
        ({"place": (0.5, 2.0, 0.0)}, r"place\[1\] is 2, needed is a number from -1 to 1"),
        ({"place": (0.5, "a", 0.0)}, r"place\[1\] is 'a'"),
        ({"place[3]": 0.0}, r"no control 'place\[3\]': place has the elements 0 to 2"),
        ({"place[1]": 2.0}, r"place\[1\] is 2"),
        ({"plaec[1]": 2.0}, "no control 'plaec': did you mean 'place'"),
        ({"hit[0]": 0.5}, "hit is a single number"),
        ({"hit": 1.5}, "hit is 1.5"),
        ({"dice": 0.5}, "whole number"),
    ],
)
def test_bad_value_is_explained_and_changes_nothing(values: dict[str, Any], words: str) -> None:
    stream = kinds()
    with pytest.raises(ControlError, match=words):
        stream.set(**values)
    np.testing.assert_array_equal(frames_of(stream, 2), AT_REST)


@pytest.mark.parametrize("shape", [(2,), (2, 2), (3, 3), (2, 3, 2), (1, 1, 3, 2)])
def test_curve_of_another_shape_is_explained(shape: tuple[int, ...]) -> None:
    stream = kinds()
    with pytest.raises(ControlError, match=r"needed is one value a frame: \(3, 2\)|needed are 3 numbers"):
        stream.process(np.zeros((1, 128), np.float32), controls={"place": np.zeros(shape)})


@pytest.mark.parametrize("size", [64, 100, 640])
def test_analyzer_gives_a_vector_for_each_frame(size: int) -> None:
    stream = load(tiny_models.ends_analyzer()).stream(channels=2)
    audio = noise(20 * HOP_LENGTH, channels=2)
    parts = [stream.analyze(audio[:, part])["ends"] for part in cut(audio.shape[1], size)]
    found = np.concatenate([*parts, stream.flush()["ends"]], axis=2)
    expected = audio.reshape(2, 20, HOP_LENGTH)[:, :, :2].transpose(0, 2, 1)
    np.testing.assert_array_equal(found, expected)


def test_vector_output_of_a_model_that_fails_is_its_default() -> None:
    stream = load(tiny_models.ends_analyzer()).stream()
    found = stream.analyze(np.full((1, 2 * HOP_LENGTH), 1e20, np.float32))["ends"]
    np.testing.assert_array_equal(found, [[[0.25, 0.25], [0.5, 0.5]]])
    assert stream.counters.muted_blocks == 1
