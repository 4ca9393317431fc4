"""A flute between a compressor and a reverb, block by block: python examples/chain_with_pedalboard.py IN.wav OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
import soundfile
from pedalboard import Compressor, Reverb

from brainsynth import Chain, NeuralEffect

BLOCK = 512


def main(source: str, target: str) -> None:
    """Play a file through the chain as a live host would. The second half is an octave higher."""
    frames, sample_rate = soundfile.read(source, always_2d=True)
    audio = np.asarray(frames[: len(frames) // BLOCK * BLOCK].T, np.float32)  # (channels, samples)
    flute = NeuralEffect("flute", reverb=0.5)
    chain = Chain([Compressor(threshold_db=-18, ratio=3), flute, Reverb(room_size=0.4)], block_size=BLOCK)
    played = []
    for start in range(0, audio.shape[1], BLOCK):
        flute.octave = int(start > audio.shape[1] // 2)
        played.append(chain.process(audio[:, start : start + BLOCK], sample_rate, reset=False))
    print(f"{chain.latency_samples} samples of latency")
    soundfile.write(target, np.concatenate(played, axis=1).T, sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:3])
