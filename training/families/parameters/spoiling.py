"""How the world spoils a sound: rooms, colour, noise, hum, codecs, other levels, cuts, and inexact beginnings.

A network that has heard nothing but its synth takes a little noise for a part of the sound, and is lost.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import fft

from .features import SAMPLE_RATE

VERSION = 1
"""Of what is done to sounds: those spoilt by another version are not taken for these."""

ROOM, COLOUR, DULL, NOISE, HUM, CODEC, LEVEL, CUT = 0.3, 0.4, 0.2, 0.55, 0.3, 0.12, 0.3, 0.35
"""How often each happens to a sound."""

BEFORE_S, ROOM_S, SHORTEST_S = 0.1, 0.6, 0.25
"""Seconds: heard before the onset at most, of a room, left by a cut at least."""

_LATE, _EARLY = 0.4, 0.65  # of starts: up to here late, then early, then right
_FAST = 4096  # samples, of which transforms are whole multiples
_Spectrum = NDArray[np.complex64]


def spoil(sound: NDArray[np.float32], samples: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Spoil a sound as recordings are spoilt, by several things at once or by none.

    Parameters
    ----------
    sound : array
        (T,) at the features' rate, from its onset on. What is added to it is softer than it by so much, so that silence
        stays silent.
    samples : int
        Wanted.
    random : Generator
        Draws what is done.

    Returns
    -------
    ndarray, (`samples`,) float32
    """
    peak = float(np.abs(sound).max(initial=0.0))
    if not peak:
        return np.zeros(samples, np.float32)
    before = round(BEFORE_S * SAMPLE_RATE)
    length = before + samples + round(ROOM_S * SAMPLE_RATE)
    track = np.zeros(length + -length % _FAST, np.float32)
    kept = sound[:samples]
    track[before : before + len(kept)] = kept
    spectrum = _spectrum(track, len(track))
    hertz = np.arange(len(spectrum), dtype=np.float32) * np.float32(SAMPLE_RATE / len(track))
    if random.random() < ROOM:
        spectrum *= _room(len(track), hertz, random)
    if random.random() < COLOUR:
        spectrum *= _colour(hertz, random)
    if random.random() < DULL:
        spectrum *= 1 / (1 + (hertz / random.uniform(4000, 16000)) ** 8)
    floor = 0.0
    if random.random() < NOISE:
        floor = peak * _gain(random.uniform(-75, -28))
        spectrum += _noise(len(track), hertz, random) * floor
    if random.random() < HUM:
        hum = peak * _gain(random.uniform(-70, -35))
        floor = max(floor, 0.5 * hum)
        _add_hum(spectrum, hertz, hum, random)
    heard: Any = fft.irfft(spectrum, len(track))
    y: NDArray[np.float32] = heard[: before + samples]
    if random.random() < CODEC:
        y = _through_codec(y, random)
    y = y[_start(y, before, floor, random) :][:samples]
    y = np.pad(y, (0, samples - len(y)))
    if random.random() < LEVEL:
        y = y * _gain(random.uniform(-6, 6))
    if random.random() < CUT:
        _cut(y, random)
    return y.astype(np.float32)


def _gain(db: float) -> float:
    return float(10 ** (db / 20))


def _spectrum(y: NDArray[np.float32], length: int) -> _Spectrum:
    # In single precision, which numpy's takes longer for.
    found: Any = fft.rfft(y, length)
    return found


def _room(length: int, hertz: NDArray[np.float32], random: np.random.Generator) -> _Spectrum:
    """What a small room does: the sound itself, a few echoes, and a tail 6 to 30 dB softer in all."""
    time = np.arange(round(ROOM_S * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    impulse = random.standard_normal(len(time), np.float32)
    impulse *= np.exp(-6.9 * time / random.uniform(0.1, 1.0))
    impulse[: round(random.uniform(0.001, 0.015) * SAMPLE_RATE)] = 0.0
    echoes = random.integers(48, 1500, 4)
    impulse[echoes] += random.normal(0, random.uniform(1, 15), 4)
    tail = _spectrum(impulse, length)
    tail /= np.sqrt(1 + (hertz / random.uniform(2000, 12000)) ** 2)
    energy = float(np.mean(np.abs(tail) ** 2))
    return 1 + tail * (_gain(random.uniform(-30, -6)) / np.sqrt(energy))


def _colour(hertz: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Tilt a spectrum around a frequency by up to 6 dB at its ends, or lift or lower what lies on one side of it."""
    octaves = np.log2(np.maximum(hertz, 20) / 10 ** random.uniform(2.3, 3.7))
    width = random.uniform(0.5, 4)
    db = random.uniform(-6, 6) * np.tanh(octaves / width)
    return (10 ** (db / 20)).astype(np.float32)


def _noise(length: int, hertz: NDArray[np.float32], random: np.random.Generator) -> _Spectrum:
    """The spectrum of noise of the mean square 1, white to pink."""
    parts = random.standard_normal((2, len(hertz)), np.float32)
    noise = (parts[0] + 1j * parts[1]) * np.maximum(hertz, 20) ** np.float32(-0.5 * random.uniform(0, 1))
    return noise * (length / np.sqrt(2 * np.sum(np.abs(noise) ** 2)))


def _add_hum(
    spectrum: _Spectrum, hertz: NDArray[np.float32], amplitude: float, random: np.random.Generator
) -> None:
    """Add a mains' hum: harmonics that fall off, some of them missing."""
    base = round(random.choice([50.0, 60.0]) / float(hertz[1]))
    order = np.arange(1, random.integers(2, 16))
    strength = random.uniform(0, 1, len(order)) * order ** -random.uniform(0.3, 1.5)
    phase = np.exp(2j * np.pi * random.random(len(order)))
    spectrum[base * order] += amplitude * strength / strength.max() * phase * (len(spectrum) - 1)


def _through_codec(y: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Write a sound as MP3 or Vorbis, and read it again."""
    kind, subtype = random.choice([("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS")])
    quality = random.uniform(0.0, 0.9)
    with io.BytesIO() as file:
        soundfile.write(file, y, SAMPLE_RATE, subtype, format=kind, compression_level=quality)
        file.seek(0)
        return soundfile.read(file, len(y), dtype="float32")[0].astype(np.float32)


def _start(y: NDArray[np.float32], onset: int, floor: float, random: np.random.Generator) -> int:
    """Where a listener takes the sound to begin: where it comes out of the floor, a little before its onset, or there."""
    kind = random.random()
    if kind < _LATE:
        out = int((np.abs(y[onset:]) > max(4 * floor, 1e-5)).argmax())
        return onset + max(0, out - int(random.integers(0, 240)))
    return onset - int(onset * random.random() ** 2) if kind < _EARLY else onset


def _cut(y: NDArray[np.float32], random: np.random.Generator) -> None:
    """End a sound early, with a fade of up to 20 ms."""
    shortest = round(SHORTEST_S * SAMPLE_RATE)
    if len(y) <= shortest:
        return
    end = int(random.integers(shortest, len(y)))
    fade = min(int(random.integers(1, 960)), end)
    y[end - fade : end] *= np.linspace(1, 0, fade, dtype=np.float32)
    y[end:] = 0.0
