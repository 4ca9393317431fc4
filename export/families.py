"""Which files each family exports from a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from training.features import load_analyzer
from training.models.timbre import Instrument, TimbreEffect, TimbreGenerator, TimbreSize
from training.runs import open_run

from .model_file import Job, Written, write_model_files


def export_run(
    run: Path, path: Path, provenance: dict[str, str] | None = None, overwrite: bool = False
) -> list[Written]:
    """Export everything a run has trained: ``cello.onnx``, the effect, and ``cello.decoder.onnx``, the generator.

    Parameters
    ----------
    run : Path
        A folder made by ``brainsynth train``.
    path : Path
        Where the effect goes.
    provenance : facts to add, such as ``licence`` and ``author``.

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
    jobs = [
        Job(effect, path, facts["trained"], origin),
        Job(generator, decoder_path, facts["trained"], origin),
    ]
    return write_model_files(jobs, overwrite)


def export_pitch(path: Path, overwrite: bool = False) -> list[Written]:
    """Export the pitch and loudness analyzer."""
    origin = {
        "data": "synthesised sounds (training/synthetic_sounds.py); no recordings",
        "training": "python -m training.train_pitch",
        "author": "the Brainsynth developers",
        "licence": "GPL-3.0-or-later",
    }
    return write_model_files([Job(load_analyzer(), path, {}, origin)], overwrite)


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
