"""Render songs that the project composes itself, to train models of music on.

python -m benchmarks.music.own_songs --count 28 -o SONGS

Songs take the styles in turn: calm-01, arp-01, chip-01, dub-01, calm-02... The number is the seed. Songs that are there
already are left as they are. Needs Csound 6.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common.csound import render_score
from benchmarks.music.composer import Song
from benchmarks.music.styles import STYLES

ORCHESTRA = Path(__file__).parents[2] / "csd" / "songs" / "band.orc"
LEVEL_DB = -18.0
PEAK = 0.9


def render(score: str) -> tuple[np.ndarray, int]:
    """Play a score on the band.

    Parameters
    ----------
    score : str
        A Csound score.

    Returns
    -------
    audio : ndarray
        (T, 2), full scale 1: -18 dB RMS, less where the peak would pass 0.9.
    sample_rate : int
        Hz.
    """
    audio, sample_rate = render_score(ORCHESTRA, score)
    level = 10.0 ** (LEVEL_DB / 20.0) / np.sqrt(np.mean(audio**2))
    return audio * min(level, PEAK / np.abs(audio).max()), sample_rate


def main() -> None:
    """Render the songs that are not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=28, help="songs in all")
    parser.add_argument("--first-seed", type=int, default=1, help="other seeds, songs that nobody has heard")
    parser.add_argument("--seconds", type=float, default=150.0, help="about how long each is")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the songs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for index in range(arguments.count):
        seed, style = index // len(STYLES) + arguments.first_seed, list(STYLES)[index % len(STYLES)]
        path = arguments.out / f"{style}-{seed:02d}.flac"
        if path.exists():
            continue
        song = Song(style, seed, arguments.seconds)
        audio, sample_rate = render(song.score())
        unfinished = path.with_suffix(".part")
        soundfile.write(unfinished, audio, sample_rate, format="FLAC", subtype="PCM_16")
        unfinished.rename(path)
        print(
            f"{index + 1}/{arguments.count} {path.name}: {song.seconds:.0f} s, {' '.join(song.sections)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
