"""What people name in a space of sounds: a class, a sound of the map, a point of the map, a seed, a sound of their own."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, naming
from ..model_file.controls import MapPoint
from .instrument import Grains, Vector, read_sound

NEIGHBOURS = 4
BESIDE = 1.5
"""How far beside the map a point may lie, in widths of the map from its middle."""

_NUMBER = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*")
_SEED = re.compile(r"(?:seed:)?(\d{1,8})")


@dataclass(frozen=True)
class Spot:
    """A place among events and one among grains, which both mean the same sound.

    Attributes
    ----------
    name : str
        As it was given.
    place : (P,)
    latent : (Z,)
    note : float, optional
        MIDI note number of a sound of one's own, where the model hears pitch.
    """

    name: str
    place: Vector
    latent: Vector
    note: float | None = None


def find_spot(text: str, grains: Grains) -> Spot:
    """Find what a text means: a class, a label of the map, ``x,y`` on the map, a seed, or the path of a sound.

    Raises
    ------
    UsageError
        If it is none of them; the sentence says what there is.
    AudioFileError
        If the sound cannot be read.
    """
    if text in grains.classes:
        place, latent = (grains.of_class(text, points).mean(0) for points in _both(grains))
        return Spot(text, place, latent)
    labels = [point.label for point in grains.points]
    if text in labels:
        index = labels.index(text)
        place, latent = (np.array(points[index].value, np.float32) for points in _both(grains))
        return Spot(text, place, latent)
    if match := _POINT.fullmatch(text):
        return at_point(float(match[1]), float(match[2]), grains)
    if match := _SEED.fullmatch(text):
        return _drawn(text, int(match[1]), grains)
    path = Path(text)
    if path.is_file():
        return spot_of_sound(path, grains)
    known = f"a class ({', '.join(grains.classes)}), " if grains.classes else ""
    raise UsageError(
        f"{text!r} is nothing that {grains.name} knows: give {known}a sound of its map such as {labels[0]}, a point of the"
        " map as x,y, a whole number of up to eight digits as a seed, or the path of a sound that exists"
    )


def spot_of_sound(path: Path, grains: Grains) -> Spot:
    """Hear a sound file; see `find_spot`."""
    sound, sample_rate = read_sound(path)
    with naming(path):
        heard = grains.hear(sound, sample_rate)
    power = 10 ** (heard["loudness_db"] / 10)
    latent = (heard["latent"] * power).sum(1) / power.sum()
    return Spot(str(path), grains.place_of(heard), latent.astype(np.float32), grains.note_of(heard))


def at_point(x: float, y: float, grains: Grains) -> Spot:
    """Find a point of the map: between the sounds that are nearest to it, by their distances.

    Raises
    ------
    UsageError
        If it lies far beside the map.
    """
    where = np.array([[point.x, point.y] for point in grains.points])
    middle, reach = (where.max(0) + where.min(0)) / 2, np.maximum((where.max(0) - where.min(0)) / 2, 1e-6)
    if not np.all(np.abs((np.array([x, y]) - middle) / reach) <= BESIDE):
        low, high = middle - reach, middle + reach
        raise UsageError(
            f"the point {x:g},{y:g} is beside the map of {grains.name}, which reaches from {low[0]:.3g},{low[1]:.3g} to"
            f" {high[0]:.3g},{high[1]:.3g}"
        )
    distance = np.hypot(*(where - (x, y)).T)
    nearest = np.argsort(distance, kind="stable")[:NEIGHBOURS]
    weights = 1.0 / np.maximum(distance[nearest], 1e-6)
    weights /= weights.sum()
    parts = (np.array([points[i].value for i in nearest], np.float32) for points in _both(grains))
    place, latent = ((weights @ part).astype(np.float32) for part in parts)
    return Spot(f"{x:g},{y:g}", place, latent)


def _drawn(name: str, seed: int, grains: Grains) -> Spot:
    """Draw a place between two sounds of one class, and a little beside."""
    random = np.random.default_rng(seed)
    label = str(random.choice(grains.classes)) if grains.classes else ""
    mix, beside = random.random(), random.normal(size=64)
    pick = random.random(2)
    found: list[Vector] = []
    for points in _both(grains):
        values = grains.of_class(label, points)
        first, second = (values[math.floor(share * len(values))] for share in pick)
        noise = np.resize(beside, values.shape[1]) * values.std(0) * 0.3
        found.append((first + (second - first) * mix + noise).astype(np.float32))
    return Spot(name, found[0], found[1])


def _both(grains: Grains) -> tuple[tuple[MapPoint, ...], tuple[MapPoint, ...]]:
    return grains.points, grains.grain_points


def random_beside(count: int, spread: float, values: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Draw vectors (count, P) around zero, as far apart as ``values`` (S, P) are times ``spread``."""
    random = np.random.default_rng(seed)
    deviation = values.std(0) if len(values) > 1 else np.ones(values.shape[1])
    return (random.normal(size=(count, values.shape[1])) * deviation * spread).astype(np.float32)
