"""Read what a model of the family ``parameters`` says of its training, and refuse what makes no sense."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import ModelFileError, SynthMismatchError
from ..model_file.document import ModelDocument, Range
from ..synths.kind import LONGEST_S

FAMILY = "parameters"
_LOUDEST_DB = 200.0


@dataclass(frozen=True)
class ParameterOrigin:
    """How a model of parameters was trained.

    Parameters
    ----------
    synth : str
        The file name of the synth, ``fm.csd``, as the model gives it: a name to compare, never a path to open.
    synth_sha256 : str
        Of the synth; empty if that is not known.
    sound_seconds : float
        How long the sounds were, above 0 and at most a minute.
    held_out_error : dict of str to float
        By parameter, the mean error on sounds held out, as a part of its range; empty if that is not known.
    loudest_db : Range or None
        Of the sounds' loudest moments, in dB re full scale, if that is known.
    """

    synth: str
    synth_sha256: str
    sound_seconds: float
    held_out_error: dict[str, float]
    loudest_db: Range | None


def read_origin(document: ModelDocument, source: str) -> ParameterOrigin:
    """Read the origin of a model of parameters.

    Parameters
    ----------
    document : ModelDocument
        Of the model.
    source : str
        How messages name the file.

    Raises
    ------
    SynthMismatchError
        If the model is of another family.
    ModelFileError
        With the key that is missing or holds what it cannot.
    """
    if document.family != FAMILY:
        raise SynthMismatchError(
            f"model {document.name!r} estimates no synth's parameters (its family is {document.family!r}); train one"
            " with brainsynth train parameters"
        )
    found = document.provenance
    for key in ("synth", "sound_seconds"):
        if key not in found:
            raise ModelFileError(
                f"{source}: the metadata has no 'brainsynth.provenance.{key}', which a model of the family"
                f" {FAMILY!r} needs: export it again"
            )
    seconds = _number(found["sound_seconds"])
    if not 0 < seconds <= LONGEST_S:
        raise _wrong(source, "provenance.sound_seconds", f"needed are seconds above 0, up to {LONGEST_S}")
    loudest_db = document.trained.get("loudest_db")
    if loudest_db is not None and not -_LOUDEST_DB <= loudest_db.low <= loudest_db.high <= _LOUDEST_DB:
        raise _wrong(
            source, "trained.loudest_db", f"needed are levels within {_LOUDEST_DB:g} dB of full scale"
        )
    pairs = [entry.partition("=") for entry in found.get("held_out_error", "").split()]
    errors = {name: _number(error) for name, _, error in pairs}
    if not all(0 <= error <= 1 for error in errors.values()):
        raise _wrong(source, "provenance.held_out_error", "needed are NAME=ERROR, with errors from 0 to 1")
    return ParameterOrigin(found["synth"], found.get("synth_sha256", ""), seconds, errors, loudest_db)


def _number(text: str) -> float:
    """Read a number; NaN, which lies in no range, for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _wrong(source: str, key: str, needed: str) -> ModelFileError:
    return ModelFileError(
        f"{source}: the metadata 'brainsynth.{key}' is out of range: {needed}; export it again"
    )
