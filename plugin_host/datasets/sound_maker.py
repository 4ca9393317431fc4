"""Make sounds of a data set in a worker process: draw parameters, render, write, add to the manifest."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import HostError, SynthError, UsageError
from ..files.atomic_file import output_error
from ..synths.deferred_signals import deferred_signals
from ..synths.parameters import name_values
from ..synths.renderer import Renderer
from ..synths.synth import Synth
from .manifest import ManifestEntry, ManifestWriter, peak_db, sound_name
from .sampling import Sampler

PARTIAL_SUFFIX = ".brainsynth-partial"
_MOST_DRAWS = 20
_MOST_CHANNELS = 8

_VERIFIED_EVERY, _VERIFIED_EVERY_LATER, _LATER = 10, 100, 100
"""How many sounds it takes for one to be verified, which takes two or three times as long: early, most of all."""


class SoundDiffersError(SynthError):
    """A sound is another one in a fresh player, so those made before may be wrong too."""


@dataclass
class Tally:
    """Counts of what was made.

    Parameters
    ----------
    made, silent, clipped : int
        Sounds, and how many of them are silent or clipped.
    redrawn : int
        How many times parameters were drawn again.
    failed : int
        How many could not be rendered.
    error : HostError or None
        Why no more can be made, such as a full disk.
    """

    made: int = 0
    silent: int = 0
    clipped: int = 0
    redrawn: int = 0
    failed: int = 0
    error: HostError | None = None

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        self.made += other.made
        self.silent += other.silent
        self.clipped += other.clipped
        self.redrawn += other.redrawn
        self.failed += other.failed
        self.error = self.error or other.error

    def count(self, entry: ManifestEntry) -> None:
        """Count a sound."""
        self.failed += bool(entry.failed)
        self.made += not entry.failed
        self.silent += entry.silent and not entry.failed
        self.clipped += entry.clipped
        self.redrawn += entry.draws - 1


class SoundMaker:
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
        self._synth = synth
        self._sampler = sampler
        self._folder = folder
        self._redraw_silent = redraw_silent
        self._redraw_clipped = redraw_clipped
        self._rewinds = rewinds
        self._made_in = os.getpid()
        self._renderer: Renderer | None = None
        self._manifest: ManifestWriter | None = None

    def __call__(self, indices: Sequence[int], on_progress: Callable[[float], None]) -> Tally:
        """Make some sounds; what cannot be rendered is put into the manifest as failed.

        A job begins with a fresh player, so that its sounds do not depend on other jobs whatever the synth does. The
        tally's error is a `SoundDiffersError` if they depend on each other.
        """
        tally = Tally()
        try:
            if self._renderer is None or self._manifest is None:
                self._renderer = Renderer(self._synth, self._rewinds)
                self._manifest = ManifestWriter(self._folder)
            self._renderer.close()
            for done, index in enumerate(indices, 1):
                if self._made_in not in (os.getpid(), os.getppid()):
                    # The parent was killed, and another may go on with this data set at any moment.
                    raise SystemExit
                entry = self._make(index, self._renderer)
                self._manifest.add(entry)
                tally.count(entry)
                on_progress(done)
        except HostError as error:
            tally.error = error
        return tally

    def give_up(self, index: int, why: str) -> ManifestEntry:
        """Put a sound into the manifest as failed."""
        values = self._sampler.draw(index)
        entry = ManifestEntry(index, name_values(self._synth.parameters, values), failed=why)
        manifest = ManifestWriter(self._folder)
        manifest.add(entry)
        manifest.close()
        return entry

    def close(self) -> None:
        """Free the renderer and close the manifest."""
        if self._renderer is not None and self._manifest is not None:
            self._renderer.close()
            self._manifest.close()
            self._renderer = self._manifest = None

    def _make(self, index: int, renderer: Renderer) -> ManifestEntry:
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
