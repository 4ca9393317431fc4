"""Time a model block by block, as a sound card would ask for it, and measure the memory of one more stream."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..model_file.document import Role
from ..playing.model import Model

_WARM_UP_BLOCKS = 50
_INSTANCES = 16


@dataclass(frozen=True)
class BlockTiming:
    """How fast a model is at one block size and rate.

    Parameters
    ----------
    model : str
        Its name.
    block_size, sample_rate : int
        What was asked for, in samples and Hz.
    latency_samples : int
        By how much output lags input there.
    blocks : int
        How many were timed.
    median_us, p95_us, p999_us : float
        Of the time for one block, in microseconds.
    rtf : float
        Processing time over the duration of the sound.
    share, share_p999 : float
        Median and 99.9th percentile as a part of the time that a block lasts, 1 for all of it.
    misses : int
        Blocks that took longer than they last.
    instance_bytes : int
        By how much one more stream of the loaded model increases the process's memory.
    process_bytes : int
        Resident memory of the whole process.
    """

    model: str
    block_size: int
    sample_rate: int
    latency_samples: int
    blocks: int
    median_us: float
    p95_us: float
    p999_us: float
    rtf: float
    share: float
    share_p999: float
    misses: int
    instance_bytes: int
    process_bytes: int


def bench(model: Model, block_size: int, sample_rate: int, duration_s: float = 5.0) -> BlockTiming:
    """Play a model for a while on one thread and time every block.

    Parameters
    ----------
    model : Model
        Of any role. Effects and analyzers get a gliding tone with noise; the controls of generators have their defaults.
    block_size : int
        Samples per block, at least 1.
    sample_rate : int
        Hz.
    duration_s : float
        How much sound to play, above 0.

    Raises
    ------
    UsageError
        For a block size or duration out of range.
    StreamError
        For a sample rate that a stream cannot have.
    """
    if block_size < 1 or not 0 < duration_s < 86_400:
        raise UsageError(
            f"blocks of {block_size} samples for {duration_s:g} s cannot be timed; both must be above 0"
        )
    play, latency_samples = _make_player(model, sample_rate, block_size)
    sound = make_sound(duration_s, sample_rate)
    blocks = max(1, sound.shape[1] // block_size)
    if blocks * block_size > sound.shape[1]:
        sound = np.pad(sound, ((0, 0), (0, block_size)))
    for _ in range(_WARM_UP_BLOCKS):
        play(sound[:, :block_size])
    times_s = _time_blocks(play, sound, block_size, blocks)
    block_s = block_size / sample_rate
    median, p95, p999 = (float(value) for value in np.percentile(times_s, (50, 95, 99.9)))
    return BlockTiming(
        model=model.name,
        block_size=block_size,
        sample_rate=sample_rate,
        latency_samples=latency_samples,
        blocks=blocks,
        median_us=1e6 * median,
        p95_us=1e6 * p95,
        p999_us=1e6 * p999,
        rtf=float(times_s.sum()) / (blocks * block_s),
        share=median / block_s,
        share_p999=p999 / block_s,
        misses=int((times_s > block_s).sum()),
        instance_bytes=_measure_instance_bytes(model, sample_rate, block_size),
        process_bytes=resident_bytes(),
    )


def make_sound(duration_s: float, sample_rate: float) -> NDArray[np.float32]:
    """Give a tone that glides by an octave, with overtones and noise: (1, T), the same every time."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    f0_hz = 220.0 * 2.0 ** (0.5 + 0.5 * np.sin(2 * np.pi * 0.4 * time_s))
    phase = 2 * np.pi * np.cumsum(f0_hz) / sample_rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 8))
    noise = np.random.default_rng(0).normal(0, 0.02, len(time_s))
    return (0.2 * tone + noise).astype(np.float32)[None]


def resident_bytes() -> int:
    """Give the memory that the process holds now or, where the system does not say, the most it held."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _make_player(
    model: Model, sample_rate: int, block_size: int
) -> tuple[Callable[[NDArray[np.float32]], object], int]:
    stream = model.stream(sample_rate, model.document.channels, block_size)
    channels = model.document.channels
    if model.document.role is Role.GENERATOR:
        return lambda block: stream.generate(block.shape[1]), stream.latency_samples
    process = stream.process if model.document.role is Role.EFFECT else stream.analyze
    if channels == 1:
        return process, stream.latency_samples
    return lambda block: process(np.repeat(block, channels, axis=0)), stream.latency_samples


def _time_blocks(
    play: Callable[[NDArray[np.float32]], object], sound: NDArray[np.float32], block_size: int, blocks: int
) -> NDArray[np.float64]:
    times_s = np.empty(blocks)
    collects = gc.isenabled()
    gc.disable()
    try:
        for index in range(blocks):
            block = sound[:, index * block_size : (index + 1) * block_size]
            start = time.perf_counter()
            play(block)
            times_s[index] = time.perf_counter() - start
    finally:
        if collects:
            gc.enable()
    return times_s


def _measure_instance_bytes(model: Model, sample_rate: int, block_size: int) -> int:
    silence = np.zeros((1, block_size), np.float32)
    before = resident_bytes()
    players = [_make_player(model, sample_rate, block_size)[0] for _ in range(_INSTANCES)]
    for play in players:
        play(silence)
    return max(0, resident_bytes() - before) // _INSTANCES
