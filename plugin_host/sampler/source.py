"""What a sampler is filled from: a model that plays a whole sound for each place, and hears the place of a sound."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, ModelFileError, UnknownModelError, UsageError
from ..grains.instrument import PARTS, Grains, hear, place_of
from ..model_file.bundled import is_there, path_of_stem
from ..model_file.controls import MapPoint
from ..model_file.onnx_bytes import read_model_bytes
from ..playing.model import Model
from ..streaming.control_values import ControlValue
from ..streaming.stream import Stream

Vector = NDArray[np.float32]
Sound = NDArray[np.float32]

BLOCK_FRAMES = 32
"""A stream computes no more in one call."""

QUIET = 10 ** (-66 / 20)
QUIET_S = 0.15


class OneShots(Protocol):
    """A source of one-shots."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...

    @property
    def sha256(self) -> str:
        """Of the file that plays: the same bytes, the same sounds."""
        ...

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; none for a model of no classes."""
        ...

    @property
    def points(self) -> tuple[MapPoint, ...]:
        """The training sounds, ``class/name``, each with its place as value."""
        ...

    @property
    def notes(self) -> tuple[int, int] | None:
        """The lowest and the highest MIDI note; None if the sounds have no pitch."""
        ...

    @property
    def licence(self) -> str:
        """Under what the model was given, and what its data allow."""
        ...

    def play(
        self,
        place: Vector,
        *,
        velocity: float = 0.8,
        stretch: float = 1.0,
        seed: int = 0,
        note: float | None = None,
    ) -> Sound:
        """Play the sound (T,) at a place (P,) to its end."""
        ...

    def hear(self, sound: NDArray[np.floating], sample_rate: float, /) -> Vector:
        """Give the place (P,) of a sound (C, T)."""
        ...


class ModelShots:
    """One-shots of a generator whose controls are ``trigger``, ``place`` and any of the others that `play` takes.

    Parameters
    ----------
    name : str
    generator : Model
        Plays; its ``place`` has a map of the training sounds.
    hear : callable
        Gives the place (P,) of a sound (C, T) at a sample rate.
    """

    def __init__(
        self, name: str, generator: Model, hear: Callable[[NDArray[np.floating], float], Vector]
    ) -> None:
        self.name, self._model, self.hear = name, generator, hear
        self.sha256 = hashlib.sha256(read_model_bytes(generator.path)).hexdigest()

    @cached_property
    def _stream(self) -> Stream:
        """What plays one sound after another."""
        document = self._model.document
        return self._model.stream(document.sample_rate, 1, document.hop_length)

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._model.document.sample_rate

    @property
    def classes(self) -> tuple[str, ...]:
        """As the map of the control ``classes`` names them."""
        control = self._model.controls.get("classes")
        return tuple(point.label for point in control.map) if control else ()

    @property
    def points(self) -> tuple[MapPoint, ...]:
        """The map of ``place``."""
        return self._model.controls["place"].map

    @property
    def notes(self) -> tuple[int, int] | None:
        """What was learned of ``note``, or its range."""
        control = self._model.controls.get("note")
        learned = self._model.document.trained.get("note")
        if learned is not None:
            return round(learned.low), round(learned.high)
        return (round(control.minimum), round(control.maximum)) if control else None

    @property
    def licence(self) -> str:
        """From the model's provenance."""
        origin = self._model.document.provenance
        told = (("model", origin.get("licence")), ("author", origin.get("author")), ("learned from", origin.get("data")),
                ("terms of those sounds", origin.get("data_terms")))  # fmt: skip
        return "\n".join(f"{what}: {text}" for what, text in told if text)

    def play(
        self,
        place: Vector,
        *,
        velocity: float = 0.8,
        stretch: float = 1.0,
        seed: int = 0,
        note: float | None = None,
    ) -> Sound:
        """Play a sound (T,) until it has stayed 66 dB below its peak for a while.

        Raises
        ------
        ControlError
            For a value out of range.
        """
        document, controls = self._model.document, self._model.controls
        if not np.isfinite(place).all() or len(place) != controls["place"].size:
            raise ControlError(
                f"a place of {self.name} is {controls['place'].size} finite numbers, and {len(place)} arrived"
            )
        wanted: dict[str, ControlValue] = {"velocity": velocity, "stretch": stretch, "seed": seed}
        wanted = {name: value for name, value in wanted.items() if name in controls}
        if "note" in controls:
            wanted["note"] = controls["note"].default if note is None else note
        wanted["place"] = np.clip(place, controls["place"].minimum, controls["place"].maximum)
        hop, stream = document.hop_length, self._stream
        stream.set(**wanted)
        stream.reset()
        trigger = np.eye(1, BLOCK_FRAMES, dtype=np.float32)[0]
        blocks = [stream.generate(BLOCK_FRAMES * hop, trigger=trigger)[0]]
        peak, quiet_s, block_s = (
            float(np.abs(blocks[0]).max()),
            0.0,
            BLOCK_FRAMES * hop / document.sample_rate,
        )
        while len(blocks) * BLOCK_FRAMES * hop < document.tail_samples * stretch and quiet_s < QUIET_S:
            blocks.append(stream.generate(BLOCK_FRAMES * hop)[0])
            loudest = float(np.abs(blocks[-1]).max())
            peak, quiet_s = max(peak, loudest), quiet_s + block_s if loudest <= peak * QUIET else 0.0
        return np.concatenate(blocks)[: round(document.tail_samples * stretch)]


def open_one_shots(name_or_path: str | PathLike[str], open_model: Callable[[str], Model] = Model) -> OneShots:
    """Open a model that a sampler can be filled from, such as the bundled ``drums``.

    Raises
    ------
    UnknownModelError
        If there is no such model.
    ModelFileError
        If it is no such model.
    """
    if not fspath(name_or_path).strip():
        raise UnknownModelError("a model has a name, such as drums, and an empty one arrived")
    stem = fspath(name_or_path).removesuffix(".onnx")
    for part in PARTS:
        stem = stem.removesuffix(f".{part}")
    if is_there(stem) and not is_there(f"{stem}.events"):
        if not is_there(f"{stem}.encoder"):
            raise ModelFileError(
                f"{stem} alone is no model of one-shots: there is no {stem}.encoder; needed are all files of brainsynth"
                " train oneshots or grains beside each other, or a bundled model such as drums"
            )
        return _open_pair(stem, open_model)
    grains = Grains(name_or_path, open_model)
    return ModelShots(
        grains.name, grains.events, lambda sound, rate: grains.place_of(grains.hear(sound, rate))
    )


def _open_pair(stem: str, open_model: Callable[[str], Model]) -> OneShots:
    """Open a generator of one-shots ``NAME`` and the analyzer ``NAME.encoder`` that hears their places."""
    generator, encoder = (open_model(path_of_stem(name)) for name in (stem, f"{stem}.encoder"))
    place = generator.controls.get("place")
    outputs = {output.name for output in encoder.document.outputs}
    if place is None or not place.map or "trigger" not in generator.controls or {"place", "onset"} - outputs:
        raise ModelFileError(
            f"{generator.source} and {encoder.source} are no model of one-shots; needed are a generator with a trigger and a"
            " place with a map of sounds, and an analyzer with place and onset"
        )
    longest = generator.document.tail_samples
    return ModelShots(
        Path(stem).name, generator, lambda sound, rate: place_of(hear(encoder, longest, sound, rate))
    )


NOTES_APART = 4
"""Semitones from zone to zone over the keyboard: a sampler transposes by two at most."""


def middle_note(source: OneShots) -> int | None:
    """Give the MIDI note at which sounds are compared; None without a pitch."""
    return None if source.notes is None else sum(source.notes) // 2


def notes_for(source: OneShots, note: int | None = None, over_the_keys: bool = False) -> tuple[int, ...]:
    """Give the MIDI notes to play: the one asked for, all over the keys, or the middle one; none without a pitch.

    Raises
    ------
    UsageError
        If a note was asked for that the sounds cannot have.
    """
    if source.notes is None:
        if note is not None:
            raise UsageError(f"the sounds of {source.name} have no pitch: leave --note out")
        return ()
    low, high = source.notes
    if note is not None:
        if not low <= note <= high:
            raise UsageError(f"the note is {note}; {source.name} plays MIDI notes {low} to {high}")
        return (note,)
    return tuple(range(low, high + 1, NOTES_APART)) if over_the_keys else ((low + high) // 2,)
