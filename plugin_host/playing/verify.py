"""Prove model files on this machine, against what their authors computed, with neither torch nor onnx."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath

from ..errors import HostError
from .check import Check
from .model import Model


@dataclass(frozen=True)
class Proof:
    """What verifying one file gave.

    Parameters
    ----------
    source : str
        The name or path that was given.
    checks : tuple of Check
        Every comparison made; empty if there could be none.
    refusal : HostError or None
        Why the file could not be loaded or compared.
    """

    source: str
    checks: tuple[Check, ...] = ()
    refusal: HostError | None = None

    @property
    def passed(self) -> bool:
        """Whether something was compared and all of it was within its tolerance."""
        return bool(self.checks) and all(check.passed for check in self.checks)


def verify(files: Sequence[str | PathLike[str]], load: Callable[[str], Model] = Model) -> list[Proof]:
    """Load each file and make all checks of `Model.check`; one that fails does not stop the rest."""
    proofs = []
    for file in files:
        source = fspath(file)
        try:
            proofs.append(Proof(source, load(source).check()))
        except HostError as error:
            proofs.append(Proof(source, refusal=error))
    return proofs
