"""The exceptions of the export package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .proof import Proof


class ExportError(Exception):
    """Root of everything export raises on purpose."""


class ProofError(ExportError, RuntimeError):
    """An exported graph differs from torch by more than its tolerance; nothing was written.

    Attributes
    ----------
    proofs : list of export.proof.Proof
        All comparisons made.
    """

    def __init__(self, message: str, proofs: Sequence[Proof] = ()) -> None:
        super().__init__(message)
        self.proofs = list(proofs)


class ExportTargetError(ExportError, ValueError):
    """The file to write exists or cannot be written, or its name is no name for a model."""


class RegisterError(ExportError, ValueError):
    """A register that a model does not have."""


class DescriptionError(ExportError, ValueError):
    """A model that a file cannot describe: a control's name is taken, or a tolerance is over the cap."""
