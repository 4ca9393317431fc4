"""Which synth comes nearest to a sound: several models look for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..model_file.bundled import MODELS_FOLDER, bundled_names
from ..model_file.document import ModelDocument
from ..model_file.onnx_bytes import read_header, read_model_bytes
from .inference import Inference, ParameterModel, infer
from .parameter_origin import FAMILY
from .refinement import Refinement

RENDERS = 20
"""Enough to tell two synths apart."""


def bundled_parameter_models() -> list[str]:
    """List the bundled models that estimate the parameters of a synth."""
    found = []
    for name in bundled_names():
        path = MODELS_FOLDER / f"{name}.onnx"
        header = read_header(read_model_bytes(path), str(path))
        if ModelDocument.from_metadata(header.metadata, str(path)).family == FAMILY:
            found.append(name)
    return found


def infer_by_each(
    audio: NDArray[np.floating],
    sample_rate: float,
    models: Sequence[ParameterModel],
    renders: int = RENDERS,
    workers: int = 0,
    on_progress: Callable[[str, int, int], None] = lambda *_: None,
) -> list[tuple[ParameterModel, Inference]]:
    """Find a sound's parameters by each of several models; the one whose synth comes nearest is the first.

    Ctrl-C ends it with what was found so far, and the first then says that it was interrupted.

    Parameters
    ----------
    audio, sample_rate
        See `infer`.
    models : sequence of ParameterModel
    renders : int
        How many sounds each may render, 2 or more.
    workers : int
        See `infer`.
    on_progress : callable
        Called with what is done, and how much of how much.
    """
    found: list[tuple[Refinement, ParameterModel, Inference]] = []
    for model in models:

        def prepare(done: int, total: int, name: str = model.model.name) -> None:
            on_progress(f"getting to know {name}, once", done, total)

        def report(done: int, total: int, distance: float, name: str = model.model.name) -> None:
            on_progress(f"{name}, {distance:.2f} dB off", done, total)

        one = infer(
            audio,
            sample_rate,
            model,
            refine_renders=renders,
            workers=workers,
            on_preparation=prepare,
            on_progress=report,
        )
        assert one.refinement is not None
        found.append((one.refinement, model, one))
        if one.refinement.interrupted:
            break
    found.sort(key=lambda each: each[0].mss_after)
    refinement, model, nearest = found[0]
    interrupted = any(each[0].interrupted for each in found)
    nearest = replace(nearest, refinement=replace(refinement, interrupted=interrupted))
    return [(model, nearest), *((model, one) for _, model, one in found[1:])]
