"""The model file that a run gives: the pitch and loudness analyzer."""

from __future__ import annotations

from ...analysis.pitch_network import PitchNetwork
from ...analysis.tracker import PitchAnalyzer
from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .data import HOP_LENGTH
from .settings import PitchSize


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run the analyzer of pitch, voicing and loudness."""
    size = PitchSize(**checkpoint.config["size"])
    analyzer = PitchAnalyzer()
    analyzer.tracker.pitch = PitchNetwork(HOP_LENGTH, size.width, size.hidden)
    analyzer.tracker.pitch.load_state_dict(weights_of(checkpoint.tensors))
    data = "synthesised sounds (training/families/pitch/sounds.py); no recordings"
    return [ExportSpec("", analyzer, {}, provenance_of(checkpoint, data))]
