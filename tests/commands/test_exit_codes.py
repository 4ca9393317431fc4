"""Every error that the host knows ends the command line with a code that was chosen for it."""

from collections.abc import Iterator

import pytest

from plugin_host import errors
from plugin_host.commands.exit_codes import SUMMARY, ExitCode, exit_code
from plugin_host.commands.training_packages import WorkError
from plugin_host.datasets.sound_maker import SoundDiffersError
from plugin_host.errors import HostError
from plugin_host.sound_files.codec_process import CodecEndedError

CODES: dict[type[HostError], ExitCode] = {
    errors.ModelFileError: ExitCode.MODEL,
    errors.UnknownModelError: ExitCode.MODEL,
    errors.ControlError: ExitCode.USAGE,
    errors.StreamError: ExitCode.USAGE,
    errors.CalibrationError: ExitCode.FAILED,
    errors.NothingToCalibrateError: ExitCode.FAILED,
    errors.AudioFileError: ExitCode.FAILED,
    errors.TableFileError: ExitCode.FAILED,
    errors.NoInputError: ExitCode.NOTHING,
    errors.OutputError: ExitCode.ENVIRONMENT,
    errors.DiskFullError: ExitCode.ENVIRONMENT,
    errors.UsageError: ExitCode.USAGE,
    errors.MissingPackageError: ExitCode.ENVIRONMENT,
    errors.DeviceError: ExitCode.ENVIRONMENT,
    errors.CsoundError: ExitCode.FAILED,
    errors.SynthError: ExitCode.MODEL,
    errors.UnknownSynthError: ExitCode.MODEL,
    errors.PresetError: ExitCode.USAGE,
    errors.DataSetError: ExitCode.USAGE,
    errors.InferenceError: ExitCode.FAILED,
    errors.SynthMismatchError: ExitCode.MODEL,
    SoundDiffersError: ExitCode.MODEL,
    CodecEndedError: ExitCode.FAILED,
    WorkError: ExitCode.FAILED,
}


def kinds(root: type[HostError]) -> Iterator[type[HostError]]:
    """Give all classes below one that are the package's own."""
    for kind in root.__subclasses__():
        if kind.__module__.startswith("plugin_host."):
            yield kind
        yield from kinds(kind)


def test_no_error_is_without_a_code_of_its_own() -> None:
    assert set(kinds(HostError)) == CODES.keys()


@pytest.mark.parametrize(("kind", "code"), CODES.items(), ids=lambda item: getattr(item, "__name__", item))
def test_every_error_has_its_code(kind: type[HostError], code: ExitCode) -> None:
    assert exit_code(kind("why")) is code


def test_the_help_speaks_of_synths() -> None:
    assert "3 the model or synth cannot be used" in SUMMARY
