"""Instruments of one-shots: which key plays which file, at which velocity, in which turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..files.safe_name import safe_name
from .general_midi import CHOKED, FIRST_KEY, HIGHEST, keys_of
from .loops import Loop
from .shot import Shot

MOST_KEYS = 64
"""Of one class in an instrument; more sounds make further instruments."""


@dataclass(frozen=True)
class Voice:
    """A file that a key plays.

    Attributes
    ----------
    file : str
        Its name.
    seconds : float
        How long it is.
    loop : Loop or None
        What is repeated while the key is held.
    """

    file: str
    seconds: float
    loop: Loop | None


@dataclass
class Pad:
    """What a key plays, or a range of keys.

    Attributes
    ----------
    label : str
    key : int
        MIDI note at which the files sound as they are.
    layers : dict of int to list of Voice
        From soft to hard; of each the takes that follow each other.
    low, high : int
        The range of keys.
    pitched : bool
        Whether a key sounds only as long as it is held.
    """

    label: str
    key: int
    pitched: bool = False
    layers: dict[int, list[Voice]] = field(default_factory=dict)
    low: int = 0
    high: int = 0

    @property
    def is_choked(self) -> bool:
        """Whether it ends others of its kind, as hi-hats do."""
        return self.label in CHOKED

    def velocities(self) -> list[tuple[int, int, list[Voice]]]:
        """Give the lowest and the highest MIDI velocity of each layer, and its takes."""
        count = len(self.layers)
        bounds = [round(127 * step / count) for step in range(count + 1)]
        return [
            (bounds[step] + 1, bounds[step + 1], self.layers[layer])
            for step, layer in enumerate(sorted(self.layers))
        ]


@dataclass
class Instrument:
    """Pads under one name.

    Attributes
    ----------
    name : str
    licence : str
        Lines of text.
    pads : dict of int to Pad
        By key.
    """

    name: str
    licence: str
    pads: dict[int, Pad] = field(default_factory=dict)

    @property
    def is_layered(self) -> bool:
        """Whether the files themselves are softer and harder."""
        return any(len(pad.layers) > 1 for pad in self.pads.values())

    def set_ranges(self) -> None:
        """Let pitched pads reach half way to their neighbours, and the outermost half an octave further."""
        keys = sorted(self.pads)
        for key, below, above in zip(keys, [None, *keys], [*keys[1:], None], strict=False):
            pad = self.pads[key]
            pad.low = pad.high = key
            if pad.pitched:
                pad.low = max(0, key - 6) if below is None else (below + key) // 2 + 1
                pad.high = min(HIGHEST, key + 6) if above is None else (key + above) // 2


class Layout:
    """Where sounds go.

    A sound of several notes is an instrument of its own. Else the first sounds of all classes are one, on the keys of
    General MIDI, the second ones another, and so on. Many sounds of one class lie on neighbouring keys.

    Parameters
    ----------
    title : str
        What instruments are called.
    labels : sequence of str
        The classes.
    count : int
        How many different sounds there will be.
    licence : str
    """

    def __init__(self, title: str, labels: Sequence[str], count: int, licence: str = "") -> None:
        self._title, self._labels, self._licence = safe_name(title), list(labels), licence
        self._keys = keys_of(labels)
        self._several = count > len(self._labels)
        self._instruments: dict[str, Instrument] = {}

    def name_for(self, shot: Shot) -> str:
        """Give the name of the instrument that a sound goes into."""
        if shot.recipe.note is None and len(self._labels) < 2:
            number = (shot.number - 1) // MOST_KEYS + 1
            return self._title if number == 1 else f"{self._title}-{number:03d}"
        number = f"{shot.number:03d}"
        if shot.recipe.note is not None and len(self._labels) > 1:
            number = f"{shot.recipe.label}-{number}"
        return f"{self._title}-{number}" if self._several or shot.recipe.note is not None else self._title

    def add(self, shot: Shot, file: str, seconds: float, loop: Loop | None) -> None:
        """Put a sound on its key."""
        name = self.name_for(shot)
        instrument = self._instruments.setdefault(name, Instrument(name, self._licence))
        if shot.recipe.note is not None:
            key = shot.recipe.note
        elif len(self._labels) < 2:
            key = FIRST_KEY + (shot.number - 1) % MOST_KEYS
        else:
            key = self._keys[shot.recipe.label]
        pad = instrument.pads.setdefault(key, Pad(shot.recipe.label, key, shot.recipe.note is not None))
        pad.layers.setdefault(shot.layer, []).append(Voice(file, seconds, loop))

    def instruments(self) -> list[Instrument]:
        """Give the instruments of all sounds that were added."""
        for instrument in self._instruments.values():
            instrument.set_ranges()
        return list(self._instruments.values())
