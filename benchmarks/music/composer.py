"""Compose a song from a seed: harmony, phrases that return, drums with fills, sections of 8 bars."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.music.styles import STYLES, Style

BAR = 16
SECTION_BARS = 8
FADE_S = 2.0
MELODY_DEGREES = 10
CHORD_STEPS = (0, 2, 4)
LOWEST_CHORD_NOTE, LOWEST_MELODY_NOTE, LOWEST_BASS_NOTE = 55, 67, 33
PARTS = {
    "intro": {"chords", "arpeggio"},
    "A": {"chords", "bass", "lead", "drums"},
    "B": {"chords", "bass", "lead", "arpeggio", "drums"},
    "break": {"chords", "bass", "arpeggio"},
    "end": {"chords", "bass", "arpeggio", "drums"},
}


@dataclass(frozen=True)
class Note:
    """A note of the band: where it begins and how long it is in sixteenths, and what it is played with."""

    instrument: str
    start: float
    length: float
    key: int
    velocity: float
    pan: float
    tone: float


class Song:
    """A song in a style, of 8-bar sections.

    Parameters
    ----------
    style : str
        A name of ``STYLES``.
    seed : int
        The same seed makes the same song.
    seconds : float
        About how long it is.

    Attributes
    ----------
    sections : list of str
        From intro to end.
    """

    def __init__(self, style: str, seed: int, seconds: float = 150.0) -> None:
        self.style: Style = STYLES[style]
        self.rng = np.random.default_rng([list(STYLES).index(style), seed])
        self.sixteenth_s = 15.0 / int(
            self.rng.integers(self.style.tempo_bpm[0], self.style.tempo_bpm[1], endpoint=True)
        )
        self.swing = float(self.rng.uniform(*self.style.swing))
        self.key = int(self.rng.integers(12))
        self.scale = self._choose(self.style.modes)
        self.sections = sections_of(round(seconds / (SECTION_BARS * BAR * self.sixteenth_s)))
        self.tones = {
            part: float(np.clip(self.style.tone + self.rng.uniform(-0.2, 0.2), 0, 1))
            for part in sorted(PARTS["B"])
        }
        themes = [self.style.progressions[i] for i in self.rng.permutation(len(self.style.progressions))[:2]]
        self.progressions = {"A": themes[0], "B": themes[1]}
        self.phrases = {theme: self._phrase(chords) for theme, chords in self.progressions.items()}
        self.hits = {theme: self._choose(self.style.chord_hits) for theme in "AB"}
        self.bass_hits = {theme: self._choose(self.style.bass_hits) for theme in "AB"}
        self.beat = self._choose(self.style.drums)
        self.arpeggio = self.rng.integers(5, size=int(self._choose((4, 6, 8))))

    def notes(self) -> Iterator[Note]:
        """Play all parts, section by section."""
        voicing = [LOWEST_CHORD_NOTE + 4 * i for i in range(self.style.n_chord_notes)]
        for index, section in enumerate(self.sections):
            theme = "B" if section in ("B", "break") else "A"
            for bar in range(SECTION_BARS):
                degree = self.progressions[theme][bar % 4]
                voicing = self._voice(degree, voicing)
                start = BAR * (SECTION_BARS * index + bar)
                entered = 0.7 + 0.04 * bar if section == "intro" else 1.0
                for part in sorted(PARTS[section]):
                    if section == "intro" and part == "arpeggio" and bar < 4:
                        continue
                    yield from self._part(part, theme, bar, start, degree, voicing, entered)
                if section == "break" and bar >= 4:
                    yield from self._drums(start, bar, fill_only=bar < SECTION_BARS - 1)

    @property
    def seconds(self) -> float:
        """How long the song is, with the bar in which it fades."""
        return self.sixteenth_s * BAR * SECTION_BARS * len(self.sections) + FADE_S

    def score(self) -> str:
        """Write the song as a Csound score for csd/songs/band.orc."""
        echo_s = self.style.echo[0] * self.sixteenth_s
        lines = [f'i "Master" 0 {self.seconds:.4f} {echo_s:.5f} {self.style.echo[1]}']
        for note in self.notes():
            late = self.swing if int(note.start) % 2 else 0.0
            start_s = (note.start + late) * self.sixteenth_s + abs(self.rng.normal(0.0, 0.003))
            velocity = np.clip(note.velocity * self.rng.uniform(0.85, 1.1), 0.05, 1.0)
            lines.append(
                f'i "{note.instrument}" {start_s:.5f} {note.length * self.sixteenth_s:.5f} '
                f"{note.key} {velocity:.3f} {note.pan:.2f} {note.tone:.3f}"
            )
        return "\n".join([*lines, "e", ""])

    def _choose(self, options):
        return options[int(self.rng.integers(len(options)))]

    def _pitch(self, degree: int) -> int:
        """Give the semitones of a degree of the scale above the note C of octave 0; degrees may pass the octave."""
        octave, step = divmod(degree, len(self.scale))
        return self.key + self.scale[step] + 12 * octave

    def _voice(self, degree: int, before: list[int]) -> list[int]:
        """Put each voice on the nearest note of the chord that no lower voice has."""
        classes = [self._pitch(degree + 2 * i) % 12 for i in range(self.style.n_chord_notes)]
        anchor = LOWEST_CHORD_NOTE + np.arange(len(before)) * 4
        voices: list[int] = []
        for near, home in zip(before, anchor, strict=True):
            aim = 0.7 * near + 0.3 * home
            options = [key for key in range(45, 84) if key % 12 in classes]
            voices.append(min(options, key=lambda key: abs(key - aim)))
            classes.remove(voices[-1] % 12)
        return sorted(voices)

    def _phrase(self, chords: tuple[int, ...]) -> list[list[tuple[int, int, int]]]:
        """Invent 8 bars of (sixteenth, length, key): a motif, another, the motif again, a close; then with another end."""
        bars = [notes_of(self._choose(self.style.melody_hits)) for _ in range(2)]
        close = notes_of(self._choose(self.style.melody_hits))[:3]
        rhythms = [bars[0], bars[1], bars[0], close]
        steps = self.rng.choice([-2, -1, -1, 0, 1, 1, 2, 3], size=(2, BAR))
        contours = [steps[0], steps[1], steps[0], -np.abs(steps[1])]
        lowest = next(degree for degree in range(70) if self._pitch(degree) >= LOWEST_MELODY_NOTE)
        at = lowest + int(self.rng.integers(3, 7))
        phrase, opening = [], at
        for half in range(2):
            at = opening
            for rhythm, contour, degree in zip(rhythms, contours, chords, strict=True):
                bar = []
                for (start, length, _), step in zip(rhythm, contour, strict=False):
                    at += int(step)
                    at = 2 * lowest - at if at < lowest else min(at, 2 * (lowest + MELODY_DEGREES) - at)
                    if start % 8 == 0 and (at - degree) % 7 not in CHORD_STEPS:
                        at += 1 if (at + 1 - degree) % 7 in CHORD_STEPS else -1
                    bar.append((start, length, self._pitch(at)))
                phrase.append(bar)
            aim = chords[-1] + 4 * (1 - half)  # a half close on the fifth, a full one on the root
            start, length, _ = phrase[-1][-1]
            at += min((aim - at) % 7, (aim - at) % 7 - 7, key=abs)
            phrase[-1][-1] = (start, length, self._pitch(at))
        return phrase

    def _part(
        self, part: str, theme: str, bar: int, start: int, degree: int, voicing: list[int], level: float
    ) -> Iterator[Note]:
        tone = self.tones[part]
        if part == "drums":
            yield from self._drums(start, bar)
        elif part == "chords":
            for at, length, _ in notes_of(self.hits[theme]):
                for i, key in enumerate(voicing):
                    pan = 0.3 + 0.4 * i / (len(voicing) - 1)
                    yield Note(self.style.chords, start + at, length - 0.2, key, 0.75 * level, pan, tone)
        elif part == "bass":
            root = LOWEST_BASS_NOTE + (self._pitch(degree) - LOWEST_BASS_NOTE) % 12
            for at, length, sign in notes_of(self.bass_hits[theme]):
                key = root + {"x": 0, "5": 7, "8": 12}[sign]
                yield Note(self.style.bass, start + at, length - 0.3, key, 0.8, 0.5, tone)
        elif part == "lead":
            for at, length, key in self.phrases[theme][bar]:
                accent = 0.85 if at % 4 == 0 else 0.7
                yield Note(self.style.lead, start + at, length - 0.2, key, accent, 0.45, tone)
        else:
            step = self.style.arpeggio_step
            for i, at in enumerate(range(0, BAR, step)):
                octave, voice = divmod(int(self.arpeggio[i % self.arpeggio.size]), len(voicing))
                accent = level * (0.7 if at % 4 == 0 else 0.5)
                pan = 0.25 if i % 2 else 0.75
                yield Note(
                    self.style.arpeggio,
                    start + at,
                    step * 0.9,
                    voicing[voice] + 12 * octave + 12,
                    accent,
                    pan,
                    tone,
                )

    def _drums(self, start: int, bar: int, fill_only: bool = False) -> Iterator[Note]:
        """Play a bar of the beat; every 4th ends in a fill, and the first of a section opens the hat."""
        fill_from = BAR - int(self._choose((4, 6, 8))) if bar % 4 == 3 else BAR
        pans = {"Kick": 0.5, "Snare": 0.48, "Hat": 0.65, "Tom": 0.35}
        for instrument, velocities in self.beat.items() if not fill_only else ():
            for at, velocity in enumerate(velocities[:fill_from]):
                if velocity != ".":
                    opened = instrument == "Hat" and bar == 0 and at < 3
                    tone = 0.9 if opened else self.tones["drums"] * (0.2 if instrument == "Hat" else 1.0)
                    yield Note(instrument, start + at, 1, 45, int(velocity) / 9, pans[instrument], tone)
        for at in range(fill_from, BAR):
            if self.rng.random() < 0.7:
                instrument = self._choose(("Snare", "Tom", "Tom", "Kick"))
                velocity = 0.4 + 0.4 * (at - fill_from) / (BAR - fill_from)
                key = 52 - (at - fill_from)
                yield Note(
                    instrument, start + at, 1, key, velocity, self.rng.uniform(0.3, 0.7), self.tones["drums"]
                )


def sections_of(count: int) -> list[str]:
    """Arrange so many sections, at least five, as intro A A B A break A end where there is room."""
    short = {1: ["B"], 2: ["B", "break"], 3: ["A", "B", "break"]}
    n_middle = max(count, 5) - 4
    middle = short.get(n_middle) or [("A", "B", "A", "break")[i % 4] for i in range(n_middle)]
    return ["intro", "A", *middle, "A", "end"]


def notes_of(bar: str) -> list[tuple[int, int, str]]:
    """Read a bar of signs as (sixteenth, length in sixteenths, sign) of each note."""
    starts = [i for i, sign in enumerate(bar) if sign not in ".-"]
    return [(i, 1 + len(bar[i + 1 :]) - len(bar[i + 1 :].lstrip("-")), bar[i]) for i in starts]
