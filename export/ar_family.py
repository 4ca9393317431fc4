"""The four model files that a run of the AR family gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from training.families.lpc.analyzer import ArSize
from training.families.lpc.model import ArAnalyzer, ArEffect, ArGenerator, CrossSynthesis
from training.families.lpc.train import new_ear
from training.loop.trainer import weights_of

from .model_file import Job
from .origin import origin_of


def ar_jobs(
    config: dict[str, Any],
    tensors: dict[str, Tensor],
    facts: dict[str, Any],
    path: Path,
    provenance: dict[str, str],
) -> list[Job]:
    """Make of a run the effect, and beside it analyzer, generator and cross-synthesis.

    Of ``ar.onnx`` those are ``ar.analyzer.onnx``, ``ar.decoder.onnx`` and ``ar.cross.onnx``, an effect of two channels.

    Parameters
    ----------
    config, tensors, facts : as `training.loop.run.open_run` gives them.
    path : Path
        Where the effect goes.
    provenance : facts to add.
    """
    ear = new_ear(ArSize(**config["size"]))
    ear.network.load_state_dict(weights_of(tensors))
    data = f"{facts['sounds']} sounds of allpole.csd"
    if facts["recordings"]:
        data += f", {facts['recorded_s'] / 60:.1f} minutes of recordings ({Path(config['recordings']).name})"
    origin = origin_of(config, facts, data) | {"synth_sha256": config["synth_sha256"]}
    models = {
        path.stem: ArEffect(ear),
        f"{path.stem}.analyzer": ArAnalyzer(ear),
        f"{path.stem}.decoder": ArGenerator(),
        f"{path.stem}.cross": CrossSynthesis(ear),
    }
    unlearned = {"data": "none: nothing in it is learned", "training": "none"}
    return [
        Job(
            model.eval(),
            path.with_name(f"{name}.onnx"),
            {},
            origin | provenance | (unlearned if model.role == "generator" else {}),
        )
        for name, model in models.items()
    ]
