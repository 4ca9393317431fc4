"""Whistling, humming, singing and speaking, as people record it at home: what timbre transfer is tried with first.

Csound plays the voices that make music, so their pitch is known. espeak-ng speaks, where it is installed; its pitch is
tracked. The same takes come out every time.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.ndimage
import scipy.signal
import soundfile
import soxr

from benchmarks.common.csound import render_score
from benchmarks.common.noise import pink_noise
from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.common.sounding import GRID_S, sounding_times
from benchmarks.pitch.tracking import VOICED, Tracker

ORCHESTRA = Path(__file__).with_name("voices.orc")
COURSE_RATE = 1000
VOWELS = "aeiou"
REST_S = 0.5
RISE_S = 0.04
PITCHED_DB = -30.0
"""Below its loudest moment by so much, a note that fades in or out has no pitch that is asked for."""

ROOM_DB = -60.0
HUM_DB = -66.0
HUM_HZ = (50.0, 100.0, 150.0)
MICROPHONE_HZ = (70.0, 10000.0)


@dataclass(frozen=True)
class Note:
    """A note of a voice.

    Parameters
    ----------
    midi : float
        Its pitch, 69 for A4.
    duration_s : float
        From its beginning to the next one's.
    level_db : float
        How loud, 0 or below.
    rest_s : float
        How long of that it is silent at its end; 0 where it is bound to the next.
    hiss_s : float
        How long a consonant's noise sounds at the end of that rest.
    vowel : str
        One of `VOWELS`, sung.
    """

    midi: float
    duration_s: float
    level_db: float = 0.0
    rest_s: float = 0.0
    hiss_s: float = 0.0
    vowel: str = "a"


@dataclass(frozen=True)
class Voice:
    """Somebody who makes music.

    Parameters
    ----------
    name : str
        As in the tables.
    instrument : str
        Of voices.orc.
    notes : tuple of Note
        What is to be heard.
    glide_s : float
        How long the pitch takes to the next note.
    vibrato_hz, vibrato_cents : float
        Rate, and how far to either side.
    level_db : float
        RMS of what sounds, as recorded.
    """

    name: str
    instrument: str
    notes: tuple[Note, ...]
    glide_s: float
    vibrato_hz: float
    vibrato_cents: float
    level_db: float


@dataclass(frozen=True)
class Spoken:
    """A sentence.

    Parameters
    ----------
    name : str
        As in the tables.
    voice : str
        Of espeak-ng.
    text : str
        The words, or SSML.
    level_db : float
        RMS of what sounds, as recorded.
    """

    name: str
    voice: str
    text: str
    level_db: float


@dataclass(frozen=True)
class Take:
    """A recording of a voice, and what is known of it every 5 ms.

    Attributes
    ----------
    name : str
        As in the tables.
    audio : ndarray
        (T,) float32 at 48 kHz, as recorded.
    f0_hz : ndarray
        (N,) the pitch asked for; 0 where there is none.
    sounds : ndarray
        (N,) bool: whether the voice sounds, by itself, without the room.
    """

    name: str
    audio: np.ndarray
    f0_hz: np.ndarray
    sounds: np.ndarray


VOICES = (
    Voice(
        "whistle",
        "Whistle",
        (
            Note(84, 0.45, -4),
            Note(88, 0.45, -3),
            Note(91, 0.6, -1, rest_s=0.12),
            Note(96, 0.7, 0),
            Note(98, 0.9, -1, rest_s=0.6),
            Note(93, 0.4, -6),
            Note(89, 0.4, -8),
            Note(86, 0.5, -10, rest_s=0.1),
            Note(80, 0.9, -12, rest_s=0.2),
        ),
        glide_s=0.09,
        vibrato_hz=5.0,
        vibrato_cents=30.0,
        level_db=-20.0,
    ),
    Voice(
        "hum, man",
        "Hum",
        (
            Note(45, 0.9, -3),
            Note(48, 0.7, -1),
            Note(52, 1.0, 0, rest_s=0.5),
            Note(55, 0.9, -2),
            Note(50, 0.8, -6, rest_s=0.15),
            Note(43.5, 1.2, -9, rest_s=0.3),
        ),
        glide_s=0.3,
        vibrato_hz=4.5,
        vibrato_cents=12.0,
        level_db=-30.0,
    ),
    Voice(
        "hum, woman",
        "Hum",
        (
            Note(57, 0.8, -4),
            Note(60, 0.7, -2),
            Note(64, 1.0, 0, rest_s=0.5),
            Note(67, 0.9, -1),
            Note(62, 0.8, -5, rest_s=0.15),
            Note(56, 1.1, -9, rest_s=0.3),
        ),
        glide_s=0.22,
        vibrato_hz=5.0,
        vibrato_cents=15.0,
        level_db=-26.0,
    ),
    Voice(
        "singing",
        "Sing",
        (
            Note(60, 0.6, -3, rest_s=0.12, hiss_s=0.08, vowel="a"),
            Note(64, 0.5, -2, rest_s=0.1, hiss_s=0.07, vowel="e"),
            Note(67, 0.9, 0, vowel="i"),
            Note(69, 0.9, -1, rest_s=0.6, hiss_s=0.12, vowel="o"),
            Note(65, 0.5, -4, rest_s=0.12, hiss_s=0.08, vowel="u"),
            Note(64, 0.5, -6, rest_s=0.1, hiss_s=0.06, vowel="a"),
            Note(57, 1.3, -8, rest_s=0.2, vowel="o"),
        ),
        glide_s=0.07,
        vibrato_hz=5.5,
        vibrato_cents=50.0,
        level_db=-22.0,
    ),
)

SENTENCES = (
    Spoken("speech, man", "en-us", "I sat down at the piano, and nobody knew what I would play.", -24.0),
    Spoken("speech, woman", "en-us+f3", "She sells six more shells. Will you buy them all today?", -28.0),
    Spoken(
        "speech, excited",
        "en-gb+f2",
        "<speak><prosody pitch='+10%'>Oh no,</prosody> <prosody pitch='+90%'>really?</prosody> "
        "<prosody pitch='+50%'>I never</prosody> <prosody pitch='-20%'>knew that.</prosody></speak>",
        -22.0,
    ),
)


def make_takes(tracker: Tracker) -> list[Take]:
    """Make all takes there can be.

    Parameters
    ----------
    tracker : Tracker
        Tells the pitch of what is spoken.

    Returns
    -------
    list of Take
        Of `VOICES`, and where espeak-ng is installed of `SENTENCES`.
    """
    takes = [perform(voice) for voice in VOICES]
    return takes + [speak(spoken, tracker) for spoken in SENTENCES] if shutil.which("espeak-ng") else takes


def perform(voice: Voice) -> Take:
    """Let a voice make its music and record it.

    Parameters
    ----------
    voice : Voice
        Whose notes are to be heard.

    Returns
    -------
    Take
        With the pitch of the score. Half a second of rest is before it and after it.
    """
    courses = courses_of(voice)
    clean = _play(voice.instrument, courses)
    moments = np.round(np.arange(_moments(clean)) * GRID_S * COURSE_RATE).astype(int)
    f0_hz, level = courses[:2, np.minimum(moments, courses.shape[1] - 1)]
    has_pitch = level > level.max() * 10.0 ** (PITCHED_DB / 20.0)
    return Take(
        voice.name,
        as_recorded(clean, voice.level_db, voice.name),
        np.where(has_pitch, f0_hz, 0.0),
        sounds_at_moments(clean),
    )


def courses_of(voice: Voice) -> np.ndarray:
    """Write out what a voice does.

    Parameters
    ----------
    voice : Voice
        Whose notes to write out.

    Returns
    -------
    ndarray
        (4, N) a value every ms: pitch in Hz, amplitude (1 for 0 dB), vowel (its place in `VOWELS`, and what lies
        between), amplitude of a consonant's noise. Pitch and vowel are held through rests.
    """
    rows = [_course_of(note) for note in voice.notes]
    rest = round(REST_S * COURSE_RATE)
    steps = np.concatenate(rows, axis=1)
    steps = np.pad(steps, ((0, 0), (rest, rest)), mode="edge")
    steps[[1, 3], :rest] = steps[[1, 3], -rest:] = 0.0
    midi = _smoothed(steps[0], voice.glide_s)
    time_s = np.arange(midi.size) / COURSE_RATE
    # Nobody holds a pitch: a slow drift of some cents, another one for each voice.
    drift = np.random.default_rng(_seed(voice.name)).standard_normal(midi.size)
    drift = scipy.ndimage.gaussian_filter1d(drift, 0.08 * COURSE_RATE)
    vibrato = voice.vibrato_cents * np.sin(2.0 * np.pi * voice.vibrato_hz * time_s)
    midi = midi + (vibrato + 5.0 * drift / drift.std()) / 100.0
    f0_hz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
    return np.stack(
        (f0_hz, _smoothed(steps[1], RISE_S), _smoothed(steps[2], 0.06), _smoothed(steps[3], 0.01))
    )


def speak(spoken: Spoken, tracker: Tracker) -> Take:
    """Let espeak-ng say a sentence and record it.

    Parameters
    ----------
    spoken : Spoken
        Who says what.
    tracker : Tracker
        Tells the pitch, of the sentence without the room.

    Returns
    -------
    Take
        Half a second of rest is before it and after it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spoken.wav")
        command = ["espeak-ng", "-m", "-s", "150", "-v", spoken.voice, "-w", str(path), spoken.text]
        subprocess.run(command, capture_output=True, check=True)
        said, rate = soundfile.read(path)
    rest = np.zeros(round(REST_S * SAMPLE_RATE))
    clean = np.concatenate((rest, soxr.resample(said, rate, SAMPLE_RATE), rest))
    sounds = sounds_at_moments(clean)
    f0_hz = np.where(sounds, pitch_at_moments(tracker, clean.astype(np.float32)), 0.0)
    return Take(spoken.name, as_recorded(clean, spoken.level_db, spoken.name), f0_hz, sounds)


def as_recorded(clean: np.ndarray, level_db: float, name: str) -> np.ndarray:
    """Record a sound as a cheap microphone in a room would: 70 Hz to 10 kHz, pink noise, mains hum.

    Parameters
    ----------
    clean : ndarray
        (T,) at 48 kHz, not silent.
    level_db : float
        RMS afterwards of what is within 40 dB of the loudest, in dB of full scale; the noise has -60 dB, the hum -66.
    name : str
        Seeds the noise.

    Returns
    -------
    ndarray
        (T,) float32.
    """
    sections = scipy.signal.butter(1, MICROPHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    heard = np.asarray(scipy.signal.sosfilt(sections, clean))
    moments = np.round(sounding_times(heard, SAMPLE_RATE) * SAMPLE_RATE).astype(int)
    around = (moments[:, None] + np.arange(-120, 120)).ravel()
    gain = _amplitude(level_db) / np.sqrt(np.mean(heard[around] ** 2))
    time_s = np.arange(clean.size) / SAMPLE_RATE
    hum = sum(np.sin(2.0 * np.pi * hz * time_s) / k for k, hz in enumerate(HUM_HZ, 1))
    room = _amplitude(ROOM_DB) * pink_noise(clean.size, SAMPLE_RATE, _seed(name))
    hum = _amplitude(HUM_DB) * hum / np.sqrt(np.mean(np.square(hum)))
    return (gain * heard + room + hum).astype(np.float32)


def sounds_at_moments(audio: np.ndarray, range_db: float = 40.0) -> np.ndarray:
    """Tell for every 5 ms whether a sound sounds, as `sounding_times` does.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    range_db : float
        Decibels below the loudest 10 ms.

    Returns
    -------
    ndarray
        (N,) bool, the first for the beginning.
    """
    sounds = np.zeros(_moments(audio), dtype=bool)
    sounds[np.round(sounding_times(audio, SAMPLE_RATE, range_db) / GRID_S).astype(int)] = True
    return sounds


def pitch_at_moments(tracker: Tracker, audio: np.ndarray) -> np.ndarray:
    """Tell the pitch every 5 ms.

    Parameters
    ----------
    tracker : Tracker
        Finds it.
    audio : ndarray
        (T,) float32 at 48 kHz.

    Returns
    -------
    ndarray
        (N,) Hz; 0 where there is none.
    """
    found = tracker(audio).at(np.arange(_moments(audio)) * GRID_S)
    return np.where(found.voicing >= VOICED, found.f0_hz, 0.0)


def _moments(audio: np.ndarray) -> int:
    return round(audio.size / SAMPLE_RATE / GRID_S) + 1


def _course_of(note: Note) -> np.ndarray:
    length, rest, hiss = (round(s * COURSE_RATE) for s in (note.duration_s, note.rest_s, note.hiss_s))
    course = np.zeros((4, length))
    course[0], course[2] = note.midi, VOWELS.index(note.vowel)
    course[1, : length - rest] = _amplitude(note.level_db)
    # It ends a little before the next note, for that one rises around its beginning.
    course[3, length - hiss - 20 : length - 20] = _amplitude(-6.0) if hiss else 0.0
    return course


def _smoothed(curve: np.ndarray, duration_s: float) -> np.ndarray:
    window = np.hanning(round(duration_s * COURSE_RATE) + 2)[1:-1]
    return scipy.ndimage.convolve1d(curve, window / window.sum(), mode="nearest")


def _play(instrument: str, courses: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for number, course in enumerate(courses, 1):
            path = Path(folder, f"{number}.txt")
            np.savetxt(path, course, fmt="%.9g")
            lines.append(f'f {number} 0 0 -23 "{path}"')
        duration_s = len(courses[0]) / COURSE_RATE
        lines += [f'i "{instrument}" 0 {duration_s:.6f} 1 2 3 4', "e"]
        audio, rate = render_score(ORCHESTRA, "\n".join(lines))
    if rate != SAMPLE_RATE:
        raise SystemExit(f"{ORCHESTRA.name} plays at {rate} Hz, and {SAMPLE_RATE} Hz are needed: set its sr")
    return audio[:, 0]


def _amplitude(level_db: float) -> float:
    return 10.0 ** (level_db / 20.0)


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
