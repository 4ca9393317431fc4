"""How good the sound of music is: the vocoder on the true spectra of a song, and clicks at the edges of steps.

python -m benchmarks.music.sound --model NAME --song FILE

The vocoder is given the spectra of ten seconds of a song from its second minute on. What it makes is analysed again. Flux
is the sum of the differences of magnitudes from one short spectrum to the next, at each of sixteen places within a step.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model
from plugin_host.music.composition import Composition
from plugin_host.music.passage import Passage
from training.families.music.bands import BANDS, FRAME_HOP, HOP_LENGTH, SAMPLE_RATE, STEP_FRAMES, Magnitudes
from training.families.music.data import frames_of
from training.families.music.vocoder import LATENCY_FRAMES, Vocoder

LENGTH_S, COMPOSED_S, SEEDS = 10.0, 60.0, 3
SPECTRUM, APART = 128, 32
EDGE_FRAMES = 8
"""Frames at the beginning that are not compared: the vocoder begins in silence."""


@torch.no_grad()
def vocoder_error_db(sound: NDArray[np.float32]) -> float:
    """Give the mean difference of levels in bands between a sound (T,) and what the vocoder makes of its spectra."""
    levels = torch.from_numpy(frames_of(sound)).double()
    vocoder = Vocoder()
    steps = levels.reshape(1, -1, STEP_FRAMES * BANDS)
    made, _ = vocoder(Magnitudes()(steps), vocoder.initial_state())
    again = frames_of(made.flatten().float().numpy()[LATENCY_FRAMES * FRAME_HOP :]).astype(np.float32)
    count = min(len(again), len(levels)) - EDGE_FRAMES
    return float(np.abs(again[EDGE_FRAMES:count] - levels.numpy()[EDGE_FRAMES:count]).mean())


def edge_flux(sound: NDArray[np.float32]) -> float:
    """Give the highest flux at a place within a step against the mean of all others."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, SPECTRUM)[::APART] * np.hanning(SPECTRUM)
    flux = np.abs(np.diff(np.abs(np.fft.rfft(frames)), axis=0)).sum(1)
    places = np.arange(len(flux)) * APART % HOP_LENGTH
    means = sorted(float(flux[places == place].mean()) for place in np.unique(places))
    return means[-1] / float(np.mean(means[:-1]))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--song", type=Path, required=True)
    arguments = parser.parse_args()
    error_db = vocoder_error_db(Passage(arguments.song, 60.0).read(LENGTH_S, SAMPLE_RATE))
    model, fluxes = Model(arguments.model), []
    for seed in range(SEEDS):
        work = Composition(model, COMPOSED_S, controls={"seed": float(seed)})
        fluxes.append(edge_flux(np.concatenate(list(work.blocks()), 1)[0]))
    console = wide_console()
    console.print(f"vocoder: {error_db:.2f} dB from the levels it was given")
    console.print(
        f"flux at the edges of steps against elsewhere: {', '.join(f'{flux:.3f}' for flux in fluxes)}"
    )
    settings = {"model": Path(arguments.model).stem, "song": arguments.song.stem}
    write_results("music_sound", settings, {"vocoder_error_db": error_db, "edge_flux": fluxes})


if __name__ == "__main__":
    main()
