"""The four model files that a run gives: effect, analyzer, generator of grains, generator of events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ...dsp.units import midi_to_hz
from ...hits.clouds import ClassClouds
from ...hits.sound_map import map_points, on_plane, principal_plane
from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .events import Events
from .grains import Grains
from .model import MIDDLE_NOTE, EventsGenerator, GrainsAnalyzer, GrainsEffect, GrainsGenerator
from .settings import GrainsSize
from .sound_map import LATENTS, PLACES
from .train import EVENTS, GRAINS


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run ``drums.onnx``, ``drums.encoder.onnx``, ``drums.decoder.onnx`` and ``drums.events.onnx``."""
    config, metadata, tensors = checkpoint.config, checkpoint.metadata, checkpoint.tensors
    size, classes = GrainsSize(**config["size"]), metadata["classes"]
    grains, events = Grains(size, len(classes)), Events(size, len(classes))
    grains.load_state_dict(weights_of(tensors, f"average.{GRAINS}."))
    events.load_state_dict(weights_of(tensors, f"average.{EVENTS}."))
    places, latents = tensors[PLACES], tensors[LATENTS]
    plane = principal_plane(places)
    notes = metadata.get("notes", [])
    note = float(round(notes[1])) if notes else MIDDLE_NOTE
    labels = metadata["names"]
    clouds = ClassClouds.of(places, metadata["labels"], len(classes))
    centres = [on_plane(plane, each) for each in clouds.centres]
    minutes = metadata["seconds"] / 60
    provenance = provenance_of(
        checkpoint, f"{metadata['sounds']} sounds, {minutes:.1f} minutes ({Path(config['recordings']).name})"
    )
    effect = GrainsEffect(grains, classes, note)
    effect.description = f"Plays any sound in the material of {name}"
    analyzer = GrainsAnalyzer(grains, events.encoder, size.places, note)
    analyzer.description = f"Hears a sound as grains and as an event of {name}"
    decoder = GrainsGenerator(grains, classes, map_points(labels, latents, principal_plane(latents)), note)
    decoder.description = f"Plays a path through the grains of {name}"
    player = EventsGenerator(
        grains, events.decoder, clouds, classes, map_points(labels, places, plane), centres, note
    )
    player.description = f"Plays whole sounds of {name}, each started by a trigger"
    return [
        ExportSpec("", effect, provenance=provenance),
        ExportSpec(".encoder", analyzer, provenance=provenance),
        ExportSpec(
            ".decoder", decoder, _trained("f0_hz", midi_to_hz(torch.tensor(notes)).tolist()), provenance
        ),
        ExportSpec(".events", player, _trained("note", notes), provenance),
    ]


def _trained(control: str, values: Sequence[float]) -> dict[str, tuple[float, float, float]]:
    """Say of a control what was learned, if anything: low, middle, high."""
    if not values:
        return {}
    low, middle, high = values
    return {control: (low, middle, high)}
