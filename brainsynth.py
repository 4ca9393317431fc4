"""Neural instruments and effects, each one ONNX file, in a pedalboard chain, in Csound, over files and live.

    from brainsynth import Chain, Model, NeuralEffect

Every name below is loaded when it is first used, so that importing this module costs nothing.
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugin_host import errors
    from plugin_host.csound.opcodes import register_opcodes
    from plugin_host.csound.run_csd import run_csound
    from plugin_host.datasets.dataset import DataSet
    from plugin_host.datasets.endless_batches import EndlessBatches
    from plugin_host.datasets.generation import generate
    from plugin_host.effects.calibration import calibrate
    from plugin_host.effects.chain import Chain
    from plugin_host.effects.cross_synthesis import cross_synthesize
    from plugin_host.effects.neural_effect import NeuralEffect
    from plugin_host.errors import HostError
    from plugin_host.grains.drop import fit_spot
    from plugin_host.grains.hits import hits, morph
    from plugin_host.grains.instrument import Grains
    from plugin_host.grains.spots import find_spot
    from plugin_host.grains.walk import walk
    from plugin_host.matching.inference import infer
    from plugin_host.matching.refinement import refine
    from plugin_host.model_file.bundled import bundled_names
    from plugin_host.model_file.document import ModelDocument
    from plugin_host.playing.model import Model
    from plugin_host.sampler.between import between
    from plugin_host.sampler.filling import fill, vary
    from plugin_host.sampler.instrument import Layout
    from plugin_host.sampler.kept import open_kept
    from plugin_host.sampler.kits import kit
    from plugin_host.sampler.sets import write_set
    from plugin_host.sampler.shot import Versions
    from plugin_host.sampler.source import open_one_shots
    from plugin_host.streaming.stream import Stream
    from plugin_host.synths.parameters import SynthParameter
    from plugin_host.synths.preset import Preset
    from plugin_host.synths.renderer import Renderer, render
    from plugin_host.synths.synth import Synth, bundled_synths

    __version__: str

_MODULES = {
    "Chain": "effects.chain",
    "DataSet": "datasets.dataset",
    "EndlessBatches": "datasets.endless_batches",
    "Grains": "grains.instrument",
    "HostError": "errors",
    "Layout": "sampler.instrument",
    "Model": "playing.model",
    "ModelDocument": "model_file.document",
    "NeuralEffect": "effects.neural_effect",
    "Preset": "synths.preset",
    "Renderer": "synths.renderer",
    "Stream": "streaming.stream",
    "Synth": "synths.synth",
    "SynthParameter": "synths.parameters",
    "Versions": "sampler.shot",
    "between": "sampler.between",
    "bundled_names": "model_file.bundled",
    "bundled_synths": "synths.synth",
    "calibrate": "effects.calibration",
    "cross_synthesize": "effects.cross_synthesis",
    "fill": "sampler.filling",
    "find_spot": "grains.spots",
    "fit_spot": "grains.drop",
    "generate": "datasets.generation",
    "hits": "grains.hits",
    "infer": "matching.inference",
    "kit": "sampler.kits",
    "morph": "grains.hits",
    "open_kept": "sampler.kept",
    "open_one_shots": "sampler.source",
    "refine": "matching.refinement",
    "register_opcodes": "csound.opcodes",
    "render": "synths.renderer",
    "run_csound": "csound.run_csd",
    "vary": "sampler.filling",
    "walk": "grains.walk",
    "write_set": "sampler.sets",
}

__all__ = [
    "Chain",
    "DataSet",
    "EndlessBatches",
    "Grains",
    "HostError",
    "Layout",
    "Model",
    "ModelDocument",
    "NeuralEffect",
    "Preset",
    "Renderer",
    "Stream",
    "Synth",
    "SynthParameter",
    "Versions",
    "__version__",
    "between",
    "bundled_names",
    "bundled_synths",
    "calibrate",
    "cross_synthesize",
    "errors",
    "fill",
    "find_spot",
    "fit_spot",
    "generate",
    "hits",
    "infer",
    "kit",
    "morph",
    "open_kept",
    "open_one_shots",
    "refine",
    "register_opcodes",
    "render",
    "run_csound",
    "vary",
    "walk",
    "write_set",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = metadata.version("brainsynth")
    elif name == "errors":
        value = importlib.import_module("plugin_host.errors")
    elif name in _MODULES:
        value = getattr(importlib.import_module(f"plugin_host.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Kept here, so that the next use finds it at once.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
