"""Whether drawn one-shots are fit for a sampler, sound as their class does, are as different as real ones, and no copies.

python -m benchmarks.oneshots.drawn --model oneshots --train SOUNDS [--count 200]

Sounds are drawn as `brainsynth fill` draws them, the classes by turns, each at the note of a sound of its class. SOUNDS is
the folder that the model was trained on.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from benchmarks.common.report import wide_console, write_results
from benchmarks.grains.drawn import Seen, seen, seen_of_sounds
from benchmarks.grains.drawn_measures import nearest_ratios, spread_ratios
from benchmarks.grains.hits import Hit, read_hits, split
from benchmarks.sampler.sets import measure_time
from plugin_host.sampler.filling import fill
from plugin_host.sampler.finishing import fault_of, finished
from plugin_host.sampler.source import OneShots, open_one_shots
from training.hits.descriptors import noise
from training.hits.notes import measured_note, named_note, note_of
from training.hits.sounds import trim

TONAL_SHARE = 0.5
"""Of a class whose sounds have notes; of others a drawn sound may be noise."""
NOISIEST_PERCENTILE, NOISE_ROOM_DB = 98.0, 3.0
IN_TUNE = 0.5


@dataclass(frozen=True)
class Material:
    """What is known of a class's recorded sounds.

    Attributes
    ----------
    notes : sequence of float
        MIDI numbers, of those that have one.
    noisiest_db : float
        Flatness of a spectrum above which a sound is noise among them; infinite where few of them have a note.
    """

    notes: Sequence[float]
    noisiest_db: float

    @classmethod
    def of(cls, hits: Sequence[Hit]) -> "Material":
        """Look at recorded sounds of one class."""
        notes = [note for hit in hits if (note := note_of(hit.path, hit.sound))]
        if len(notes) < TONAL_SHARE * len(hits):
            return cls(notes, np.inf)
        found = [flatness_db(hit.sound) for hit in hits]
        return cls(notes, float(np.percentile(found, NOISIEST_PERCENTILE)) + NOISE_ROOM_DB)

    @property
    def tonal(self) -> bool:
        """Whether its sounds have notes."""
        return bool(np.isfinite(self.noisiest_db))


@dataclass(frozen=True)
class Draw:
    """A drawn sound, as a sampler gets it.

    Attributes
    ----------
    label : str
    note : float
        That it was to have; 0 where the model has no notes.
    sound : (T,)
    fault : str
        What is wrong with it; empty if nothing is.
    """

    label: str
    note: float
    sound: np.ndarray
    fault: str


def draw(source: OneShots, material: dict[str, Material], count: int) -> list[Draw]:
    """Draw sounds of all classes by turns."""
    filling, rate, random = fill(source, count), source.sample_rate, np.random.default_rng(0)
    found = []
    for number in track(range(count), "drawn"):
        label = filling.labels[number % len(filling.labels)]
        recipe = filling.drawn(label, number)
        place = np.array(recipe.place, np.float32)
        notes = material[label].notes
        note = float(random.choice(notes)) if source.notes and notes else 0.0
        sound = finished(source.play(place, seed=recipe.seed, note=note or None), rate)
        fault = fault_of(sound, rate)
        if not fault and flatness_db(sound) > material[label].noisiest_db:
            fault = "it is noise, and its class has notes"
        found.append(Draw(label, note, sound, fault))
    return found


def flatness_db(sound: np.ndarray) -> float:
    """Give the flatness of a sound's spectrum: 0 dB is white noise."""
    return float(noise(torch.from_numpy(np.pad(sound, (0, 2048)))[None]))


def fitness(draws: Sequence[Draw]) -> dict[str, object]:
    """Give which share of draws is fit, of all and of each class, and what is wrong with the others."""
    fit = np.array([not one.fault for one in draws])
    labels = np.array([one.label for one in draws])
    return {
        "draws": len(draws),
        "fit": float(fit.mean()),
        "fit_by_class": {str(label): float(fit[labels == label].mean()) for label in np.unique(labels)},
        "faults": dict(Counter(one.fault for one in draws if one.fault)),
    }


def tuning(sounds: Sequence[tuple[float, np.ndarray]]) -> dict[str, float | int]:
    """Give in how many sounds (T,) with a note the tracker finds a steady pitch, and how many of those are in tune."""
    found = [(measured_note(sound), note) for note, sound in sounds]
    away = np.array([abs(measured - note) for measured, note in found if measured])
    return {
        "sounds": len(sounds),
        "steady": len(away) / max(len(sounds), 1),
        "in_tune": float((away < IN_TUNE).mean()) if len(away) else 0.0,
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="oneshots")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    source = open_one_shots(arguments.model)
    learned, kept = split(read_hits(arguments.train))
    labels = sorted({hit.label for hit in learned})
    material = {label: Material.of([hit for hit in learned if hit.label == label]) for label in labels}
    draws = draw(source, material, arguments.count)
    fit = [one for one in draws if not one.fault]
    drawn: Seen = seen_of_sounds(
        [trim(one.sound, Path(one.label))[0] for one in fit], [one.label for one in fit]
    )
    known, apart = seen(learned), seen(kept)
    figures: dict[str, object] = {
        "fitness": fitness(draws),
        "tuning": {
            "drawn": tuning([(one.note, one.sound) for one in fit if one.note and material[one.label].tonal]),
            "kept aside": tuning(
                [
                    (note, hit.sound)
                    for hit in kept
                    if material[hit.label].tonal and (note := named_note(hit.path.stem))
                ]
            ),
        },
        "spread": spread_ratios(*drawn, *known),
        "nearest learned": nearest_ratios(drawn, apart, known),
        "time": measure_time(arguments.model, arguments.count),
    }
    wide_console().print(figures)
    write_results("oneshots_drawn", {"model": source.name, "known": len(learned)}, figures)


if __name__ == "__main__":
    main()
