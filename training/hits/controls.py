"""Controls that all models of hits have, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..dsp.units import DB
from ..streaming.model import Control, MapPoint

PLACE_REACH = 8.0
LOWEST_NOTE, HIGHEST_NOTE = 12.0, 120.0

VELOCITY, VELOCITY_DB = 0.8, 30.0
"""The velocity that changes nothing, and by how much the softest and the hardest differ in level."""

BRIGHTER = 0.4
"""By how many decibels more the highest frequencies change than the whole, for each decibel of velocity."""

DARK_HZ, BRIGHT_HZ = 500.0, 8000.0
"""Between these the change grows, evenly on a logarithmic axis."""

FADE_DB = 1.0
"""By which an event fades each frame beyond the longest that was learned from."""

TRIGGER = Control("trigger", "", 0.0, 1.0, 0.0, "trigger", "starts an event")
VELOCITY_CONTROL = Control("velocity", "", 0.0, 1.0, VELOCITY, "linear", "how hard it is struck")
STRETCH = Control("stretch", "", 0.25, 4.0, 1.0, "log", "how much longer it lasts")
TEMPERATURE = Control(
    "temperature", "", 0.0, 2.0, 0.0, "linear", "how far it strays; 1 is as far as the sounds learned from"
)
SEED = Control("seed", "", 0.0, 16777215.0, 0.0, "seed", "other seeds stray elsewhere")
ONSET = Control("onset", "", 0.0, 1.0, 0.0, "linear", "1 in the frame in which an event begins")


def classes_control(names: Sequence[str], points: Sequence[tuple[float, float]] = ()) -> tuple[Control, ...]:
    """Give the weights of classes as a control whose map names them; nothing for a model of no classes."""
    if not names:
        return ()
    unit = torch.eye(len(names)).tolist()
    places = points or [(0.0, 0.0)] * len(names)
    spots = tuple(
        MapPoint(name[:64], float(x), float(y), tuple(one))
        for name, (x, y), one in zip(names, places, unit, strict=True)
    )
    text = f"weights of {', '.join(names)}; all zero: no class"
    return (Control("classes", "", 0.0, 1.0, 0.0, "linear", text, size=len(names), map=spots),)


def place_control(size: int, text: str, points: Sequence[MapPoint] = ()) -> Control:
    """Give an event's place as a vector of so many numbers."""
    return Control("place", "", -PLACE_REACH, PLACE_REACH, 0.0, "linear", text, size=size, map=tuple(points))


def note_control(note: float) -> Control:
    """Give the note that an event is played at, with its default."""
    text = "MIDI note number; 60 is 261.6 Hz"
    return Control("note", "", LOWEST_NOTE, HIGHEST_NOTE, note, "linear", text)


def normalised(weights: Tensor) -> Tensor:
    """Let weights (..., K) add up to one; zeros stay zeros."""
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-3)


def tilt(f_hz: Tensor) -> Tensor:
    """Nepers by which frequencies change for a decibel of velocity, beside the change of the whole."""
    octaves = math.log2(BRIGHT_HZ / DARK_HZ)
    return BRIGHTER * DB * ((f_hz.clamp_min(1.0) / DARK_HZ).log2() / octaves).clamp(0.0, 1.0)
