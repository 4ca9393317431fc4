"""Endless new events of a class, or near a sound; and events between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .instrument import Grains, Vector
from .spots import Spot, random_beside

NEAR = 0.25
"""How far hits near a sound spread, as a share of how far a class does."""

TAKE = 0.08
"""The same of the takes of one hit."""

MOST = 100_000


@dataclass(frozen=True)
class Hit:
    """A new event.

    Attributes
    ----------
    name : str
        What it is called among the others, such as ``snare-003-v2-rr1``.
    sound : (T,)
    """

    name: str
    sound: NDArray[np.float32]


def hits(
    grains: Grains,
    count: int = 16,
    *,
    label: str = "",
    like: Spot | None = None,
    spread: float = 1.0,
    velocities: int = 1,
    takes: int = 1,
    stretch: float = 1.0,
    seed: int = 0,
    note: float | None = None,
) -> Iterator[Hit]:
    """Play new events, one after another.

    Parameters
    ----------
    grains : Grains
    count : int
        How many different ones.
    label : str
        Their class; every class in turn if it is empty and there is no sound to be like.
    like : Spot, optional
        Near which sound.
    spread : float
        How different they are: 1 is as different as a class's sounds are, and a quarter of that near a sound.
    velocities, takes : int
        How many of each hit, from soft to hard, and small differences of each of those.
    stretch : float
    seed : int
        Other seeds, other hits.
    note : float, optional
        MIDI note number, for a model of notes; that of ``like``, or the model's own, if not given.

    Raises
    ------
    UsageError
        For an unknown class, or numbers that cannot be.
    """
    for name, number in (("count", count), ("velocities", velocities), ("takes", takes)):
        if not 1 <= number <= MOST:
            raise UsageError(f"{name} is {number}; needed is a whole number from 1 to {MOST}")
    if not 0 <= spread <= 2:
        raise UsageError(f"the spread is {spread:g}; needed is a number from 0, all alike, to 2")
    if label:
        grains.weights_of(label)
    if note is not None:
        note = grains.note_or(note)
    elif like is not None:
        note = like.note
    return _hits(grains, count, label, like, spread, velocities, takes, stretch, seed, note)


def _hits(
    grains: Grains,
    count: int,
    label: str,
    like: Spot | None,
    spread: float,
    velocities: int,
    takes: int,
    stretch: float,
    seed: int,
    note: float | None,
) -> Iterator[Hit]:
    digits = max(3, len(str(count)))
    for number in range(count):
        name = label or (
            grains.classes[number % len(grains.classes)] if grains.classes and like is None else ""
        )
        place, weights, temperature = _beginning(grains, name, like, spread, seed + number)
        steps = np.linspace(0.3, 1.0, velocities) if velocities > 1 else [0.8]
        near = random_beside(
            takes, TAKE if takes > 1 else 0.0, grains.of_class(name, grains.points), seed + number
        )
        for step, velocity in enumerate(steps, 1):
            for take, beside in enumerate(near, 1):
                sound = grains.play_event(
                    place + beside,
                    weights,
                    velocity=float(velocity),
                    stretch=stretch,
                    temperature=temperature,
                    seed=(seed + number) % 2**24,
                    note=note,
                )
                parts = [name or ("like" if like else grains.name), f"{number + 1:0{digits}d}"]
                parts += [f"v{step}"] * (velocities > 1) + [f"rr{take}"] * (takes > 1)
                yield Hit("-".join(parts), ended(sound, grains.sample_rate))


def _beginning(
    grains: Grains, label: str, like: Spot | None, spread: float, seed: int
) -> tuple[Vector, Vector | None, float]:
    """Give place, weights and temperature of a hit: drawn by the model around a class, or by us near a sound."""
    if like is None and label:
        return np.zeros(len(grains.points[0].value), np.float32), grains.weights_of(label), spread
    values = grains.of_class(label, grains.points)
    middle = like.place if like is not None else values.mean(0)
    share = spread * (NEAR if like is not None else 1.0)
    return middle + random_beside(1, share, values, seed)[0], None, 0.0


def morph(
    grains: Grains,
    first: Spot,
    second: Spot,
    steps: int = 9,
    stretch: float = 1.0,
    note: float | None = None,
) -> Sequence[Hit]:
    """Play events from one to another, both included, in even steps of their places.

    Of a model of notes they are at one note if it is given, and else in even steps from the first note to the second.

    Raises
    ------
    UsageError
        For fewer than two steps.
    """
    if not 2 <= steps <= MOST:
        raise UsageError(f"steps is {steps}; needed is a whole number from 2, the two ends alone, to {MOST}")
    digits = max(2, len(str(steps)))
    notes = notes_between(grains, first, second, note, steps)
    found: list[Hit] = []
    for step in range(steps):
        share = np.float32(step / (steps - 1))
        place = ((1 - share) * first.place + share * second.place).astype(np.float32)
        sound = ended(grains.play_event(place, stretch=stretch, note=notes[step]), grains.sample_rate)
        found.append(Hit(f"morph-{step + 1:0{digits}d}", sound))
    return found


def notes_between(
    grains: Grains, first: Spot | None, second: Spot | None, note: float | None, steps: int
) -> Sequence[float] | Sequence[None]:
    """Give the notes from one spot to another: one note if it is given, none for a model of hits.

    Raises
    ------
    UsageError
        If a note is asked of a model of hits.
    """
    if grains.note is None and note is None:
        return [None] * steps
    begin, end = (grains.note_or(note, spot.note if spot else None) for spot in (first, second))
    return np.linspace(begin, end, steps).tolist()


def ended(sound: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Let a sound (T,) end where it stays 60 dB below its peak, with a fade of 10 ms.

    What a model plays after an event has died away is its noise floor, which would make a sampler's files long.
    """
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max(initial=0.0) * 1e-3)
    if not len(loud):
        return sound
    end = int(loud[-1]) + 1
    fade = np.linspace(1.0, 0.0, round(0.01 * sample_rate), dtype=np.float32)
    ringing = sound[: end + len(fade)].copy()
    ringing[end:] *= fade[: len(ringing) - end]
    return ringing
