"""Find the parameters of an FM synth in a sound, and play them: python examples/infer_parameters.py IN.wav OUT.wav."""

from __future__ import annotations

import sys

import numpy as np
import soundfile

from brainsynth import Model, Renderer, infer


def main(source: str, target: str) -> None:
    """Analyze `source` block by block, then whole, and write what the synth makes of it to `target`."""
    frames, sample_rate = soundfile.read(source, always_2d=True)
    audio = np.ascontiguousarray(frames.T, np.float32)  # (channels, samples)

    # Live, block by block: every hop gives an estimate, and estimates improve as the sound goes on.
    stream = Model("fm").stream(sample_rate, channels=1, block_size=512)
    for start in range(0, min(audio.shape[1], sample_rate) - 511, 512):
        found = stream.analyze(audio[:1, start : start + 512])
        for hop in range(found["f0_hz"].shape[1]):
            values = {
                name: round(float(value[0, hop]), 2) for name, value in found.items() if value.ndim == 2
            }
            sure = float(found["confidence"][0, :, hop].mean())
            print(f"{start / sample_rate:.2f} s, {sure:.0%} sure:", values)

    # Whole: silence before the sound is skipped, and a search through Csound improves the estimate.
    match = infer(audio, sample_rate, "fm", refine_renders=20)
    print(match.values)
    with Renderer("fm") as renderer:
        sound = renderer.render(match.values)
    soundfile.write(target, sound.T, renderer.synth.sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:3])
