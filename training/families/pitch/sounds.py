"""Synthesised sounds whose pitch is exactly known: what the pitch tracker is trained on.

Random notes with vibrato, glides and steps; random spectra (slope, formants, missing fundamentals, odd harmonics only),
slight inharmonicity, breath and bow noise, rooms, coloured background noise, silence and unpitched bursts.
All is drawn anew for each batch, on the device that trains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...dsp.units import midi_to_hz

HARMONICS = 110


@dataclass(frozen=True)
class SyntheticSounds:
    """A batch of sounds with their truth.

    Attributes
    ----------
    audio : (B, T) float32, within about -1..1.
    midi : (B, N) the pitch at the end of each hop, in MIDI note numbers.
    voiced : (B, N) 1 where a pitched sound stands out of the noise, else 0.
    weight : (B, N) below 1 where the truth is not decidable (first milliseconds of a note, faint tails).
    """

    audio: Tensor
    midi: Tensor
    voiced: Tensor
    weight: Tensor


class SoundSource:
    """Draws batches of synthesised sounds.

    Parameters
    ----------
    sample_rate : int
        Hz; partials reach its Nyquist frequency.
    hop_length : int
        Samples between truths.
    seed : int
        The same seed gives the same sounds on the same device.
    """

    def __init__(self, sample_rate: int, hop_length: int, device: str = "cpu", seed: int = 0) -> None:
        self.sample_rate, self.hop_length, self.device = sample_rate, hop_length, torch.device(device)
        self.random = torch.Generator(self.device).manual_seed(seed)

    def batch(self, size: int, frames: int) -> SyntheticSounds:
        """Draw ``size`` sounds of ``frames`` hops each."""
        midi, gate = self._melody(size, frames)
        phase = self._phase(midi)
        harmonic, envelope = self._harmonics(midi, gate, phase)
        noise = self._breath(envelope, phase) + self._background(size, frames, harmonic)
        noise = noise + self._subharmonics(harmonic, midi, phase)
        audio = self._room(harmonic + noise)
        voiced, weight = self._truth(harmonic, audio - harmonic, gate, size)
        peak = audio.abs().amax(1, keepdim=True).clamp_min(1e-6)
        gain = 10 ** (self._uniform((size, 1), -45, 0) / 20)
        return SyntheticSounds(audio / peak * gain, midi, voiced, weight)

    def _uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Tensor:
        return torch.rand(shape, generator=self.random, device=self.device) * (high - low) + low

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.random, device=self.device)

    def _chance(self, shape: tuple[int, ...], probability: float) -> Tensor:
        return (self._uniform(shape) < probability).float()

    def _melody(self, size: int, frames: int) -> tuple[Tensor, Tensor]:
        """Pitch (B, N) in MIDI numbers and a note gate (B, N)."""
        seconds = self.hop_length / self.sample_rate
        time = torch.arange(frames, device=self.device) * seconds
        starts = torch.sort(self._uniform((size, 6), 0, frames * seconds), 1).values
        starts[:, 0] = 0.0
        few = torch.randint(1, 7, (size, 1), generator=self.random, device=self.device)
        starts[torch.arange(6, device=self.device) >= few] = 1e9
        index = (time[None, :, None] >= starts[:, None, :]).sum(2) - 1
        # Low and high registers in equal parts of octaves; neighbours lie within two octaves of the first note.
        base = self._uniform((size, 1), 30.0, 98.0)
        leap = torch.where(
            self._chance((size, 6), 0.3) > 0,
            12.0 * torch.sign(self._normal(size, 6)),
            self._normal(size, 6) * 5,
        )
        notes = (base + leap).clamp(29.0, 101.0)
        midi = notes.gather(1, index)
        glide = torch.exp(self._uniform((size, 1), math.log(0.3), math.log(40.0))) * self._chance(
            (size, 1), 0.5
        )
        midi = self._smooth(midi, glide)
        rate, depth = (
            self._uniform((size, 1), 3.0, 8.0),
            self._uniform((size, 1), 0, 0.8) * self._chance((size, 1), 0.5),
        )
        rise = ((time[None] - starts.gather(1, index)) / self._uniform((size, 1), 0.05, 0.6)).clamp(0, 1)
        midi = midi + depth * rise * torch.sin(2 * math.pi * (rate * time + self._uniform((size, 1))))
        drift = self._smooth(
            self._normal(size, frames) * 2.0, self._uniform((size, 1), 20, 80)
        ) * self._uniform((size, 1), 0, 1)
        gap = self._uniform((size, 6), -0.3, 0.25)
        end = torch.cat([starts[:, 1:], torch.full((size, 1), 1e9, device=self.device)], 1) - gap.clamp_min(0)
        end = torch.minimum(end, torch.full_like(end, frames * seconds) + self._uniform((size, 6), -0.4, 1.0))
        gate = (time[None] < end.gather(1, index)).float()
        return (midi + drift).clamp(28.3, 101.7), gate

    def _smooth(self, x: Tensor, width: Tensor) -> Tensor:
        """Gaussian smoothing along frames, of a width (B, 1) in frames; 0 leaves a row alone."""
        n = x.shape[1]
        padded = torch.cat([x[:, :1].expand(-1, 256), x, x[:, -1:].expand(-1, 256)], 1)
        omega = torch.fft.rfftfreq(padded.shape[1], device=self.device) * 2 * math.pi
        response = torch.exp(-0.5 * (omega * width) ** 2)
        return torch.fft.irfft(torch.fft.rfft(padded) * response, n=padded.shape[1])[:, 256 : 256 + n]

    def _to_samples(self, x: Tensor) -> Tensor:
        """Linear interpolation from frames (values at the end of each hop) to samples."""
        before = torch.cat([x[:, :1], x[:, :-1]], 1)[:, :, None]
        ramp = (torch.arange(self.hop_length, device=self.device) + 1) / self.hop_length
        return (before + (x[:, :, None] - before) * ramp).reshape(x.shape[0], -1)

    def _phase(self, midi: Tensor) -> Tensor:
        jitter = self._normal(*midi.shape) * 0.1 * self._uniform((midi.shape[0], 1)) ** 3
        f0 = self._to_samples(midi_to_hz(midi + jitter))
        return torch.cumsum(f0.double() / self.sample_rate, 1)

    def _harmonics(self, midi: Tensor, gate: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        size, frames = midi.shape
        envelope = self._envelope(gate)
        k = torch.arange(1, HARMONICS + 1, device=self.device).float()
        f0 = midi_to_hz(midi)
        stretch = torch.sqrt(
            1 + 10 ** self._uniform((size, 1), -6, -3.3) * self._chance((size, 1), 0.3) * k**2
        )
        offset = self._uniform((size, HARMONICS))
        colour = self._per_harmonic(size, k)
        out = torch.zeros(size, frames * self.hop_length, device=self.device)
        envelope_db = 20 * torch.log10(envelope + 1e-5)
        brightness = self._uniform((size, 1), 0, 0.5)
        cycles, turns = (phase % 1.0).float(), phase.float()
        wobble = self._smooth(self._normal(size, frames), torch.full((size, 1), 15.0, device=self.device))
        for start in range(0, HARMONICS, 5):
            rows = (f0.amin(1) * (start + 1) < 0.49 * self.sample_rate).nonzero()[:, 0]
            if not len(rows):
                break
            order = k[start : start + 5]
            spread, shift = stretch[rows, start : start + 5, None], offset[rows, start : start + 5, None]
            frequency = f0[rows, None] * order[:, None] * spread
            db = self._spectrum(frequency, order, rows) + colour[rows, start : start + 5, None]
            # Louder is brighter, as on most instruments: high partials follow the envelope more than low ones.
            db = db + envelope_db[rows, None] * brightness[rows, :, None] * torch.log2(order)[:, None] * 0.3
            db = db + wobble[rows, None] * 12 * self._wobble[rows, :, None] * torch.cos(shift * 6.28)
            amplitude = (db * 0.11513).exp() * (frequency < 0.49 * self.sample_rate)
            amplitude = self._to_samples(amplitude.reshape(-1, frames)).reshape(len(rows), -1, out.shape[1])
            # An integer multiple of the wrapped phase, and the small excess of a stretched partial.
            angle = (
                cycles[rows, None] * order[:, None]
                + turns[rows, None] * (order[:, None] * (spread - 1))
                + shift
            )
            out.index_add_(0, rows, (amplitude * torch.sin(angle * (2 * math.pi))).sum(1))
        envelope = self._to_samples(envelope)
        out = out / out.square().mean(1, keepdim=True).sqrt().clamp_min(1e-9) * 0.1
        return out * envelope * (self._uniform((size, 1)) > 0.06), envelope

    def _per_harmonic(self, size: int, k: Tensor) -> Tensor:
        """Level of each harmonic in dB whatever its frequency; draws the formants of `_spectrum` too."""
        spread = self._uniform((size, 1), 0, 5.5)
        level = self._normal(size, HARMONICS) * spread
        odd = self._chance((size, 1), 0.2) * self._uniform((size, 1), 5, 45)
        level = level - odd * (k % 2 == 0) * (k < 14)
        weak = self._chance((size, 1), 0.2) * self._uniform((size, 1), 5, 32)
        self._slope = self._uniform((size, 1, 1), -18, 1)
        # A few sounds are nearly sines (flute, whistle).
        self._slope = torch.where(
            self._chance((size, 1, 1), 0.12) > 0, self._uniform((size, 1, 1), -40, -18), self._slope
        )
        self._formant_hz = torch.exp(self._uniform((size, 4, 1), math.log(150), math.log(5000)))
        self._formant_db = self._uniform((size, 4, 1), -14, 22)
        self._formant_width = self._uniform((size, 4, 1), 0.25, 0.9)
        self._highpass_hz = torch.exp(
            self._uniform((size, 1, 1), math.log(20), math.log(900))
        ) * self._chance((size, 1, 1), 0.5)
        self._wobble = self._uniform((size, 1), 0, 1) ** 2
        return level - weak * (k == 1)

    def _spectrum(self, frequency: Tensor, k: Tensor, rows: Tensor) -> Tensor:
        """Level in dB of partials at (R, K, N) Hz with the slopes and formants of the sounds ``rows``."""
        db = self._slope[rows] * torch.log2(k)[:, None]
        octave = torch.log2(frequency.clamp_min(10))
        for i in range(4):
            centre = torch.log2(self._formant_hz[rows, i : i + 1])
            width = self._formant_width[rows, i : i + 1]
            db = db + self._formant_db[rows, i : i + 1] * torch.exp(-0.5 * ((octave - centre) / width) ** 2)
        return db - 12 * torch.log2(1 + (self._highpass_hz[rows] / frequency.clamp_min(10)) ** 2) / 2

    def _envelope(self, gate: Tensor) -> Tensor:
        """Amplitude per frame: attacks of 2 to 150 ms, releases of 10 to 400 ms, swells and decays."""
        size, frames = gate.shape
        hop_s = self.hop_length / self.sample_rate
        attack = torch.exp(self._uniform((size,), math.log(0.002), math.log(0.15)))
        release = torch.exp(self._uniform((size,), math.log(0.01), math.log(0.4)))
        up, down = 1 - torch.exp(-hop_s / attack), 1 - torch.exp(-hop_s / release)
        level = torch.zeros(size, device=self.device)
        steps = []
        for n in range(frames):
            target = gate[:, n]
            level = level + (target - level) * torch.where(target > level, up, down)
            steps.append(level)
        swell = self._smooth(
            self._normal(size, frames) * 6, self._uniform((size, 1), 15, 60)
        ) * self._uniform((size, 1), 0, 2.5)
        return torch.stack(steps, 1) * 10 ** (swell.clamp(-20, 10) / 20)

    def _coloured(self, size: int, samples: int) -> Tensor:
        """Noise of a random slope and a random band, unit power."""
        spectrum = torch.fft.rfft(self._normal(size, samples))
        f = torch.fft.rfftfreq(samples, 1 / self.sample_rate, device=self.device).clamp_min(20)
        slope = self._uniform((size, 1), -1.0, 0.2)
        shape = (f / 1000) ** slope
        centre, width = self._uniform((size, 1), 6, 12.4), self._uniform((size, 1), 0.3, 3)
        band = 10 ** (
            self._uniform((size, 1), 0, 25) * torch.exp(-0.5 * ((torch.log2(f) - centre) / width) ** 2) / 20
        )
        noise = torch.fft.irfft(spectrum * shape * band, n=samples)
        return noise / noise.square().mean(1, keepdim=True).sqrt().clamp_min(1e-9)

    def _breath(self, envelope: Tensor, phase: Tensor) -> Tensor:
        size, samples = envelope.shape
        level = 10 ** (self._uniform((size, 1), -60, -8) / 20)
        pulse = 1 + self._uniform((size, 1)) * torch.cos(2 * math.pi * (phase % 1.0).float())
        return self._coloured(size, samples) * envelope * pulse * level * 0.1

    def _subharmonics(self, harmonic: Tensor, midi: Tensor, phase: Tensor) -> Tensor:
        """Faint, unsteady partials at half or a third of f0 and its multiples, as an overblown pipe has them."""
        size, frames = midi.shape
        divisor = torch.where(self._chance((size, 1), 0.75) > 0, 2.0, 3.0)
        level = harmonic.square().mean(1, keepdim=True).sqrt()
        level = level * 10 ** (self._uniform((size, 1), -50, -22) / 20) * self._chance((size, 1), 0.4)
        wobble = (
            self._smooth(self._normal(size, frames), torch.full((size, 1), 6.0, device=self.device)).abs() * 4
        )
        total = torch.zeros_like(harmonic)
        for order in (1, 2, 3, 4, 5, 7):
            audible = (order % divisor != 0) & (
                midi_to_hz(midi).amax(1, keepdim=True) * order < divisor * 5800
            )
            strength = self._uniform((size, 1), 0.2, 1.0) * audible
            cycles = (phase % divisor.double()).float() * (order / divisor) + self._uniform((size, 1))
            total = total + strength * torch.sin(2 * math.pi * cycles)
        return total * level * self._to_samples(wobble)

    def _background(self, size: int, frames: int, harmonic: Tensor) -> Tensor:
        samples = frames * self.hop_length
        level = 10 ** (-self._uniform((size, 1), 0, 75) / 20)
        noise = self._coloured(size, samples) * level * 0.1
        burst = self._chance((size, frames), 0.004) * self._chance((size, 1), 0.35)
        decay = torch.exp(-torch.arange(60, device=self.device) / self._uniform((size, 1), 2, 30))
        shape = torch.fft.irfft(
            torch.fft.rfft(burst, n=2 * frames) * torch.fft.rfft(decay, n=2 * frames), n=2 * frames
        )
        strength = 10 ** (self._uniform((size, 1), -30, 3) / 20)
        return (
            noise
            + self._coloured(size, samples)
            * self._to_samples(shape[:, :frames].clamp_min(0))
            * strength
            * 0.2
        )

    def _room(self, x: Tensor) -> Tensor:
        size, samples = x.shape
        length = self.sample_rate // 2
        t60 = torch.exp(self._uniform((size, 1), math.log(0.05), math.log(1.2)))
        time = torch.arange(length, device=self.device) / self.sample_rate
        tail = self._normal(size, length) * torch.exp(-6.9 * time / t60)
        tail = tail / tail.square().sum(1, keepdim=True).sqrt()
        tail = tail * 10 ** (self._uniform((size, 1), -40, -6) / 20) * self._chance((size, 1), 0.6)
        tail[:, 0] += 1.0
        n = samples + length
        return torch.fft.irfft(torch.fft.rfft(x, n=n) * torch.fft.rfft(tail, n=n), n=n)[:, :samples]

    def _truth(self, harmonic: Tensor, rest: Tensor, gate: Tensor, size: int) -> tuple[Tensor, Tensor]:
        def level_db(x: Tensor) -> Tensor:
            power = x.reshape(size, -1, self.hop_length).square().mean(2)
            smooth = torch.nn.functional.avg_pool1d(power[:, None], 9, 1, 4, count_include_pad=False)[:, 0]
            return 10 * torch.log10(smooth + 1e-12)

        tone, noise = level_db(harmonic), level_db(rest)
        standing = tone - noise
        loud = tone - tone.amax(1, keepdim=True)
        voiced = ((standing > -3) & (loud > -45) & (tone > -80)).float()
        doubtful = (
            ((standing > -9) & (standing < 3)) | ((loud < -38) & (loud > -52)) | (gate < 0.5) & (voiced > 0)
        )
        return voiced, torch.where(doubtful, 0.25, 1.0)
