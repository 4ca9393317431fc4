"""Writes a model file: graph, metadata, golden pair; only after the proof, and only whole."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import onnx

from plugin_host.format import Control, GoldenPair, ModelDocument, Range, Role, StateTensor
from plugin_host.model import Model
from training.model import StreamingModel

from .errors import ExportTargetError, ProofError
from .graph import build_graph, state_name
from .proof import Proof, play_torch, prove
from .signals import proof_inputs

GOLDEN_FRAMES = 48
GOLDEN_TOLERANCE = 1e-4  # engines of other machines may differ more than this one's
ATTEMPTS = 1


@dataclass(frozen=True)
class Written:
    """A file that was written: where, its size in bytes, and the proofs it passed."""

    path: Path
    size: int
    proofs: list[Proof]


def describe(
    model: StreamingModel,
    name: str,
    trained: Mapping[str, tuple[float, float, float]] | None = None,
    provenance: Mapping[str, str] | None = None,
) -> ModelDocument:
    """Return the metadata of a model, with a golden pair computed by torch."""
    golden = proof_inputs(model, GOLDEN_FRAMES, seed=1)
    state = model.initial_state(1)
    return ModelDocument(
        name=name,
        family=model.family,
        role=Role(model.role),
        description=model.description,
        sample_rate=model.sample_rate,
        hop_length=model.hop_length,
        channels=model.channels,
        latency_samples=model.latency_samples,
        tail_samples=model.tail_samples,
        controls=tuple(Control(**asdict(c)) for c in model.controls),
        outputs=tuple(Control(**asdict(c)) for c in model.outputs),
        states=tuple(
            StateTensor(name=state_name(k), shape=tuple(v.shape), dtype=str(v.dtype).removeprefix("torch."))
            for k, v in state.items()
        ),
        trained={k: Range(low=low, median=median, high=high) for k, (low, median, high) in (trained or {}).items()},
        provenance={"created": datetime.now(UTC).strftime("%Y-%m-%d"), **(provenance or {})},
        golden=GoldenPair(
            inputs={k: v.numpy() for k, v in golden.items()},
            outputs=play_torch(model, golden, [GOLDEN_FRAMES]),
            tolerance=GOLDEN_TOLERANCE,
        ),
    )


def write_model_file(
    model: StreamingModel,
    path: Path,
    trained: Mapping[str, tuple[float, float, float]] | None = None,
    provenance: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Written:
    """Export a model to one file, prove it, and only then let it appear under its name.

    Parameters
    ----------
    model : StreamingModel
    path : Path
        ``NAME.onnx`` or ``NAME.decoder.onnx``; the name becomes the model's.
    trained : low, median, high of ``f0_hz`` and such, in the training data.
    provenance : facts for ``brainsynth.provenance.*``: data, training, licence, author.
    overwrite : bool
        Whether a file of that name may be replaced.

    Raises
    ------
    ProofError
        If a difference is over its tolerance. Nothing is written then; ``error.args[1]`` holds the proofs.
    ExportTargetError
        If the file exists, cannot be written, or is not called ``.onnx``.
    """
    if path.suffix != ".onnx" or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,57}", path.stem):
        raise ExportTargetError(f"{path} is no name for a model file; use letters, digits, '-', '_', and end it in .onnx.")
    if path.exists() and not overwrite:
        raise ExportTargetError(f"{path} exists already; choose another name or ask to overwrite it (--overwrite).")
    graph = build_graph(model)
    proofs = prove(model, graph.SerializeToString())
    failed = [p for p in proofs if not p.passed]
    if failed:
        worst = max(failed, key=lambda p: p.error / max(p.tolerance, 1e-30))
        raise ProofError(
            f"{len(failed)} of {len(proofs)} comparisons are over their tolerance, the worst {worst.compared} of"
            f" {worst.tensor} over {worst.frames} frames: {worst.error:.2g} > {worst.tolerance:.2g}; {path} was not written.",
            proofs,
        )
    digest = hashlib.sha256(graph.SerializeToString()).hexdigest()
    document = describe(model, path.stem, trained, {**(provenance or {}), "graph_sha256": digest})
    onnx.helper.set_model_props(graph, document.to_metadata())
    _place(graph, path)
    return Written(path, path.stat().st_size, proofs)


def _place(graph: onnx.ModelProto, path: Path) -> None:
    """Write beside the target, load it as a host would, then rename."""
    partial = path.with_name(f".{path.stem}.{os.getpid()}.onnx")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(graph.SerializeToString())
        checks = Model(partial).check()
        wrong = [c for c in checks if not c.passed]
        if wrong:
            raise ProofError(f"the host plays {wrong[0].tensor} {wrong[0].error:.2g} off the golden pair; {path} was not written.")
        partial.replace(path)
    except OSError as error:
        raise ExportTargetError(f"{path} cannot be written ({error.strerror}); choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)
