"""Spectrograms of a sound before and after, one above the other."""

from pathlib import Path

import numpy as np

from benchmarks.common.mel import mel_edges_hz, mel_filters, mel_spectrogram_db

RANGE_DB = 70.0
TICKS_HZ = (100, 300, 1000, 3000, 10000)


def save_picture(path: Path, sounds: dict[str, np.ndarray], sample_rate: int) -> None:
    """Draw mel spectrograms of sounds that start together.

    Parameters
    ----------
    path : Path
        A ``.png`` to write; its folder is made.
    sounds : dict of str to ndarray
        (T,) mono each, with the title over it; each is shown down to 70 dB below its loudest band.
    sample_rate : int
        Hz, at least 40000.
    """
    from matplotlib.figure import Figure

    hop_length = sample_rate // 200
    filters = mel_filters(sample_rate, 2048, 128, 30.0, 20000.0)
    edges_hz = mel_edges_hz(128, 30.0, 20000.0)
    figure = Figure(figsize=(8.0, 2.6 * len(sounds)), layout="constrained")
    axes = figure.subplots(len(sounds), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (title, audio) in zip(axes, sounds.items(), strict=True):
        level_db = mel_spectrogram_db(audio, filters, hop_length)
        extent = (0.0, audio.size / sample_rate, 0.0, 128.0)
        top = float(level_db.max())
        axis.imshow(level_db, origin="lower", aspect="auto", extent=extent, vmin=top - RANGE_DB, vmax=top)
        axis.set_title(title, loc="left")
        axis.set_yticks(np.interp(TICKS_HZ, edges_hz, np.arange(-1, 129)), [f"{tick:g}" for tick in TICKS_HZ])
        axis.set_ylabel("Hz")
    axes[-1].set_xlabel("seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
