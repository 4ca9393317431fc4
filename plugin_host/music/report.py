"""What a composition is like: whether it is copied, and whether it holds over minutes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model

PART_S = 30.0
SILENT_DB = -60.0
EDGES_HZ = (0.0, 200.0, 800.0, 3200.0, math.inf)


class Report:
    """Takes in music block by block, and tells of it.

    Parameters
    ----------
    sample_rate : int
        Of the music, Hz.
    ear : Model, optional
        The analyzer that belongs to the model; without one nothing is said of copies and codes.
    """

    def __init__(self, sample_rate: int, ear: Model | None = None) -> None:
        self._rate, self._ear = sample_rate, ear
        self._stream = ear.stream(sample_rate, 1) if ear else None
        self._heard: dict[str, list[NDArray[np.float32]]] = {}
        self._waiting = np.zeros(0, np.float32)
        self._parts: list[dict[str, Any]] = []

    def take(self, block: NDArray[np.float32]) -> None:
        """Take in a block (1, T)."""
        if self._stream is not None:
            for name, values in self._stream.analyze(block).items():
                self._heard.setdefault(name, []).append(values[0])
        self._waiting = np.concatenate([self._waiting, block[0]])
        length = round(PART_S * self._rate)
        while len(self._waiting) >= length:
            self._parts.append(self._measure(self._waiting[:length]))
            self._waiting = self._waiting[length:]

    def finish(self) -> dict[str, Any]:
        """Give the report, ready for JSON."""
        if len(self._waiting) > self._rate // 2:
            self._parts.append(self._measure(self._waiting))
        heard = {name: np.concatenate(parts, -1) for name, parts in self._heard.items()}
        if not heard.get("run", np.zeros(0)).size:  # too short for a step
            heard = {}
        return {"holds": self._holds(heard), "copied": self._copied(heard)}

    def _measure(self, part: NDArray[np.float32]) -> dict[str, Any]:
        """Level and spectrum of some seconds."""
        frames = (
            np.lib.stride_tricks.sliding_window_view(part, 2048)[::1024] if len(part) >= 2048 else part[None]
        )
        power = np.mean(np.square(frames, dtype=np.float64), 1)
        spectrum = np.mean(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]))) ** 2, 0)
        hertz = np.fft.rfftfreq(frames.shape[1], 1 / self._rate)
        bands = [float(spectrum[(hertz >= low) & (hertz < high)].sum()) for low, high in pairwise(EDGES_HZ)]
        whole = sum(bands) or 1.0
        return {
            "loudness_db": _db(float(power.mean())),
            "silent_share": float(np.mean(power < 10 ** (SILENT_DB / 10))),
            "bands_db": [_db(band / whole) for band in bands],
        }

    def _holds(self, heard: dict[str, NDArray[np.float32]]) -> dict[str, Any]:
        parts = [dict(part) for part in self._parts]
        found: dict[str, Any] = {"part_s": PART_S, "parts": parts}
        if "codes" in heard and self._ear is not None:
            first = heard["codes"][0].round().astype(int)
            step = round(PART_S * self._ear.document.sample_rate / self._ear.document.hop_length)
            for i, part in enumerate(parts):
                part["entropy_bits"] = _entropy(first[i * step : (i + 1) * step])
            found["longest_repeat_steps"] = _longest_run(first)
        if parts:
            found["loudness_change_db"] = round(parts[-1]["loudness_db"] - parts[0]["loudness_db"], 2)
        return found

    def _copied(self, heard: dict[str, NDArray[np.float32]]) -> dict[str, Any] | None:
        if "run" not in heard or self._ear is None:
            return None
        document = self._ear.document
        steps_per_s = document.sample_rate / document.hop_length
        last = int(np.argmax(heard["run"]))
        outputs = {output.name: output for output in document.outputs}
        songs = outputs["song"].choices
        ends_s = float(heard["at_s"][last])
        return {
            "longest_run_steps": int(heard["run"][last]),
            "ends_at_s": round((last + 1) / steps_per_s, 2),
            "song": songs[round(float(heard["song"][last]))],
            "song_at_s": round(ends_s, 2),
            "flagged_share": round(float(np.mean(heard["copied"] > 0.5)), 4),
        }


def _db(power: float) -> float:
    return round(10 * math.log10(max(power, 1e-12)), 2)


def _entropy(codes: NDArray[np.int64]) -> float:
    shares = np.bincount(codes) / max(len(codes), 1)
    shares = shares[shares > 0]
    return round(float(-(shares * np.log2(shares)).sum()), 3)


def _longest_run(codes: NDArray[np.int64]) -> int:
    """Steps for which the first codebook's code stays the same, at most."""
    if not len(codes):
        return 0
    edges = np.flatnonzero(np.diff(codes)) + 1
    return int(np.diff(np.concatenate([[0], edges, [len(codes)]])).max())
