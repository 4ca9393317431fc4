"""Draw the map of a model of grains, and write it for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..errors import MissingPackageError
from ..files.atomic_file import PartialFile, output_error
from .instrument import Grains

_BACKGROUND, _TEXT = "#101018", "#d8d8e0"


def draw_map(grains: Grains, path: Path) -> None:
    """Draw the sounds that were learned from in two dimensions, by class, into a PNG file.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    OutputError
        If the picture cannot be written.
    """
    try:
        from matplotlib import colormaps
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("pictures need matplotlib: pip install 'brainsynth[demo]'") from error
    figure = Figure(figsize=(9, 9), dpi=150, facecolor=_BACKGROUND, layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor(_BACKGROUND)
    figure.suptitle(
        f"{grains.name}: {len(grains.points)} sounds",
        color=_TEXT,
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
    axes.tick_params(colors=_TEXT)
    axes.grid(color=_TEXT, alpha=0.15)
    for spine in axes.spines.values():
        spine.set_visible(False)
    with PartialFile(path) as partial:
        try:
            figure.savefig(partial.path, format="png", facecolor=_BACKGROUND)
        except OSError as error:
            raise output_error(path, error) from error
        partial.commit()


def write_map(grains: Grains, path: Path) -> None:
    """Write the map as JSON: of each sound its ``label``, ``class``, ``x``, ``y``, ``place`` and ``latent``.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    sounds = [
        {
            "label": point.label,
            "class": point.label.split("/")[0] if grains.classes else "",
            "x": point.x,
            "y": point.y,
            "place": point.value,
            "latent": grain.value,
        }
        for point, grain in zip(grains.points, grains.grain_points, strict=True)
    ]
    text = json.dumps({"name": grains.name, "classes": grains.classes, "sounds": sounds}, indent=1)
    with PartialFile(path) as partial:
        try:
            partial.path.write_text(text + "\n")
        except OSError as error:
            raise output_error(path, error) from error
        partial.commit()
