"""The two model files that a run gives: the effect, and the generator beside it."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from ...analysis.bundled_weights import load_analyzer
from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .model import HOP_LENGTH, PITCHES_MIDI, SAMPLE_RATE, Instrument, TimbreEffect, TimbreGenerator
from .settings import TimbreSize
from .train import WANDER, WANDER_BY_PITCH


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run ``cello.onnx``, the effect, and ``cello.decoder.onnx``, the generator."""
    config, metadata = checkpoint.config, checkpoint.metadata
    instrument = Instrument(SAMPLE_RATE, HOP_LENGTH, TimbreSize(**config["size"]))
    instrument.load_state_dict(weights_of(checkpoint.tensors))
    if WANDER in metadata:  # runs of earlier versions measured none, or none of single pitches
        by_pitch = metadata.get(WANDER_BY_PITCH, [1.0] * len(PITCHES_MIDI))
        instrument.set_wandering(torch.tensor(metadata[WANDER]), torch.tensor(by_pitch))
    minutes = f"{metadata['seconds'] / 60:.1f} minutes of recordings ({Path(config['recordings']).name})"
    if metadata.get("low_cut_hz"):
        minutes += f", cut below {metadata['low_cut_hz']:.0f} Hz"
    provenance = provenance_of(checkpoint, minutes)
    effect, generator = TimbreEffect(load_analyzer().tracker, instrument), TimbreGenerator(instrument)
    effect.description = f"Turns a monophonic, pitched sound into {_with_article(name)}"
    generator.description = f"Plays {_with_article(name)} from pitch, loudness and voicing"
    trained = metadata["trained"]
    return [
        ExportSpec("", effect, trained, provenance),
        ExportSpec(".decoder", generator, trained, provenance),
    ]


def _with_article(name: str) -> str:
    word = re.sub(r"[._-]+", " ", name)
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
