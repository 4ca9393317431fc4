"""A small model of music, exported as any is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.export_run import export_run
from tests.support.loops import SETTINGS, SIZE, write_songs
from tests.support.trainings import train_family
from training.data.source import Source


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three songs, each four notes over and over."""
    return write_songs(tmp_path_factory.mktemp("songs") / "songs", count=3)


@pytest.fixture(scope="session")
def music(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a model that has learned them a little; its ear lies beside it."""
    folder = tmp_path_factory.mktemp("music")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BRAINSYNTH_CACHE", str(folder / "cache"))
        torch.set_num_threads(1)
        train_family("music", Source(recordings=songs), folder / "run", replace(SETTINGS, steps=120), SIZE)
    export_run(folder / "run", folder / "loops.onnx", {"data_terms": "made for a test"})
    return folder / "loops.onnx"
