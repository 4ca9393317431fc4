"""Live playing on a device that is made of memory but keeps time like a sound card."""

import io
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from plugin_host.commands.live import draw_meter, play
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import CalibrationError, ControlError, DeviceError, StreamError, counted
from plugin_host.live.audio_loop import LiveLoop, Play, Reading, record
from plugin_host.live.sound_card import SoundCard
from tests.conftest import Command

Audio = NDArray[np.float32]


class Clock:
    """Time that passes only when a card or an effect says so: how busy the machine is changes nothing."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def perf_counter(self) -> float:
        return self._now_s

    monotonic = perf_counter

    def pass_time(self, seconds: float) -> None:
        self._now_s += seconds


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

    It hands over a block whenever one is due. Whoever comes back later than the next one loses it.
    """

    name = "a card of memory"

    def __init__(
        self,
        sound: Audio,
        block_size: int = 96,
        blocks: int | None = None,
        sample_rate: float = 48_000,
        clock: Clock | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.block_size = block_size
        self.dropouts = 0
        self.is_active = False
        self.played: list[Audio] = []
        self.all_played = threading.Event()
        self._sound = sound
        self._blocks = blocks
        self._clock = clock or Clock()
        self._position = 0

    @contextmanager
    def running(self, play: Play) -> Iterator[None]:
        ended = threading.Event()
        worker = threading.Thread(target=self._run, args=(play, ended), name="memory-card")
        self.is_active = True
        self.all_played.clear()
        worker.start()
        try:
            yield
        finally:
            ended.set()
            worker.join()
            self.is_active = False

    def _run(self, play: Play, ended: threading.Event) -> None:
        due_s = self._clock.perf_counter()
        block_s = self.block_size / self.sample_rate
        count = 0
        while not ended.is_set() and (self._blocks is None or count < self._blocks):
            due_s += block_s
            late = int((self._clock.perf_counter() - due_s) / block_s)
            if late > 0:
                self.dropouts += 1
                due_s += late * block_s
                self._position += late * self.block_size
            self._clock.pass_time(max(0.0, due_s - self._clock.perf_counter()))
            index = np.arange(self._position, self._position + self.block_size) % self._sound.shape[1]
            self._position += self.block_size
            count += 1
            try:
                self.played.append(play(self._sound[:, index]).copy())
            except Exception:
                return
        self.all_played.set()
        ended.wait()


def play_all(card: MemoryCard, loop: LiveLoop) -> None:
    with loop.running():
        assert card.all_played.wait(60)


class Slow:
    """An effect that passes its input, some blocks of it too late."""

    def __init__(self, clock: Clock, delays_s: list[float]) -> None:
        self._clock = clock
        self._delays_s: Iterator[float] = iter(delays_s)

    def __call__(self, block: Audio) -> Audio:
        self._clock.pass_time(next(self._delays_s, 0.0))
        return block


def test_what_is_played_is_what_the_effect_gives_for_what_came_in(models: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 9600)).astype(np.float32)
    card = MemoryCard(sound, blocks=100)
    effect = NeuralEffect(models / "leaky.onnx", block_size=96)
    play_all(card, LiveLoop(card, lambda block: effect.process(block, 48_000, reset=False)))
    other = NeuralEffect(models / "leaky.onnx", block_size=96)
    wanted = [
        other.process(sound[:, start : start + 96], 48_000, reset=False) for start in range(0, 9600, 96)
    ]
    assert card.dropouts == 0
    np.testing.assert_array_equal(np.concatenate(card.played, axis=1), np.concatenate(wanted, axis=1))


def test_meter_counts_missed_blocks_and_dropouts(clock: Clock) -> None:
    card = MemoryCard(np.full((1, 4800), 0.5, np.float32), 480, blocks=20, clock=clock)
    loop = LiveLoop(card, Slow(clock, [0, 0.015, 0, 0, 0.1]))
    play_all(card, loop)
    reading = loop.reading
    assert reading.blocks == 20
    assert reading.missed == 2
    assert reading.load_peak == pytest.approx(10)
    assert 0 < reading.load < 1
    assert reading.dropouts == card.dropouts == 1


def test_meter_shows_levels_that_fall_again() -> None:
    sound = np.zeros((1, 48_000), np.float32)
    sound[0, 100] = 0.5
    readings = []
    card = MemoryCard(sound, 480, blocks=21)
    loop = LiveLoop(card, lambda block: readings.append(loop.reading) or 2 * block)
    play_all(card, loop)
    assert readings[1].input_db == pytest.approx(20 * math.log10(0.5), abs=1e-3)
    assert readings[1].output_db == pytest.approx(0, abs=1e-3)
    assert -30 < loop.reading.input_db < -15


def test_a_loop_that_has_ended_plays_again() -> None:
    card = MemoryCard(np.zeros((1, 480), np.float32), blocks=10)
    loop = LiveLoop(card, lambda block: block)
    for count in (10, 20):
        play_all(card, loop)
        assert loop.reading.blocks == count


def fail(block: Audio) -> Audio:
    raise StreamError("the effect gave up")


def play_until_it_fails(loop: LiveLoop, then: BaseException | None = None) -> None:
    with loop.running():
        while loop.wait(1):
            pass
        if then is not None:
            raise then


def test_what_fails_while_it_plays_is_raised_to_the_player() -> None:
    loop = LiveLoop(MemoryCard(np.zeros((1, 480), np.float32)), fail)
    with pytest.raises(StreamError, match="the effect gave up"):
        play_until_it_fails(loop)


def test_what_the_meter_cannot_read_is_not_taken_for_a_device_that_is_gone() -> None:
    nothing: Any = lambda block: None  # noqa: E731
    loop = LiveLoop(MemoryCard(np.zeros((1, 480), np.float32)), nothing)
    with pytest.raises(TypeError):
        play_until_it_fails(loop)


def test_ctrl_c_does_not_hide_what_failed_before_it() -> None:
    loop = LiveLoop(MemoryCard(np.zeros((1, 480), np.float32)), fail)
    with pytest.raises(StreamError, match="the effect gave up"):
        play_until_it_fails(loop, KeyboardInterrupt())


@pytest.mark.parametrize("ends", [False, True])
def test_a_device_that_gives_nothing_more_is_told(clock: Clock, ends: bool) -> None:
    card = MemoryCard(np.zeros((1, 480), np.float32), blocks=3, clock=clock)
    loop = LiveLoop(card, lambda block: block)

    def go_silent() -> None:
        with loop.running():
            assert card.all_played.wait(60)
            assert loop.wait(0)
            card.is_active = not ends
            clock.pass_time(0 if ends else 6)
            assert not loop.wait(60)

    with pytest.raises(DeviceError, match="a card of memory gives no sound any more"):
        go_silent()


def test_recording_takes_what_comes_next() -> None:
    sound = np.linspace(0, 1, 4800, dtype=np.float32)[None]
    recorded = record(MemoryCard(sound, 128), 0.05)
    np.testing.assert_array_equal(recorded, sound[:, : 19 * 128])
    with pytest.raises(StreamError, match="cannot be recorded"):
        record(MemoryCard(sound), 0)


def test_command_plays_and_sums_up(models: Path, capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    card = MemoryCard(np.full((1, 4800), 0.25, np.float32), clock=clock)
    reading = play(card, NeuralEffect(models / "gain.onnx", gain=2.0, block_size=96), 0.0, 0.3)
    assert reading.blocks >= 0.3 * 48_000 / 96 - 1
    np.testing.assert_allclose(card.played[-1], 0.5)
    out = capsys.readouterr().out
    assert (
        f"{reading.blocks} blocks of 96, {reading.missed} missed, {counted(reading.dropouts, 'dropout')}"
        in out
    )


def test_in_the_background_the_mix_stays_whole_and_late_blocks_are_counted(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The worker computes in its own time.
    card = MemoryCard(np.full((1, 4800), 0.25, np.float32), clock=WallClock())
    effect = NeuralEffect(models / "gain.onnx", gain=3.0, mix=0.5, block_size=96)
    reading = play(card, effect, 0.0, 0.3, background=True)
    # Blocks that the worker gave in time are half of each; late ones, and the ways there and back, lie between.
    played = np.concatenate(card.played, axis=1)[0, 384:]
    assert np.all((played > 0.25 - 1e-6) & (played < 0.5 + 1e-6))
    wet = np.count_nonzero(np.abs(played - 0.5) < 1e-6) / len(played)
    assert wet >= 1 - 2 * (reading.late + 1) / reading.blocks
    out = capsys.readouterr().out
    assert f"missed, {reading.late} late and dry, {counted(reading.dropouts, 'dropout')}" in out
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
    card = MemoryCard(np.full((1, 4800), 0.25, np.float32), 64, blocks=6)
    loop = LiveLoop(card, player.process, lambda: player.counters.late_blocks)
    play_all(card, loop)
    gate.set()
    assert loop.reading.late == 5
    # From the second block on, what is played is the input of the block before.
    np.testing.assert_array_equal(np.concatenate(card.played, axis=1)[0, 64:], 0.25)
    drawn = Console(width=100, file=io.StringIO(), record=True)
    drawn.print(draw_meter(loop.reading))
    assert "late 5 blocks, played without the effect" in " ".join(drawn.export_text().split())


def test_meter_is_drawn_with_levels_load_and_losses() -> None:
    drawn = Console(width=100, file=io.StringIO(), record=True)
    reading = Reading(blocks=90, missed=3, load=0.5, load_peak=1.25, input_db=-30.0, dropouts=2)
    drawn.print(draw_meter(reading))
    lines = [" ".join(line.split()) for line in drawn.export_text().splitlines()]
    assert lines[0] == f"input {'█' * 15}{'·' * 15} -30.0 dB"
    assert lines[1] == f"output {'·' * 30} silent"
    assert lines[2] == f"load {'█' * 15}{'·' * 15} 50%, at most 125%"
    assert lines[3] == "missed 3 of 90 blocks, 2 dropouts"


def test_command_calibrates_before_it_plays(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    phase = 2 * np.pi * 1760 * np.arange(48_000) / 48_000
    sound = (0.1 * np.sin(phase) + 0.05 * np.sin(2 * phase)).astype(np.float32)[None]
    card = MemoryCard(sound, 512, clock=clock)
    effect = NeuralEffect("cello", block_size=512)
    play(card, effect, 0.5, 0.1)
    assert "calibrating: play or sing for 0.5 s" in capsys.readouterr().out
    assert getattr(effect, "octave") == -1  # noqa: B009 - a property made from the model
    with pytest.raises(CalibrationError, match="silent"):
        play(MemoryCard(np.zeros((1, 4800), np.float32), 512, clock=clock), effect, 0.2, 0.1)


def test_settings_are_checked_before_a_card_is_opened(models: Path, brainsynth: Command) -> None:
    ended = brainsynth("live", "-m", models / "gain.onnx", "--set", "gain=9")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert brainsynth("live", "-m", models / "gain.onnx", "--block", "0").code == 2
    with pytest.raises(ControlError, match="gain is 9"):
        NeuralEffect(models / "gain.onnx", gain=9)


@pytest.fixture
def null_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give programs that are started two devices of ALSA's own, which take and give silence at any speed."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the devices are ALSA's")
    (tmp_path / ".asoundrc").write_text(
        "".join(
            f'pcm.{name} {{ type null hint {{ show on description "{name}" }} }}\n'
            for name in ("tester", "tester2")
        )
    )
    monkeypatch.setenv("HOME", str(tmp_path))


def start(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `brainsynth live` in a process of its own, since PortAudio looks for devices once."""
    command = [sys.executable, "-m", "plugin_host.commands", "live", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.usefixtures("null_devices")
@pytest.mark.parametrize("background", [(), ("--background",)])
def test_portaudio_plays_and_the_command_ends_by_itself(models: Path, background: tuple[str, ...]) -> None:
    devices = ("--input-device", "tester, ALSA", "--output-device", "tester2")
    ended = start("-m", models / "gain.onnx", "--block", 64, "--seconds", 0.3, *devices, *background)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("from tester, ALSA to tester2, ALSA, ")
    blocks = int(ended.stdout.splitlines()[1].split()[0])
    assert blocks > 10
    assert ended.stderr == ""


@pytest.mark.usefixtures("null_devices")
@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            ("--input-device", "violin"),
            "no one sound input is named 'violin' (none matches); there are: tester",
        ),
        (("--output-device", "test"), "no one sound output is named 'test' (2 match)"),
        (("--input-device", "tester2", "--input-channel", "1000"), "channels, and number 1000 was asked for"),
    ],
)
def test_a_device_that_cannot_be_had_is_explained(
    models: Path, choice: tuple[str, ...], message: str
) -> None:
    ended = start("-m", models / "gain.onnx", "--seconds", 1, *choice)
    assert ended.returncode == 5
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


class Ports:
    """Stands for sounddevice: one input, one output, and streams that note what is done to them."""

    PortAudioError = CallbackAbort = RuntimeError
    default = SimpleNamespace(device={"input": 0, "output": 1})

    def __init__(self, starting: BaseException | None = None) -> None:
        self.open: list[object] = []
        self._starting = starting

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": "memory"}]

    def query_devices(self) -> list[dict[str, Any]]:
        ends = {"index": 0, "name": "mic", "max_input_channels": 1, "max_output_channels": 0}
        about = {"hostapi": 0, "default_samplerate": 48_000.0}
        return [ends | about, ends | about | {"index": 1, "max_input_channels": 0, "max_output_channels": 2}]

    def Stream(self, callback: Callable[..., None], **_: object) -> SimpleNamespace:
        self.callback = callback

        def start() -> None:
            if self._starting is not None:
                raise self._starting

        stream = SimpleNamespace(start=start, active=True, abort=lambda **_: None)
        stream.close = lambda **_: self.open.remove(stream)
        self.open.append(stream)
        return stream


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("busy"), OSError("gone")], ids=repr)
def test_a_card_whose_start_fails_or_is_interrupted_is_closed(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = Ports(error)
    monkeypatch.setitem(sys.modules, "sounddevice", ports)
    with pytest.raises((type(error), DeviceError)), SoundCard().running(np.copy):
        pass
    assert ports.open == []


def test_a_card_that_runs_twice_at_once_closes_both(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = Ports()
    monkeypatch.setitem(sys.modules, "sounddevice", ports)
    card = SoundCard()
    with card.running(np.copy), card.running(np.copy):
        assert len(ports.open) == 2
    assert ports.open == []


def test_memory_that_a_device_never_filled_is_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = Ports()
    monkeypatch.setitem(sys.modules, "sounddevice", ports)
    taken = np.array([[0.5], [-3e38], [np.inf], [-2.0]], dtype=np.float32)
    given = np.zeros((4, 2), dtype=np.float32)
    with SoundCard().running(np.copy):
        ports.callback(taken, given, SimpleNamespace(input_overflow=False, output_underflow=False))
    np.testing.assert_array_equal(
        given, np.array([[0.5] * 2, [np.nan] * 2, [np.nan] * 2, [-2.0] * 2], np.float32)
    )


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", Ports())
    with pytest.raises(StreamError, match="takes sample rates from 1000 to 768000 Hz"):
        SoundCard(sample_rate=rate)


@pytest.mark.usefixtures("null_devices")
def test_devices_are_listed() -> None:
    listed = start("--list-devices").stdout
    inputs, outputs = listed.removeprefix("inputs:").split("outputs:")
    for names in (inputs, outputs):
        assert {"tester, ALSA", "tester2, ALSA"} <= {name.strip() for name in names.splitlines()}


def test_without_portaudio_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, brainsynth: Command
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    ended = brainsynth("live", "--list-devices")
    assert ended.err == "brainsynth: playing live needs sounddevice: pip install sounddevice\n"
