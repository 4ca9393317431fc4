"""A sound made of grains, with hits and a walk: python examples/grains_in_a_chain.py drums IN.wav OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from pedalboard import Compressor, Reverb
from pedalboard.io import AudioFile

from brainsynth import Chain, Grains, NeuralEffect, find_spot, walk

STEPS = "x..x..x...x.x..."
STEP_FRAMES = 50  # 0.145 s


def pattern(grains: Grains, label: str, samples: int) -> NDArray[np.float32]:
    """Strike near a sound of the map on each x, never twice the same: (1, samples)."""
    stream = grains.events.stream()
    frames = np.arange(stream.frames_for(samples))
    steps, since = np.divmod(frames, STEP_FRAMES)
    struck = np.array([step == "x" for step in STEPS])[steps % len(STEPS)]
    return stream.generate(
        samples,
        trigger=(struck & (since == 0)).astype(np.float32),
        place=find_spot(label, grains).place,
        temperature=0.3,
        seed=steps.astype(np.float32),
    )


def main(model: str, source: str, target: str) -> None:
    """Play the sound through the model, add hits and a cloud of grains, and put all into one room."""
    grains = Grains(model)
    rate = grains.sample_rate
    with AudioFile(source).resampled_to(rate) as file:
        audio = file.read(int(file.frames)).mean(0, keepdims=True)
    samples = audio.shape[1]
    anew = Chain([Compressor(threshold_db=-18, ratio=3), NeuralEffect(model, dynamics=0.7)])
    first, last = grains.points[0].label, grains.points[-1].label
    ends = find_spot(first, grains), find_spot(last, grains)
    cloud = walk(grains, "loop", *ends, samples / rate, jitter=0.2, loudness_db=-34, temperature=0.5)
    mix = anew(audio, rate) + pattern(grains, first, samples) + cloud[:samples]
    room = Chain([Reverb(room_size=0.3, wet_level=0.2)])
    with AudioFile(target, "w", rate, 1) as file:
        file.write(room(0.7 * mix, rate))


if __name__ == "__main__":
    main(*sys.argv[1:4])
