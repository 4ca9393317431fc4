"""Copies of bundled models of synths that are different in one thing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from plugin_host.model_file.bundled import find_model
from plugin_host.model_file.document import ModelDocument


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


def without_confidence(name: str) -> onnx.ModelProto:
    """Give a bundled model as versions before format 2 exported it: parameters alone, and one tolerance for all."""
    proto = onnx.load(str(find_model(name)))
    document = ModelDocument.from_metadata({entry.key: entry.value for entry in proto.metadata_props})
    assert document.golden is not None
    golden = document.golden.model_copy(
        update={
            "outputs": {k: v for k, v in document.golden.outputs.items() if k != "output.confidence"},
            "tolerance": 0.1,
            "tolerances": {},
        }
    )
    outputs = tuple(output for output in document.outputs if output.name != "confidence")
    changed = document.model_copy(update={"golden": golden, "outputs": outputs, "format": 1})
    onnx.helper.set_model_props(proto, changed.to_metadata())
    kept = [output for output in proto.graph.output if output.name != "output.confidence"]
    del proto.graph.output[:]
    proto.graph.output.extend(kept)
    return proto
