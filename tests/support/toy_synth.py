"""A synthesiser in numpy, to train parameter models on in seconds: overtones, decay, level, and two kinds of wave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.families.parameters.parameters import SoundParameter
from training.families.parameters.settings import ParameterSize
from training.streaming.model import Control

RATE = 48_000
DURATION_S = 0.4
SIZE = ParameterSize(
    width=32,
    frame=24,
    moments=10,
    moment=4,
    stretches=6,
    stretch=8,
    modulation=2,
    hidden=48,
    last=32,
    bins=16,
)
CONTROLS = (
    Control("f0_hz", "Hz", 100.0, 800.0, 200.0, "log"),
    Control("decay_s", "s", 0.03, 1.0, 0.3, "log"),
    Control("level_db", "dB", -30.0, 0.0, -9.0),
    Control("overtones", "", 1, 4, 2, "integer"),
    Control("wave", "", 0, 1, 0, "choice", choices=("even", "odd")),
)


class Toy:
    """A control with what `SoundParameter.of` reads beside it."""

    def __init__(self, control: Control) -> None:
        vars(self).update(vars(control))
        self.equal, self.voice, self.part = "", 0, ""


def play(unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the sound of parameters (5,) from 0 to 1."""
    time = np.arange(int(DURATION_S * RATE)) / RATE
    f0 = 100 * 8.0 ** unit[0]
    orders = np.arange(1, 2 + round(1 + 3 * float(unit[3]))) * (2 if unit[4] > 0.5 else 1) - (unit[4] > 0.5)
    tone = np.sin(2 * np.pi * f0 * orders[:, None] * time).sum(0) / len(orders)
    return (10 ** ((-30 + 30 * unit[2]) / 20) * tone * np.exp(-time / (0.03 * (1 / 0.03) ** unit[1]))).astype(
        np.float32
    )


class ToySounds:
    """Random sounds of the toy, by number; some may be silent, or cannot be read."""

    synth, synth_sha256, sample_rate, duration_s = "toy.csd", "0" * 64, RATE, DURATION_S
    parameters = tuple(Toy(control) for control in CONTROLS)

    def __init__(
        self,
        count: int,
        seed: int = 0,
        cache: Path | None = None,
        silent: tuple[int, ...] = (),
        unreadable: tuple[int, ...] = (),
    ) -> None:
        random = np.random.default_rng(seed)
        units = random.random((count, len(CONTROLS)))
        units[:, 3] = random.integers(0, 4, count) / 3
        units[:, 4] = random.integers(0, 2, count)
        self.units: NDArray[np.float32] = units.astype(np.float32)
        self.numbers = np.arange(count)
        self.checksums = np.zeros((count, 16), np.uint8)
        self.cache, self.silent, self.unreadable, self.rendered = cache, silent, unreadable, 0

    @property
    def values(self) -> NDArray[np.float64]:
        return self.units.astype(np.float64)

    def __len__(self) -> int:
        return len(self.units)

    def __getitem__(self, index: int) -> NDArray[np.float32] | None:
        self.rendered += 1
        if index in self.unreadable:
            return None
        return np.zeros(0, np.float32) if index in self.silent else play(self.units[index])

    def whole(self, index: int) -> NDArray[np.float32]:
        return play(self.units[index])


def parameters() -> list[SoundParameter]:
    """Give the toy's parameters."""
    return [SoundParameter.of(parameter) for parameter in ToySounds.parameters]
