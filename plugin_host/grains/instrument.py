"""A model of grains: the files that one training gives, and the places in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnknownModelError, UsageError, did_you_mean, naming
from ..model_file.bundled import find_model, is_there, path_of_stem
from ..model_file.controls import MapPoint
from ..playing.model import Model
from ..sound_files.reader import AudioReader
from ..streaming.control_values import ControlValue
from ..streaming.rate_conversion import resample
from .contract import check_belonging, check_part

PARTS = ("encoder", "decoder", "events")
Vector = NDArray[np.float32]

HEARD_S = 20.0
"""Of a sound, the longest event and more: what comes later changes no place."""

_SOUNDING_DB = -60.0
_LEAD = 44
_NOTE_DB = 20.0
"""What is softer than this below the loudest does not tell the note."""


class Grains:
    """The encoder, the decoder and the events of one training, by the name that they share.

    Parameters
    ----------
    name_or_path : str or path
        A bundled model's name such as ``drums``, or the path of a file: ``drums.onnx``, or one of those beside it.
    open_model : callable, optional
        Opens a model by its path; `Model` if not given.

    Raises
    ------
    UnknownModelError
        If there is no such model.
    ModelFileError
        If it is no model of grains, or one of its files does not belong to the others.
    """

    def __init__(self, name_or_path: str | PathLike[str], open_model: Callable[[str], Model] = Model) -> None:
        text = fspath(name_or_path)
        if not text.strip():
            raise UnknownModelError("a model has a name, such as drums, and an empty one arrived")
        for ending in (".onnx", *(f".{part}" for part in PARTS)):
            text = text.removesuffix(ending)
        self.name = Path(text).name
        self._given, self._stem, self._open = name_or_path, text, open_model

    @cached_property
    def encoder(self) -> Model:
        """Hears sounds as grains and as events."""
        return self._part("encoder")

    @cached_property
    def decoder(self) -> Model:
        """Plays paths of grains."""
        return self._part("decoder")

    @cached_property
    def events(self) -> Model:
        """Plays events."""
        return self._part("events")

    def _part(self, part: str) -> Model:
        if not is_there(f"{self._stem}.{part}"):
            raise self._missing(part)
        path = path_of_stem(f"{self._stem}.{part}")
        model = self._open(path)
        check_part(part, model)
        if part != "events":
            check_belonging(self.events, model)
        return model

    def _missing(self, part: str) -> UnknownModelError:
        """Give what to raise for a part that is not there: others may be, or the name is that of nothing."""
        if not any(is_there(name) for name in (self._stem, *(f"{self._stem}.{known}" for known in PARTS))):
            try:
                return UnknownModelError(f"there is no file {find_model(self._given)}")
            except UnknownModelError as error:
                return error
        return UnknownModelError(
            f"{self._stem} is no model of grains: there is no {path_of_stem(f'{self._stem}.{part}')}; needed are"
            f" {', '.join(PARTS)} beside each other, as brainsynth export writes them"
        )

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.events.document.sample_rate

    @property
    def hop_length(self) -> int:
        """Samples a frame."""
        return self.events.document.hop_length

    @property
    def frames(self) -> int:
        """Frames for which an event lasts at most, if it is not stretched."""
        return self.events.document.tail_samples // self.hop_length

    @property
    def points(self) -> tuple[MapPoint, ...]:
        """The sounds that were learned from, with their places."""
        return self.events.controls["place"].map

    @property
    def grain_points(self) -> tuple[MapPoint, ...]:
        """The same sounds, with the typical places of their grains."""
        return self.decoder.controls["latent"].map

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; none for a model of no classes."""
        control = self.events.controls.get("classes")
        return tuple(point.label for point in control.map) if control else ()

    def weights_of(self, name: str) -> Vector:
        """Weights of classes (K,) that mean one class.

        Raises
        ------
        UsageError
            If there is none of that name; the sentence lists them.
        """
        if name not in self.classes:
            known = f"its classes are {', '.join(self.classes)}" if self.classes else "it has no classes"
            raise UsageError(f"{self.name} has no class {name!r}: {did_you_mean(name, self.classes)}{known}")
        return np.eye(len(self.classes), dtype=np.float32)[self.classes.index(name)]

    def of_class(self, name: str, points: tuple[MapPoint, ...]) -> NDArray[np.float32]:
        """Values (S, P) of the points of a class; of all for an empty name."""
        found = [point.value for point in points if not name or point.label.split("/")[0] == name]
        return np.array(found or [point.value for point in points], np.float32)

    def hear(self, sound: NDArray[np.floating], sample_rate: float) -> dict[str, Vector]:
        """Hear a sound (C, T) as the encoder does, followed by silence: each output (K, N), or (N,).

        Raises
        ------
        UsageError
            If it is silent.
        """
        return hear(self.encoder, self.events.document.tail_samples, sound, sample_rate)

    def place_of(self, heard: dict[str, Vector]) -> Vector:
        """The place (P,) of the first event that was heard."""
        return place_of(heard)

    @property
    def note(self) -> float | None:
        """The MIDI note number that events have if nothing is said; None for a model of hits."""
        control = self.events.controls.get("note")
        return None if control is None else _scalar(control.default)

    def note_of(self, heard: dict[str, Vector]) -> float | None:
        """The note of what was heard: the middle of its pitch where it is loud; None for a model of hits."""
        if "f0_hz" not in heard:
            return None
        loudness = heard["loudness_db"]
        f0_hz = np.median(heard["f0_hz"][loudness > loudness.max() - _NOTE_DB])
        return 69.0 + 12.0 * float(np.log2(f0_hz / 440.0))

    def note_or(self, note: float | None, otherwise: float | None = None) -> float:
        """Check a note that is asked for, or give another if none is: the model's own at last.

        Raises
        ------
        UsageError
            If the model knows no notes.
        """
        control = self.events.controls.get("note")
        if control is None:
            raise UsageError(f"{self.name} is a model of hits, which have no note; leave the note out")
        if note is None:
            note = _scalar(control.default) if otherwise is None else otherwise
        return min(max(note, control.minimum), control.maximum)

    def play_event(
        self,
        place: Vector,
        weights: Vector | None = None,
        *,
        velocity: float = 0.8,
        stretch: float = 1.0,
        temperature: float = 0.0,
        seed: int = 0,
        note: float | None = None,
    ) -> NDArray[np.float32]:
        """Play one event to its end: (T,).

        Parameters
        ----------
        place : (P,)
        weights : (K,), optional
            Of classes; all zero if not given.
        velocity, stretch, temperature, seed
            See the controls of the events.
        note : float, optional
            MIDI note number for a model of notes; its own if not given.
        """
        frames = round(self.frames * stretch)
        controls: dict[str, ControlValue] = {
            "trigger": np.eye(1, frames, dtype=np.float32)[0],
            "place": _within(place, self.events, "place"),
            "velocity": velocity,
            "stretch": stretch,
            "temperature": temperature,
            "seed": seed,
        }
        if weights is not None and self.classes:
            controls["classes"] = weights
        if note is not None:
            controls["note"] = self.note_or(note)
        stream = self.events.stream(self.sample_rate, 1, self.hop_length)
        return _trimmed(stream.generate(frames * self.hop_length, **controls)[0])


def hear(encoder: Model, longest: int, sound: NDArray[np.floating], sample_rate: float) -> dict[str, Vector]:
    """Hear a sound (C, T) by an analyzer of events of ``longest`` samples at most; see `Grains.hear`."""
    rate = encoder.document.sample_rate
    mono = np.asarray(sound, np.float32).mean(0)[: round(HEARD_S * sample_rate)]
    mono = resample(np.ascontiguousarray(mono), sample_rate, rate)
    peak = float(np.abs(mono).max(initial=0.0))
    if peak < 10 ** (_SOUNDING_DB / 20):
        raise UsageError("the sound is silent: no sample is above -60 dB of full scale; give a louder sound")
    # At a level that the encoder knows.
    mono = np.pad(from_onset(mono) * (0.5 / peak), (0, longest))
    heard = encoder.stream(rate, 1).analyze(mono[None])
    return {name: value[0] for name, value in heard.items()}


def place_of(heard: dict[str, Vector]) -> Vector:
    """The place (P,) of the first event that was heard."""
    onsets = np.flatnonzero(heard["onset"] > 0)
    first = int(onsets[0]) if len(onsets) else 0
    after = onsets[onsets > first + 1]
    # A second onset begins another event: what counts is what was heard until then.
    end = int(after[0]) - 1 if len(after) else len(heard["onset"]) - 1
    return heard["place"][:, end]


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read as much of a sound (C, T) as can count, however long the file is, and give its sample rate too.

    Raises
    ------
    AudioFileError
        If it cannot be read.
    """
    with naming(path), AudioReader(path) as reader:
        return reader.read(round(HEARD_S * reader.sample_rate)), reader.sample_rate


def from_onset(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let a sound (T,) begin a millisecond before it exceeds -40 dB of its peak, as those do that were learned from."""
    begin = int(np.argmax(np.abs(sound) > np.abs(sound).max() * 0.01))
    return np.pad(sound, (_LEAD, 0))[begin:]


def _scalar(value: float | tuple[float, ...]) -> float:
    return value if isinstance(value, float | int) else value[0]


def _within(value: Vector, model: Model, name: str) -> Vector:
    control = model.controls[name]
    return np.clip(value, control.minimum, control.maximum)


def _trimmed(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut off what is below -80 dB of the peak at the end of a sound."""
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max(initial=0.0) * 1e-4)
    return sound[: int(loud[-1]) + 1] if len(loud) else sound
