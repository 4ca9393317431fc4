"""Name all that can go wrong in the host: one tree with one root, so that it can be caught at once.

Each class also derives from the built-in exception that it is, so that code which knows nothing of this
project still catches a bad value as a `ValueError`. A message says what arrived, what is needed and what to
do, and names the file.
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Give ``"did you mean 'cello'? "``, for a message, with the nearest of the known names; "" if none is near."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]!r}? " if near else ""


def counted(number: int, one: str, several: str = "") -> str:
    """Give ``"1 channel"`` or ``"2 channels"``, for a message; `several` where it is not `one` and an s."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def shorten(value: object) -> str:
    """Write a value for a message, as Python writes it, in 60 characters at most."""
    try:
        text = repr(value)
    except ValueError:  # Python does not write whole numbers of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


class HostError(Exception):
    """Anything the host refuses or cannot do."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put a file's name before what is raised while it is read, where that names neither it nor an output."""
    try:
        yield
    except HostError as error:
        if isinstance(error, OutputError) or str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error


class ModelFileError(HostError, ValueError):
    """A model file that is missing, damaged, foreign, too large, or whose graph and metadata disagree."""


class UnknownModelError(ModelFileError):
    """A name that is neither a file nor a bundled model."""


class ControlError(HostError, ValueError):
    """A control that does not exist, or a value outside its range."""


class StreamError(HostError, ValueError):
    """A block, sample rate or call that the stream, effect or chain cannot take."""


class CalibrationError(HostError, ValueError):
    """A model that does not say in which range it was trained, or a sound without a pitch to go by."""


class NothingToCalibrateError(CalibrationError):
    """A sound that is silent, or nowhere has a pitch: any other would do."""


class AudioFileError(HostError, ValueError):
    """An audio file that is missing, empty, truncated, unreadable or cannot be written."""


class TableFileError(HostError, ValueError):
    """A table of controls that is missing, is no table, or holds what a model cannot take."""


class NoInputError(AudioFileError):
    """Nothing to do: no audio file or table is where one was looked for."""


class OutputError(AudioFileError):
    """An output that cannot be written: a full disk, a read-only folder, a path that leads through a file."""


class DiskFullError(OutputError):
    """No room for an output, so that none can be made for others either."""


class UsageError(HostError, ValueError):
    """A request that contradicts itself or would destroy something, such as an output that is an input."""


class MissingPackageError(HostError, ImportError):
    """An optional package that this call needs and that is not installed."""


class DeviceError(HostError, RuntimeError):
    """A sound card or accelerator that was asked for and cannot be used."""


class CsoundError(HostError, RuntimeError):
    """An orchestra that uses an opcode in a way that cannot be, or a Csound that refuses one."""


class SynthError(HostError, ValueError):
    """A .csd or a plugin that is missing, cannot be loaded, declares no parameters or cannot be rendered."""


class UnknownSynthError(SynthError):
    """A name that is neither a .csd, a .vst3 nor a bundled synth."""


class PresetError(HostError, ValueError):
    """A preset that is missing, damaged or made for another synth."""


class DataSetError(HostError, ValueError):
    """A folder that holds no sounds with their parameters, or those of another synth or another request."""


class InferenceError(HostError, ValueError):
    """A sound whose parameters cannot be estimated: it is silent, or too short."""


class SynthMismatchError(InferenceError):
    """A model that estimates no synth's parameters, or not those of the synth that was given."""
