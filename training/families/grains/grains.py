"""The lower level: a variational autoencoder of grains, a frame each (Kingma and Welling 2014; Bitton et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...dsp.units import DB
from ...hits.controls import tilt
from ...hits.hearing import SILENT_DB, Hearing
from ...hits.voice import Parts, Voice
from ...streaming.contract import Carry, State, StreamingModule, recent
from ...streaming.layers import dense
from .ambience import AmbientParts, AmbientScore, AmbientVoice
from .scores import NoteScore, Score
from .settings import AMBIENCE, NOTES, GrainsSize

CLASS_VALUES = 8
CONTEXT = 3
LOWEST_LOG_VARIANCE = -8.0
LOWEST_CURVE, CURVES, CURVE_STEP = 24.0, 15, 6.0
"""Where the pitch lies is told by curves of half an octave, from C1 on, so that a timbre depends on the register."""


class GrainEncoder(StreamingModule):
    """Hears a sound as a series of places.

    Shapes: (B, N, hop_length) -> mean (B, N, Z), log variance (B, N, Z), loudness in dB and onset (B, N, 1).
    """

    window: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.latents = size.latents
        self.hearing = Hearing()
        self.enter = dense(Hearing.size, size.width)
        self.join = dense(CONTEXT * size.width, size.width)
        self.head = nn.Linear(size.width, 2 * size.latents)
        self.register_buffer("window", torch.arange(CONTEXT), persistent=False)
        self.width = size.width

    def own_state(self, batch: int) -> State:
        return {"heard": torch.zeros(batch, CONTEXT - 1, self.width)}

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        features, loudness, onset = carry("hearing", x)
        frames, heard = recent(state["heard"], self.enter(features), self.window)
        mean, log_variance = self.head(self.join(frames.flatten(2))).chunk(2, -1)
        found = (mean, log_variance.clamp(LOWEST_LOG_VARIANCE, 2.0), loudness, onset)
        return found, carry.next_state | {"heard": heard}


class GrainDecoder(nn.Module):
    """From places to what a voice plays.

    The network's levels are nepers relative to the loudness asked for, so that an untrained one follows it.

    Parameters
    ----------
    size : GrainsSize
    classes : int
        0 for a model of none.
    """

    curves: Tensor

    def __init__(self, size: GrainsSize, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.silence = 10 ** (SILENT_DB / 20)
        self.score: Score | NoteScore | AmbientScore
        if size.voice == AMBIENCE:
            self.score = AmbientScore()
        else:
            self.score = NoteScore(size) if size.voice == NOTES else Score(size)
        self.of_class = nn.Linear(classes, CLASS_VALUES, bias=False) if classes else None
        curves = LOWEST_CURVE + CURVE_STEP * torch.arange(CURVES if self.pitched else 0)
        self.register_buffer("curves", curves, persistent=False)
        told = len(curves) + (CLASS_VALUES if classes else 0)
        self.enter = dense(size.latents + told, size.width)
        self.middle = dense(size.width, size.width)
        self.parts = [sum(self.score.levels), sum(self.score.others)]
        self.head = nn.Linear(size.width, sum(self.parts))
        with torch.no_grad():
            self.head.weight.mul_(0.3)
            self.score.begin(self.head.bias)

    @property
    def pitched(self) -> bool:
        """Whether it must be told a pitch."""
        return self.score.pitched

    def forward(
        self,
        z: Tensor,
        loudness_db: Tensor,
        classes: Tensor | None,
        midi: Tensor | None = None,
        harder_db: Tensor | None = None,
    ) -> Parts | AmbientParts:
        """Give the parts of frames.

        Parameters
        ----------
        z : (B, N, Z)
        loudness_db : (B, N, 1)
        classes : (B, N, K) weights that sum to one, or to nothing; None for a model of no classes.
        midi : (B, N, 1) pitch as MIDI note numbers; None for a voice that has none.
        harder_db : (B, N, 1) by which it is played harder, and so brighter.
        """
        if self.of_class is not None and classes is not None:
            z = torch.cat([z, self.of_class(classes)], -1)
        if midi is not None:
            away = (midi.float() - self.curves) / CURVE_STEP
            z = torch.cat([z, (away * away * -0.5).exp()], -1)
        levels, others = self.head(self.middle(self.enter(z))).split(self.parts, -1)
        loudness = (loudness_db * DB).exp()
        # Nothing at all where it is silent.
        loudness = (loudness - self.silence).clamp_min(0.0)
        levels = levels.clamp(-12.0, 3.0)
        if harder_db is not None:
            levels = levels + harder_db * tilt(self.score.frequencies(midi))
        return self.score(levels.exp() * loudness, others, loudness, midi)


class Grains(StreamingModule):
    """Encoder, decoder and voice, as they are trained together."""

    def __init__(self, size: GrainsSize, classes: int) -> None:
        super().__init__()
        self.encoder = GrainEncoder(size)
        self.decoder = GrainDecoder(size, classes)
        sinusoids = size.harmonics if self.decoder.pitched else size.partials
        ambient = size.voice == AMBIENCE
        self.voice: Voice | AmbientVoice = AmbientVoice() if ambient else Voice(sinusoids, size.transients)
