"""How surprising songs kept aside are to a network of music, beside the best n-gram; the next step beside copying the last.

python -m benchmarks.music.surprise --run RUN --songs SONGS

RUN is the folder of the training, which says which songs were kept aside. The n-gram is Witten-Bell's, its contexts chosen
on every fifth of the songs learned from.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from benchmarks.music.ngram import best_ngram
from training.data.source import Source
from training.families.music.data import MusicData, Song, prepare
from training.families.music.measures import mean_surprise
from training.families.music.settings import MusicSettings, MusicSize
from training.families.music.train import MusicTrainer, beat_of
from training.loop.report import Silent
from training.loop.run import open_run

NEXT_DRAWS = 12


def load(run: Path, songs: Path) -> tuple[MusicTrainer, MusicData]:
    """Load what a run has learned, with its songs."""
    checkpoint = open_run(run)
    settings = MusicSettings(**checkpoint.config["settings"])
    size = MusicSize(**checkpoint.config["size"])
    prepared = {"trained_on": checkpoint.metadata["songs"], "held_out": checkpoint.metadata["held_out"]}
    data = prepare(Source(recordings=songs, prepared=prepared), settings, size, Silent())
    trainer = MusicTrainer(data, settings, size)
    trainer.restore(checkpoint.tensors, checkpoint.metadata)
    return trainer, data


@torch.no_grad()
def next_step_db(trainer: MusicTrainer, songs: list[Song]) -> dict[str, float]:
    """Give the mean difference of the next step's bands from what is expected of it, in dB."""
    predictor = trainer.learner.average.eval()
    found: dict[str, list[float]] = {"expected": [], "copied": [], "coded": []}
    for song in songs:
        true = torch.from_numpy(song.steps())
        codes = trainer.codes_of(song)[0]
        beat = beat_of(song, 0, len(codes))[None]
        decoded = predictor.codes.decode(predictor.codes.vectors(codes))
        drawn = torch.stack([
            predictor.codes.decode(predictor.codes.vectors(predictor.guesses(codes[None], beat)[0]))
            for _ in range(NEXT_DRAWS)
        ]).mean(0)  # fmt: skip
        found["expected"].append(float((drawn[:-1] - true[1:]).abs().mean()))
        found["copied"].append(float((decoded[:-1] - true[1:]).abs().mean()))
        found["coded"].append(float((decoded - true).abs().mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--songs", type=Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    trainer, data = load(arguments.run, arguments.songs)
    codes = [trainer.codes_of(song)[0].numpy() for song in data.train]
    aside = [trainer.codes_of(song)[0].numpy() for song in data.held_out]
    validation = codes[::5] if len(codes) > 5 else codes[:1]
    learned = [song for i, song in enumerate(codes) if i % 5] if len(codes) > 5 else codes
    ours = mean_surprise(trainer, data.held_out)
    ngram = best_ngram(learned, validation, aside, trainer.size.codes)
    steps = next_step_db(trainer, data.held_out)
    table = Table(title=f"{len(data.held_out)} songs kept aside of {len(data.held_out) + len(data.train)}")
    for name in ("", "network", "best n-gram", "difference"):
        table.add_column(name, justify="right")
    for q, (a, b) in enumerate(zip(ours, ngram, strict=True)):
        table.add_row(f"nats of codebook {q + 1}", f"{a:.3f}", f"{b:.3f}", f"{a / b - 1:+.1%}")
    table.add_row(
        "nats a step", f"{sum(ours):.3f}", f"{sum(ngram):.3f}", f"{sum(ours) / sum(ngram) - 1:+.1%}"
    )
    console = wide_console()
    console.print(table)
    console.print(
        f"next step, dB: mean of {NEXT_DRAWS} draws {steps['expected']:.2f}, the last one copied {steps['copied']:.2f},"
        f" the code itself {steps['coded']:.2f}"
    )
    settings = {"run": arguments.run.name, "songs": arguments.songs.name, "steps": trainer.done}
    write_results("music_surprise", settings, {"network": ours, "ngram": ngram, "next_step_db": steps})


if __name__ == "__main__":
    main()
