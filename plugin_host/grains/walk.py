"""Free synthesis along a path through the space of grains (Bitton et al. 2020, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..streaming.control_values import ControlValue
from .hits import notes_between
from .instrument import Grains
from .paths import along, corners_of, shape_of, wander
from .spots import Spot

LONGEST_S = 3600.0
JOIN_S = 0.05
LOUDNESS_DB = -20.0


def seconds_of(bpm: float, bars: float) -> float:
    """Give the length of bars of four beats.

    Raises
    ------
    UsageError
        For a tempo or a number of bars that is none.
    """
    if not 1 <= bpm <= 1000:
        raise UsageError(f"--bpm is {bpm:g}; needed is a tempo from 1 to 1000 beats a minute")
    if not 0 < bars <= 10000:
        raise UsageError(f"--bars is {bars:g}; needed is a number above 0, to 10000")
    return bars * 4 * 60 / bpm


def walk(
    grains: Grains,
    path: str = "line",
    first: Spot | None = None,
    second: Spot | None = None,
    seconds: float = 8.0,
    *,
    jitter: float = 0.0,
    beat_s: float = 0.0,
    loudness_db: float = LOUDNESS_DB,
    temperature: float = 0.0,
    seed: int = 0,
    note: float | None = None,
) -> NDArray[np.float32]:
    """Play a path through the grains: (T,) at the model's rate.

    A path that ends where it began is a loop without a click: its end fades into what would have come before its
    beginning.

    Parameters
    ----------
    grains : Grains
    path : str
        ``line``, ``circle``, ``spiral``, ``loop`` or a .json file, see `paths.corners_of`.
    first, second : Spot, optional
        From where to where.
    seconds : float
        How long.
    jitter : float
        How far it goes back and forth at random, as a share of the path.
    beat_s : float
        Seconds from attack to attack; none if 0.
    loudness_db : float
        -80 to 0.
    temperature : float
        How far each grain strays, 0 to 2.
    seed : int
        Of all that is random.
    note : float, optional
        MIDI note number, for a model of notes. If not given, a line glides from the note of its first end to that of
        its second, and other paths keep the first's.

    Raises
    ------
    UsageError
        If there is no such path, or it cannot be so long.
    """
    corners, closed = corners_of(shape_of(path), first, second, grains)
    rate, hop = grains.sample_rate, grains.hop_length
    if not hop / rate <= seconds <= LONGEST_S:
        raise UsageError(
            f"a walk of {seconds:g} s was asked for; needed is a length from a grain, {hop / rate:.2g} s, to {LONGEST_S:g} s"
        )
    if not 0 <= jitter <= 1:
        raise UsageError(f"the jitter is {jitter:g}; needed is a share of the path from 0 to 1")
    samples = round(seconds * rate)
    frames = -(-samples // hop)
    share = wander(frames, jitter, hop / rate, closed, seed)
    # A loop is played from a little before its beginning, which its end then fades into.
    lead = -(-round(min(JOIN_S, seconds / 4) * rate) // hop) if closed else 0
    if lead:
        share = np.concatenate([share[-lead:], share])
    points = along(corners, share)
    latent = grains.decoder.controls["latent"]
    trigger = np.zeros(len(share), np.float32)
    if beat_s > 0:
        trigger[
            lead + np.unique((np.arange(0, seconds, beat_s) * rate / hop).astype(int)).clip(0, frames - 1)
        ] = 1.0
    last = second if path == "line" else first
    notes = notes_between(grains, first, last, note, 2)
    pitch: dict[str, ControlValue] = {}
    if notes[0] is not None and notes[1] is not None:
        pitch["f0_hz"] = _hz(grains, notes[0] + share * (notes[1] - notes[0]))
    stream = grains.decoder.stream(rate, 1, hop)
    sound = stream.generate(
        len(share) * hop,
        latent=np.clip(points.T, latent.minimum, latent.maximum).astype(np.float32),
        loudness_db=loudness_db,
        trigger=trigger,
        temperature=temperature,
        seed=seed % 2**24,
        **pitch,
    )[0]
    return _joined(sound, lead * hop, samples) if closed else sound[:samples]


def _hz(grains: Grains, notes: NDArray[np.float64]) -> NDArray[np.float32]:
    control = grains.decoder.controls["f0_hz"]
    return np.clip(440.0 * 2 ** ((notes - 69.0) / 12.0), control.minimum, control.maximum).astype(np.float32)


def _joined(sound: NDArray[np.float32], lead: int, samples: int) -> NDArray[np.float32]:
    """Let the end of a loop fade into its lead, whose last sample is the one before the loop's first."""
    loop = sound[lead : lead + samples].copy()
    length = min(lead, samples)
    fade = np.sin(np.linspace(0.0, np.pi / 2, length, endpoint=True)).astype(np.float32)
    loop[-length:] = loop[-length:] * fade[::-1] + sound[lead - length : lead] * fade
    return loop
