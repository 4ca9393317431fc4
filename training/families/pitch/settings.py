"""Settings and size of the pitch tracker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.recordings import file_hash
from ...loop.settings import Checked, setting, size


@dataclass(frozen=True)
class PitchSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(7000, "steps in all; 7,000 take about 45 minutes", minimum=1)
    batch: int = setting(16, "sounds a step", minimum=1)
    excerpt_frames: int = setting(400, "length of a sound, 375 frames a second", "frames", minimum=8)
    learning_rate: float = setting(2e-3, "the highest", minimum=0)
    weight_decay: float = setting(1e-3, "of all weights", minimum=0)
    begin: str = setting("", "weights to begin with, a .safetensors file; new ones if not given")
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)

    def identify(self) -> dict[str, Any]:
        """Hash the weights to begin with; nothing without them, as where a run goes on after they were removed."""
        path = Path(self.begin)
        return {"weights_sha256": file_hash(path).hex()} if self.begin and path.is_file() else {}


@dataclass(frozen=True)
class PitchSize(Checked):
    """Sizes that the weights' shapes depend on."""

    width: int = size(128, "values in the dense layers")
    hidden: int = size(96, "values in the recurrent layer")
