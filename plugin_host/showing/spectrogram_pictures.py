"""Draw what a model did to a sound: spectrograms, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingPackageError
from ..files.atomic_file import PartialFile, output_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_LOWEST_HZ = 60.0
_ROWS = 360
_N_FFT = 4096
_HOP_LENGTH = 480
_RANGE_DB = 80.0
# What is no louder is silence, which has no loudest part that the rest could be measured by.
_SILENT_DB = -120.0
_NOTHING = 1e-20
BACKGROUND, TEXT = "#101018", "#d8d8e0"


def spectrogram_db(
    audio: NDArray[np.floating], sample_rate: float, highest_hz: float = 16_000.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the power of a sound over time and frequency, on a logarithmic frequency axis.

    Parameters
    ----------
    audio : array
        (C, T); the mean of the channels is taken.
    sample_rate : float
        Hz.
    highest_hz : float
        Where the axis ends, or at half the sample rate if that is lower.

    Returns
    -------
    power_db : array, (R, N)
        In dB of a sine at full scale; row 0 is the lowest frequency.
    frequency_hz : array, (R,)
        The centre of each row, 60 Hz and up.
    """
    mono = np.pad(audio.mean(axis=0, dtype=np.float64), (_N_FFT // 2, _N_FFT))
    starts = np.arange(0, audio.shape[1] + 1, _HOP_LENGTH)
    window = np.hanning(_N_FFT)
    highest_hz = min(highest_hz, sample_rate / 2)
    frequency_hz = _LOWEST_HZ * (highest_hz / _LOWEST_HZ) ** np.linspace(0, 1, _ROWS)
    bins = frequency_hz * _N_FFT / sample_rate
    lower = np.floor(bins).astype(int)
    part = (bins - lower)[:, None]
    columns = []
    # By the second, so that a long file does not fill the memory with frames.
    for group in np.array_split(starts, max(1, len(starts) // 100)):
        frames = mono[group[:, None] + np.arange(_N_FFT)] * window
        power = np.abs(np.fft.rfft(frames)).T ** 2
        upper = np.minimum(lower + 1, len(power) - 1)
        columns.append((1 - part) * power[lower] + part * power[upper])
    return 10 * np.log10(np.concatenate(columns, axis=1) * (2 / window.sum()) ** 2 + _NOTHING), frequency_hz


def draw_before_and_after(
    path: Path,
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    sample_rate: float,
    title: str,
    names: tuple[str, str] = ("before", "after"),
) -> None:
    """Draw two sounds of one length into a PNG file.

    Parameters
    ----------
    path : Path
        The picture.
    before, after : array
        (C, T) each.
    sample_rate : float
        Hz.
    title : str
        Above both.
    names : tuple of str
        Of the two.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    OutputError
        If the picture cannot be written.
    """
    draw_sounds(path, (before, after), sample_rate, title, names)


def draw_sounds(
    path: Path,
    sounds: Sequence[NDArray[np.floating]],
    sample_rate: float,
    title: str,
    names: Sequence[str],
) -> None:
    """Draw sounds of one length, (C, T) each, below one another; else as `draw_before_and_after`."""
    require_matplotlib()
    from matplotlib.figure import Figure

    height = 1.2 + 2.7 * len(sounds)
    figure = Figure(figsize=(11, height), dpi=150, facecolor=BACKGROUND, layout="constrained")
    # A name with two dollar signs is no formula.
    figure.suptitle(drawable(title), color=TEXT, fontsize=15, x=0.02, ha="left", parse_math=False)
    panels = figure.subplots(len(sounds), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    images = []
    for panel, audio, name in zip(panels, sounds, names, strict=True):
        images.append(draw_spectrogram(panel, audio, sample_rate))
        panel.text(
            0.008,
            0.95,
            drawable(name),
            transform=panel.transAxes,
            color="white",
            fontsize=12,
            va="top",
            weight="bold",
            parse_math=False,
        )
    panels[-1].set_xlabel("time in seconds", color=TEXT)
    bar = figure.colorbar(images[0], ax=panels, pad=0.012, aspect=40)
    bar.set_label("dB below the loudest", color=TEXT)
    bar.ax.tick_params(colors=TEXT)
    bar.outline.set_visible(False)
    save_picture(figure, path)


def save_picture(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with PartialFile(path) as partial:
        try:
            figure.savefig(partial.path, format="png", facecolor=BACKGROUND)
        except OSError as error:
            raise output_error(path, error) from error
        partial.commit()


def require_matplotlib() -> None:
    """See that pictures can be drawn.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("pictures need matplotlib: pip install 'brainsynth[demo]'") from error


def draw_spectrogram(
    panel: Axes, audio: NDArray[np.floating], sample_rate: float, start_s: float = 0.0
) -> AxesImage:
    """Draw a sound (C, T) that begins at some second, in dB below its loudest moment."""
    power_db, frequency_hz = spectrogram_db(audio, sample_rate)
    duration_s = audio.shape[1] / sample_rate
    octaves = np.log2(frequency_hz[[0, -1]])
    image = panel.imshow(
        power_db - max(power_db.max(), _SILENT_DB),
        origin="lower",
        aspect="auto",
        extent=(start_s, start_s + duration_s, float(octaves[0]), float(octaves[1])),
        cmap="magma",
        vmin=-_RANGE_DB,
        vmax=0.0,
        interpolation="bilinear",
    )
    ticks = [hz for hz in (100, 200, 500, 1000, 2000, 5000, 10_000) if hz < frequency_hz[-1]]
    panel.set_yticks(np.log2(ticks), [f"{hz / 1000:g} k" if hz >= 1000 else str(hz) for hz in ticks])
    panel.set_ylabel("frequency in Hz", color=TEXT)
    panel.tick_params(colors=TEXT, length=3)
    for spine in panel.spines.values():
        spine.set_visible(False)
    return image


def drawable(text: str) -> str:
    """Give a text that matplotlib takes: it refuses what stands for the bytes of a name that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
