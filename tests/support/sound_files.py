"""Write and read small sound files the way the host sees audio: channels first."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray


def write_sound(
    path: Path, audio: NDArray[np.floating], sample_rate: int = 48_000, subtype: str | None = None
) -> Path:
    """Write audio (C, T), making its folder, and give the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.T, sample_rate, subtype=subtype)
    return path


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read audio (C, T) and its sample rate."""
    audio, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(audio.T, dtype=np.float32), sample_rate


def tree(folder: Path) -> list[str]:
    """List all files below a folder, hidden ones too, without the record of what was made."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in files if not name.endswith(".brainsynth.jsonl"))
