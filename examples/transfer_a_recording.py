"""Turn a recording into a cello: python examples/transfer_a_recording.py IN.wav OUT.wav."""

from __future__ import annotations

import sys

import soundfile

from plugin_host import Model, NeuralEffect, calibrate


def main(source: str, target: str) -> None:
    """Read, find octave and loudness, transfer, write."""
    audio, sample_rate = soundfile.read(source, dtype="float32", always_2d=True)
    audio = audio.T  # (channels, samples)
    settings = calibrate(Model("cello"), audio, sample_rate)
    print(f"played with {settings}")
    cello = NeuralEffect("cello", **settings)
    soundfile.write(target, cello(audio, sample_rate).T, sample_rate)


if __name__ == "__main__":
    main(*sys.argv[1:3])
