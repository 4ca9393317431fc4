"""Hear a synthesiser's parameters in a sound, first as they would be heard live, then whole, and play them.

Run: python examples/infer_parameters.py IN.wav OUT.wav
"""

import sys

import numpy as np
import soundfile

from brainsynth import Model, Renderer, infer


def main(source: str, target: str) -> None:
    """Hear `source` and write how the synth plays it to `target`."""
    frames, sample_rate = soundfile.read(source, always_2d=True)
    audio = np.ascontiguousarray(frames.T, np.float32)  # (channels, samples)

    # Live: block by block; every hop gives a dictionary, the longer the sound lasts the nearer to the truth.
    stream = Model("fm").stream(sample_rate, channels=1, block_size=512)
    for start in range(0, min(audio.shape[1], sample_rate) - 511, 512):
        heard = stream.analyze(audio[:1, start : start + 512])
        for hop in range(heard["f0_hz"].shape[1]):
            values = {name: round(float(value[0, hop]), 2) for name, value in heard.items()}
            print(f"{start / sample_rate:.2f} s", values)

    # Whole: silence before the sound is left out, and a search through Csound makes the guess better.
    found = infer(audio, sample_rate, "fm", refine_renders=20)
    print(found.values)
    with Renderer("fm") as renderer:
        sound = renderer.render(found.values)
    soundfile.write(target, sound.T, renderer.synth.sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:])
