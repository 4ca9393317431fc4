"""Styles of songs: what tempo, harmony, instruments and drums songs of a kind share."""

from dataclasses import dataclass

MAJOR = (0, 2, 4, 5, 7, 9, 11)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
MINOR = (0, 2, 3, 5, 7, 8, 10)
MIXOLYDIAN = (0, 2, 4, 5, 7, 9, 10)

BRIGHT = ((0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4), (3, 0, 4, 5), (0, 2, 3, 4), (1, 4, 0, 5))
DARK = ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (5, 6, 0, 0), (0, 3, 6, 2), (0, 2, 5, 3))


@dataclass(frozen=True)
class Style:
    """What the songs of a style share.

    Attributes
    ----------
    tempo_bpm : tuple of int
        Lowest and highest.
    modes : tuple of tuple of int
        Scales, in semitones above the key.
    progressions : tuple of tuple of int
        Degrees of the chords of 4 bars, 0 the tonic.
    n_chord_notes : int
        3 for triads, 4 with the seventh, 5 with the ninth.
    chords, lead, arpeggio, bass : str
        Instruments of the band.
    chord_hits, bass_hits : tuple of str
        Bars of 16 sixteenths, of which one is chosen: ``x`` begins a note, ``-`` holds it, ``.`` is silent;
        in a bass, ``5`` begins the fifth and ``8`` the octave.
    melody_hits : tuple of str
        Bars of melody, of which a phrase is made.
    arpeggio_step : int
        Sixteenths a note of the arpeggio.
    drums : tuple of dict
        Beats, of which one is chosen: instrument to a bar of velocities 1 to 9.
    swing : tuple of float
        How far off-beat sixteenths come late, in sixteenths, least and most.
    tone : float
        How bright the instruments are, 0 to 1.
    echo : tuple of float
        Sixteenths and feedback of the echo.
    """

    tempo_bpm: tuple[int, int]
    modes: tuple[tuple[int, ...], ...]
    progressions: tuple[tuple[int, ...], ...]
    n_chord_notes: int
    chords: str
    lead: str
    arpeggio: str
    bass: str
    chord_hits: tuple[str, ...]
    bass_hits: tuple[str, ...]
    melody_hits: tuple[str, ...]
    arpeggio_step: int
    drums: tuple[dict[str, str], ...]
    swing: tuple[float, float]
    tone: float
    echo: tuple[float, float]


STYLES = {
    "calm": Style(
        tempo_bpm=(70, 92),
        modes=(MAJOR, DORIAN, MAJOR),
        progressions=(*BRIGHT, (3, 2, 1, 0)),
        n_chord_notes=5,
        chords="Piano",
        lead="Lead",
        arpeggio="Piano",
        bass="Bass",
        chord_hits=("x-------------..", "x-----x---------", "x---------x-----", "x--x------x--x--"),
        bass_hits=("x---------5-----", "x-------..x-5---", "x-----------8-5-"),
        melody_hits=(
            "x---x---x-------",
            "..x-x---x-x-----",
            "x-----x-x---x---",
            "x-------....x---",
            "x-x-x---------..",
        ),
        arpeggio_step=2,
        drums=(
            {"Kick": "6.......4.......", "Snare": "....3.......3..2", "Hat": "3.2.3.2.3.2.3.2."},
            {"Kick": "6......3..4.....", "Snare": "....3.......3...", "Hat": "..3...3...3...3."},
        ),
        swing=(0.1, 0.35),
        tone=0.3,
        echo=(6.0, 0.35),
    ),
    "arp": Style(
        tempo_bpm=(104, 128),
        modes=(MINOR, DORIAN, MINOR),
        progressions=DARK,
        n_chord_notes=4,
        chords="Pad",
        lead="Lead",
        arpeggio="Pluck",
        bass="Bass",
        chord_hits=("x---------------",),
        bass_hits=("x.x.x.x.x.x.x.x.", "x-x.8-x.x-x.8-x.", "..x-..x-..x-..8-", "x--x--x-x--x--8-"),
        melody_hits=(
            "x-----x-----x---",
            "x---x-x-x-------",
            "x--x--x---------",
            "....x-x-x---x---",
            "x-------x-----x-",
        ),
        arpeggio_step=1,
        drums=(
            {"Kick": "8...8...8...8...", "Snare": "....6.......6...", "Hat": "2.6.2.6.2.6.2.62"},
            {"Kick": "8...8...8...8..3", "Snare": "....5.......5..2", "Hat": "3264326432643264"},
            {"Kick": "8.....6.8.......", "Snare": "....7.......7...", "Hat": "5.3.5.3.5.3.5.3."},
        ),
        swing=(0.0, 0.1),
        tone=0.6,
        echo=(3.0, 0.5),
    ),
    "chip": Style(
        tempo_bpm=(118, 140),
        modes=(MAJOR, MIXOLYDIAN, MINOR),
        progressions=(*BRIGHT[:4], (0, 6, 3, 0), (0, 5, 6, 0)),
        n_chord_notes=3,
        chords="Chip",
        lead="Chip",
        arpeggio="Chip",
        bass="Bass",
        chord_hits=("..x...x...x...x.", "x..x..x.x..x..x.", "..x-..x-..x-..xx"),
        bass_hits=("x.8.x.8.x.8.x.8.", "x.x.5.5.8.8.5.5.", "x--x--8-x--x5-8-"),
        melody_hits=(
            "x.x.x-x-x---x-x-",
            "x--x--x-x.x.x---",
            "x-x-x-x-x-------",
            "x---x.xxx---x---",
            "x-x-..x-x-x-x---",
        ),
        arpeggio_step=1,
        drums=(
            {"Kick": "8...8...8...8...", "Snare": "....7.......7...", "Hat": "5.5.5.5.5.5.5.55"},
            {"Kick": "8..8....8.8.....", "Snare": "....7.......7..4", "Hat": "6.3.6.3.6.3.6.3."},
        ),
        swing=(0.0, 0.15),
        tone=0.5,
        echo=(3.0, 0.25),
    ),
    "dub": Style(
        tempo_bpm=(70, 88),
        modes=(MINOR, DORIAN),
        progressions=((0, 0, 3, 3), (0, 3, 0, 4), (0, 6, 0, 6), (0, 0, 5, 6), (0, 3, 6, 0)),
        n_chord_notes=3,
        chords="Pluck",
        lead="Piano",
        arpeggio="Pluck",
        bass="Bass",
        chord_hits=("....x-......x-..", "..x...x...x...x.", "....x-x-....x-x-"),
        bass_hits=("x---..x-5---x-..", "..x-x-..x-5-8---", "x-x-....5-x---..", "x-----x-..8-5-x-"),
        melody_hits=(
            "x---x-----......",
            "......x-x-x-----",
            "x-x---x---......",
            "....x---x-------",
            "x-----x-x-x-----",
        ),
        arpeggio_step=3,
        drums=(
            {"Kick": "........9.......", "Snare": "........6......2", "Hat": "5.3.5.3.5.3.5.36"},
            {"Kick": "8...8...8...8...", "Snare": "........7....3..", "Hat": "4.624.624.624.62"},
            {
                "Kick": "8.....7...8.....",
                "Snare": "....8.......8..3",
                "Hat": "6343634363436343",
                "Tom": "..............4.",
            },
        ),
        swing=(0.15, 0.4),
        tone=0.35,
        echo=(6.0, 0.6),
    ),
}
