"""Play neural instruments and effects, each one self-describing ONNX file, in real time and over files.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
