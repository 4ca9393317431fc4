"""A voice speaks through a chord: python examples/cross_synthesis.py VOICE.wav OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
import soundfile

from brainsynth import cross_synthesize

CHORD = (45, 52, 57, 61, 64)


def main(source: str, target: str) -> None:
    """Apply the filter of the voice to a chord of sawtooth waves."""
    frames, sample_rate = soundfile.read(source, always_2d=True)
    voice = np.asarray(frames.T, np.float32)  # (channels, samples)
    time = np.arange(voice.shape[1]) / sample_rate
    saws = [2 * (440 * 2 ** ((note - 69) / 12) * time % 1) - 1 for note in CHORD]
    chord = np.mean(saws, axis=0).astype(np.float32)
    spoken = cross_synthesize(voice, sample_rate, chord, sample_rate, amount=1.0, formant_shift=0.0)
    soundfile.write(target, spoken, sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:3])
