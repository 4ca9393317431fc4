"""Play neural instruments and effects, each one self-describing ONNX file, in real time and over files.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_names import lazy_names

if TYPE_CHECKING:
    from .bundled import bundled_names
    from .calibration import calibrate
    from .chain import Chain
    from .effect import NeuralEffect
    from .errors import HostError
    from .format import ModelDocument
    from .model import Model
    from .stream import Stream

_MODULES = {
    "Chain": "chain",
    "HostError": "errors",
    "Model": "model",
    "ModelDocument": "format",
    "NeuralEffect": "effect",
    "Stream": "stream",
    "bundled_names": "bundled",
    "calibrate": "calibration",
}

__all__ = [
    "Chain",
    "HostError",
    "Model",
    "ModelDocument",
    "NeuralEffect",
    "Stream",
    "bundled_names",
    "calibrate",
]

__getattr__, __dir__ = lazy_names(__name__, globals(), _MODULES)
