"""A .csd as a synth: what it declares, and its score played by Csound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthError
from . import synth_files
from .cabbage import read_cabbage
from .csd_text import decode
from .csound_score import CsoundScore
from .declarations import read_parameters
from .kind import LONGEST_S, SynthContent
from .parameters import SynthParameter, channel_values
from .played_note import SOUND_S


class CsdKind:
    """A .csd that declares its parameters."""

    suffix = ".csd"
    player_name = "Csound"
    copy_name = "synth.csd"
    steadying = "seed its random opcodes"
    loads_anew = False
    shows_values = False

    def find_files(self, path: Path) -> dict[str, str]:
        """Give the files that it names; see `plugin_host.synths.synth_files.find_files`."""
        return synth_files.find_files(path)

    def combine(self, path: Path, files: dict[str, str]) -> str:
        """Give its hash; see `plugin_host.synths.synth_files.combine`."""
        return synth_files.combine(path, files)

    def read(self, path: Path) -> CsdContent:
        """Compile it, and play it with defaults.

        Raises
        ------
        MissingPackageError
            If Csound is not installed.
        SynthError
            If it does not compile, declares no parameters, or plays nothing or for more than a minute.
        """
        widgets = read_cabbage(decode(path.read_bytes()), str(path))
        score = CsoundScore(path)
        try:
            parameters = read_parameters(score.list_channels(), str(path), widgets)
            score.set(*_channels(parameters, np.array([p.defaults[0] for p in parameters])))
            frames = score.measure(LONGEST_S if score.play is None else SOUND_S)
            if score.play is not None and frames is None:
                frames = -(-SOUND_S * score.sample_rate // score.ksmps) * score.ksmps
        finally:
            score.close()
        if not frames:
            length = f"plays for more than {LONGEST_S} s" if frames is None else "plays nothing"
            raise SynthError(
                f"the score of {path} {length}; give it a note and an end, as in: i 1 0 1.5, then e 2"
            )
        return CsdContent(
            path=path,
            parameters=parameters,
            sample_rate=score.sample_rate,
            channels=score.channels,
            frames=frames,
            missed_options=score.missed_options,
        )


class CsdContent(SynthContent):
    """What a .csd declares."""

    def open(self) -> _ScorePlayer:
        """Compile it; see `plugin_host.synths.csound_score`."""
        return _ScorePlayer(self)


class _ScorePlayer:
    """Plays a score again and again."""

    def __init__(self, content: CsdContent) -> None:
        self._score = CsoundScore(content.path, content.frames)
        self._parameters = content.parameters

    def perform(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float32], bool]:
        self._score.set(*_channels(self._parameters, values))
        return self._score.perform()

    def stop(self) -> None:
        """Leave Csound alone: it plays to the end of its buffer, which is that of the sound."""

    def close(self) -> None:
        self._score.close()


def _channels(
    parameters: tuple[SynthParameter, ...], values: NDArray[np.float64]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Give the names of channels, and what each holds."""
    return tuple(parameter.channel_name for parameter in parameters), channel_values(parameters, values)
