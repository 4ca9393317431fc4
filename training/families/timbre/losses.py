"""What an instrument's excerpts are compared by: levels without sound, sound, and loudness at pitches not recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...dsp.reverb import convolve
from ...dsp.units import DB, hz_to_midi
from ...loop.spectral_losses import FFT_SIZES, level_loss, loudness_loss, multi_scale_spectral_loss
from ...streaming.contract import Carry
from .features import Corpus
from .model import HOP_LENGTH, SAMPLE_RATE, Instrument

AUDIBLE_DB = -75.0
FFT_SIZES_A_STEP = 3
ONSET_FRAMES, ONSET_FFT_SIZES = (-6, 24), (512, 256, 128, 64)
ELSEWHERE_SEMITONES, ELSEWHERE_DB = 12.0, 12.0


@dataclass(frozen=True)
class TrainingBatch:
    """Excerpts of an instrument.

    Attributes
    ----------
    f0_hz : (B, N, 1)
    score : (B, N, 5), see `training.families.timbre.model.Decoder`.
    network_score : (B, N, 5), what the decoder's network is given instead.
    """

    f0_hz: Tensor
    score: Tensor
    network_score: Tensor


def scores(corpus: Corpus, rows: np.ndarray, f0_hz: np.ndarray | None = None) -> tuple[Tensor, Tensor]:
    """Return f0 (B, N, 1) and score (B, N, 5) of the frames ``rows`` (B, N), at another pitch if one is given."""
    f0 = torch.from_numpy(corpus.f0_hz[rows] if f0_hz is None else f0_hz)[:, :, None]
    tracked = torch.from_numpy(np.stack([corpus.loudness_db[rows], corpus.voicing[rows]], -1))
    return f0, torch.cat([hz_to_midi(f0), tracked, torch.zeros_like(tracked)], -1)


def render(
    instrument: Instrument,
    f0: Tensor,
    score: Tensor,
    noise_from: Tensor,
    network_score: Tensor | None = None,
    wander: Tensor | None = None,
) -> Tensor:
    """Play excerpts from a state of rest: (B, N * hop_length).

    The same as the instrument's own forward at full reverb, but with the room as one long convolution, which trains faster,
    and with levels that stand still unless a wandering is given.

    Parameters
    ----------
    f0 : (B, N, 1) Hz
    score, network_score : (B, N, 5), see `TrainingBatch`.
    noise_from : (B, 1, 1) where the noise counters begin.
    wander : (B, N, harmonics + bands), nepers to be added to the levels.
    """
    synthesizer = instrument.synthesizer
    decoder = instrument.decoder
    curves = decoder.curves(score if network_score is None else network_score)
    nepers, _ = decoder((score, curves), decoder.initial_state(len(score)))
    harmonics, noise = decoder.amplitudes(nepers if wander is None else nepers + wander)
    state = synthesizer.initial_state(len(score)) | {"noise.spectra.counter": noise_from}
    dry = synthesizer.dry(Carry(synthesizer, state), f0, harmonics, noise).flatten(1)
    return dry + convolve(dry, synthesizer.room.impulse_response)


def levels_loss(instrument: Instrument, batch: TrainingBatch, tones: Tensor, bands: Tensor) -> Tensor:
    """Compare the decoder's levels with those read off a spectrum: ``tones`` (B, N, K) and ``bands`` (B, N, M) nepers."""
    decoder, score = instrument.decoder, batch.score
    made, _ = decoder((score, decoder.curves(batch.network_score)), decoder.initial_state(len(score)))
    below_nyquist = batch.f0_hz * instrument.synthesizer.oscillator.numbers < 0.46 * SAMPLE_RATE
    loudness, voicing = score[:, :, 1:2], score[:, :, 2:3]
    audible = (loudness > AUDIBLE_DB).float()
    count = tones.shape[-1]
    pitched = level_loss(made[:, :, :count], tones, voicing * audible * below_nyquist)
    return pitched + 0.5 * level_loss(made[:, :, count:], bands, audible)


def sound_loss(
    instrument: Instrument,
    batch: TrainingBatch,
    wanted: Tensor,
    onsets: np.ndarray,
    noise_from: Tensor,
    random: np.random.Generator,
) -> Tensor:
    """Compare sound with the recorded sound ``wanted`` (B, T), by spectra of a few sizes and by loudness.

    Of the first K excerpts a note begins with the frame that ``onsets`` (K,) say: its beginning is compared once more by
    itself, as it is a small part of the whole, and what a note is told by.
    """
    made = render(instrument, batch.f0_hz, batch.score, noise_from, batch.network_score)
    sizes = [int(n) for n in random.choice(FFT_SIZES, FFT_SIZES_A_STEP, replace=False)]
    loss = multi_scale_spectral_loss(made, wanted, sizes)
    loss = loss + loudness_loss(made, wanted, torch.zeros_like(wanted[:, :1]), SAMPLE_RATE)
    if not len(onsets):
        return loss
    begun, as_recorded = _beginnings(made, onsets), _beginnings(wanted, onsets)
    return loss + multi_scale_spectral_loss(begun, as_recorded, ONSET_FFT_SIZES)


def _beginnings(sounds: Tensor, onsets: np.ndarray) -> Tensor:
    """Cut out the beginnings of notes of the first of the sounds (B, T): (K, 30 hops)."""
    length = HOP_LENGTH * (ONSET_FRAMES[1] - ONSET_FRAMES[0])
    starts = np.clip(HOP_LENGTH * (onsets + ONSET_FRAMES[0]), 0, max(0, sounds.shape[1] - length))
    return torch.stack([sounds[k, start : start + length] for k, start in enumerate(starts.tolist())])


def loudness_elsewhere(
    instrument: Instrument,
    f0: Tensor,
    score: Tensor,
    wanted: Tensor,
    noise_from: Tensor,
    random: np.random.Generator,
) -> Tensor:
    """Ask for other pitches and levels than were recorded: how that sounds nobody knows, but how loud it must be."""
    semitones, louder = (
        torch.from_numpy(random.uniform(-most, most, (len(score), 1, 1)).astype(np.float32)).to(score.device)
        for most in (ELSEWHERE_SEMITONES, ELSEWHERE_DB)
    )
    no_gains = torch.zeros_like(score[:, :, :2])
    moved = torch.cat(
        [score[:, :, :1] + semitones, score[:, :, 1:2] + louder, score[:, :, 2:3], no_gains], -1
    )
    made = render(instrument, f0 * (semitones * (math.log(2) / 12)).exp(), moved, noise_from)
    return loudness_loss(made, wanted, louder[:, :, 0] * DB, SAMPLE_RATE)


def sounds_of(corpus: Corpus, rows: np.ndarray) -> Tensor:
    """Return the sound of the frames ``rows`` (B, N): (B, N * hop_length)."""
    return torch.from_numpy(corpus.audio[rows].reshape(len(rows), -1))
