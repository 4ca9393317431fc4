"""Copies of the bundled model of the synth `fm` with another provenance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from plugin_host.model_file.bundled import find_model


def copy_model(path: Path, provenance: Mapping[str, str] | None = None) -> Path:
    """Write a copy of the model, its provenance changed."""
    model = onnx.load(str(find_model("fm")))
    properties = {entry.key: entry.value for entry in model.metadata_props}
    properties |= {f"brainsynth.provenance.{name}": text for name, text in (provenance or {}).items()}
    properties["brainsynth.name"] = path.stem
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, properties)
    path.write_bytes(model.SerializeToString())
    return path
