"""Whether music is played at the tempo that is asked for.

python -m benchmarks.music.tempos --model NAME [--tempos 80,100,120,140] [--seeds 4] [--songs SONGS]

A minute from nothing with each seed at each tempo, of which the last fifty seconds count. A tempo is kept where the one that
is found lies within four per cent of it, of its half or of its double: rhythm has several levels. Beside it is how often
the same holds by chance: of the tempos found where another was asked for.

With a folder of songs, the model also goes on from each of them, for half a minute from the fortieth second on, at the tempo
that it finds. Told is how far its beats then lie from those of the passage, as these would have gone on.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model
from plugin_host.music.beats import find_beats
from plugin_host.music.composition import Composition
from plugin_host.music.passage import Passage
from plugin_host.music.tempo import find_tempo

LENGTH_S, SETTLING_S, NEAR = 60.0, 10.0, 0.04
PASSAGE_AT_S, AFTER_S = 40.0, 30.0
IN_TIME = 0.15
"""Of a beat."""


def kept(found_bpm: float | None, asked_bpm: float) -> bool:
    """Whether a tempo is what was asked for, its half or its double."""
    if found_bpm is None:
        return False
    return any(abs(found_bpm / (asked_bpm * level) - 1) <= NEAR for level in (0.5, 1.0, 2.0))


def after_passages(model: Model, songs: Path) -> dict[str, list[float]]:
    """Go on from each song; give the share that is at its tempo, and how far beats lie off, in beats, where they are.

    Songs without beats in the passage are left out.
    """
    at_tempo, off = [], []
    for path in track(sorted(p for p in songs.iterdir() if p.is_file()), "going on"):
        work = Composition(model, AFTER_S, Passage(path, PASSAGE_AT_S))
        if not work.pace.bpm or work.first is None:
            continue
        heard = work.first.read(work.prime_s, work.sample_rate)
        before = find_beats(heard, work.sample_rate)
        after = find_beats(np.concatenate(list(work.blocks()), 1)[0], work.sample_rate)
        at_tempo.append(float(after is not None and kept(after.bpm, work.pace.bpm)))
        if before is not None and after is not None and at_tempo[-1]:
            places = 4 * before.bars_at(after.times_s + len(heard) / work.sample_rate)
            off.append(float(np.median(np.abs(places - np.round(places)))))
    return {"at_tempo": at_tempo, "off_beats": off}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--tempos", default="80,100,120,140")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--songs", type=Path, help="songs to go on from")
    arguments = parser.parse_args()
    model, tempos = Model(arguments.model), [float(text) for text in arguments.tempos.split(",")]
    found: dict[float, list[float | None]] = {bpm: [] for bpm in tempos}
    for bpm, seed in track(list(product(tempos, range(arguments.seeds))), "playing"):
        work = Composition(model, LENGTH_S, tempo_bpm=bpm, controls={"seed": float(seed)})
        sound = np.concatenate(list(work.blocks()), 1)[0][round(SETTLING_S * work.sample_rate) :]
        tempo = find_tempo(sound, work.sample_rate)
        found[bpm].append(tempo.bpm if tempo else None)
    chance = [kept(one, asked) for bpm in tempos for one in found[bpm] for asked in tempos if asked != bpm]
    table = Table(title="a minute at each tempo")
    for name in ("asked for", "found", "kept"):
        table.add_column(name, justify="right")
    for bpm, each in found.items():
        told = ", ".join("none" if one is None else f"{one:.0f}" for one in each)
        table.add_row(f"{bpm:g}", told, f"{np.mean([kept(one, bpm) for one in each]):.0%}")
    console = wide_console()
    console.print(table)
    share = float(np.mean([kept(one, bpm) for bpm, each in found.items() for one in each]))
    console.print(f"kept: {share:.0%}; where another was asked for: {np.mean(chance):.0%}")
    after = after_passages(model, arguments.songs) if arguments.songs else {}
    if after:
        in_time = float(np.mean(np.array(after["off_beats"]) < IN_TIME))
        console.print(
            f"after {len(after['at_tempo'])} passages: at their tempo {np.mean(after['at_tempo']):.0%};"
            f" of these in time within {IN_TIME:.0%} of a beat {in_time:.0%}"
        )
    settings = {"model": Path(arguments.model).stem, "tempos": tempos, "seeds": arguments.seeds}
    write_results(
        "music_tempos",
        settings,
        {
            "found": {f"{bpm:g}": each for bpm, each in found.items()},
            "kept": share,
            "by_chance": float(np.mean(chance)),
            "after": after,
        },
    )


if __name__ == "__main__":
    main()
