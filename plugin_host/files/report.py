"""Say what became of every file, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from .atomic_file import write_whole

REPORT_VERSION = 1


class Status(StrEnum):
    """What became of a file."""

    MADE = "made"
    KEPT = "kept"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Parameters
    ----------
    source, target : str
        Paths of input and output; no input where a generator plays constants.
    status : Status
        `KEPT` is an output that was there, whole, and made from the same input in the same way.
    error : str
        One sentence where it failed, else empty.
    error_kind : str
        The name of the exception, such as ``"AudioFileError"``, or empty.
    duration_s, processing_s : float
        Of the sound, and how long its processing took with reading and writing.
    sample_rate, channels : int
        Of input and output.
    latency_samples : int
        By how much the model is late, at this rate; the output is not: this was compensated for.
    repaired_samples, clipped_samples : int
        Samples of the input that were NaN or infinite and became 0; samples of the output beyond full scale.
    muted_blocks : int
        How often the model's output was not finite and was muted.
    settings : dict of str to float or str
        The controls, those set by calibration among them.
    low_cut_hz : float
        Below which frequency the model's sound was cut, as asked for or as calibration has found; 0 for none.
    uncalibrated : str
        Why there was nothing to calibrate by, where calibration was asked for and the file went without; else empty.
    left_out : tuple of str
        Columns of a table that the model does not know.
    """

    source: str
    target: str
    status: Status
    error: str = ""
    error_kind: str = ""
    duration_s: float = 0.0
    processing_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    latency_samples: int = 0
    repaired_samples: int = 0
    clipped_samples: int = 0
    muted_blocks: int = 0
    settings: dict[str, float | str] = field(default_factory=dict)
    low_cut_hz: float = 0.0
    uncalibrated: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def rtf(self) -> float:
        """Processing time over the sound's time, below 1 if faster than real time; 0 if not processed."""
        return self.processing_s / self.duration_s if self.duration_s > 0 else 0.0


def count(reports: Sequence[FileReport], status: Status) -> int:
    """Count the files of which one thing became."""
    return sum(report.status is status for report in reports)


def write_report(
    path: Path, request: Mapping[str, Any], reports: Sequence[FileReport], interrupted: bool
) -> None:
    """Write what was asked for and what became of every file as JSON.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    content = {
        "report_version": REPORT_VERSION,
        "request": dict(request),
        "interrupted": interrupted,
        "totals": {
            **{status.value.replace(" ", "_"): count(reports, status) for status in Status},
            "duration_s": round(sum(report.duration_s for report in reports), 3),
            "processing_s": round(sum(report.processing_s for report in reports), 3),
        },
        "files": [_as_values(report) for report in reports],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # The bytes of names that are not UTF-8, lone surrogates here, become JSON's own escapes of them.
    write_whole(path, text.encode("utf-8", "backslashreplace").decode())


def _as_values(report: FileReport) -> dict[str, Any]:
    return {**asdict(report), "rtf": round(report.rtf, 5)}
