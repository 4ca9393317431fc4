"""Synthesisers written in Csound: read what they declare, render them, make sounds by the thousand.

The names below are loaded when they are first used. No torch is needed, and Csound only to render.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, globals(), _MODULES)
