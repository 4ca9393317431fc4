"""Plays any moment of a one-shot: from its place, its note and the time since its trigger to what the voice plays."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...dsp.units import DB, midi_to_hz
from ...hits.harmonic_tracks import HIGHEST_HZ
from ...hits.hearing import SILENT_DB
from ...hits.priors import ClassPriors
from ...hits.voice import BANDS, NOISE_HOPS, Parts, Voice, partial_centres, partial_reach
from ...streaming.contract import StreamingModule
from ...streaming.layers import dense
from .encoder import Encoder, event_frames
from .settings import OneshotsSize

AGES = 32
TOP_DB = -12.0
MIDDLE_NOTE, NOTES, NOTE_STEP = 60.0, 7, 12.0
BEND_SEMITONES = 12.0
STRAY = 0.6
"""How far a harmonic may lie from its multiple, in shares of the note's frequency."""


class Decoder(nn.Module):
    """Gives any moment by itself, so that a sound can be of any length and training can look at any part of it.

    The network's levels are nepers relative to the level of the moment. Harmonics, which come after the free sinusoids among
    the parts, lie near the multiples of the note's frequency, which bends as the network says. Each may stray a little
    further than halfway to the next, as those of bells do.
    """

    middles: Tensor
    octaves: Tensor
    centres: Tensor
    orders: Tensor

    def __init__(self, size: OneshotsSize, pitched: bool) -> None:
        super().__init__()
        self.frames = event_frames(size)
        self.harmonics = size.harmonics if pitched else 0
        self.silence = 10 ** (SILENT_DB / 20)
        last = math.log1p(self.frames / 2.0)
        self.register_buffer("middles", torch.linspace(0.0, last, AGES), persistent=False)
        self.scale = (AGES - 1) / last
        notes = (torch.arange(NOTES) - NOTES // 2).float()
        self.register_buffer("octaves", notes, persistent=False)
        self.register_buffer("centres", partial_centres(size.partials), persistent=False)
        self.register_buffer("orders", torch.arange(1, self.harmonics + 1).float(), persistent=False)
        self.reach = partial_reach(size.partials)
        moment = AGES + (NOTES if pitched else 0)
        self.enter = dense(size.places + moment, size.width)
        self.middle = dense(size.width + moment, size.width)
        self.last = dense(size.width + moment, size.width)
        tones = size.partials + self.harmonics
        self.parts = [
            1,
            1,
            NOISE_HOPS * BANDS,
            size.partials,
            self.harmonics,
            self.harmonics,
            size.partials,
            tones,
            size.transients,
        ]
        self.head = nn.Linear(size.width, sum(self.parts))
        with torch.no_grad():
            self.head.weight.mul_(0.3)
            level, bend, noise, free, harmonic, strays, *_ = self.head.bias.split(self.parts)
            level.fill_(-2.0)
            bend.zero_()
            strays.zero_()
            self.head.weight[1].zero_()
            noise.fill_(-3.0)
            free.fill_(-4.0)
            harmonic.copy_(-3.0 - self.orders.log())

    def forward(self, place: Tensor, age: Tensor, note: Tensor | None = None) -> Parts:
        """Give the parts of frames.

        Parameters
        ----------
        place : (B, N, P)
        age : (B, N, 1) in frames
        note : (B, N, 1), MIDI note numbers; None for a model without notes.
        """
        away = (torch.log1p(age.clamp(0.0, float(self.frames)) / 2.0) - self.middles) * self.scale
        moment = (away * away * -0.5).exp()
        if note is not None:
            high = (note - MIDDLE_NOTE) / NOTE_STEP - self.octaves
            moment = torch.cat([moment, (high * high * -0.5).exp()], -1)
        hidden = self.enter(torch.cat([place, moment], -1))
        hidden = self.middle(torch.cat([hidden, moment], -1))
        hidden = self.last(torch.cat([hidden, moment], -1))
        level, bend, noise, free, harmonic, strays, detunes, phases, struck = self.head(hidden).split(
            self.parts, -1
        )
        loudness_db = (TOP_DB + 10.0 * level).clamp(SILENT_DB, TOP_DB + 12.0)
        # Nothing at all where it is silent.
        gain = ((loudness_db * DB).exp() - self.silence).clamp_min(0.0)
        f_hz = self.centres * ((self.reach * math.log(2.0)) * torch.tanh(detunes)).exp()
        tones = free.clamp(-12.0, 3.0).exp()
        if note is not None:
            # In float64: the last bits of a high frequency turn its phase in seconds.
            bent = note.double() + (BEND_SEMITONES * torch.tanh(bend / BEND_SEMITONES)).double()
            multiples = midi_to_hz(bent) * (self.orders + (STRAY * torch.tanh(strays)).double())
            audible = (multiples < HIGHEST_HZ).to(gain.dtype)
            f_hz = torch.cat([f_hz.double(), multiples * audible], -1)
            tones = torch.cat([tones, harmonic.clamp(-12.0, 3.0).exp() * audible], -1)
        return Parts(noise.clamp(-12.0, 3.0).exp() * gain, tones * gain, f_hz, phases, struck * gain)


class Oneshots(StreamingModule):
    """Encoder, decoder, voice and the classes' places, as they are trained together.

    Parameters
    ----------
    size : OneshotsSize
    classes : int
        K; 0 for a model of none.
    pitched : bool
        Whether sounds have notes.
    """

    def __init__(self, size: OneshotsSize, classes: int, pitched: bool) -> None:
        super().__init__()
        self.encoder = Encoder(size)
        self.decoder = Decoder(size, pitched)
        self.priors = ClassPriors(size.places, classes)
        self.voice = Voice(size.partials + self.decoder.harmonics, size.transients)
