"""Which files each family exports from a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.features import load_analyzer
from training.models.timbre import Instrument, TimbreEffect, TimbreGenerator, TimbreSize
from training.runs import open_run

from .errors import ExportTargetError
from .model_file import Written, write_model_file


def export_run(
    run: Path,
    path: Path,
    provenance: dict[str, str] | None = None,
    overwrite: bool = False,
    on_written: Callable[[Written], None] = lambda _: None,
) -> list[Written]:
    """Export everything a run has trained: ``cello.onnx``, the effect, and ``cello.decoder.onnx``, the generator.

    Parameters
    ----------
    run : Path
        A folder made by ``brainsynth train``.
    path : Path
        Where the effect goes.
    provenance : facts to add, such as ``licence`` and ``author``.
    on_written : called after each file.

    Raises
    ------
    training.errors.RunError, ProofError, ExportTargetError
    """
    config, tensors, facts = open_run(run)
    instrument = Instrument(TimbreEffect.sample_rate, TimbreEffect.hop_length, TimbreSize(**config["size"]))
    prefix = "average."
    instrument.load_state_dict({k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)})
    origin = _origin(config, facts) | (provenance or {})
    name = path.stem
    effect, generator = TimbreEffect(load_analyzer().ear, instrument), TimbreGenerator(instrument)
    effect.description = f"Turns a monophonic, pitched sound into {_with_article(name)}"
    generator.description = f"Plays {_with_article(name)} from pitch, loudness and voicing"
    decoder_path = path.with_name(f"{name}.decoder.onnx")
    for target in (path, decoder_path):
        if target.exists() and not overwrite:
            raise ExportTargetError(f"{target} exists already; choose another name or ask to overwrite it (--overwrite).")
    written = []
    for model, target in ((effect, path), (generator, decoder_path)):
        written.append(write_model_file(model, target, facts["trained"], origin, overwrite))
        on_written(written[-1])
    return written


def _origin(config: dict[str, Any], facts: dict[str, Any]) -> dict[str, str]:
    steps, minutes = facts["step"], facts["seconds"] / 60
    return {
        "data": f"{minutes:.1f} minutes of recordings ({Path(config['recordings']).name})",
        "training": f"{steps} of {config['settings']['steps']} steps, seed {config['settings']['seed']}",
        "author": "unknown",
        "licence": "unknown",
    }


def _with_article(name: str) -> str:
    word = re.sub(r"[._-]+", " ", name)
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
