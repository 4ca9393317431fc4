"""The model file that a run gives: the pitch and loudness analyzer."""

from __future__ import annotations

from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .model import analyzer_of
from .settings import PitchSize


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run the analyzer of pitch, voicing and loudness."""
    analyzer = analyzer_of(PitchSize(**checkpoint.config["size"]), weights_of(checkpoint.tensors))
    data = "synthesised sounds (training/families/pitch/sounds.py); no recordings"
    return [ExportSpec("", analyzer, {}, provenance_of(checkpoint, data))]
