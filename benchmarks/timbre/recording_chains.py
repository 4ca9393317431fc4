"""Made-up recording chains: colour, room, bandwidth and noise, put on log-mel spectra in training.

A judge that has learned one library knows the library's microphones better than its instruments. What a
chain does to a sound is varied here further than chains differ. All functions take levels in dB,
(B, 80, N) float32, and leave the scale to the caller.
"""

import numpy as np

from benchmarks.timbre.classifier import BAND_HZ, FRAME_S, N_BANDS

_OCTAVES = np.log2(BAND_HZ / 1000.0)
MOST_COLOUR_DB = 12.0
_UNREST = (np.random.default_rng(0).standard_gamma(4.0, 1 << 15) / 4.0).astype(np.float32)


def through_chains(level_db: np.ndarray, f0_hz: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Play each crop through a chain of its own.

    Parameters
    ----------
    level_db : ndarray
        (B, 80, N) decibels.
    f0_hz : ndarray
        (B,) pitch of each.
    rng : Generator
        Draws the chains.

    Returns
    -------
    ndarray
        (B, 80, N) float32, of any level.
    """
    size = len(level_db)
    response_db = colours_db(size, rng) + bandwidths_db(size, rng)
    response_db[below_pitch(f0_hz, rng)] = -200.0
    varied = level_db + response_db[:, :, None].astype(np.float32)
    varied = in_rooms(varied, rng)
    varied += rng.standard_normal(varied.shape, dtype=np.float32)
    return in_noise(varied, rng)


def colours_db(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw smooth colours: a slope of some decibels per octave, waves over frequency, and the unrest of a room's modes.

    Parameters
    ----------
    size : int
        B.
    rng : Generator
        Draws them.

    Returns
    -------
    ndarray
        (B, 80) dB, 12 at most either way.
    """
    band = np.linspace(0.0, np.pi, N_BANDS)
    order = np.arange(1, 8)
    waves = rng.normal(0.0, 4.0 / np.sqrt(order), (size, order.size)) @ np.cos(order[:, None] * band)
    slope = rng.normal(0.0, 2.5, (size, 1)) * _OCTAVES
    modes = rng.normal(0.0, 1.5, (size, N_BANDS))
    # The hyperbolic tangent keeps a colour smooth where a limit would give it a corner.
    return MOST_COLOUR_DB * np.tanh((waves + slope + modes) / MOST_COLOUR_DB)


def bandwidths_db(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw what a chain leaves out: half are cut above 3 to 10 kHz, a third below 60 to 350 Hz.

    Parameters
    ----------
    size : int
        B.
    rng : Generator
        Draws them.

    Returns
    -------
    ndarray
        (B, 80) dB, 0 or less.
    """
    highest_hz = np.exp(rng.uniform(np.log(3000.0), np.log(10000.0), (size, 1)))
    lowest_hz = np.exp(rng.uniform(np.log(60.0), np.log(350.0), (size, 1)))
    falls, rises = rng.uniform(12.0, 60.0, (size, 1)), rng.uniform(6.0, 24.0, (size, 1))
    above = -falls * np.maximum(0.0, np.log2(BAND_HZ / highest_hz))
    below = -rises * np.maximum(0.0, np.log2(lowest_hz / BAND_HZ))
    return above * (rng.random((size, 1)) < 0.5) + below * (rng.random((size, 1)) < 0.33)


def in_rooms(level_db: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Let half of the crops die away in a room: 0.15 to 2 s at 1 kHz, and faster above.

    Parameters
    ----------
    level_db : ndarray
        (B, 80, N) dB.
    rng : Generator
        Draws the rooms: of a held note 0 to 22 dB below the direct sound.

    Returns
    -------
    ndarray
        (B, 80, N) float32, dB.
    """
    chosen = np.flatnonzero(rng.random(len(level_db)) < 0.5)
    decay_s = np.exp(rng.uniform(np.log(0.15), np.log(2.0), (chosen.size, 1))) * (1000.0 / BAND_HZ) ** 0.3
    share = _power(-rng.uniform(0.0, 22.0, (chosen.size, 1, 1)).astype(np.float32))
    keeps = (10.0 ** (-6.0 * FRAME_S / decay_s)).astype(np.float32)
    power = _power(level_db[chosen])
    room, wet = power[:, :, 0], np.empty_like(power)
    for frame in range(power.shape[2]):
        room = keeps * room + (1.0 - keeps) * power[:, :, frame]
        wet[:, :, frame] = room
    # Many reflections add up to a level that is never steady.
    found = level_db.copy()
    found[chosen] = _decibels(power + share * wet * _unrest(wet.shape, rng))
    return found


def below_pitch(f0_hz: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose bands below the note that fall silent in half of the crops: there is only the room.

    Parameters
    ----------
    f0_hz : ndarray
        (B,) pitch; half of the octave is left for names an octave too high.
    rng : Generator
        Chooses.

    Returns
    -------
    ndarray
        (B, 80) bool.
    """
    cut_hz = rng.uniform(0.0, 0.45 * f0_hz) * (rng.random(f0_hz.size) < 0.5)
    return cut_hz[:, None] > BAND_HZ


def in_noise(level_db: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add noise to half of the crops, steady like a room's or with the note's envelope like breath.

    Parameters
    ----------
    level_db : ndarray
        (B, 80, N) dB.
    rng : Generator
        Draws levels, 22 to 55 dB below the loudest band, and slopes.

    Returns
    -------
    ndarray
        (B, 80, N) float32, dB.
    """
    chosen = np.flatnonzero(rng.random(len(level_db)) < 0.5)
    shape = (chosen.size, 1, 1)
    envelope_db = level_db[chosen].max(axis=1, keepdims=True)
    follows = rng.random(shape) < 0.5
    slope_db = rng.normal(0.0, 8.0, shape) * np.linspace(-1.0, 1.0, N_BANDS)[None, :, None]
    noise_db = rng.uniform(-55.0, -22.0, shape) + slope_db
    noise_db = noise_db + np.where(follows, envelope_db, envelope_db.max(axis=2, keepdims=True))
    noise = _power(noise_db.astype(np.float32)) * _unrest((chosen.size, *level_db.shape[1:]), rng)
    found = level_db.copy()
    found[chosen] = _decibels(_power(level_db[chosen]) + noise)
    return found


def _unrest(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw the power of noise around its mean of 1, as a band of a few bins shows it."""
    return _UNREST[rng.integers(0, _UNREST.size, shape, dtype=np.uint16)]


# In training these take most of the time, and single-precision exponentials are ten times as quick as powers of ten.
def _power(level_db: np.ndarray) -> np.ndarray:
    return np.exp(level_db * np.float32(np.log(10.0) / 10.0))


def _decibels(power: np.ndarray) -> np.ndarray:
    return np.float32(10.0 / np.log(10.0)) * np.log(power + np.float32(1e-20))
