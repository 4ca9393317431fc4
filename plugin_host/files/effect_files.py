"""Run an effect over audio files: each output in step with its input and of its rate, depth and length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..effects.calibration import ANALYZER, check_can_be_suited, listen, suit, suited_low_cut_hz
from ..effects.neural_effect import NeuralEffect
from ..errors import NothingToCalibrateError
from ..playing.model import Model
from ..sound_files.reader import AudioReader
from ..streaming.aligned import aligned
from .input_file import InputFile
from .plan import EFFECT_FILES, Job
from .report import FileReport, Status
from .request import Request
from .writer import AudioWriter, choose_encoding

BLOCK_SIZE = 8192
LONGEST_CALIBRATION_S = 60


@dataclass(frozen=True)
class Setting:
    """How an effect plays one file: its controls, its low cut, and why it is not calibrated where it should be."""

    controls: dict[str, Any]
    low_cut_hz: float
    uncalibrated: str = ""


class EffectFiles:
    """Makes an audio file of each audio file.

    Parameters
    ----------
    model : Model
        An effect.
    request : Request
        What is to be done.
    """

    kinds = EFFECT_FILES

    def __init__(self, model: Model, request: Request) -> None:
        self._model = model
        self._request = request
        self._analyzer: Model | None = None

    def make(self, job: Job, on_progress: Callable[[float], None]) -> tuple[FileReport, str]:
        """Make a file; `on_progress` gets how much is done, from 0 to 1. Give its report and the input's hash."""
        with AudioReader(job.input, self._request.accept_truncated) as reader:
            source = InputFile(job.input)
            setting, request = self._setting_for(reader), self._request
            effect = NeuralEffect(
                self._model,
                mix=request.mix,
                channels=request.channels,
                low_cut_hz=setting.low_cut_hz,
                **setting.controls,
            )
            player = effect.player(reader.sample_rate, reader.channels, None)
            encoding = choose_encoding(job.target.suffix, reader.container, reader.subtype)
            with AudioWriter(
                job.target, reader.sample_rate, reader.channels, *encoding, reader.frames or 0
            ) as writer:
                for output in aligned(player, reader.blocks(BLOCK_SIZE), request.tail):
                    writer.write(output)
                    on_progress(reader.share_read)
                digest = source.finish()
                writer.commit()
        report = FileReport(
            source=str(job.input),
            target=str(job.target),
            status=Status.MADE,
            duration_s=reader.duration_s,
            sample_rate=reader.sample_rate,
            channels=reader.channels,
            latency_samples=player.latency_samples,
            repaired_samples=reader.repaired_samples,
            clipped_samples=writer.clipped_samples,
            muted_blocks=player.counters.muted_blocks,
            settings=setting.controls,
            low_cut_hz=setting.low_cut_hz,
            uncalibrated=setting.uncalibrated,
        )
        return report, digest

    def _setting_for(self, reader: AudioReader) -> Setting:
        """Calibrate to a file, where that is asked for and what is set by hand leaves room."""
        controls, low_cut_hz = self._request.settings, self._request.low_cut_hz
        as_asked = Setting(controls, low_cut_hz or 0.0)
        if not self._request.auto:
            return as_asked
        with AudioReader(reader.path, self._request.accept_truncated) as start:
            audio = start.read(LONGEST_CALIBRATION_S * start.sample_rate)
        self._analyzer = self._analyzer or Model(ANALYZER)
        try:
            check_can_be_suited(self._model)
            heard = listen(self._analyzer, audio, reader.sample_rate)
        except NothingToCalibrateError as error:
            return replace(as_asked, uncalibrated=str(error))
        controls = {**suit(self._model, heard), **controls}
        if low_cut_hz is None:
            low_cut_hz = suited_low_cut_hz(self._model, heard, controls)
        return Setting(controls, low_cut_hz)
