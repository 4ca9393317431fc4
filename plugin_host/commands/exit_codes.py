"""Say by a number how a command ended."""

from __future__ import annotations

from enum import IntEnum

from ..errors import (
    ControlError,
    DataSetError,
    DeviceError,
    HostError,
    MissingPackageError,
    ModelFileError,
    NoInputError,
    OutputError,
    PresetError,
    StreamError,
    SynthError,
    SynthMismatchError,
    UsageError,
)


class ExitCode(IntEnum):
    """The exit codes of `brainsynth`; docs/command-line.md lists them for its users."""

    WELL = 0
    FAILED = 1
    USAGE = 2
    MODEL = 3
    NOTHING = 4
    ENVIRONMENT = 5
    FAULT = 70
    INTERRUPTED = 130


SUMMARY = (
    "Exit codes: 0 all is well, 1 some files, Csound or a proof failed, 2 wrong usage or setting, 3 the model"
    " or synth cannot be used, 4 nothing to do, 5 the environment (a missing package or device, a full disk, a folder"
    " that cannot be written), 70 a fault in this program, 130 interrupted."
)

_KINDS = (
    (ExitCode.ENVIRONMENT, (OutputError, MissingPackageError, DeviceError, OSError, MemoryError)),
    (ExitCode.NOTHING, (NoInputError,)),
    (ExitCode.USAGE, (ControlError, DataSetError, PresetError, StreamError, UsageError)),
    (ExitCode.MODEL, (ModelFileError, SynthError, SynthMismatchError)),
    (ExitCode.FAILED, (HostError,)),
)


def exit_code(error: BaseException) -> ExitCode:
    """Give the exit code for an exception; `FAULT` for one that no command should let out."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return next((code for code, kinds in _KINDS if isinstance(error, kinds)), ExitCode.FAULT)
