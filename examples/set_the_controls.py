"""Show the controls of an effect and sweep one of them: python examples/set_the_controls.py IN.wav OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
import soundfile

from brainsynth import NeuralEffect

BLOCK = 512


def main(source: str, target: str, model: str = "cello", swept: str = "pitch_shift") -> None:
    """Play a file while one control moves from the low end of its range to the high end."""
    frames, sample_rate = soundfile.read(source, always_2d=True)
    audio = np.asarray(frames[: len(frames) // BLOCK * BLOCK].T, np.float32)  # (channels, samples)
    effect = NeuralEffect(model, block_size=BLOCK)
    for name, control in effect.model.controls.items():
        print(
            f"{name}: {control.minimum:g} to {control.maximum:g} {control.unit}, now {effect.controls[name]}"
        )
    low, high = effect.model.controls[swept].minimum, effect.model.controls[swept].maximum
    played = []
    for start in range(0, audio.shape[1], BLOCK):
        effect.controls[swept] = low + (high - low) * start / audio.shape[1]
        played.append(effect.process(audio[:, start : start + BLOCK], sample_rate, reset=False))
    soundfile.write(target, np.concatenate(played, axis=1).T, sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:])
