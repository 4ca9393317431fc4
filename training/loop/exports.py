"""What a run gives to be exported: models, and what their files say of where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..streaming.model import StreamingModel
from .length import Length
from .run import Checkpoint


@dataclass(frozen=True)
class ExportSpec:
    """One model file.

    Attributes
    ----------
    suffix : str
        What its name ends in: ``""`` for the first, such as ``.decoder`` for one beside it.
    model : StreamingModel
        With the weights that were learned.
    trained : mapping of str to (low, median, high)
        Ranges that the model was trained on.
    provenance : mapping of str to str
        Where it comes from, see `provenance_of`.
    learned : bool
        Whether anything in it is learned; where nothing is, the file says so.
    """

    suffix: str
    model: StreamingModel
    trained: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    learned: bool = True


def provenance_of(checkpoint: Checkpoint, data: str) -> dict[str, str]:
    """Give the provenance of a run's models as far as the run knows it; ``data`` says what was trained on."""
    config = checkpoint.config
    return {
        "data": data,
        "training": f"{checkpoint.metadata['step']} of {Length.of(config)}, seed {config['settings']['seed']}",
        "author": "unknown",
        "licence": "unknown",
    }
