"""Timing: the figures are of what was asked for, and they add up."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from plugin_host.errors import UsageError
from plugin_host.playing.model import Model
from plugin_host.showing.block_timing import bench, make_sound
from plugin_host.streaming.effect_stream import EffectStream
from tests.conftest import Command


@pytest.mark.parametrize("name", ["gain", "rms", "sine"])
def test_every_role_can_be_timed(name: str, models: Path) -> None:
    model = Model(models / f"{name}.onnx")
    timing = bench(model, 64, 48_000, 0.2)
    assert (timing.model, timing.block_size, timing.sample_rate, timing.blocks) == (name, 64, 48_000, 150)
    assert 0 < timing.median_us <= timing.p95_us <= timing.p999_us
    assert timing.share == pytest.approx(timing.median_us * 1e-6 / (64 / 48_000))
    assert timing.rtf > 0
    assert timing.process_bytes > 10_000_000


def test_a_slow_model_is_seen_to_miss_its_deadlines(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = EffectStream.process

    def process_late(self: EffectStream, block: np.ndarray) -> np.ndarray:
        time.sleep(0.004)
        return process(self, block)

    monkeypatch.setattr(EffectStream, "process", process_late)
    timing = bench(Model(models / "gain.onnx"), 128, 48_000, 0.1)
    assert timing.misses == timing.blocks == 37
    assert timing.share >= 1.5
    assert timing.rtf >= 1.5


def test_latency_is_that_of_the_block_size(models: Path) -> None:
    model = Model(models / "delay.onnx")
    assert bench(model, 64, 48_000, 0.02).latency_samples == 100
    assert bench(model, 48, 48_000, 0.02).latency_samples == 100 + 64 - 16


@pytest.mark.parametrize(("block_size", "duration_s"), [(0, 1.0), (-1, 1.0), (64, 0.0), (64, float("nan"))])
def test_what_cannot_be_timed_is_refused(block_size: int, duration_s: float, models: Path) -> None:
    with pytest.raises(UsageError, match="cannot be timed"):
        bench(Model(models / "gain.onnx"), block_size, 48_000, duration_s)


def test_the_sound_that_is_timed_is_a_tone_within_full_scale() -> None:
    sound = make_sound(1.0, 48_000)
    assert sound.shape == (1, 48_000)
    assert 0.3 < np.abs(sound).max() < 1
    np.testing.assert_array_equal(sound, make_sound(1.0, 48_000))


def test_command_times_every_block_size_at_every_rate(models: Path, brainsynth: Command) -> None:
    call = ("bench", models / "gain.onnx", "--block", "64,100", "--rate", "44100,48000", "--seconds", 0.05)
    timings = json.loads(brainsynth(*call, "--json").out)
    asked = [(timing["sample_rate"], timing["block_size"]) for timing in timings]
    assert asked == [(44_100, 64), (44_100, 100), (48_000, 64), (48_000, 100)]
    ended = brainsynth(*call)
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 5
    for heading in ("median", "p95", "p99.9", "rtf", "of the block", "misses", "per instance"):
        assert heading in ended.out.splitlines()[0]


@pytest.mark.parametrize(
    "options", [("--block", "64,x"), ("--rate", "fast"), ("--rate", "0"), ("--block", "0")]
)
def test_wrong_lists_are_refused(options: tuple[str, str], models: Path, brainsynth: Command) -> None:
    ended = brainsynth("bench", models / "gain.onnx", *options, "--seconds", 0.05)
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
