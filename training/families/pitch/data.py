"""What the pitch tracker is trained on: sounds that are synthesised anew for each step."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...data.source import Source
from ...loop.report import Reporter
from .draws import Draws
from .model import HOP_LENGTH, SAMPLE_RATE
from .settings import PitchSettings, PitchSize
from .sounds import SyntheticSounds, draw_sounds

HELD_OUT_SEED, HELD_OUT_SOUNDS = 1 << 40, 32


@dataclass(frozen=True)
class PitchData:
    """A source of sounds by number: the same number gives the same sounds on the same kind of device."""

    settings: PitchSettings

    def batch(self, number: int, device: torch.device) -> SyntheticSounds:
        """Synthesise a batch."""
        draws = Draws(SAMPLE_RATE, HOP_LENGTH, device, number)
        return draw_sounds(draws, self.settings.batch, self.settings.excerpt_frames)

    def held_out(self, device: torch.device) -> SyntheticSounds:
        """Synthesise sounds that are in no batch."""
        draws = Draws(SAMPLE_RATE, HOP_LENGTH, device, HELD_OUT_SEED)
        return draw_sounds(draws, HELD_OUT_SOUNDS, self.settings.excerpt_frames)


def prepare(source: Source, settings: PitchSettings, size: PitchSize, report: Reporter) -> PitchData:
    """Get ready to synthesise."""
    return PitchData(settings)
