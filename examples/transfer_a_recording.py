"""Turn a recording into a cello: python examples/transfer_a_recording.py IN.wav OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
import soundfile

from brainsynth import Model, NeuralEffect, calibrate


def main(source: str, target: str) -> None:
    """Read a file, find its octave and loudness, transfer it, write it."""
    frames, sample_rate = soundfile.read(source, always_2d=True)
    audio = np.asarray(frames.T, np.float32)  # (channels, samples)
    settings = calibrate(Model("cello"), audio, sample_rate)
    print(f"played with {settings}")
    cello = NeuralEffect("cello")
    cello.octave, cello.loudness_gain = settings["octave"], settings["loudness_gain"]
    soundfile.write(target, cello(audio, sample_rate).T, sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:3])
