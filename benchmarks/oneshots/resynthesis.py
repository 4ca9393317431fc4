"""How well a model of one-shots makes sounds again that it has not learned from, beside what would be trivial.

python -m benchmarks.oneshots.resynthesis --model oneshots --train SOUNDS [--twin FILE] [--limit N]

SOUNDS is the folder that the model was trained on, whose split is found by the same rule. Each sound that was kept aside is
heard by the encoder and played from its place and its note alone, without a class. Beside it: Griffin and Lim's algorithm on
the sound's own mel spectrogram, which has 80 numbers for each 6 ms; the twin, see `workshop_twin`; the nearest sound that
was learned from, of any class and of the same; and the mean of the class's spectrograms.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import librosa
import numpy as np
from rich.progress import track

from benchmarks.common.bootstrap import interval
from benchmarks.common.report import wide_console, write_results
from benchmarks.grains.drawn_measures import far_apart_db
from benchmarks.grains.hits import Hit, read_hits, split
from benchmarks.grains.judge import features_of
from benchmarks.grains.measures import HOP_LENGTH, MELS, N_FFT, SAMPLE_RATE, Reference
from benchmarks.grains.resynthesis import NAMES, class_mean, measure, show, summary
from benchmarks.oneshots.workshop_twin import load
from plugin_host.sampler.source import OneShots, open_one_shots
from training.hits.notes import note_of

ITERATIONS = 60
SHORT_LIST = 8
"""Sounds whose pictures are nearest, of which the nearest is found by the measure itself."""

Way = Callable[[Hit], np.ndarray]
"""Makes a sound (T,) again."""


def made_again(source: OneShots, hit: Hit) -> np.ndarray:
    """Play a sound from the place at which it is heard, and its note."""
    place = source.hear(hit.sound[None], SAMPLE_RATE)
    note = note_of(hit.path, hit.sound) if source.notes else 0.0
    return source.play(place, note=note or None)


def griffin_lim(hit: Hit) -> np.ndarray:
    """Find phases for a sound's own mel spectrogram (Griffin and Lim 1984)."""
    # Silence behind it, so that the algorithm has room at the end.
    padded = np.pad(hit.sound, (0, N_FFT))
    mel = librosa.feature.melspectrogram(
        y=padded, sr=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=MELS
    )
    magnitudes = librosa.feature.inverse.mel_to_stft(mel, sr=SAMPLE_RATE, n_fft=N_FFT)
    made = librosa.griffinlim(
        magnitudes,
        n_iter=ITERATIONS,
        hop_length=HOP_LENGTH,
        n_fft=N_FFT,
        length=len(padded),
        random_state=0,
    )
    return made[: len(hit.sound)].astype(np.float32)


class Neighbours:
    """Sounds that a model has learned from, by how near they are."""

    def __init__(self, known: Sequence[Hit]) -> None:
        self.known = known
        self.pictures = np.stack([features_of(one.reference) for one in known])
        self.labels = np.array([one.label for one in known])

    def nearest(self, hit: Hit, of_its_class: bool) -> np.ndarray:
        """Give the sound whose log-mel spectrogram is nearest, of any class or of the same."""
        apart = far_apart_db(features_of(hit.reference)[None], self.pictures)[0]
        if of_its_class:
            apart = np.where(self.labels == hit.label, apart, np.inf)
        short_list = [self.known[i] for i in np.argsort(apart)[:SHORT_LIST] if np.isfinite(apart[i])]
        return min((one.sound for one in short_list), key=lambda sound: mel_db(hit.reference, sound))


def mel_db(reference: Reference, sound: np.ndarray) -> float:
    """Give the log-mel distance of a sound (T,)."""
    return reference.distances(sound)[1]


def compare(ways: Mapping[str, Way], hits: Sequence[Hit], known: Sequence[Hit]) -> dict[str, object]:
    """Measure all ways, and the mean of each class: medians, means with intervals, and medians by class."""
    rows = {way: np.full((len(hits), len(NAMES)), np.nan) for way in (*ways, "class mean")}
    by_class = {label: [one for one in known if one.label == label] for label in {h.label for h in hits}}
    for index, hit in enumerate(track(hits, "made again")):
        for way, make in ways.items():
            rows[way][index] = measure(make(hit), hit, np.random.default_rng(index))
        rows["class mean"][index] = class_mean(hit, by_class[hit.label])
    labels = np.array([hit.label for hit in hits])
    figures: dict[str, object] = {way: summary(values, labels) for way, values in rows.items()}
    mel = {way: values[:, NAMES.index("mel_db")] for way, values in rows.items()}
    beside = {
        way: interval(mel["model"] - values) for way, values in mel.items() if way in ("Griffin-Lim", "twin")
    }
    return {"ways": figures, "log-mel of the model less that of": beside}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="oneshots")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--twin", type=Path, help="what benchmarks.oneshots.workshop_twin wrote")
    parser.add_argument("--limit", type=int, help="only so many sounds, of all classes; not written down")
    arguments = parser.parse_args()
    source = open_one_shots(arguments.model)
    known, apart = split(read_hits(arguments.train))
    if arguments.limit:
        apart = apart[:: -(-len(apart) // arguments.limit)]
    neighbours = Neighbours(known)
    ways: dict[str, Way] = {"model": partial(made_again, source), "Griffin-Lim": griffin_lim}
    twin_origin: dict[str, object] = {}
    if arguments.twin:
        twin, twin_origin = load(arguments.twin)
        ways["twin"] = lambda hit: twin.made_again(hit.sound)
    ways["nearest"] = partial(neighbours.nearest, of_its_class=False)
    ways["nearest of its class"] = partial(neighbours.nearest, of_its_class=True)
    found = compare(ways, apart, known)
    shown = found["ways"]
    assert isinstance(shown, dict)
    show(shown, "kept aside", len(apart))
    wide_console().print(found["log-mel of the model less that of"])
    if not arguments.limit:
        trained = {name: twin_origin.get(name) for name in ("minutes", "threads")}
        settings = {"model": source.name, "known": len(known), "twin": trained}
        write_results("oneshots_resynthesis", settings, {"sounds": len(apart), **found})


if __name__ == "__main__":
    main()
