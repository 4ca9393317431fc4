"""Synthesisers written in Csound: read what they declare, render them, make sounds by the thousand.

The names below are loaded when they are first used. No torch is needed, and Csound only to render.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset import DataSet
    from .declaration import SynthParameter
    from .endless import EndlessSounds
    from .generation import generate
    from .inference import infer
    from .preset import Preset
    from .refinement import refine
    from .renderer import Renderer, render
    from .synth import Synth, bundled_synths

_MODULES = {
    "DataSet": "dataset",
    "EndlessSounds": "endless",
    "Preset": "preset",
    "Renderer": "renderer",
    "Synth": "synth",
    "SynthParameter": "declaration",
    "bundled_synths": "synth",
    "generate": "generation",
    "infer": "inference",
    "refine": "refinement",
    "render": "renderer",
}

__all__ = [
    "DataSet",
    "EndlessSounds",
    "Preset",
    "Renderer",
    "Synth",
    "SynthParameter",
    "bundled_synths",
    "generate",
    "infer",
    "refine",
    "render",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    # Kept here, so that the next use finds it at once, and in place of a submodule of the same name.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
