"""How well a synth's parameters are found in its own sounds when these are spoilt, beside clean ones.

python -m benchmarks.parameters.spoilt --model fm [--synth FILE.csd] [--sounds 100] [--limit N]

Sounds that no training has used, as in `parameter_inference`. Decibels of noise, hum and rooms are below the sound's peak:
effective values of noise, the peak of a hum's fundamental, the energy of a room's tail below that of the sound itself. None
of this is the training's code.
"""

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from pedalboard import MP3Compressor
from pedalboard.io import AudioFile
from rich.progress import track
from rich.table import Table
from scipy.signal import bilinear, fftconvolve, lfilter

from benchmarks.common.bootstrap import RESAMPLES, interval_of_groups
from benchmarks.common.report import wide_console, write_results
from benchmarks.parameters.parameter_measures import Figure, TestedModel
from benchmarks.parameters.parameter_sounds import KnownSound, identifiable, known_sounds
from brainsynth import Renderer
from plugin_host.matching.inference import ParameterModel

Sound = NDArray[np.float32]
Spoiling = Callable[[Sound, int, np.random.Generator], Sound]
CLEAN = "clean"
BEFORE_S = 0.4
PIVOT_HZ = 1000.0


def hiss(db: float, before_s: float = 0.0) -> Spoiling:
    """White noise, also before the sound."""

    def spoil(sound: Sound, rate: int, draw: np.random.Generator) -> Sound:
        late = np.concatenate([np.zeros(round(before_s * rate), np.float32), sound])
        noise = draw.normal(0, np.abs(sound).max() * 10 ** (db / 20), len(late))
        return (late + noise).astype(np.float32)

    return spoil


def hum(db: float, before_s: float = 0.0) -> Spoiling:
    """A mains' hum of 50 Hz: a fundamental and every second harmonic, as a rectified or clipped mains has them."""

    def spoil(sound: Sound, rate: int, draw: np.random.Generator) -> Sound:
        late = np.concatenate([np.zeros(round(before_s * rate), np.float32), sound])
        time = np.arange(len(late)) / rate + draw.random()
        mains = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in (1, 3, 5, 7, 9))
        return late + np.abs(sound).max() * 10 ** (db / 20) * mains

    return spoil


def room(db: float) -> Spoiling:
    """A tail of sparse taps that dies away in 0.4 s."""

    def spoil(sound: Sound, rate: int, draw: np.random.Generator) -> Sound:
        length = round(0.4 * rate)
        taps = np.zeros(length)
        places = np.unique((draw.random(800) * (length - 200)).astype(int)) + 200
        taps[places] = draw.choice([-1.0, 1.0], len(places)) * 10 ** (-3 * places / length)
        taps *= 10 ** (db / 20) / np.linalg.norm(taps)
        return sound + fftconvolve(sound, taps)[: len(sound)]

    return spoil


def cut(seconds: float) -> Spoiling:
    """The first part of a sound, as it is when a file ends."""
    return lambda sound, rate, draw: sound[: round(seconds * rate)]


def tilt(db: float) -> Spoiling:
    """A first-order shelf: lows are softer than highs, or louder, by twice so many decibels."""

    def spoil(sound: Sound, rate: int, draw: np.random.Generator) -> Sound:
        gain, turn = 10 ** (db / 20), 2 * np.pi * PIVOT_HZ
        numerator, denominator = bilinear([gain, turn / gain], [1, turn], rate)
        return np.asarray(lfilter(numerator, denominator, sound), np.float32)

    return spoil


def mp3(sound: Sound, rate: int, draw: np.random.Generator) -> Sound:
    """MP3 of a middling quality."""
    return MP3Compressor(vbr_quality=5).process(sound, rate)


def ogg(sound: Sound, rate: int, draw: np.random.Generator) -> Sound:
    """Vorbis of a middling quality."""
    file = BytesIO()
    file.name = "sound.ogg"
    with AudioFile(file, "w", rate, 1, quality="96 kbps") as writer:
        writer.write(sound)
    with TemporaryDirectory() as folder:
        path = Path(folder) / file.name
        path.write_bytes(file.getvalue())
        with AudioFile(str(path)) as reader:
            return reader.read(reader.frames)[0]


SPOILINGS: dict[str, Spoiling] = {
    CLEAN: lambda sound, rate, draw: sound,
    "noise at -60 dB": hiss(-60),
    "noise at -40 dB": hiss(-40),
    f"noise at -40 dB, also {BEFORE_S:g} s before": hiss(-40, BEFORE_S),
    "hum at -50 dB": hum(-50),
    f"hum at -50 dB, also {BEFORE_S:g} s before": hum(-50, BEFORE_S),
    "room at -12 dB": room(-12),
    "cut to 0.6 s": cut(0.6),
    "highs 6 dB softer": tilt(-3),
    "highs 6 dB louder": tilt(3),
    "MP3": mp3,
    "Vorbis": ogg,
}
"""By what the table says."""


def counted_errors(
    tested: TestedModel, sounds: list[KnownSound], counts: np.ndarray, name: str
) -> np.ndarray:
    """Sum of the errors of each spoilt sound's parameters that count, (N,)."""
    rate, totals = tested.renderer.synth.sample_rate, []
    for number, sound in enumerate(sounds):
        spoilt = SPOILINGS[name](sound.audio, rate, np.random.default_rng([len(name), number]))
        found = tested.estimate(np.asarray(spoilt, np.float32))
        totals.append(float((tested.errors(found, sound.unit) * counts[number]).sum()))
    return np.array(totals)


def ratio_interval(errors: np.ndarray, clean: np.ndarray) -> Figure:
    """Give the ratio of two sums over the same sounds (N,), and its 95 % interval by bootstrap over sounds."""
    picks = np.random.default_rng(0).integers(0, len(clean), (RESAMPLES, len(clean)))
    low, high = np.percentile(errors[picks].sum(axis=1) / clean[picks].sum(axis=1), [2.5, 97.5])
    return {"mean": float(errors.sum() / clean.sum()), "low": float(low), "high": float(high)}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parameters.spoilt")
    parser.add_argument("--model", required=True, help="a bundled model or a model file")
    parser.add_argument("--synth", help="the .csd, if it is not bundled")
    parser.add_argument("--sounds", type=int, default=100)
    parser.add_argument("--limit", type=int, help="only so many, for trying out; writes nothing")
    given = parser.parse_args()
    model = ParameterModel(given.model, given.synth)
    tested = TestedModel(model, Renderer(model.synth))
    sounds = known_sounds(tested.renderer, given.limit or given.sounds)
    changes = [identifiable(tested.renderer, sound) for sound in track(sounds, "changing", transient=True)]
    counts = np.stack([own > floor for own, floor in changes]) & ~tested.choices
    errors = {
        name: counted_errors(tested, sounds, counts, name)
        for name in track(SPOILINGS, "estimating", transient=True)
    }
    table = Table(title=f"{model.model.name}: {len(sounds)} sounds, [95 % interval]", title_justify="left")
    for head in ("spoilt by", "error of identifiable parameters", "times that of clean sounds"):
        table.add_column(head, justify="left" if head == "spoilt by" else "right")
    figures: dict[str, dict[str, Figure]] = {}
    for name, own in errors.items():
        error, ratio = interval_of_groups(own, counts.sum(axis=1)), ratio_interval(own, errors[CLEAN])
        figures[name] = {"error": error, "ratio": ratio}
        shown = [
            f"{f['mean']:.{n}f} [{f['low']:.{n}f}, {f['high']:.{n}f}]" for f, n in ((error, 3), (ratio, 2))
        ]
        table.add_row(name, *shown)
    console = wide_console()
    console.print(table)
    if given.limit is None:
        path = write_results(
            f"parameter_spoilt_{model.model.name}", {"sounds": given.sounds}, {model.model.name: figures}
        )
        console.print(f"written to {path}")


if __name__ == "__main__":
    main()
