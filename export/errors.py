"""The exceptions of the export package."""

from __future__ import annotations


class ExportError(Exception):
    """Root of everything export raises on purpose."""


class ProofError(ExportError, RuntimeError):
    """An exported graph differs from torch by more than its tolerance; nothing was written."""


class ExportTargetError(ExportError, ValueError):
    """The file to write exists or cannot be written, or its name is no name for a model."""
