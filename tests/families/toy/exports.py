"""The model file of the toy."""

from training.loop.exports import ExportSpec, provenance_of
from training.loop.run import Checkpoint
from training.loop.trainer import weights_of

from .model import Residual
from .settings import ToySize


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    model = Residual(ToySize(**checkpoint.config["size"]))
    model.load_state_dict(weights_of(checkpoint.tensors))
    return [ExportSpec("", model, provenance=provenance_of(checkpoint, "recordings"))]
