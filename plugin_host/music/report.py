"""What a composition is like: whether it is copied, and whether it holds over minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model
from .loops import best_loop
from .part import Part
from .runs import longest_runs

PART_S = 30.0
MINUTE_PARTS = 2
FLAGS = ("copied", "copied_transposed")
"""Outputs of an ear that are 1 where music is known."""


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
        self._told: dict[str, list[NDArray[np.float32]]] = {}
        self._waiting = np.zeros(0, np.float32)
        self._parts: list[Part] = []

    def take(self, block: NDArray[np.float32]) -> None:
        """Take in a block (1, T)."""
        if self._stream is not None:
            for name, values in self._stream.analyze(block).items():
                self._told.setdefault(name, []).append(values[0])
        self._waiting = np.concatenate([self._waiting, block[0]])
        length = round(PART_S * self._rate)
        while len(self._waiting) >= length:
            self._parts.append(Part.measure(self._waiting[:length], self._rate))
            self._waiting = self._waiting[length:]

    def finish(self) -> dict[str, Any]:
        """Give the report, ready for JSON."""
        whole = len(self._parts)
        if len(self._waiting) > self._rate // 2:
            self._parts.append(Part.measure(self._waiting, self._rate))
        heard = self._heard()
        return {"holds": self._holds(heard, whole), "copied": self._copied(heard)}

    def flags(self) -> dict[str, NDArray[np.bool_]]:
        """Give for each of FLAGS that the ear tells which steps (N,) it is on."""
        heard = self._heard()
        return {name: heard[name] > 0.5 for name in FLAGS if name in heard}

    @property
    def steps_per_s(self) -> float:
        """Steps of the ear; 0 without one."""
        return self._ear.document.sample_rate / self._ear.document.hop_length if self._ear else 0.0

    def _heard(self) -> dict[str, NDArray[np.float32]]:
        """All that the ear has told; nothing if it was too short for a step."""
        heard = {name: np.concatenate(parts, -1) for name, parts in self._told.items()}
        return heard if heard.get("run", np.zeros(0)).size else {}

    def _holds(self, heard: dict[str, NDArray[np.float32]], whole: int) -> dict[str, Any]:
        parts = [part.describe() for part in self._parts]
        found: dict[str, Any] = {"part_s": PART_S, "parts": parts, "tempo_bpm": None}
        if self._parts:
            found["tempo_bpm"] = Part.joined(self._parts).describe()["tempo_bpm"]
            found["loudness_change_db"] = round(parts[-1]["loudness_db"] - parts[0]["loudness_db"], 2)
        codes = heard["codes"][0].round().astype(np.int64) if "codes" in heard else None
        if codes is not None:
            for i, part in enumerate(parts):
                part["entropy_bits"] = _entropy(self._steps(codes, i, i + 1))
            found["longest_repeat_steps"] = _longest_stay(codes)
            found["loops"] = self._loop(codes)
        if whole >= 2 * MINUTE_PARTS:
            found["minutes"] = {
                "first": self._minute(0, codes),
                "last": self._minute(whole // MINUTE_PARTS - 1, codes),
            }
        return found

    def _minute(self, number: int, codes: NDArray[np.int64] | None) -> dict[str, Any]:
        """Tell of a whole minute, by its number."""
        first, last = number * MINUTE_PARTS, (number + 1) * MINUTE_PARTS
        found = {"starts_at_s": first * PART_S, **Part.joined(self._parts[first:last]).describe()}
        if codes is not None:
            steps = self._steps(codes, first, last)
            found |= {"entropy_bits": _entropy(steps), "loops": self._loop(steps)}
        return found

    def _steps(self, codes: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
        """Codes from one part to another."""
        length = PART_S * self.steps_per_s
        return codes[round(first * length) : round(last * length)]

    def _loop(self, codes: NDArray[np.int64]) -> dict[str, float] | None:
        loop = best_loop(codes, self.steps_per_s)
        return loop and {"lag_s": round(loop.lag_s, 2), "share": round(loop.share, 4)}

    def _copied(self, heard: dict[str, NDArray[np.float32]]) -> dict[str, Any] | None:
        if not heard or self._ear is None:
            return None
        songs = {output.name: output for output in self._ear.document.outputs}["song"].choices
        pairs = heard["codes"][:2].round()
        moves = np.append(True, (pairs[:, 1:] != pairs[:, :-1]).any(0))
        runs = [
            {
                "steps": run.steps,
                "starts_at_s": round(run.first / self.steps_per_s, 2),
                "ends_at_s": round((run.last + 1) / self.steps_per_s, 2),
                "song": songs[round(float(heard["song"][run.last]))],
                "song_at_s": round(float(heard["at_s"][run.last]), 2),
            }
            for run in longest_runs(heard["run"].round().astype(np.int64), moves)
        ]
        shares = {name: round(float(np.mean(flag)), 4) for name, flag in self.flags().items()}
        longest = runs[0] if runs else {"steps": 0, "ends_at_s": 0.0, "song": songs[0], "song_at_s": 0.0}
        return {
            "longest_run_steps": longest["steps"],
            **{name: longest[name] for name in ("ends_at_s", "song", "song_at_s")},
            "runs": runs,
            "flagged_share": shares.get("copied"),
            "flagged_share_transposed": shares.get("copied_transposed"),
        }


def _entropy(codes: NDArray[np.int64]) -> float:
    shares = np.bincount(codes) / max(len(codes), 1)
    shares = shares[shares > 0]
    return round(float(-(shares * np.log2(shares)).sum()), 3)


def _longest_stay(codes: NDArray[np.int64]) -> int:
    """Steps for which the first codebook's code stays the same, at most."""
    if not len(codes):
        return 0
    edges = np.flatnonzero(np.diff(codes)) + 1
    return int(np.diff(np.concatenate([[0], edges, [len(codes)]])).max())
