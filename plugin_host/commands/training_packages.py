"""Reach the packages that train and export, which the runtime goes without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import HostError, MissingPackageError, UsageError


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
        If a setting is outside its range, or the file to export to cannot be used.
    WorkError
        If training or export refuses in words of its own.
    """
    try:
        import export.errors
        import training.errors
    except ImportError as error:
        raise _missing(error) from error
    try:
        yield
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    except (
        training.errors.SettingsError,
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
