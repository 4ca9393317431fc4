"""A scale on the trombone, from numbers alone: python examples/play_the_generator.py OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
import soundfile

from brainsynth import Model

SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
NOTE_FRAMES = 150  # 0.4 s


def main(target: str) -> None:
    """Play each note with an attack, a decay and a little vibrato."""
    trombone = Model("trombone.decoder")
    document = trombone.document
    stream = trombone.stream()
    time = np.arange(NOTE_FRAMES) * document.hop_length / document.sample_rate
    vibrato = 2 ** (0.15 * np.sin(2 * np.pi * 5 * time) / 12)
    loudness = np.interp(time, [0, 0.04, 0.3, 0.4], [-70, -22, -26, -70])
    notes = [
        stream.generate(
            NOTE_FRAMES * document.hop_length,
            f0_hz=(116.54 * 2 ** (step / 12) * vibrato).astype(np.float32),
            loudness_db=loudness.astype(np.float32),
        )
        for step in SCALE
    ]
    soundfile.write(target, np.concatenate(notes, axis=1).T, document.sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:2])
