"""How far a made hit is from the recorded one: spectra, mel bands, and when it begins."""

from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 44100
N_FFT, HOP_LENGTH, MELS = 1024, 256, 80
FLOOR_DB, AUDIBLE_DB = 80.0, 60.0
ENVELOPE_S, BEFORE_S, AFTER_S = 0.001, (0.008, 0.002), 0.008

Sound = NDArray[np.float32]


def power_spectrogram(sound: Sound) -> NDArray[np.float64]:
    """Give power (N, 513) under Hann windows of 1,024 samples, 256 apart, the first around the first sample."""
    padded = np.pad(sound.astype(np.float64), (N_FFT // 2, N_FFT // 2 + HOP_LENGTH))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    count = len(sound) // HOP_LENGTH + 1
    return np.abs(np.fft.rfft(frames[:count] * np.hanning(N_FFT + 1)[:-1])) ** 2


_MEL = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=MELS).T


@dataclass(frozen=True)
class Reference:
    """A recorded hit, which many made ones are compared with.

    Attributes
    ----------
    level_db, mel_db : (N, 513), (N, 80)
        No lower than 80 dB below the loudest bin.
    audible : (N,) bool
        Frames within 60 dB of the loudest.
    """

    level_db: NDArray[np.float64]
    mel_db: NDArray[np.float64]
    audible: NDArray[np.bool_]

    @classmethod
    def of(cls, sound: Sound) -> "Reference":
        """Take a sound (T,)."""
        power = power_spectrogram(sound)
        frames = 10 * np.log10(power.sum(1) + 1e-20)
        return cls(
            _db(power, power.max()),
            _db(power @ _MEL, (power @ _MEL).max()),
            frames > frames.max() - AUDIBLE_DB,
        )

    def distances(self, sound: Sound) -> tuple[float, float]:
        """Give log-spectral distance and log-mel L1 of a made sound, both in dB, by this one's floors and frames."""
        heard = self.heard(sound)
        return self.distances_of(heard.level_db, heard.mel_db)

    def heard(self, sound: Sound) -> "Reference":
        """Give the spectrograms of a made sound (T,), by this one's floors and frames."""
        power = power_spectrogram(np.pad(sound, (0, max(0, len(self.audible) * HOP_LENGTH - len(sound)))))
        power = power[: len(self.audible)]
        return Reference(_db(power, _top(self.level_db)), _db(power @ _MEL, _top(self.mel_db)), self.audible)

    def distances_of(self, level_db: NDArray[np.float64], mel_db: NDArray[np.float64]) -> tuple[float, float]:
        """The same of spectrograms (N, 513) and (N, 80) in dB, which need not belong to a sound."""
        lsd = np.sqrt(np.square(self.level_db - level_db).mean(1))[self.audible].mean()
        return float(lsd), float(np.abs(self.mel_db - mel_db)[self.audible].mean())


def _db(power: NDArray[np.float64], top: float) -> NDArray[np.float64]:
    return 10 * np.log10(np.maximum(power, top * 10 ** (-FLOOR_DB / 10)))


def _top(level_db: NDArray[np.float64]) -> float:
    return 10 ** (float(level_db.max()) / 10)


def attack_s(sound: Sound) -> float:
    """Give when the root mean square in a millisecond first reaches half of its peak, in seconds."""
    width = round(ENVELOPE_S * SAMPLE_RATE)
    envelope = np.sqrt(np.convolve(sound.astype(np.float64) ** 2, np.full(width, 1 / width), "same"))
    return int(np.argmax(envelope >= envelope.max() / 2)) / SAMPLE_RATE


def pre_echo_db(sound: Sound, attack: float | None = None) -> float:
    """Give the power from 8 to 2 ms before the attack, beside that of the 8 ms after it, in dB; no lower than -120.

    The attack, in seconds, is the sound's own if none is given.
    """
    at = round((attack_s(sound) if attack is None else attack) * SAMPLE_RATE)
    first, last = (at - round(s * SAMPLE_RATE) for s in BEFORE_S)
    if first < 0:
        raise ValueError(
            f"the attack is at sample {at}; needed is silence of {BEFORE_S[0] * 1000:.0f} ms before it"
        )
    before = np.mean(sound[first:last].astype(np.float64) ** 2)
    after = np.mean(sound[at : at + round(AFTER_S * SAMPLE_RATE)].astype(np.float64) ** 2)
    return float(10 * np.log10(max(before / after, 1e-12)))
