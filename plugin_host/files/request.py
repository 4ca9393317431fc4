"""Say what is to be done to every file of one call."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from .done_record import hash_request


@dataclass(frozen=True)
class Request:
    """What is to be done to every file.

    Parameters
    ----------
    model : str
        The path of a model of any role.
    model_sha256 : str
        Of that file's bytes.
    settings : dict of str to float or str
        Its controls, checked already.
    mix : float
        Of an effect: from 0, the input alone, to 1, the model alone.
    auto : bool
        Of an effect: set octave, loudness and noise gate for each file, from its first minute, unless `settings` say
        otherwise. A file without a pitch to go by is played as it is, and its report says so.
    channels : str
        Of an effect: "separate" or "linked"; see `NeuralEffect`.
    low_cut_hz : float or None
        Of an effect: below which frequency to cut what the model plays, 0 for none; None to leave it to `auto`.
    tail : bool
        Of an effect: let the output ring on after the input's end; else it is exactly as long as the input.
    seconds : float or None
        Of a generator: how long to play; None for as long as the table lasts.
    sample_rate : int or None
        Of a generator: of its outputs, in Hz; None for the model's own.
    accept_truncated : bool
        Of what reads audio: take what is there of a file that is cut off; else such a file is refused.
    """

    model: str
    model_sha256: str
    settings: dict[str, Any] = field(default_factory=dict)
    mix: float = 1.0
    auto: bool = False
    channels: str = "separate"
    low_cut_hz: float | None = None
    tail: bool = False
    seconds: float | None = None
    sample_rate: int | None = None
    accept_truncated: bool = False

    def fingerprint(self, target: Path) -> str:
        """Tell apart all requests that may give different outputs: SHA-256 in hexadecimal."""
        values = asdict(self) | {"suffix": target.suffix.lower(), "version": metadata.version("brainsynth")}
        # The file's content counts, not where it is.
        del values["model"]
        return hash_request(values)
