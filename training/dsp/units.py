"""Convert between Hz, MIDI note numbers, decibels and nepers."""

from __future__ import annotations

import math

from torch import Tensor

DB = math.log(10) / 20
"""Nepers in a decibel."""


def midi_to_hz(midi: Tensor) -> Tensor:
    """Convert MIDI note numbers to Hz (A4 = 69 = 440 Hz), as exactly as their type holds them."""
    semitone, lowest = (
        midi.new_tensor(math.log(2.0) / 12.0),
        midi.new_tensor(math.log(440.0) - 69.0 * math.log(2.0) / 12.0),
    )
    return (midi * semitone + lowest).exp()


def hz_to_midi(f0_hz: Tensor) -> Tensor:
    """Convert Hz to MIDI note numbers (A4 = 440 Hz = 69), as exactly as their type holds them."""
    semitones, lowest = (
        f0_hz.new_tensor(12.0 / math.log(2.0)),
        f0_hz.new_tensor(69.0 - 12.0 * math.log2(440.0)),
    )
    return f0_hz.log() * semitones + lowest
