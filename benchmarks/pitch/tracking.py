"""The interface of pitch trackers, and the pitch that they find in a recording.

A tracker takes 48 kHz mono audio and gives, at its own frame rate, a frequency for every frame and how sure
it is that there is a pitch at all. The frequency is given for unvoiced frames too: finding the pitch and
deciding whether there is one are measured apart.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.common.cache import cached_arrays

VOICED = 0.5


@dataclass(frozen=True)
class PitchTrack:
    """The pitch that a tracker finds in a recording.

    Attributes
    ----------
    times_s : ndarray
        (N,) the times that the frames describe, in seconds, ascending.
    f0_hz : ndarray
        (N,) frequency, above 0, also where the frame is unvoiced.
    voicing : ndarray
        (N,) 0..1; voiced from 0.5.
    """

    times_s: np.ndarray
    f0_hz: np.ndarray
    voicing: np.ndarray

    def at(self, times_s: np.ndarray) -> "PitchTrack":
        """Take the frame nearest to each of the given moments.

        Parameters
        ----------
        times_s : ndarray
            (M,) seconds.

        Returns
        -------
        PitchTrack
            M frames.
        """
        middle = (self.times_s[1:] + self.times_s[:-1]) / 2
        nearest = np.searchsorted(middle, times_s)
        return PitchTrack(times_s, self.f0_hz[nearest], self.voicing[nearest])

    def higher(self, octaves: float) -> "PitchTrack":
        """Move the pitch up.

        Parameters
        ----------
        octaves : float
            Below 0 is down.

        Returns
        -------
        PitchTrack
            As many frames.
        """
        return PitchTrack(self.times_s, self.f0_hz * 2.0**octaves, self.voicing)


class Tracker(Protocol):
    """A pitch tracker."""

    @property
    def name(self) -> str:
        """As in the tables."""
        ...

    @property
    def identity(self) -> str | None:
        """Changes whenever the answers may; results are kept on disk under it, unless it is None."""
        ...

    @property
    def look_ahead_s(self) -> float:
        """How much audio after the time that a frame describes is needed to compute it."""
        ...

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        ...


def track_pitch(tracker: Tracker, audio: np.ndarray) -> PitchTrack:
    """Track a recording, or take the result kept from an earlier run.

    Parameters
    ----------
    tracker : Tracker
        Which.
    audio : ndarray
        (T,) float32 at 48 kHz.

    Returns
    -------
    PitchTrack
        At the tracker's own frame rate.
    """

    def compute() -> dict[str, np.ndarray]:
        found = tracker(audio)
        return {"times_s": found.times_s, "f0_hz": found.f0_hz, "voicing": found.voicing}

    if tracker.identity is None:
        return PitchTrack(**compute())
    contents = hashlib.sha256(audio.astype(np.float32).tobytes()).hexdigest()
    return PitchTrack(**cached_arrays(f"pitch/{tracker.identity}/{contents}", compute))
