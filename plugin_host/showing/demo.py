"""Turn one sound into every bundled instrument: files to listen to and pictures to look at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..effects.calibration import ANALYZER, calibrate
from ..effects.neural_effect import NeuralEffect
from ..errors import ModelFileError
from ..files.plan import refuse_inputs_as_outputs
from ..files.writer import AudioWriter
from ..model_file.bundled import bundled_names
from ..model_file.document import Role
from ..playing.model import Model
from ..sound_files.reader import AudioReader
from .demo_melody import SAMPLE_RATE, make_melody
from .spectrogram_pictures import draw_before_and_after, require_matplotlib

LONGEST_S = 60


@dataclass(frozen=True)
class DemoResult:
    """What one model made of the sound.

    Parameters
    ----------
    model : str
        Its name.
    sound, picture : Path
        The files.
    settings : dict of str to float
        Octave and loudness, as calibrated to the sound.
    rtf : float
        Processing time over the duration of the sound.
    latency_ms : float
        How far the output would lag when played live at this rate in blocks of 128.
    """

    model: str
    sound: Path
    picture: Path
    settings: dict[str, float]
    rtf: float
    latency_ms: float


def demo(folder: Path, source: Path | None = None) -> Iterator[DemoResult]:
    """Play a sound with every bundled instrument.

    Parameters
    ----------
    folder : Path
        Where files and pictures are written; those of an earlier call are replaced.
    source : Path or None
        An audio file, of which the first minute is taken; None for a melody of the project's own, which is
        written into the folder as well.

    Yields
    ------
    DemoResult
        As each is finished.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    AudioFileError, CalibrationError, OutputError
        If the source cannot be read or has no pitch, or nothing can be written.
    ModelFileError
        If none is bundled.
    """
    require_matplotlib()
    models = bundled_instruments()
    if not models:
        raise ModelFileError("no instrument is bundled with this installation; install brainsynth again")
    name, audio, sample_rate = _open_source(folder, source)
    analyzer = Model(ANALYZER)
    for model in models:
        settings = calibrate(model, audio, sample_rate, analyzer)
        effect = NeuralEffect(model)
        for control, value in settings.items():
            setattr(effect, control, value)
        started = time.perf_counter()
        output = effect(audio, sample_rate)
        processing_s = time.perf_counter() - started
        sound, picture = (folder / f"{name}-{model.name}{suffix}" for suffix in (".wav", ".png"))
        if source is not None:
            refuse_inputs_as_outputs([source], [sound, picture])
        _write(sound, output, sample_rate)
        title = f"{name}, turned into {model.name}"
        draw_before_and_after(picture, audio, output, sample_rate, title, (name, model.name))
        yield DemoResult(
            model=model.name,
            sound=sound,
            picture=picture,
            settings=settings,
            rtf=processing_s * sample_rate / audio.shape[1],
            latency_ms=1000 * model.stream(sample_rate, 1, 128).latency_samples / sample_rate,
        )


def bundled_instruments() -> list[Model]:
    """Give the bundled effects that a sound can be calibrated to: those that turn it into an instrument."""
    effects = (model for model in map(Model, bundled_names()) if model.document.role is Role.EFFECT)
    return [model for model in effects if {"octave", "loudness_gain"} <= model.controls.keys()]


def _open_source(folder: Path, source: Path | None) -> tuple[str, NDArray[np.float32], int]:
    if source is None:
        melody = make_melody()
        _write(folder / "melody.wav", melody, SAMPLE_RATE)
        return "melody", melody, SAMPLE_RATE
    with AudioReader(source) as reader:
        return source.stem, reader.read(LONGEST_S * reader.sample_rate), reader.sample_rate


def _write(path: Path, audio: NDArray[np.float32], sample_rate: int) -> None:
    with AudioWriter(path, sample_rate, len(audio), "WAV", "PCM_24") as writer:
        writer.write(audio)
        writer.commit()
