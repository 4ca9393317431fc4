"""How like real songs long stretches of music are, beside real songs, shuffled spectra and other models.

python -m benchmarks.music.likeness --models band,classic.onnx --songs SONGS [--minutes 30]

SONGS are songs that no model has learned from. Every other one is what all is compared with; of the rest, threes are
compared as real music is, and each model goes on from twelve seconds of one after the other, three minutes at a time.

Two seconds of sound are described by the mean level, its deviation and its mean change from spectrum to spectrum in each
of 128 bands, and these by their first principal components. Compared are normal distributions of these (Frechet
distance), in units of the songs' own variance.

How much music swings between soft and loud is the deviation of the levels of two seconds, in dB; the median of songs or
pieces. What is softer than a song by 30 dB is its end, and does not count.
"""

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model
from plugin_host.music.composition import Composition
from plugin_host.music.passage import Passage
from training.data.recordings import find_recordings, read_mono
from training.families.music.bands import FRAME_HOP, SAMPLE_RATE
from training.families.music.data import frames_of, level_gain
from training.families.music.loudness import EDGE_DB

WINDOW = 2 * SAMPLE_RATE // FRAME_HOP
COMPONENTS = 16
PIECE_S, PRIME_S, PRIME_AT_S = 180.0, 12.0, 40.0
TRIPLES = 200


def described(frames: NDArray[np.floating]) -> NDArray[np.float64]:
    """Describe spectra (M, BANDS) in dB, a row for every second but the last: (W, 3 * BANDS)."""
    rows = []
    for first in range(0, len(frames) - WINDOW + 1, WINDOW // 2):
        window = frames[first : first + WINDOW].astype(np.float64)
        rows.append(np.concatenate([window.mean(0), window.std(0), np.abs(np.diff(window, axis=0)).mean(0)]))
    return np.array(rows)


def levelled(sound: NDArray[np.float32]) -> NDArray[np.float16]:
    """Give the spectra of a sound (T,) at the level of songs; silence stays what it is."""
    return frames_of(sound * (level_gain(sound) or np.float32(1)))


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Give the Frechet distance of two normal distributions with the moments of (W, D) and (V, D)."""
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    first, second = np.cov(a.T), np.cov(b.T)
    values, axes = np.linalg.eigh(first)
    root = axes * np.sqrt(values.clip(0)) @ axes.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return float(apart + np.trace(first) + np.trace(second) - 2 * shared)


def swing_db(pieces: list[NDArray[np.float16]]) -> float:
    """Give how much the levels of two seconds differ in spectra (M, BANDS) of pieces, the median of them."""
    found = []
    for frames in pieces:
        power = np.mean(10 ** (frames.astype(np.float64) / 10), 1)
        count = len(power) // WINDOW
        windows = power[: count * WINDOW].reshape(count, WINDOW).mean(1)
        levels_db = 10 * np.log10(windows / windows.mean() + 1e-12)
        found.append(levels_db[levels_db > -EDGE_DB].std())
    return float(np.median(found))


def composed(model: Model, songs: list[Path], minutes: float) -> list[NDArray[np.float16]]:
    """Go on from each song in turn until there are so many minutes: spectra of each piece."""
    found = []
    for seed in track(range(round(minutes * 60 / PIECE_S)), f"{model.document.name} plays"):
        prime = Passage(songs[seed % len(songs)], PRIME_AT_S)
        seeded = {"seed": float(seed)} if "seed" in model.controls else {}
        work = Composition(model, PIECE_S, prime, prime_s=PRIME_S, controls=seeded)
        found.append(levelled(np.concatenate(list(work.blocks()), 1)[0]))
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", required=True)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0)
    arguments = parser.parse_args()
    paths = find_recordings(arguments.songs)
    frames = [levelled(read_mono(path, SAMPLE_RATE)) for path in track(paths, "hearing songs")]
    reference = np.concatenate([described(one) for one in frames[::2]])
    centre = reference.mean(0)
    _, values, axes = np.linalg.svd(reference - centre, full_matrices=False)
    axes, scale = axes[:COMPONENTS], np.sqrt(np.square(values).sum() / len(reference))

    def placed(pieces: list[NDArray[np.float16]]) -> NDArray[np.float64]:
        return (np.concatenate([described(one) for one in pieces]) - centre) @ axes.T / scale

    right, random = placed(frames[::2]), np.random.default_rng(0)
    triples = [
        distance(placed(list(three)), right) for three in list(combinations(frames[1::2], 3))[:TRIPLES]
    ]
    found = {
        "real songs, all of the others": distance(placed(frames[1::2]), right),
        "three real songs, median": float(np.median(triples)),
        "three real songs, the worst": max(triples),
        "the others, spectra shuffled": distance(
            placed([random.permutation(one) for one in frames[1::2]]), right
        ),
    }
    swings = {"real songs, all of the others": swing_db(frames[1::2])}
    for name in arguments.models.split(","):
        pieces = composed(Model(name), paths[1::2], arguments.minutes)
        found[Path(name).stem], swings[Path(name).stem] = distance(placed(pieces), right), swing_db(pieces)
    table = Table(title=f"{len(frames[::2])} songs against {arguments.minutes:g} minutes of each model")
    table.add_column("")
    table.add_column("distance", justify="right")
    table.add_column("swing", justify="right")
    for name, value in found.items():
        table.add_row(name, f"{value:.3f}", f"{swings[name]:.1f} dB" if name in swings else "")
    wide_console().print(table)
    names = [Path(name).stem for name in arguments.models.split(",")]
    settings = {"models": names, "songs": arguments.songs.name, "minutes": arguments.minutes}
    write_results("music_likeness", settings, {"distances": found, "swing_db": swings})


if __name__ == "__main__":
    main()
