"""A model file that takes all the time or memory there is, or ends the process, is tried in a child that may die."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from plugin_host.errors import ModelFileError
from plugin_host.playing import trial
from plugin_host.playing.trial import try_model, try_once
from tests.conftest import Command
from tests.support import tiny_models
from tests.support.tiny_models import GraphBuilder, document


def swelling_effect() -> onnx.ModelProto:
    """Add to the input the mean of 64 GB of zeros, which ONNX Runtime makes when it loads the graph."""
    build = GraphBuilder()
    zeros = build("ConstantOfShape", build.constant([2**34], np.int64))
    build("Add", "audio", build("ReduceMean", zeros, keepdims=0), out="output.audio")
    return build.model(document("effect", "swelling"))


def aborting_effect() -> onnx.ModelProto:
    """Give a recurrent layer no steps at all, at which ONNX Runtime ends the process."""
    build = GraphBuilder()
    none = build.constant([0], np.int64)
    steps = build("Slice", "audio", none, none, build.constant([2], np.int64))
    sequence = build("Transpose", steps, perm=[2, 0, 1])
    weights = [build.constant(np.ones((1, 3, 1))) for _ in range(2)]
    layer = build("GRU", sequence, *weights, hidden_size=1)
    build("Add", "audio", build("ReduceSum", layer, keepdims=0), out="output.audio")
    return build.model(document("effect", "aborting"))


def test_a_good_model_comes_through(tmp_path: Path) -> None:
    try_model(tiny_models.save(tiny_models.gain_effect(), tmp_path))


def test_a_graph_that_wants_all_memory_is_refused(tmp_path: Path) -> None:
    path = tiny_models.save(swelling_effect(), tmp_path)
    with pytest.raises(ModelFileError, match=r"swelling\.onnx"):
        try_model(path)


def test_a_graph_that_ends_the_process_is_refused(brainsynth: Command, tmp_path: Path) -> None:
    path = tiny_models.save(aborting_effect(), tmp_path)
    done = brainsynth("info", path)
    assert (done.code, done.out) == (3, "")
    assert "aborting.onnx: loading it ended the process that tried it" in done.err


def test_a_graph_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ModelFileError, match=r"gain\.onnx: loading it takes more than 0\.01 s"):
        try_model(tiny_models.save(tiny_models.gain_effect(), tmp_path), limit_s=0.01)
    assert time.monotonic() - began < trial.LIMIT_S


def test_a_file_that_came_through_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(trial, "try_model", tried.append)
    path = tiny_models.save(tiny_models.gain_effect(), tmp_path)
    try_once(path)
    try_once(path)
    path.write_bytes(tiny_models.delay_effect().SerializeToString())
    try_once(path)
    assert len(tried) == 2


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ModelFileError, match=r"huge\.onnx: the file is larger than the limit"):
        try_once(path)


def test_where_no_process_can_be_started_there_is_no_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    try_model(tiny_models.save(tiny_models.gain_effect(), tmp_path))


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    try_once(tiny_models.save(tiny_models.gain_effect(), tmp_path))
