"""Make sounds of a data set in a worker process: draw parameters, render, write, add to the manifest."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import SynthError, UsageError
from ..files.atomic_file import output_error
from ..synths.deferred_signals import deferred_signals
from ..synths.parameters import name_values
from ..synths.renderer import Renderer
from ..synths.synth import Synth
from .maker import Maker
from .manifest import ManifestEntry, peak_db, sound_name
from .sampling import Sampler

PARTIAL_SUFFIX = ".brainsynth-partial"
_MOST_DRAWS = 20
_MOST_CHANNELS = 8

_VERIFIED_EVERY, _VERIFIED_EVERY_LATER, _LATER = 10, 100, 100
"""How many sounds it takes for one to be verified, which takes two or three times as long: early, most of all."""


class SoundDiffersError(SynthError):
    """A sound is another one in a fresh player, so those made before may be wrong too."""


class SoundMaker(Maker):
    """Makes sounds by their numbers, here or as a task of `plugin_host.files.processes.Workers`.

    Parameters
    ----------
    synth : Synth
        Rendered.
    sampler : Sampler
        Where parameters come from.
    folder : Path
        The data set.
    redraw_silent, redraw_clipped : bool
        Whether to draw parameters again, up to 20 times, where the sound is silent or clipped.
    rewinds : bool
        Whether one player serves for all sounds of a job. Some of them are verified then.
    """

    def __init__(
        self,
        synth: Synth,
        sampler: Sampler,
        folder: Path,
        redraw_silent: bool,
        redraw_clipped: bool,
        rewinds: bool = True,
    ) -> None:
        super().__init__(synth, folder, rewinds)
        self._sampler = sampler
        self._redraw_silent = redraw_silent
        self._redraw_clipped = redraw_clipped

    def _failed(self, index: int, why: str) -> ManifestEntry:
        values = self._sampler.draw(index)
        return ManifestEntry(index, name_values(self._synth.parameters, values), failed=why)

    def _make(self, index: int, renderer: Renderer, on_share: Callable[[float], None]) -> ManifestEntry:
        """Draw parameters and render them.

        Raises
        ------
        SoundDiffersError
            If sounds of a job depend on each other.
        """
        attempt = 0
        while True:
            values = self._sampler.draw(index, attempt)
            attempt += 1
            named = name_values(self._synth.parameters, values)
            try:
                sound = renderer.render_values(values)
            except SynthError as error:
                return ManifestEntry(index, named, draws=attempt, failed=str(error))
            entry = ManifestEntry(index, named, peak_db(sound), attempt)
            again = (entry.silent and self._redraw_silent) or (entry.clipped and self._redraw_clipped)
            if not again or attempt == _MOST_DRAWS:
                if self._rewinds and _is_verified(index) and not renderer.verify(values, sound):
                    what = (
                        f"is another one in a fresh {self._synth.kind.player_name}"
                        if renderer.deterministic
                        else "is another one each time"
                    )
                    raise SoundDiffersError(f"sound {index} of {self._synth.path} {what}")
                write_sound(self._folder / sound_name(index), sound, self._synth.sample_rate)
                return entry


def _is_verified(index: int) -> bool:
    return (index + 1) % (_VERIFIED_EVERY if index < _LATER else _VERIFIED_EVERY_LATER) == 0


def check_channels(synth: Synth) -> None:
    """Raise UsageError for a synth with more channels than a file of sounds holds."""
    if synth.channels > _MOST_CHANNELS:
        raise UsageError(
            f"{synth.path} has {synth.channels} channels; a file of sounds holds at most {_MOST_CHANNELS}"
        )


def write_sound(target: Path, sound: NDArray[np.float32], sample_rate: int) -> None:
    """Write a FLAC of 24 bits; the file appears under its name only once it is whole.

    Parameters
    ----------
    target : Path
        Its path.
    sound : ndarray, (C, T) float32
        Clipped at full scale.
    sample_rate : int
        In Hz.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    content = io.BytesIO()
    with deferred_signals():
        # Into memory first, where all of a file's bytes and every error of the disk are seen. The least effort: files
        # grow by a tenth, and encoding would take as long as many a synth.
        soundfile.write(content, sound.T, sample_rate, "PCM_24", format="FLAC", compression_level=0.0)
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    try:
        try:
            partial.write_bytes(content.getbuffer())
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content.getbuffer())
        os.replace(partial, target)
    except OSError as error:
        raise output_error(target, error) from error
    finally:
        partial.unlink(missing_ok=True)
