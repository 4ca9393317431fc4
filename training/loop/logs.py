"""What TensorBoard shows of a training: losses, and the figures, pictures and sounds that a family measures."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ..errors import UnwritableError
from .spectral_losses import magnitude_spectrogram

LOSSES_EVERY = 20


@dataclass(frozen=True)
class Projected:
    """Points of a space, for TensorBoard's projector.

    Attributes
    ----------
    values : (S, P)
    fields : tuple of str
        What is told of each.
    told : sequence of tuple of str
        As many as there are points.
    sprites : (S, 1, H, W), 0 black to 1 white
        A small picture of each.
    """

    values: Tensor
    fields: tuple[str, ...]
    told: Sequence[tuple[str, ...]]
    sprites: Tensor


@dataclass(frozen=True)
class Measured:
    """What a family measures on what it was not trained on.

    Attributes
    ----------
    figures : mapping of str to float
        They go into checkpoints too.
    pictures : mapping of str to (1, height, width) tensors, 0 black to 1 white, or (3, height, width) in red, green, blue.
    sounds : mapping of str to ((T,) tensor, sample rate in Hz).
    spaces : mapping of str to Projected
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    pictures: Mapping[str, Tensor] = field(default_factory=dict)
    sounds: Mapping[str, tuple[Tensor, int]] = field(default_factory=dict)
    spaces: Mapping[str, Projected] = field(default_factory=dict)


class Logs:
    """Writes for TensorBoard; a context manager by `contextlib.closing`. What cannot be written raises UnwritableError.

    Parameters
    ----------
    folder : Path
    done : int
        Steps done where the run goes on; what an earlier process wrote of later ones is dropped.
    """

    def __init__(self, folder: Path, done: int) -> None:
        self._folder, self._hook = folder, threading.excepthook
        threading.excepthook = self._pass_over
        try:
            with self._unwritable_in_words():
                self._writer = SummaryWriter(str(folder), purge_step=done + 1)
        except BaseException:
            threading.excepthook = self._hook
            raise

    def write_losses(self, step: int, losses: Mapping[str, float], stage: str, rate: float) -> None:
        """Write a step's losses under its stage."""
        with self._unwritable_in_words():
            for name, value in losses.items():
                self._writer.add_scalar(f"{stage}/{name}", value, step)
            self._writer.add_scalar("steps_per_second", rate, step)

    def write_measured(self, step: int, measured: Measured) -> None:
        """Write figures, pictures and sounds."""
        with self._unwritable_in_words():
            for name, value in measured.figures.items():
                self._writer.add_scalar(name, value, step)
            for name, picture in measured.pictures.items():
                self._writer.add_image(name, picture, step)
            for name, (sound, sample_rate) in measured.sounds.items():
                peak = float(sound.abs().max().clamp_min(1.0))
                self._writer.add_audio(name, sound / peak, step, sample_rate=sample_rate)
            for name, space in measured.spaces.items():
                self._writer.add_embedding(
                    space.values, list(space.told), space.sprites, step, name, list(space.fields)
                )
            self._writer.flush()

    def close(self) -> None:
        """Write out what is left."""
        try:
            with self._unwritable_in_words():
                self._writer.close()
        finally:
            threading.excepthook = self._hook

    def _pass_over(self, failed: threading.ExceptHookArgs) -> None:
        """Print nothing of what TensorBoard's thread could not write: the next call raises it."""
        if not type(failed.thread).__module__.startswith("tensorboard"):
            self._hook(failed)

    @contextmanager
    def _unwritable_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UnwritableError(
                f"{self._folder} cannot be written ({error.strerror or error}); make room there, and the same command"
                " goes on."
            ) from error


def spectrogram_picture(sound: Tensor, hops: int = 1) -> Tensor:
    """Draw a sound (T,) up to a quarter of its rate as a grey picture (1, 256, width).

    A sine at -18 dB of full scale is white, and black is 80 dB below it.

    Parameters
    ----------
    hops : int
        From column to column, of 256 samples each.
    """
    level = magnitude_spectrogram(sound[None], 1024)[0, :256, ::hops].log10() * 20 - 30
    return ((level + 80) / 80).clamp(0, 1).flip(0)[None]


def above_each_other(first: Tensor, second: Tensor) -> Tensor:
    """Put one picture above another, cut to the narrower."""
    width = min(first.shape[2], second.shape[2])
    return torch.cat([first[:, :, :width], second[:, :, :width]], 1)
