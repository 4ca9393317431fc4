"""Whether a network that has learned one loop by heart plays it in time for minutes.

python -m benchmarks.music.loop [--steps 500] [--minutes 10] [--temperatures .3,.9]

The loop is four bars of a song that the project composes, eight seconds at 120 beats a minute. Each minute's codes are laid
beside the loop's, from its first and from its second spectrum on, at the offset at which most are the same. In time is where
that offset does not move. Needs Csound 6.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from benchmarks.music.composer import Song
from benchmarks.music.own_songs import render
from brainsynth import Model
from export.export_run import export_run
from plugin_host.music.composition import Composition
from plugin_host.streaming.rate_conversion import resample
from training.data.source import Source
from training.families import find_family
from training.families.music.bands import FRAME_HOP, HOP_LENGTH, SAMPLE_RATE, STEP_FRAMES, STEPS_PER_S
from training.families.music.data import level_gain
from training.families.music.settings import MusicSettings
from training.loop.train import train

STYLE, SEED, BPM, FIRST_BAR, BARS = "chip", 1, 120.0, 20, 4
LOOP_S = BARS * 240 / BPM


def write_loop(path: Path) -> None:
    """Write four bars of a song at 120 beats a minute."""
    song = Song(STYLE, SEED)
    song.sixteenth_s = 15 / BPM
    sound, rate = render(song.score())
    first = round(FIRST_BAR * 240 / BPM * rate)
    soundfile.write(path, sound[first : first + round(LOOP_S * rate)], rate)


def codes_of(ear: Model, sound: NDArray[np.float32]) -> NDArray[np.int64]:
    """Give the code of the first codebook (N,) of each step of a sound (T,)."""
    return ear.stream(SAMPLE_RATE, 1).analyze(sound[None])["codes"][0][0].round().astype(np.int64)


def offsets(codes: NDArray[np.int64], loop: NDArray[np.int64]) -> tuple[int, float]:
    """Give the offset at which most of the codes (N,) are the loop's (P,), and their share."""
    place = np.arange(len(codes))
    same = [float(np.mean(codes == loop[(place + offset) % len(loop)])) for offset in range(len(loop))]
    return int(np.argmax(same)), max(same)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--temperatures", default=".3,.9")
    arguments = parser.parse_args()
    table = Table(title=f"a loop of {LOOP_S:g} s, {arguments.steps} steps of training")
    for name in ("temperature", "as in the loop: least", "most of a minute", "offset moves by"):
        table.add_column(name, justify="right")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        songs = Path(folder, "loop")
        songs.mkdir()
        write_loop(songs / "loop.wav")
        run = train(
            find_family("music"),
            Source(songs),
            Path(folder, "run"),
            MusicSettings(steps=arguments.steps, dropout=0.0, blur=0.05),
        )
        files = export_run(run, Path(folder, "loop.onnx"), {"data_terms": "made by the project"})
        model, ear = (Model(written.path) for written in files)
        steps, round_ = round(LOOP_S * STEPS_PER_S), played_round(songs / "loop.wav")
        heard = [codes_of(ear, round_[late * FRAME_HOP :]) for late in range(STEP_FRAMES)]
        loops = [one[steps : 2 * steps] for one in heard]
        for temperature in map(float, arguments.temperatures.split(",")):
            work = Composition(model, 60.0 * arguments.minutes, controls={"temperature": temperature})
            codes = codes_of(ear, np.concatenate(list(work.blocks()), 1)[0])
            each = np.array_split(codes[: len(codes) // steps * steps], arguments.minutes)
            starts = np.cumsum([0, *map(len, each[:-1])])
            ways = [
                [offsets(part, np.roll(loop, -start)) for part, start in zip(each, starts, strict=True)]
                for loop in loops
            ]
            laid = max(ways, key=lambda way: sum(share for _, share in way))
            shares = [share for _, share in laid]
            moved = [(offset - laid[0][0] + steps // 2) % steps - steps // 2 for offset, _ in laid]
            found[f"{temperature:g}"] = {"shares": shares, "offsets": moved}
            table.add_row(
                f"{temperature:g}", f"{min(shares):.0%}", f"{max(shares):.0%}",
                f"{max(map(abs, moved)) * HOP_LENGTH / SAMPLE_RATE:.2f} s",
            )  # fmt: skip
    wide_console().print(table)
    write_results("music_loop", {"steps": arguments.steps, "minutes": arguments.minutes}, found)


def played_round(path: Path) -> NDArray[np.float32]:
    """Read the loop three times over (T,)."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = resample(np.tile(sound.mean(1), 3), rate, SAMPLE_RATE)
    return mono * (level_gain(mono) or np.float32(1))


if __name__ == "__main__":
    main()
