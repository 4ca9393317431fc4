"""Where a model comes from, in its file: what a run did says its configuration; what was done by hand, a person."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import onnx.helper

from plugin_host.model_file.document import ModelDocument
from training.families import find_family
from training.loop.family import Recordings, SynthSounds
from training.loop.length import Length
from training.loop.settings import settings_of

from .errors import ExportTargetError


def training_command(config: Mapping[str, Any]) -> str:
    """Give the commands that make a run's weights, from its configuration: one, and one more each time it was lengthened.

    Folders are named without the path to them; a data set of sounds is ``DATA``, and one of recordings
    ``FOUND``. The first is left out where it has the synth and
    the number of sounds that the training would render for itself.
    """
    family = find_family(config["family"])
    words = ["brainsynth", "train", family.name, *_sources(config)]
    for kind, title in ((family.settings, "settings"), (family.size, "size")):
        for setting in settings_of(kind):
            value = config[title].get(setting.name, setting.default)
            if value != setting.default and setting.name != "steps":
                words += [setting.option, str(value)]
    length = Length.of(config)
    totals = [length.begun, *(to for _, to in length.lengthened)]
    return "; ".join(shlex.join([*words, "--steps", str(steps), "--output", "RUN"]) for steps in totals)


def _sources(config: Mapping[str, Any]) -> list[str]:
    family, synth = find_family(config["family"]), config.get("synth")
    found = ["--found", "FOUND"] if config.get("found") else []
    if config.get("endless"):
        limit = config.get("disk_limit_gb")  # runs of earlier versions do not say it
        return ["--synth", str(synth), *([] if limit is None else ["--disk-limit", str(limit)]), *found]
    recordings, sounds = config.get("recordings"), family.learns(SynthSounds)
    words = [] if recordings is None else [Path(recordings).name]
    if synth is None or sounds is None:
        return words
    if family.learns(Recordings) is None:
        return [*words, "DATA", *found]
    # What a training renders for itself where no data set is given.
    is_own = (Path(synth).stem, config.get("sounds")) == (sounds.synth, sounds.count)
    return words if is_own else [*words, "--data", "DATA"]


def amend(path: Path, changes: Mapping[str, str]) -> None:
    """Write more of a model's provenance into its file, and leave the graph as it is, byte for byte.

    Raises
    ------
    ExportTargetError
        If the file's graph is not the one that was exported, so that nothing can be said about it.
    """
    proto = onnx.load(path)
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    document = ModelDocument.from_metadata(metadata, str(path))
    if graph_sha256(proto) != document.provenance.get("graph_sha256"):
        raise ExportTargetError(
            f"{path} holds another graph than the one that was exported; export it again."
        )
    amended = {**document.provenance, **changes}
    onnx.helper.set_model_props(proto, document.model_copy(update={"provenance": amended}).to_metadata())
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(proto.SerializeToString())
    partial.replace(path)


def graph_sha256(proto: onnx.ModelProto) -> str:
    """Give the hash of a model without its metadata."""
    bare = onnx.ModelProto()
    bare.CopyFrom(proto)
    del bare.metadata_props[:]
    return hashlib.sha256(bare.SerializeToString()).hexdigest()


def main(arguments: list[str]) -> None:
    """``python -m export.provenance FILE.onnx NAME=TEXT...``: amend a file."""
    file, *changes = arguments
    amend(Path(file), dict(change.split("=", 1) for change in changes))


if __name__ == "__main__":
    main(sys.argv[1:])
