"""Writes a model file: graph, metadata, golden pair; only after the proof, and only whole."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import onnx
from pydantic import ValidationError

from plugin_host.errors import counted
from plugin_host.model_file.array_text import Tensor
from plugin_host.model_file.controls import Control
from plugin_host.model_file.document import ModelDocument, Range, Role, StateTensor
from plugin_host.model_file.golden import GoldenPair
from plugin_host.playing.check import Check
from plugin_host.playing.model import Model
from training.streaming.model import StreamingModel

from .errors import DescriptionError, ExportTargetError, ProofError
from .graph import build_graph, round_to_half, state_name
from .proof import Proof, play_torch, prove
from .provenance import graph_sha256
from .signals import proof_inputs

GOLDEN_FRAMES, GOLDEN_SAMPLES = 48, 8192
"""The most of both: long hops would make the golden pair as large as the network."""


@dataclass(frozen=True)
class Written:
    """A file that was written: where, its size in bytes, and what it passed: proofs against torch, checks in the host."""

    path: Path
    size: int
    proofs: list[Proof]
    checks: tuple[Check, ...]


def describe(
    model: StreamingModel,
    name: str,
    trained: Mapping[str, tuple[float, float, float]] | None = None,
    provenance: Mapping[str, str] | None = None,
) -> ModelDocument:
    """Return the metadata of a model, with a golden pair computed by torch.

    Raises
    ------
    DescriptionError
        If the model is one that no file may hold.
    """
    try:
        return _describe(model, name, trained or {}, provenance or {})
    except ValidationError as error:
        reasons = "; ".join(str(detail["msg"]).removeprefix("Value error, ") for detail in error.errors())
        raise DescriptionError(f"the model {name} cannot be written: {reasons}.") from error


def _describe(
    model: StreamingModel,
    name: str,
    trained: Mapping[str, tuple[float, float, float]],
    provenance: Mapping[str, str],
) -> ModelDocument:
    frames = min(GOLDEN_FRAMES, max(1, GOLDEN_SAMPLES // model.hop_length))
    golden = proof_inputs(model, frames, seed=1)
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
        trained={k: Range(low=low, median=median, high=high) for k, (low, median, high) in trained.items()},
        provenance={"created": datetime.now(UTC).strftime("%Y-%m-%d"), **provenance},
        golden=GoldenPair(
            inputs={k: Tensor.of(v.numpy()) for k, v in golden.items()},
            outputs={k: Tensor.of(v) for k, v in play_torch(model, golden, [frames]).items()},
            tolerance=model.golden_tolerance,
            tolerances={f"output.{k}": tolerance for k, tolerance in _tolerances(model).items()},
        ),
    )


def _tolerances(model: StreamingModel) -> dict[str, float]:
    """What each output may differ by: what the model declares, or a share of that output's own range."""
    shares = {c.name: model.golden_tolerance * (c.maximum - c.minimum) for c in model.outputs}
    return shares | dict(model.tolerances)


@dataclass(frozen=True)
class Job:
    """One file to write: the model, where it goes, and what its metadata says."""

    model: StreamingModel
    path: Path
    trained: Mapping[str, tuple[float, float, float]]
    provenance: Mapping[str, str]


def write_model_files(jobs: Sequence[Job], overwrite: bool = False) -> list[Written]:
    """Export models to files, prove all of them, and only then let any appear under its name.

    Learned weights are rounded to half precision first, in which the file holds them.

    Parameters
    ----------
    jobs : the files to write, ``NAME.onnx`` or ``NAME.decoder.onnx``; the name becomes the model's.
    overwrite : bool
        Whether files of those names may be replaced.

    Raises
    ------
    ProofError
        If a difference is over its tolerance. Nothing is written then; ``error.proofs`` holds every comparison.
    ExportTargetError
        If a file exists, cannot be written, or is not called ``.onnx``.
    DescriptionError
        If a model is one that no file may hold, before the work of proving it.
    """
    for job in jobs:
        _check_target(job.path, overwrite)
        round_to_half(job.model)
    documents = [describe(job.model, job.path.stem, job.trained, job.provenance) for job in jobs]
    graphs, proofs = [], []
    for job in jobs:
        graphs.append(build_graph(job.model))
        proofs.append(prove(job.model, graphs[-1].SerializeToString()))
        _judge(proofs[-1], job.path)
    with contextlib.ExitStack() as stack:
        partials, checks = [], []
        for job, graph, document in zip(jobs, graphs, documents, strict=True):
            provenance = {**document.provenance, "graph_sha256": graph_sha256(graph)}
            complete = document.model_copy(update={"provenance": provenance})
            onnx.helper.set_model_props(graph, complete.to_metadata())
            partials.append(_write_beside(graph, job.path, stack))
            checks.append(_check_in_host(partials[-1], job.path))
        for job, partial in zip(jobs, partials, strict=True):
            partial.replace(job.path)
    return [
        Written(job.path, job.path.stat().st_size, *passed)
        for job, *passed in zip(jobs, proofs, checks, strict=True)
    ]


def _check_target(path: Path, overwrite: bool) -> None:
    if path.suffix != ".onnx" or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,57}", path.stem):
        raise ExportTargetError(
            f"{path} is no name for a model file; use letters, digits, '-', '_', and end it in .onnx."
        )
    if path.exists() and not overwrite:
        raise ExportTargetError(
            f"{path} exists already; choose another name or ask to overwrite it (--overwrite)."
        )


def _judge(proofs: list[Proof], path: Path) -> None:
    failed = [p for p in proofs if not p.passed]
    if failed:
        worst = max(failed, key=lambda p: p.error / max(p.tolerance, 1e-30))
        raise ProofError(
            f"{len(failed)} of {len(proofs)} comparisons are over their tolerance, the worst {worst.compared} of"
            f" {worst.tensor} over {counted(worst.frames, 'frame')}: {worst.error:.2g} > {worst.tolerance:.2g};"
            f" {path} was not written.",
            proofs,
        )


def _write_beside(graph: onnx.ModelProto, path: Path, stack: contextlib.ExitStack) -> Path:
    """Write beside the target under a name of its own."""
    partial = path.with_name(f".{path.stem}.{os.getpid()}.onnx")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stack.callback(partial.unlink, missing_ok=True)
        partial.write_bytes(graph.SerializeToString())
    except OSError as error:
        raise ExportTargetError(
            f"{path} cannot be written ({error.strerror}); choose another place."
        ) from error
    return partial


def _check_in_host(partial: Path, path: Path) -> tuple[Check, ...]:
    """Load a file as a host would, and make the host's own checks: blocks, latency, tail."""
    checks = Model(partial).check()
    for check in checks:
        if not check.passed:
            found, allowed = check.figures
            raise ProofError(
                f"the host finds {found} where {allowed} is allowed ({check.tensor}, {check.compared}); {path} was not"
                " written."
            )
    return checks
