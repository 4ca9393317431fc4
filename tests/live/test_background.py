"""Background streams: one block later the same sound, and the input itself where the worker is late."""

import gc
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.errors import ControlError, StreamError
from plugin_host.playing.model import Model
from plugin_host.streaming.background import BackgroundStream
from tests.support import tiny_models
from tests.support.tiny_models import SAMPLE_RATE, load


def noise(length: int, channels: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-1, 1, (channels, length)).astype(np.float32)


def wait_for(stream: BackgroundStream) -> None:
    """Give the worker the time that a block would play."""
    deadline = time.monotonic() + 120
    while not stream.is_idle and time.monotonic() < deadline:
        time.sleep(0.0005)
    assert stream.is_idle


def play(stream: BackgroundStream, audio: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = []
    for start in range(0, audio.shape[1], stream.block_size):
        parts.append(stream.process(audio[:, start : start + stream.block_size]))
        wait_for(stream)
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
@pytest.mark.parametrize("block_size", [64, 100, 512])
def test_same_sound_as_in_the_foreground_one_block_later(block_size: int, rate: int) -> None:
    model = load(tiny_models.leaky_effect())
    audio = noise(block_size * 30, channels=2)
    background = model.stream(rate, 2, block_size, background=True)
    foreground = model.stream(rate, 2, block_size)
    assert background.latency_samples == foreground.latency_samples + block_size
    assert background.tail_samples == foreground.tail_samples
    played = np.concatenate([play(background, audio), background.flush()], axis=1)
    expected = np.concatenate([foreground.process(audio), foreground.flush()], axis=1)
    np.testing.assert_array_equal(played[:, :block_size], 0.0)
    np.testing.assert_allclose(played[:, block_size:], expected, rtol=0, atol=1e-6)
    assert background.counters.late_blocks == 0
    assert background.counters.blocks == 30
    background.close()


class HeldUp:
    """Holds the worker up before its next block for as long as this is entered."""

    def __init__(self, stream: BackgroundStream) -> None:
        self._stream: Any = stream._stream
        self._process = self._stream.process
        self._gate = threading.Event()

    def __enter__(self) -> None:
        def process(block: NDArray[np.float32]) -> NDArray[np.float32]:
            self._gate.wait()
            return self._process(block)

        self._stream.process = process

    def __exit__(self, *_: object) -> None:
        self._stream.process = self._process
        self._gate.set()


def test_late_blocks_are_played_dry_and_in_time() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=100, background=True)
    stream.set(gain=3.0)
    latency = stream.latency_samples
    audio = noise(6000)
    first = play(stream, audio[:, :2000])
    with HeldUp(stream):
        parts = [stream.process(audio[:, start : start + 100]) for start in range(2000, 2500, 100)]
    wait_for(stream)
    rest = play(stream, audio[:, 2500:])
    output = np.concatenate([first, *parts, rest], axis=1)[:, latency:]
    expected = audio[:, : output.shape[1]]
    start, end = 2100 - latency, 2500 - latency
    np.testing.assert_allclose(output[:, :start], 3 * expected[:, :start], rtol=1e-6)
    np.testing.assert_array_equal(output[:, start:end], expected[:, start:end])
    np.testing.assert_allclose(output[:, end + 100 :], 3 * expected[:, end + 100 :], rtol=1e-6)
    between = output[:, end : end + 100] / expected[:, end : end + 100]
    assert np.all(np.diff(between) > -1e-3)
    assert between[0, 0] == pytest.approx(1.0, abs=1e-3)
    assert stream.counters.late_blocks == 4
    stream.close()


def test_model_goes_on_from_blocks_that_came_too_late() -> None:
    model = load(tiny_models.leaky_effect())
    stream, reference = model.stream(block_size=64, background=True), model.stream(block_size=64)
    audio = noise(64 * 40)
    play(stream, audio[:, :640])
    with HeldUp(stream):
        for start in range(640, 640 + 320, 64):
            stream.process(audio[:, start : start + 64])
    wait_for(stream)
    played = play(stream, audio[:, 960:])
    expected = reference.process(audio)[:, 960 - 64 : -64]
    np.testing.assert_allclose(played[:, 64:], expected[:, 64:], rtol=0, atol=1e-6)
    stream.close()


def test_backlog_is_bounded() -> None:
    stream = load(tiny_models.leaky_effect()).stream(block_size=64, background=True)
    with HeldUp(stream):
        for _ in range(50):
            stream.process(noise(64))
    wait_for(stream)
    assert stream.counters.late_blocks == 49
    assert 8 <= stream.counters.blocks <= 10
    stream.close()


def test_controls_and_reset() -> None:
    model = load(tiny_models.gain_effect())
    stream = model.stream(block_size=64, background=True)
    ones = np.ones((1, 640), np.float32)
    stream.set(gain=2.0)
    assert stream.controls == {"gain": 2.0}
    np.testing.assert_array_equal(play(stream, ones)[:, 64:], 2.0)
    stream.reset()
    np.testing.assert_array_equal(play(stream, ones)[:, :64], 0.0)
    with pytest.raises(ControlError, match="did you mean 'gain'"):
        stream.set(gian=1.0)
    with pytest.raises(ControlError, match="from 0 to 4"):
        stream.set(gain=9.0)
    assert stream.controls == {"gain": 2.0}
    stream.close()


def test_bad_input_is_explained_to_the_caller() -> None:
    model = load(tiny_models.gain_effect())
    with pytest.raises(StreamError, match="only with a block_size"):
        model.stream(background=True)
    with pytest.raises(StreamError, match="is no effect"):
        load(tiny_models.rms_analyzer()).stream(block_size=64, background=True)
    stream = model.stream(block_size=64, background=True)
    with pytest.raises(StreamError, match="blocks of 64 samples, and 65 arrived"):
        stream.process(noise(65))
    with pytest.raises(StreamError, match="int16 arrived"):
        stream.process(np.zeros((1, 64), np.int16))  # pyright: ignore[reportArgumentType]
    stream.close()
    with pytest.raises(StreamError, match="has stopped"):
        stream.process(noise(64))


def test_nan_is_repaired_on_both_paths() -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64, background=True)
    audio = noise(640)
    audio[0, 100] = np.nan
    assert np.isfinite(play(stream, audio)).all()
    assert stream.counters.repaired_samples == 1
    stream.close()


def workers() -> int:
    return sum(thread.name == "brainsynth-background" for thread in threading.enumerate())


def use_one(model: Model) -> None:
    stream = model.stream(block_size=64, background=True)
    stream.process(noise(64))


def test_worker_ends_with_its_stream() -> None:
    model = load(tiny_models.gain_effect())
    before = workers()
    use_one(model)
    gc.collect()
    deadline = time.monotonic() + 120
    while workers() > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert workers() == before


@pytest.mark.parametrize("verb", ["process", "flush", "reset"])
def test_a_worker_that_failed_is_told_by_whatever_is_called_next(verb: str) -> None:
    stream = load(tiny_models.gain_effect()).stream(block_size=64, background=True)

    def fail(_: NDArray[np.float32]) -> NDArray[np.float32]:
        raise RuntimeError("no more memory")

    foreground: Any = stream._stream
    foreground.process = fail
    stream.process(noise(64))
    wait_for(stream)
    with pytest.raises(StreamError, match=r"has stopped in the background \(no more memory\): make another"):
        stream.process(noise(64)) if verb == "process" else getattr(stream, verb)()


def test_a_program_may_end_while_the_worker_computes() -> None:
    # What goes slowly at the end gives the worker the time to come back from its computation meanwhile.
    program = (
        "import time, numpy as np\n"
        "from plugin_host.playing.model import Model\n"
        "class Slow:\n"
        "    def __del__(self, sleep=time.sleep): sleep(1.0)\n"
        "slow = Slow()\n"
        "stream = Model('cello').stream(block_size=262144, background=True)\n"
        "for _ in range(2): stream.process(np.zeros((1, 262144), np.float32))\n"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
