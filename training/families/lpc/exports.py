"""The four model files that a run gives."""

from __future__ import annotations

from pathlib import Path

from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .model import CrossSynthesis, LpcAnalyzer, LpcEffect, LpcGenerator
from .settings import LpcSize
from .tracker import new_tracker


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run the effect, and beside it analyzer, generator and cross-synthesis.

    Of ``lpc.onnx`` those are ``lpc.analyzer.onnx``, ``lpc.decoder.onnx`` and ``lpc.cross.onnx``, an effect of two channels.
    """
    config, metadata = checkpoint.config, checkpoint.metadata
    tracker = new_tracker(LpcSize(**config["size"]))
    tracker.network.load_state_dict(weights_of(checkpoint.tensors))
    data = f"{metadata['sounds']} sounds of allpole.csd"
    if metadata["recordings"]:
        recordings = Path(config["recordings"]).name
        data += f", {metadata['recorded_s'] / 60:.1f} minutes of recordings ({recordings})"
    provenance = provenance_of(checkpoint, data) | {"synth_sha256": config["synth_sha256"]}
    return [
        ExportSpec("", LpcEffect(tracker), {}, provenance),
        ExportSpec(".analyzer", LpcAnalyzer(tracker), {}, provenance),
        ExportSpec(".decoder", LpcGenerator(), {}, provenance, learned=False),
        ExportSpec(".cross", CrossSynthesis(tracker), {}, provenance),
    ]
