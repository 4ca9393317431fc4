"""Which files each family exports from a run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from training.analysis.bundled_weights import load_analyzer
from training.families.parameters.model import ParameterAnalyzer, ParameterSize
from training.families.parameters.sounds import parameters_of
from training.families.timbre.model import Instrument, TimbreEffect, TimbreGenerator, TimbreSize
from training.loop.run import open_run
from training.loop.trainer import weights_of

from .ar_family import ar_jobs
from .errors import RegisterError
from .model_file import Job, Written, write_model_files
from .origin import origin_of


def export_run(
    run: Path,
    path: Path,
    provenance: dict[str, str] | None = None,
    overwrite: bool = False,
    register_hz: tuple[float, float] | None = None,
) -> list[Written]:
    """Export everything a run has trained.

    Of a timbre ``cello.onnx``, the effect, and ``cello.decoder.onnx``, the generator; of parameters the analyzer;
    of the AR family four files, see `export.ar_family.ar_jobs`.

    Parameters
    ----------
    run : Path
        A folder made by ``brainsynth train``.
    path : Path
        Where the first of them goes.
    provenance : facts to add, such as ``licence`` and ``author``.
    register_hz : lowest and highest pitch of the register that the instrument is known for: where calibration brings
        what is played. All that was recorded, if not given.

    Raises
    ------
    training.errors.RunError, ProofError, ExportTargetError, RegisterError
    """
    config, tensors, facts = open_run(run)
    jobs = _FAMILIES[config["family"]](config, tensors, facts, path, provenance or {})
    if register_hz is not None:
        jobs = [replace(job, trained=with_register(job.trained, register_hz)) for job in jobs]
    return write_model_files(jobs, overwrite)


def with_register(
    trained: Mapping[str, tuple[float, float, float]], register_hz: tuple[float, float]
) -> dict[str, tuple[float, float, float]]:
    """Add a register to the trained ranges: low, its middle on the scale of pitch, high.

    Raises
    ------
    RegisterError
        If the model has no pitch, or its own range has no part in the register.
    """
    if "f0_hz" not in trained:
        raise RegisterError(
            "this model was not trained on pitch, so it has no register; leave --register out"
        )
    low, high = register_hz
    middle = math.sqrt(low * high)
    if not trained["f0_hz"][0] <= middle <= trained["f0_hz"][2]:
        raise RegisterError(
            f"the middle of the register {low:g}-{high:g} Hz is {middle:.0f} Hz, and the recordings cover"
            f" {trained['f0_hz'][0]:.0f} to {trained['f0_hz'][2]:.0f} Hz; choose one that lies within"
        )
    return {**trained, "register_hz": (low, middle, high)}


def _timbre_jobs(
    config: dict[str, Any],
    tensors: dict[str, Tensor],
    facts: dict[str, Any],
    path: Path,
    provenance: dict[str, str],
) -> list[Job]:
    instrument = Instrument(TimbreEffect.sample_rate, TimbreEffect.hop_length, TimbreSize(**config["size"]))
    instrument.load_state_dict(weights_of(tensors))
    minutes = f"{facts['seconds'] / 60:.1f} minutes of recordings ({Path(config['recordings']).name})"
    origin = origin_of(config, facts, minutes) | provenance
    name = path.stem
    effect, generator = TimbreEffect(load_analyzer().ear, instrument), TimbreGenerator(instrument)
    effect.description = f"Turns a monophonic, pitched sound into {_with_article(name)}"
    generator.description = f"Plays {_with_article(name)} from pitch, loudness and voicing"
    decoder_path = path.with_name(f"{name}.decoder.onnx")
    return [
        Job(effect, path, facts["trained"], origin),
        Job(generator, decoder_path, facts["trained"], origin),
    ]


def _parameter_jobs(
    config: dict[str, Any],
    tensors: dict[str, Tensor],
    facts: dict[str, Any],
    path: Path,
    provenance: dict[str, str],
) -> list[Job]:
    parameters = parameters_of(config["parameters"])
    analyzer = ParameterAnalyzer(parameters, config["duration_s"], ParameterSize(**config["size"]))
    analyzer.load_state_dict(weights_of(tensors))
    analyzer.description = f"Hears the parameters of the synthesiser {config['synth']} in its sound"
    kind = (
        "batches of sounds, rendered as they were needed,"
        if config["endless"]
        else f"{config['sounds']} sounds"
    )
    origin = origin_of(config, facts, f"{kind} of {config['synth']}; no recordings")
    origin |= {"synth": config["synth"], "synth_sha256": config["synth_sha256"]}
    origin |= {"sound_seconds": f"{config['duration_s']:g}"}
    errors = facts.get("errors", {})
    origin |= {"held_out_error": " ".join(f"{name}={error:.4f}" for name, error in errors.items())}
    return [Job(analyzer, path, facts["trained"], origin | provenance)]


_FAMILIES: dict[str, Callable[..., list[Job]]] = {
    "timbre": _timbre_jobs,
    "parameters": _parameter_jobs,
    "ar": ar_jobs,
}


def export_pitch(path: Path, overwrite: bool = False) -> list[Written]:
    """Export the pitch and loudness analyzer."""
    origin = {
        "data": "synthesised sounds (training/families/pitch/synthetic_sounds.py); no recordings",
        "training": "python -m training.families.pitch.train",
        "author": "the Brainsynth developers",
        "licence": "GPL-3.0-or-later",
    }
    return write_model_files([Job(load_analyzer(), path, {}, origin)], overwrite)


def _with_article(name: str) -> str:
    word = re.sub(r"[._-]+", " ", name)
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
