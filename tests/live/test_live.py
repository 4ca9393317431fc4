"""Live playing on a device that is made of memory but keeps time like a sound card."""

import io
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from plugin_host.commands.live import draw_meter, play
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import CalibrationError, ControlError, DeviceError, StreamError
from plugin_host.live.audio_loop import LiveLoop, Reading, record
from plugin_host.live.sound_card import SoundCard, device_names
from tests.conftest import Command

Audio = NDArray[np.float32]


class Clock:
    """Time that passes only when a card or an effect says so: how busy the machine is changes nothing."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._passed = threading.Condition()

    def perf_counter(self) -> float:
        return self._now_s

    monotonic = perf_counter

    def pass_time(self, seconds: float) -> None:
        with self._passed:
            self._now_s += seconds
            self._passed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Wait until another thread has let so much time pass."""
        end = self._now_s + seconds
        with self._passed:
            assert self._passed.wait_for(lambda: self._now_s >= end, timeout=60)


class WallClock(Clock):
    """The time on the wall."""

    def perf_counter(self) -> float:
        return time.perf_counter()

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock by which loop and command live."""
    clock = Clock()
    monkeypatch.setattr("plugin_host.live.audio_loop.time", clock)
    monkeypatch.setattr("plugin_host.commands.live.time", clock)
    return clock


class MemoryCard:
    """A sound card whose microphone gives an array and whose loudspeaker is another one.

    Samples come in as time passes. Whoever is late by more than `room` samples loses the oldest. The
    loudspeaker takes no more than `room` samples ahead of time.
    """

    def __init__(
        self, sound: Audio, sample_rate: float = 48_000, room: int = 1024, clock: Clock | None = None
    ) -> None:
        self.sample_rate = sample_rate
        self.dropped_samples = 0
        self.played: list[Audio] = []
        self._sound = sound
        self._clock = clock or Clock()
        self._room = room
        self._position = 0
        self._given = 0
        self._start_s: float | None = None

    def read(self, length: int) -> Audio:
        if self._start_s is None:
            self._start_s = self._clock.perf_counter()
        self._wait_until(self._position + length)
        late = self._now() - self._position - length
        if late > self._room:
            self.dropped_samples += late
            self._position += late
        index = np.arange(self._position, self._position + length) % self._sound.shape[1]
        self._position += length
        return self._sound[:, index]

    def write(self, block: Audio) -> None:
        self._given += block.shape[1]
        self._wait_until(self._given - self._room)
        self.played.append(block.copy())

    def _now(self) -> int:
        if self._start_s is None:
            return 0
        return round((self._clock.perf_counter() - self._start_s) * self.sample_rate)

    def _wait_until(self, position: int) -> None:
        while self._start_s is not None and (missing := position - self._now()) > 0:
            self._clock.pass_time(missing / self.sample_rate)


class Slow:
    """An effect that passes its input, some blocks of it too late."""

    def __init__(self, clock: Clock, delays_s: list[float]) -> None:
        self._clock = clock
        self._delays_s: Iterator[float] = iter(delays_s)

    def __call__(self, block: Audio) -> Audio:
        self._clock.pass_time(next(self._delays_s, 0.0))
        return block


def playing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "brainsynth-live"]


def test_what_is_played_is_what_the_effect_gives_one_block_later(models: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 9600)).astype(np.float32)
    card = MemoryCard(sound, room=9600)
    effect = NeuralEffect(models / "leaky.onnx", block_size=96)
    loop = LiveLoop(card, lambda block: effect.process(block, 48_000, reset=False), 96)
    loop.run(blocks=100)
    other = NeuralEffect(models / "leaky.onnx", block_size=96)
    wanted = [
        other.process(sound[:, start : start + 96], 48_000, reset=False) for start in range(0, 9600, 96)
    ]
    assert card.dropped_samples == 0
    np.testing.assert_array_equal(np.concatenate(card.played, axis=1)[:, 96:], np.concatenate(wanted, axis=1))
    assert not card.played[0].any()


def test_meter_counts_missed_blocks_and_lost_samples(clock: Clock) -> None:
    card = MemoryCard(np.full((1, 4800), 0.5, np.float32), room=480, clock=clock)
    loop = LiveLoop(card, Slow(clock, [0, 0.015, 0, 0, 0.1]), 480)
    loop.run(blocks=20)
    reading = loop.reading
    assert reading.blocks == 20
    assert reading.missed == 2
    assert reading.load_peak == pytest.approx(10)
    assert 0 < reading.load < 1
    assert reading.dropped_samples == card.dropped_samples > 480


def test_meter_shows_levels_that_fall_again() -> None:
    sound = np.zeros((1, 48_000), np.float32)
    sound[0, 100] = 0.5
    loop = LiveLoop(MemoryCard(sound, room=48_000), lambda block: 2 * block, 480)
    loop.run(blocks=1)
    assert loop.reading.input_db == pytest.approx(20 * math.log10(0.5), abs=1e-3)
    assert loop.reading.output_db == pytest.approx(0, abs=1e-3)
    loop.run(blocks=20)
    assert -30 < loop.reading.input_db < -15


def test_loop_runs_in_a_thread_until_it_is_stopped(clock: Clock) -> None:
    loop = LiveLoop(MemoryCard(np.zeros((1, 480), np.float32), clock=clock), lambda block: block, 96)
    with loop.running():
        assert loop.is_playing
        clock.sleep(0.1)
        assert len(playing_threads()) == 1
    assert not loop.is_playing
    assert playing_threads() == []
    # The block that the time ends with may not have been noted yet.
    assert loop.reading.blocks >= 0.1 * 48_000 / 96 - 1


def test_what_fails_in_the_thread_is_raised_to_the_player() -> None:
    def fail(block: Audio) -> Audio:
        raise StreamError("the effect gave up")

    loop = LiveLoop(MemoryCard(np.zeros((1, 480), np.float32)), fail, 96)
    context = loop.running()
    context.__enter__()
    for thread in playing_threads():
        thread.join(60)
    assert not loop.is_playing
    with pytest.raises(StreamError, match="the effect gave up"):
        context.__exit__(None, None, None)


def test_recording_takes_what_comes_next() -> None:
    sound = np.linspace(0, 1, 4800, dtype=np.float32)[None]
    recorded = record(MemoryCard(sound, room=9600), 0.05, 128)
    np.testing.assert_array_equal(recorded, sound[:, : 19 * 128])
    with pytest.raises(StreamError, match="cannot be recorded"):
        record(MemoryCard(sound), 0, 128)


def test_command_plays_and_sums_up(models: Path, capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    card = MemoryCard(np.full((1, 4800), 0.25, np.float32), clock=clock)
    reading = play(card, NeuralEffect(models / "gain.onnx", gain=2.0, block_size=96), 96, 0.0, 0.3)
    assert reading.blocks >= 0.3 * 48_000 / 96 - 1
    np.testing.assert_allclose(card.played[-1], 0.5)
    out = capsys.readouterr().out
    assert (
        f"{reading.blocks} blocks of 96, {reading.missed} missed, {reading.dropped_samples} samples lost"
        in out
    )


def test_in_the_background_the_mix_stays_whole_and_late_blocks_are_counted(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The worker computes in its own time.
    card = MemoryCard(np.full((1, 4800), 0.25, np.float32), room=4800, clock=WallClock())
    effect = NeuralEffect(models / "gain.onnx", gain=3.0, mix=0.5, block_size=96)
    reading = play(card, effect, 96, 0.0, 0.3, background=True)
    # Blocks that the worker gave in time are half of each; late ones, and the ways there and back, lie between.
    played = np.concatenate(card.played, axis=1)[0, 480:]
    assert np.all((played > 0.25 - 1e-6) & (played < 0.5 + 1e-6))
    wet = np.count_nonzero(np.abs(played - 0.5) < 1e-6) / len(played)
    assert wet >= 1 - 2 * (reading.late + 1) / reading.blocks
    out = capsys.readouterr().out
    assert f"missed, {reading.late} late and dry, {reading.dropped_samples} samples lost" in out
    # Hops of 64 in blocks of 96 wait for 32 samples, and the worker has a block more.
    assert f"the model's delay {1000 * (32 + 96) / 48_000:.1f} ms" in out


def test_worker_that_is_held_up_is_seen_on_the_meter(models: Path) -> None:
    effect = NeuralEffect(models / "gain.onnx", gain=3.0)
    player = effect.player(48_000, 1, 64, background=True)
    gate = threading.Event()
    stream: Any = player._stream
    process = stream._stream.process

    def wait(block: Audio) -> Audio:
        gate.wait()
        return process(block)

    stream._stream.process = wait
    card = MemoryCard(np.full((1, 4800), 0.25, np.float32), room=4800)
    loop = LiveLoop(card, player.process, 64, lambda: player.counters.late_blocks)
    loop.run(blocks=6)
    gate.set()
    assert loop.reading.late == 5
    # From the third block on, what is played is the input of two blocks before.
    np.testing.assert_array_equal(np.concatenate(card.played, axis=1)[0, 128:], 0.25)
    drawn = Console(width=100, file=io.StringIO(), record=True)
    drawn.print(draw_meter(loop.reading))
    assert "late 5 blocks, played without the effect" in " ".join(drawn.export_text().split())


def test_meter_is_drawn_with_levels_load_and_losses() -> None:
    drawn = Console(width=100, file=io.StringIO(), record=True)
    reading = Reading(blocks=90, missed=3, load=0.5, load_peak=1.25, input_db=-30.0, dropped_samples=128)
    drawn.print(draw_meter(reading))
    lines = [" ".join(line.split()) for line in drawn.export_text().splitlines()]
    assert lines[0] == f"input {'█' * 15}{'·' * 15} -30.0 dB"
    assert lines[1] == f"output {'·' * 30} silent"
    assert lines[2] == f"load {'█' * 15}{'·' * 15} 50%, at most 125%"
    assert lines[3] == "missed 3 of 90 blocks, 128 input samples"


def test_command_calibrates_before_it_plays(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    phase = 2 * np.pi * 880 * np.arange(48_000) / 48_000
    sound = (0.1 * np.sin(phase) + 0.05 * np.sin(2 * phase)).astype(np.float32)[None]
    card = MemoryCard(sound, room=48_000, clock=clock)
    effect = NeuralEffect("cello", block_size=512)
    play(card, effect, 512, 0.5, 0.1)
    assert "calibrating: play or sing for 0.5 s" in capsys.readouterr().out
    assert getattr(effect, "octave") == -3  # noqa: B009 - a property made from the model
    with pytest.raises(CalibrationError, match="silent"):
        play(MemoryCard(np.zeros((1, 4800), np.float32), clock=clock), effect, 512, 0.2, 0.1)


def test_blocks_and_settings_are_checked_before_a_card_is_opened(models: Path, brainsynth: Command) -> None:
    with pytest.raises(StreamError, match="use 64 or more"):
        LiveLoop(MemoryCard(np.zeros((1, 480), np.float32)), lambda block: block, 0)
    ended = brainsynth("live", "-m", models / "gain.onnx", "--set", "gain=9")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert brainsynth("live", "-m", models / "gain.onnx", "--block", "0").code == 2
    with pytest.raises(ControlError):
        NeuralEffect(models / "gain.onnx", gain=9)


def test_devices_are_listed_and_an_unknown_one_is_refused(models: Path, brainsynth: Command) -> None:
    inputs, outputs = device_names()
    listed = brainsynth("live", "--list-devices")
    assert listed.code == 0
    assert (
        listed.out.split()
        == " ".join(["inputs:", *(inputs or ["none"]), "outputs:", *(outputs or ["none"])]).split()
    )
    ended = brainsynth("live", "-m", models / "gain.onnx", "--input-device", "no such microphone")
    assert ended.code == 5
    assert "sound input" in ended.err
    with pytest.raises(DeviceError):
        SoundCard(input_name="no such microphone")
