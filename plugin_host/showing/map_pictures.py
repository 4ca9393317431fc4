"""Draw the map of a model of grains."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..grains.instrument import Grains
from .spectrogram_pictures import BACKGROUND, TEXT, require_matplotlib, save_picture


def draw_map(grains: Grains, path: Path) -> None:
    """Draw the sounds that were learned from in two dimensions, by class, into a PNG file.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    OutputError
        If the picture cannot be written.
    """
    require_matplotlib()
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), dpi=150, facecolor=BACKGROUND, layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor(BACKGROUND)
    figure.suptitle(
        f"{grains.name}: {len(grains.points)} sounds",
        color=TEXT,
        fontsize=15,
        x=0.02,
        ha="left",
        parse_math=False,
    )
    names = grains.classes or ("",)
    colours = colormaps["tab10" if len(names) <= 10 else "gist_rainbow"](
        np.linspace(0, 1, max(len(names), 10))
    )
    for name, colour in zip(names, colours, strict=False):
        spots = [(p.x, p.y) for p in grains.points if not name or p.label.split("/")[0] == name]
        if not spots:
            continue
        x, y = np.array(spots).T
        axes.scatter(x, y, color=[colour], s=24, alpha=0.8, linewidths=0)
        axes.text(
            float(np.median(x)), float(np.median(y)), name, color="white", fontsize=12, weight="bold", ha="center",
            parse_math=False,
        )  # fmt: skip
    axes.tick_params(colors=TEXT)
    axes.grid(color=TEXT, alpha=0.15)
    for spine in axes.spines.values():
        spine.set_visible(False)
    save_picture(figure, path)
