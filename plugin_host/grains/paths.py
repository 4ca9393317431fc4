"""Paths through a space: how far along them one is at each moment, and where that is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, counted, naming
from .instrument import Grains
from .spots import Spot, at_point, find_spot

Rows = NDArray[np.float64]

SHAPES = {"line": False, "circle": True, "spiral": False, "loop": True}
"""Names of paths, and whether they end where they began."""

_NEEDED = 'needed is a list of two or more points, as in [[0.1, 0.5], [0.3, -0.2], "snare"]'

TURNS = 3
WOBBLE_S = 0.25
"""How long a random step back or forth takes, in seconds."""


def shape_of(name: str) -> str:
    """Check the name of a path: one of `SHAPES`, or a .json file.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if name in SHAPES or (name.lower().endswith(".json") and Path(name).is_file()):
        return name
    if name.lower().endswith(".json"):
        raise UsageError(f"there is no file {name}; give a path as {', '.join(SHAPES)} or a .json file")
    raise UsageError(f"there is no path {name!r}; needed is {', '.join(SHAPES)} or a .json file of points")


def corners_of(name: str, first: Spot | None, second: Spot | None, grains: Grains) -> tuple[Rows, bool]:
    """Give the points (M, Z) that a path runs through, and whether it ends where it began.

    Parameters
    ----------
    name : str
        One of `SHAPES`, or a .json file: a list of ``[x, y]`` on the map, or of texts as `find_spot` takes them. It ends
        where it began if its first and last points are the same.
    first, second : Spot, optional
        From where to where; needed but for a file.
    grains : Grains

    Raises
    ------
    UsageError
        If an end is missing, or a file holds no path.
    """
    if name not in SHAPES:
        return _read(Path(name), grains)
    if first is None or second is None:
        raise UsageError(f"the path {name} needs both ends: --from A --to B")
    a, b = first.latent.astype(float), second.latent.astype(float)
    along = np.linspace(0.0, 1.0, 129)[:, None]
    if name == "line":
        return np.stack([a, b]), False
    if name == "loop":
        return np.stack([a, b, a]), True
    aside = _aside(a, b, grains)
    middle, reach = (a + b) / 2, (a - b) / 2
    if name == "circle":
        angle = 2 * np.pi * along
        return middle + reach * np.cos(angle) + aside * np.sin(angle), True
    # From A inwards around B.
    angle = 2 * np.pi * TURNS * along
    return b + (1 - along) * ((a - b) * np.cos(angle) + 2 * aside * np.sin(angle)), False


def _aside(a: Rows, b: Rows, grains: Grains) -> Rows:
    """Give a direction at a right angle to a line, half as long as it, along which sounds differ most."""
    values = np.array([point.value for point in grains.grain_points], float)
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
    rest = values - values.mean(0)
    rest -= np.outer(rest @ along, along)
    _, _, rows = np.linalg.svd(rest, full_matrices=False)
    return rows[0] * float(np.linalg.norm(b - a)) / 2


def sounds_in(name: str) -> list[Path]:
    """Give the files of sounds that a path names.

    Raises
    ------
    UsageError
        If a file holds no path.
    """
    if name in SHAPES:
        return []
    return [Path(point) for point in _points(Path(name)) if isinstance(point, str) and Path(point).is_file()]


def _points(path: Path) -> list[object]:
    try:
        points = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as a path ({error}); {_NEEDED}") from error
    if not isinstance(points, list) or len(points) < 2:
        held = counted(len(points), "point") if isinstance(points, list) else "no list"
        raise UsageError(f"{path} holds {held}; {_NEEDED}")
    return points


def _read(path: Path, grains: Grains) -> tuple[Rows, bool]:
    points = _points(path)
    found: list[Spot] = []
    for point in points:
        with naming(path):
            match point:
                case [float() | int() as x, float() | int() as y]:
                    found.append(at_point(x, y, grains))
                case str():
                    found.append(find_spot(point, grains))
                case _:
                    raise UsageError(f"{path} holds the point {json.dumps(point)[:40]}; {_NEEDED}")
    return np.stack([spot.latent for spot in found]).astype(float), points[0] == points[-1]


def along(corners: Rows, share: Rows) -> Rows:
    """Give the points (N, Z) at shares (N,) of a path's length, 0 its beginning and 1 its end."""
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    reached = np.concatenate([[0.0], np.cumsum(np.maximum(lengths, 1e-9))])
    where = np.clip(share, 0.0, 1.0) * reached[-1]
    return np.stack([np.interp(where, reached, column) for column in corners.T], 1)


def wander(frames: int, jitter: float, frame_s: float, closed: bool, seed: int) -> Rows:
    """Give how far along a path one is at each frame (N,): steadily, and with jitter back and forth in random steps.

    Parameters
    ----------
    frames : int
        N.
    jitter : float
        How far the steps go, as a share of the path.
    frame_s : float
        Seconds a frame.
    closed : bool
        Whether the end leads into the beginning: then it arrives where it began.
    seed : int
    """
    steady = np.arange(frames) / (frames if closed else max(frames - 1, 1))
    steps = max(2, round(frames * frame_s / WOBBLE_S))
    random = np.random.default_rng(seed).normal(0.0, 1.0, steps + 1)
    random[0] = 0.0
    random[-1] = 0.0
    wobble = np.interp(np.linspace(0, steps, frames, endpoint=not closed), np.arange(steps + 1), random)
    found = steady + jitter * wobble
    return found % 1.0 if closed else np.clip(found, 0.0, 1.0)
