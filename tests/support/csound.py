"""Perform small orchestras in this process and give their sound and messages."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainsynth import register_opcodes
from plugin_host.csound.load_csound import load_csound
from tests.support.blocks import Audio


@dataclass(frozen=True)
class Performance:
    """What a Csound played, (C, T), and said, and how many errors it counted."""

    sound: NDArray[np.float64]
    said: str
    errors: int


def perform(
    instruments: str,
    score: str = "i 1 0 0.1",
    *,
    ksmps: int = 64,
    rate: int = 48_000,
    channels: int = 1,
    full_scale: float = 1,
    input_sound: Audio | None = None,
    folder: Path | None = None,
    flags: Sequence[str] = (),
) -> Performance:
    """Perform an orchestra; `input_sound` (1, T) is what `inch 1` gives."""
    csound: Any = load_csound().Csound()
    for flag in ("-n", "-m0", "-d", *flags):
        csound.setOption(flag)
    csound.createMessageBuffer(False)
    register_opcodes(csound, folder)
    header = f"sr = {rate}\nksmps = {ksmps}\nnchnls = {channels}\nnchnls_i = 1\n0dbfs = {full_scale}\n"
    played: list[NDArray[np.float64]] = []
    if csound.compileOrc(header + instruments) == 0:
        csound.readScore(score)
        csound.setHostImplementedAudioIO(1, 0)
        csound.start()
        spin, spout = csound.spin(), csound.spout()
        position = 0
        while True:
            if input_sound is not None:
                part = input_sound[0, position : position + ksmps]
                spin[:] = 0
                spin[: len(part)] = part * full_scale
                position += ksmps
            if csound.performKsmps() != 0:
                break
            played.append(np.array(spout).reshape(ksmps, channels).T)
    said = ""
    while csound.messageCnt():
        said += csound.firstMessage()
        csound.popFirstMessage()
    errors = load_csound().libcsound.csoundErrCnt(ctypes.cast(csound.csound(), ctypes.c_void_p))
    sound = np.concatenate(played, axis=1) if played else np.zeros((channels, 0))
    return Performance(sound, said, errors)
