"""A small model of grains that has learned nothing, but whose map has two classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from export.graph import build_graph
from export.model_file import describe
from plugin_host.grains.instrument import Grains
from training.families.grains.events import Events
from training.families.grains.grains import Grains as GrainsNetwork
from training.families.grains.model import EventsGenerator, GrainsAnalyzer, GrainsEffect, GrainsGenerator
from training.families.grains.settings import NOTES, GrainsSize
from training.hits.clouds import ClassClouds
from training.hits.voice import HOP_LENGTH, TRANSIENT_FRAMES
from training.streaming.model import MapPoint, StreamingModel

CLASSES = ("kick", "snare")
SIZE = GrainsSize(latents=4, places=4, width=16, partials=4, transients=3, event_s=0.2)


def points(seed: int) -> list[MapPoint]:
    """Three sounds of each class, the kicks to the left."""
    random = np.random.default_rng(seed)
    found: list[MapPoint] = []
    for number, name in enumerate(CLASSES):
        for take in range(3):
            value = random.normal(size=4) * 0.2 + (2 * number - 1)
            found.append(
                MapPoint(
                    f"{name}/{name}{take}", float(2 * number - 1), float(take - 1), tuple(value.tolist())
                )
            )
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold little.onnx and the three files beside it."""
    return written(tmp_path_factory.mktemp("grains"), "little", SIZE)


def written(folder: Path, name: str, size: GrainsSize) -> Path:
    """Write the four files of a model."""
    torch.manual_seed(1)
    grains, events = GrainsNetwork(size, 2), Events(size, 2)
    grains.voice.begin(0.02 * torch.randn(size.transients, TRANSIENT_FRAMES * HOP_LENGTH))
    clouds = ClassClouds.of(torch.tensor([point.value for point in points(2)]), [0, 0, 0, 1, 1, 1], 2)
    models: dict[str, StreamingModel] = {
        "": GrainsEffect(grains, CLASSES),
        ".encoder": GrainsAnalyzer(grains, events.encoder, size.places),
        ".decoder": GrainsGenerator(grains, CLASSES, points(1)),
        ".events": EventsGenerator(grains, events.decoder, clouds, CLASSES, points(2)),
    }
    for part, model in models.items():
        graph = build_graph(model.eval())
        onnx.helper.set_model_props(graph, describe(model, name + part).to_metadata())
        (folder / f"{name}{part}.onnx").write_bytes(graph.SerializeToString())
    return folder


@pytest.fixture(scope="session")
def little(folder: Path) -> Grains:
    return Grains(folder / "little.onnx")


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Grains:
    """A model of notes."""
    folder = written(tmp_path_factory.mktemp("notes"), "tuned", replace(SIZE, voice=NOTES, harmonics=6))
    return Grains(folder / "tuned.onnx")
