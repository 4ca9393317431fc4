"""What every way to make sounds of a data set has in common: in a worker process, one after another, into the manifest."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import HostError
from ..synths.renderer import Renderer
from ..synths.synth import Synth
from .manifest import ManifestEntry, ManifestWriter


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


class Maker(ABC):
    """Makes sounds of a data set by their numbers, here or as a task of `plugin_host.files.processes.Workers`.

    It pickles into each process before its first call, and opens the renderer and the manifest there.

    Parameters
    ----------
    synth : Synth
        Rendered.
    folder : Path
        The data set.
    rewinds : bool
        Whether one player serves for many sounds.
    """

    def __init__(self, synth: Synth, folder: Path, rewinds: bool) -> None:
        self._synth, self._folder, self._rewinds = synth, folder, rewinds
        self._made_in = os.getpid()
        self._renderer: Renderer | None = None
        self._manifest: ManifestWriter | None = None

    def __call__(self, indices: Sequence[int], on_progress: Callable[[float], None]) -> Tally:
        """Make some sounds, telling how many of them are done; what cannot be made is put into the manifest as failed.

        A job begins with a fresh player, so that its sounds do not depend on other jobs whatever the synth does. The
        tally's error says why no more can be made.
        """
        tally = Tally()
        try:
            if self._renderer is None or self._manifest is None:
                self._renderer = Renderer(self._synth, self._rewinds)
                self._manifest = ManifestWriter(self._folder)
            self._renderer.close()
            for done, index in enumerate(indices):
                if self._made_in not in (os.getpid(), os.getppid()):
                    # The parent was killed, and another may go on with this data set at any moment.
                    raise SystemExit
                entry = self._make(index, self._renderer, lambda share, done=done: on_progress(done + share))
                self._manifest.add(entry)
                tally.count(entry)
                on_progress(done + 1)
        except HostError as error:
            tally.error = error
        return tally

    def give_up(self, index: int, why: str) -> ManifestEntry:
        """Put a sound into the manifest as failed."""
        entry = self._failed(index, why)
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

    @abstractmethod
    def _make(self, index: int, renderer: Renderer, on_share: Callable[[float], None]) -> ManifestEntry:
        """Make a sound and write it; may tell which share of it is done."""

    @abstractmethod
    def _failed(self, index: int, why: str) -> ManifestEntry:
        """Say of a sound that it cannot be made."""
