"""Draw a composition: its spectrogram, where half minutes begin, what is copied and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import counted
from .spectrogram_pictures import (
    BACKGROUND,
    TEXT,
    draw_spectrogram,
    drawable,
    require_matplotlib,
    save_picture,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_S = 120.0
"""Of what is longer than two panels, the beginning, the end, and the longest run are drawn."""

HALF_MINUTE_S = 30.0
MARK, UNKNOWN = "#7fdbca", "#20202c"
FLAGS = {"copied": ("as in a song", "#ff9e64"), "copied_transposed": ("in any key", "#7aa2f7")}
"""How the strip below calls and colours what an ear tells."""

NARROWEST = 0.012
"""Of a bracket, as a share of the panel."""


def draw_composition(
    path: Path,
    sound: NDArray[np.floating],
    sample_rate: float,
    title: str,
    runs: Sequence[Mapping[str, Any]] = (),
    flags: Mapping[str, NDArray[np.bool_]] | None = None,
    steps_per_s: float = 0.0,
) -> None:
    """Draw a composition into a PNG file.

    Parameters
    ----------
    path : Path
        The picture.
    sound : array
        (C, T).
    sample_rate : float
        Hz.
    title : str
        Above all.
    runs : sequence of mapping
        As a report has them, the longest first; that one is marked.
    flags : mapping
        Of each of FLAGS that is known, when it is on: (N,), ``steps_per_s`` a second.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    OutputError
        If the picture cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    duration_s = sound.shape[1] / sample_rate
    run, known = (
        (runs[0] if runs else None),
        {name: on for name, on in (flags or {}).items() if name in FLAGS},
    )
    spans = panels_of(duration_s, run)
    strip_height = 0.16 * len(known)
    figure = Figure(
        figsize=(11, 1.3 + (3.1 + strip_height) * len(spans)),
        dpi=150,
        facecolor=BACKGROUND,
        layout=ConstrainedLayoutEngine(h_pad=0.035, hspace=0),
    )
    figure.suptitle(drawable(title), color=TEXT, fontsize=15, x=0.02, ha="left", parse_math=False)
    heights = [2.9, strip_height] if known else [2.9]
    axes = figure.subplots(
        len(heights) * len(spans), 1, squeeze=False, gridspec_kw={"height_ratios": heights * len(spans)}
    )[:, 0]
    panels = axes[:: len(heights)]
    images = []
    for panel, (start_s, end_s) in zip(panels, spans, strict=True):
        first, last = round(start_s * sample_rate), round(end_s * sample_rate)
        images.append(draw_spectrogram(panel, sound[:, first:last], sample_rate, start_s))
        _mark_time(panel, start_s, end_s)
        if run is not None and start_s <= run["starts_at_s"] < end_s:
            _mark_run(panel, run, start_s, end_s)
        panel.set_xlim(start_s, end_s)
    for panel, strip in zip(panels, axes[1::2], strict=True) if known else ():
        strip.sharex(panel)
        _draw_strip(strip, known, steps_per_s)
        panel.tick_params(bottom=False, labelbottom=False)
    bar = figure.colorbar(images[0], ax=axes, pad=0.012, aspect=15 + 15 * len(spans))
    bar.set_label("dB below the loudest", color=TEXT)
    bar.ax.tick_params(colors=TEXT)
    bar.outline.set_visible(False)
    save_picture(figure, path)


def panels_of(duration_s: float, run: Mapping[str, Any] | None) -> list[tuple[float, float]]:
    """Give from when to when panels are, in seconds."""
    if duration_s < 2 * PANEL_S:
        return [(0.0, duration_s)]
    ends = [(0.0, PANEL_S), (duration_s - PANEL_S, duration_s)]
    if run is None or any(first <= run["starts_at_s"] and run["ends_at_s"] <= last for first, last in ends):
        return ends
    middle = (run["starts_at_s"] + run["ends_at_s"]) / 2
    start_s = min(max(0.0, middle - PANEL_S / 2), duration_s - PANEL_S)
    return [ends[0], (start_s, start_s + PANEL_S), ends[1]]


def _mark_time(panel: Axes, start_s: float, end_s: float) -> None:
    """Lines where half minutes begin, and the time below in minutes and seconds."""
    every = next((s for s in (1, 2, 5, 10) if (end_s - start_s) / s <= 13), 30)
    ticks = np.arange(np.ceil(start_s / every) * every, end_s + 1e-6, every)
    panel.set_xticks(ticks, [f"{int(s) // 60}:{int(s) % 60:02d}" for s in ticks])
    for second in np.arange(
        np.floor(start_s / HALF_MINUTE_S + 1) * HALF_MINUTE_S, end_s - 1e-6, HALF_MINUTE_S
    ):
        panel.axvline(second, color="white", alpha=0.45, linewidth=0.9, linestyle=(0, (4, 4)))


def _mark_run(panel: Axes, run: Mapping[str, Any], start_s: float, end_s: float) -> None:
    """A bracket over a run, and which song it is from."""
    from matplotlib.patheffects import withStroke

    first, last = run["starts_at_s"], min(run["ends_at_s"], end_s)
    middle, wide = (first + last) / 2, max(last - first, NARROWEST * (end_s - start_s))
    across, outline = panel.get_xaxis_transform(), [withStroke(linewidth=4, foreground=BACKGROUND)]
    panel.axvspan(first, last, color=MARK, alpha=0.15, linewidth=0)
    edges = [middle - wide / 2, middle - wide / 2, middle + wide / 2, middle + wide / 2]
    panel.plot(
        edges, [0.84, 0.88, 0.88, 0.84], transform=across, color=MARK, linewidth=2, solid_joinstyle="miter",
        path_effects=outline,
    )  # fmt: skip
    song_s, is_left = int(run["song_at_s"]), middle < (start_s + end_s) / 2
    panel.text(
        edges[0] if is_left else edges[-1],
        0.905,
        drawable(
            f"{counted(run['steps'], 'step')} as in {run['song']}, up to {song_s // 60}:{song_s % 60:02d}"
        ),
        transform=across,
        color=MARK,
        fontsize=10.5,
        weight="bold",
        va="bottom",
        ha="left" if is_left else "right",
        parse_math=False,
        path_effects=outline,
    )


def _draw_strip(strip: Axes, known: Mapping[str, NDArray[np.bool_]], steps_per_s: float) -> None:
    """When music is known, a row for each way to know it."""
    from matplotlib.colors import to_rgb

    rows = []
    for name, on in known.items():
        colours = np.array([to_rgb(UNKNOWN), to_rgb(FLAGS[name][1])])
        rows.append(colours[on.astype(int)])
    length_s = rows[0].shape[0] / steps_per_s
    seen_s = strip.get_xlim()
    strip.imshow(
        np.stack(rows), aspect="auto", interpolation="nearest", extent=(0.0, length_s, len(rows) - 0.5, -0.5)
    )
    strip.set_xlim(seen_s)
    for place in range(1, len(rows)):
        strip.axhline(place - 0.5, color=BACKGROUND, linewidth=1.5)
    strip.set_yticks(range(len(rows)), [FLAGS[name][0] for name in known])
    strip.tick_params(colors=TEXT, length=3, labelsize=9)
    strip.tick_params(axis="y", length=0)
    for spine in strip.spines.values():
        spine.set_visible(False)
