"""What models of hits are trained on: a folder of sounds, most to learn from and some kept aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.recordings import find_recordings, read_mono, read_usable
from ..data.source import Source
from ..data.split import HELD_OUT, TRAINED_ON, name_below
from ..errors import RecordingsError, counted
from ..loop.report import Reporter
from .partial_tracks import track_partials
from .series import hold_out_series, series_of
from .sounds import Sound, faded, trim, variants_of
from .voice import HIGHEST_HZ, SAMPLE_RATE

HELD_OUT_SHARE = 0.12
UNEVEN = 20


@dataclass(frozen=True)
class Reading:
    """How sounds are read.

    Attributes
    ----------
    longest_s : float
        What is longer is cut there.
    partials : int
        Bands in which frequencies are measured.
    variants, seed : int
        Changed copies of each sound that is learned from, and the seed of the changes.
    note_of : callable
        Gives the note of a recording, by its path and samples (T,); 0 if it has none.
    highest_hz : float
        Up to where frequencies are measured.
    """

    longest_s: float
    partials: int
    variants: int
    seed: int
    note_of: Callable[[Path, NDArray[np.float32]], float] = lambda path, samples: 0.0
    highest_hz: float = HIGHEST_HZ


@dataclass(frozen=True)
class HitsData:
    """Sounds to learn from and sounds kept aside.

    Attributes
    ----------
    classes : tuple of str
        Their names; none where the sounds lie in no sub-folders, or all in one.
    train, held_out : sequence of Sound
        None may be kept aside, where every class is one series.
    changed : sequence of Sound
        Variants of those that are trained on, of each the same number, one after another.
    prepared : mapping
        What the run keeps: which recordings are on which side, and the classes.
    """

    classes: tuple[str, ...]
    train: Sequence[Sound]
    held_out: Sequence[Sound]
    changed: Sequence[Sound] = ()
    prepared: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def notes(self) -> list[float]:
        """Of the sounds that are learned from as they are recorded, and have one."""
        return [sound.note for sound in self.train if sound.note]

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {
            "classes": list(self.classes),
            "seconds": sum(len(sound.samples) for sound in self.train) / SAMPLE_RATE,
            "sounds": len(self.train),
            "names": [sound.name for sound in self.train],
            "labels": [sound.label for sound in self.train],
        }


def read_hits(source: Source, reading: Reading, report: Reporter) -> HitsData:
    """Read sounds, cut silence off, and split them by series.

    Raises
    ------
    RecordingsError
        If none can be used, or none is left to train on.
    """
    folder = source.folder
    paths = find_recordings(folder)
    longest = round(reading.longest_s * SAMPLE_RATE)
    cut: list[Path] = []

    def read(path: Path) -> NDArray[np.float32]:
        samples, _ = trim(read_mono(path, SAMPLE_RATE), path)
        if len(samples) > longest:
            cut.append(path)
            samples = faded(samples[:longest])
        return samples

    heard = read_usable(folder, paths, read, report)
    if cut:
        are = "is" if len(cut) == 1 else "are"
        report.warn(
            f"{counted(len(cut), 'sound')} of {len(heard)} {are} longer than {reading.longest_s:g} s and cut there;"
            " --size-event-s takes longer ones"
        )
    used = list(heard)
    classes = _classes(folder, used)
    for name in _without_sounds(folder, classes):
        report.warn(f"{folder / name} holds no sound that can be used, so that there is no class {name}")
    labels = {path: classes.index(_class_of(folder, path)) if classes else 0 for path in used}
    held_out = _held_out(folder, used, source.prepared)
    sounds: dict[Path, Sound] = {}
    changed: list[Sound] = []
    for path in used:
        report.prepare(f"analysing {path.name}", len(sounds), len(used))
        samples = heard[path]
        tracks = track_partials(samples, reading.partials, reading.highest_hz)
        name = path.relative_to(folder).with_suffix("").as_posix() if path != folder else path.stem
        sounds[path] = Sound(name, labels[path], samples, tracks, note=reading.note_of(path, samples))
        if path not in held_out:
            random = np.random.default_rng([reading.seed, len(changed)])
            changed += variants_of(sounds[path], reading.variants, longest, reading.highest_hz, random)
    train = [sounds[path] for path in used if path not in held_out]
    if not train:
        raise RecordingsError(
            f"{folder} leaves no sound to train on; give it more than one, of several series."
        )
    _say_what_is_uneven(classes, train, report)
    if not held_out:
        report.warn(
            f"{folder} holds one series in each class, so that none is held out: figures are of what is trained on"
        )
    sides = {TRAINED_ON: [p for p in used if p not in held_out], HELD_OUT: [p for p in used if p in held_out]}
    prepared = {side: [name_below(path, folder) for path in found] for side, found in sides.items()}
    return HitsData(tuple(classes), train, [sounds[p] for p in sides[HELD_OUT]], changed, prepared)


def _class_of(folder: Path, path: Path) -> str:
    parts = path.relative_to(folder).parts if path != folder else ()
    return parts[0] if len(parts) > 1 else ""


def _classes(folder: Path, paths: Sequence[Path]) -> list[str]:
    """Names of sub-folders; none if there are fewer than two or if sounds lie outside them."""
    found = sorted({_class_of(folder, path) for path in paths})
    return [] if "" in found or len(found) < 2 else found


def _without_sounds(folder: Path, classes: Sequence[str]) -> list[str]:
    """Names of sub-folders that ought to be classes and are not."""
    if not classes:
        return []
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and path.name not in classes and not path.name.startswith(".")
    )


def _held_out(folder: Path, paths: Sequence[Path], prepared: Mapping[str, Any] | None) -> set[Path]:
    if prepared is not None and HELD_OUT in prepared:
        apart = set(prepared[HELD_OUT])
        return {path for path in paths if name_below(path, folder) in apart}
    series = [(_class_of(folder, path), series_of(path)) for path in paths]
    apart = hold_out_series(series, HELD_OUT_SHARE)
    return {path for path, out in zip(paths, apart, strict=True) if out}


def _say_what_is_uneven(classes: Sequence[str], train: Sequence[Sound], report: Reporter) -> None:
    counts = Counter(sound.label for sound in train)
    for label, name in enumerate(classes):
        if counts[label] < 2:
            report.warn(
                f"the class {name} has {counted(counts[label], 'sound')} to learn from; ten and more are good"
            )
    if classes and max(counts.values()) > UNEVEN * max(min(counts.values()), 1):
        largest, smallest = (classes[pick(counts, key=lambda i: counts[i])] for pick in (max, min))
        report.warn(
            f"the class {largest} has {max(counts.values())} sounds and {smallest} {min(counts.values())};"
            " each class is drawn as often as the square root of its number asks"
        )
