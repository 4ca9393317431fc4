"""The exceptions of the training package."""

from __future__ import annotations

from plugin_host.errors import counted as counted


class TrainingError(Exception):
    """Root of everything training raises on purpose."""


class SettingsError(TrainingError, ValueError):
    """A setting or size is outside its range, or a family does not exist."""


class RecordingsError(TrainingError, ValueError):
    """Recordings are missing, unreadable, too short or silent."""


class SoundsError(TrainingError, ValueError):
    """Sounds of a synthesiser that a model cannot be trained on."""


class MemoryShortageError(TrainingError, MemoryError):
    """Settings or sizes need more memory than there is."""


class RunError(TrainingError, ValueError):
    """A run folder cannot be created, resumed or read."""


class CheckpointError(RunError):
    """A checkpoint is damaged, or does not fit the model."""


class UnwritableError(RunError, OSError):
    """A run folder or a cache cannot be written: a full disk, or no permission."""


class DivergedError(TrainingError, ArithmeticError):
    """A loss, a gradient or a weight is no finite number."""
