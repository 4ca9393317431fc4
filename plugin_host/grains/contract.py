"""What the files of a model of grains must have to be played as one instrument."""

from __future__ import annotations

from ..errors import ModelFileError
from ..playing.model import Model

FAMILY = "grains"

ROLES = {"encoder": "analyzer", "decoder": "generator", "events": "generator"}

MAPPED = {"decoder": "latent", "events": "place"}
"""Whose map shows the sounds that were learned from."""

_NEEDED = {
    "encoder": {"latent", "loudness_db", "place", "onset"},
    "decoder": {"latent", "loudness_db", "trigger", "temperature", "seed"},
    "events": {"trigger", "place", "velocity", "stretch", "temperature", "seed"},
}


def check_part(part: str, model: Model) -> None:
    """Look whether a file is the encoder, the decoder or the events of a model of grains.

    Raises
    ------
    ModelFileError
        If it is of another family or role, or lacks a control, an output or a map.
    """
    document = model.document
    if document.family != FAMILY:
        raise ModelFileError(
            f"{model.source} is of the family {document.family!r}; needed is one of {FAMILY}, such as drums"
        )
    named = {control.name for control in (document.outputs if part == "encoder" else document.controls)}
    missing = sorted(_NEEDED[part] - named)
    if document.role != ROLES[part]:
        lacks = f"it is of the role {document.role}, and needed is {ROLES[part]}"
    elif missing:
        lacks = f"it has no {', '.join(missing)}"
    elif part in MAPPED and not model.controls[MAPPED[part]].map:
        lacks = f"its {MAPPED[part]} has no map of sounds"
    elif part == "events" and document.tail_samples < document.hop_length:
        lacks = "its events end before they begin"
    else:
        return
    raise ModelFileError(f"{model.source} cannot be played as the {part} of a model of grains: {lacks}")


def check_belonging(first: Model, second: Model) -> None:
    """Look whether two files are of one training: they know the same sounds, in vectors of the same sizes.

    Raises
    ------
    ModelFileError
        If they are not.
    """
    known, sizes = [], {}
    for model in (first, second):
        for control in (*model.document.controls, *model.document.outputs):
            if control.name in MAPPED.values():
                sizes.setdefault(control.name, set()).add(control.size)
                if control.map:
                    known.append([point.label for point in control.map])
    if any(labels != known[0] for labels in known) or any(len(found) > 1 for found in sizes.values()):
        raise ModelFileError(
            f"{first.source} and {second.source} do not belong together; needed are the files of one export"
        )
