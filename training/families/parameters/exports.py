"""The model file that a run gives: the analyzer."""

from __future__ import annotations

from ...errors import counted
from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .model import ParameterAnalyzer
from .parameters import parameters_of
from .settings import ParameterSize


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run the analyzer of its synth's parameters."""
    config, metadata = checkpoint.config, checkpoint.metadata
    analyzer = ParameterAnalyzer(
        parameters_of(config["parameters"]), config["duration_s"], ParameterSize(**config["size"])
    )
    analyzer.load_state_dict(weights_of(checkpoint.tensors))
    analyzer.description = f"Estimates the parameters of the synthesiser {config['synth']} from its sound"
    kind = (
        "batches of sounds, rendered as they were needed,"
        if config["endless"]
        else f"{config['sounds']} sounds"
    )
    figures = metadata.get("figures", {}).items()
    errors = {key.partition("/")[2]: value for key, value in figures if key.startswith("error/")}
    recordings = (
        f"{counted(config['found'], 'recording')}, with parameters that a search found"
        if config.get("found")
        else "no recordings"
    )
    provenance = provenance_of(checkpoint, f"{kind} of {config['synth']}; {recordings}") | {
        "synth": config["synth"],
        "synth_sha256": config["synth_sha256"],
        "sound_seconds": f"{config['duration_s']:g}",
        "held_out_error": " ".join(f"{key}={value:.4f}" for key, value in errors.items()),
    }
    return [ExportSpec("", analyzer, metadata["trained"], provenance)]
