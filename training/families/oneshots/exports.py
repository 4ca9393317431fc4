"""The two model files that a run gives: a generator of one-shots, and an analyzer that hears where a sound lies."""

from __future__ import annotations

from pathlib import Path

from ...hits.clouds import ClassClouds
from ...hits.sound_map import map_points, on_plane, principal_plane
from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .decoder import MIDDLE_NOTE, Oneshots
from .knobs import find_knobs
from .model import OneshotsAnalyzer, OneshotsGenerator
from .settings import OneshotsSize
from .train import PLACES


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run ``oneshots.onnx`` and ``oneshots.encoder.onnx``."""
    config, metadata, tensors = checkpoint.config, checkpoint.metadata, checkpoint.tensors
    size, classes, notes = OneshotsSize(**config["size"]), metadata["classes"], metadata["notes"]
    model = Oneshots(size, len(classes), metadata["pitched"])
    model.load_state_dict(weights_of(tensors))
    plane = principal_plane(tensors[PLACES])
    clouds = ClassClouds.of(tensors[PLACES], metadata["labels"], len(classes))
    centres = [on_plane(plane, each) for each in clouds.centres]
    points = map_points(metadata["names"], tensors[PLACES], plane)
    minutes = metadata["seconds"] / 60
    provenance = provenance_of(
        checkpoint, f"{metadata['sounds']} sounds, {minutes:.1f} minutes ({Path(config['recordings']).name})"
    )
    knobs = find_knobs(model, tensors[PLACES], metadata["labels"], notes)
    note = float(round(notes[1])) if notes else MIDDLE_NOTE
    player = OneshotsGenerator(model, clouds, classes, points, centres, note, knobs)
    player.description = f"Plays one-shots of {name}, each started by a trigger"
    analyzer = OneshotsAnalyzer(model.encoder, size.places)
    analyzer.description = f"Hears where a sound lies among those of {name}"
    trained = {"note": tuple(notes)} if notes else {}
    return [
        ExportSpec("", player, trained, provenance),
        ExportSpec(".encoder", analyzer, provenance=provenance),
    ]
