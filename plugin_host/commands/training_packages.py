"""Reach the packages that train and export, which the runtime goes without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import HostError, MissingPackageError, UsageError
from ..synths.deferred_signals import deferred_signals


class WorkError(HostError, RuntimeError):
    """Training or export that could not be done, in its own words."""


@contextmanager
def training_packages() -> Iterator[None]:
    """Turn what goes wrong while training or exporting into errors that have an exit code.

    Raises
    ------
    MissingPackageError
        If torch, or another package that only training needs, is not installed.
    UsageError
        If a setting is outside its range, or a run, a data set, recordings or the file to export to do not fit.
    WorkError
        If a training or an export fails in words of its own.
    """
    try:
        import export.errors
        import training.errors

        with deferred_signals():
            import training.streaming.operators  # which loads torch
    except ImportError as error:
        raise _missing(error) from error
    try:
        yield
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    except (training.errors.UnwritableError, training.errors.MemoryShortageError):
        raise  # errors of the environment, as they are
    except (training.errors.CheckpointError, training.errors.DivergedError) as error:
        raise WorkError(str(error)) from error
    except (
        training.errors.SettingsError,
        training.errors.RunError,
        training.errors.RecordingsError,
        training.errors.SoundsError,
        export.errors.ExportTargetError,
        export.errors.RegisterError,
    ) as error:
        raise UsageError(str(error)) from error
    except (training.errors.TrainingError, export.errors.ExportError) as error:
        raise WorkError(str(error)) from error


def _missing(error: ImportError) -> MissingPackageError:
    return MissingPackageError(
        f"training and export need {error.name}, which is not installed: pip install 'brainsynth[train]'"
    )
