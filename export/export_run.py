"""Everything that a run has learned, as model files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from training.errors import RunError
from training.families import find_family
from training.loop.exports import ExportSpec
from training.loop.run import open_run

from .model_file import Job, Written, write_model_files
from .provenance import training_command
from .register import with_register

NOTHING = "none: nothing in it is learned"
UNLEARNED = {"data": NOTHING, "data_terms": NOTHING, "training": "none", "training_command": "none"}


def export_run(
    run: Path,
    path: Path,
    provenance: Mapping[str, str] | None = None,
    overwrite: bool = False,
    register_hz: tuple[float, float] | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> list[Written]:
    """Export everything a run has trained: the files that its family's ``exports`` names.

    Parameters
    ----------
    run : Path
        A folder made by ``brainsynth train``.
    path : Path
        Where the first of them goes; the others go beside it, as ``cello.decoder.onnx`` beside ``cello.onnx``.
    provenance : mapping of str to str, optional
        What to add, such as ``licence``, ``author`` and ``data_terms``; what was learned how is known from the run.
    overwrite : bool
        Whether files of those names may be replaced.
    register_hz : (low, high), optional
        Lowest and highest pitch of the register that the instrument is known for. Calibration goes towards it where as many
        octaves up would do as down. All that was recorded, if not given.
    warn : callable
        Called with a sentence if the newest checkpoint is damaged, so that the one before it is taken.

    Raises
    ------
    training.errors.TrainingError
        If the folder is no run, has no checkpoint yet, or its family is not known.
    ProofError, ExportTargetError, RegisterError
    """
    checkpoint = open_run(run, warn)
    try:
        specs = find_family(checkpoint.config["family"]).export_specs(checkpoint, path.stem)
    except KeyError as error:
        raise RunError(
            f"{run} does not say its {error.args[0]}, which runs of this version do; export it with the version that"
            " made it, or train it again."
        ) from error
    made = {"training_command": training_command(checkpoint.config), "later": "none", "data_terms": "unknown"}
    jobs = [_job(spec, path, made | dict(provenance or {}), register_hz) for spec in specs]
    return write_model_files(jobs, overwrite)


def _job(
    spec: ExportSpec, path: Path, provenance: Mapping[str, str], register_hz: tuple[float, float] | None
) -> Job:
    trained = spec.trained if register_hz is None else with_register(spec.trained, register_hz)
    said = {**spec.provenance, **provenance} | ({} if spec.learned else UNLEARNED)
    return Job(spec.model.eval(), path.with_name(f"{path.stem}{spec.suffix}.onnx"), trained, said)
