"""The orchestras in csd/ play what they are meant to play."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainsynth import Model
from plugin_host.showing.demo_melody import TUNE
from tests.conftest import Command
from tests.support.sound_files import read_sound

CSD = Path(__file__).parents[2] / "csd"
WHISTLE = CSD / "sounds" / "whistle.ogg"
LENGTH_S = 4.5


@dataclass(frozen=True)
class Meant:
    """What an orchestra is meant to give.

    Parameters
    ----------
    length_s : float
        How long it is.
    semitones : float or None
        How far above the whistle it is to be, where it follows it.
    notes : tuple of (float, float)
        Moments in seconds and the MIDI notes that sound then alone.
    channels : int
        Of the file.
    """

    length_s: float = LENGTH_S
    semitones: float | None = None
    notes: tuple[tuple[float, float], ...] = ()
    channels: int = 1


LIVE = ("effect_live", "listen_and_play")

MEANT = {
    "cross_synthesis": Meant(length_s=7.95),
    "dry_and_wet": Meant(semitones=0),
    "effect_live": Meant(length_s=LENGTH_S + 0.05, semitones=12),  # its fade follows the note
    "effect_on_a_file": Meant(semitones=-12),
    "go_on": Meant(length_s=12.0),
    "harmoniser": Meant(),
    "listen_and_play": Meant(),
    "melody": Meant(length_s=3.4, notes=((0.5, 50), (0.95, 53), (1.35, 57), (2.3, 62))),
    "morph": Meant(semitones=0),
    "neural_and_classic": Meant(length_s=4.1, notes=((0.9, 57), (2.1, 60), (3.4, 64))),
    "pitch_follower": Meant(semitones=-12),
    "polyphony": Meant(length_s=2.75, notes=()),
    "stereo_chain": Meant(semitones=-12, channels=2),
}

Rendered = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return {}


@pytest.fixture
def render(rendered: Rendered, brainsynth: Command, tmp_path: Path):
    """Give a function that renders an orchestra once for all tests of the module, (C, T)."""

    def run(name: str) -> NDArray[np.float32]:
        if name not in rendered:
            flags: list[object] = []
            path = CSD / f"{name}.csd"
            if name in LIVE:
                # A recording in the microphone's place, and an end.
                text = path.read_text()
                assert "i 1 0 3600" in text
                path = tmp_path / path.name
                path.write_text(text.replace("i 1 0 3600", f"i 1 0 {LENGTH_S}"))
                flags = ["-i", WHISTLE]
            out = tmp_path / f"{name}.wav"
            assert brainsynth("csound", path, "-o", out, "-f", "-m0", *flags).code == 0
            rendered[name], rate = read_sound(out)
            assert rate == 48_000
        return rendered[name]

    return run


def pitch(sound: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Give the MIDI pitch of a sound's frames, and which of them surely have one."""
    found = Model("pitch").render(sound, 48_000)
    sure = (found["voicing"][0] > 0.8) & (found["loudness_db"][0] > -55)
    return 69 + 12 * np.log2(found["f0_hz"][0] / 440), sure


def test_every_orchestra_is_tested() -> None:
    assert {path.stem for path in CSD.glob("*.csd")} == set(MEANT)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MEANT))
def test_length_level_and_channels(name: str, render) -> None:
    sound = render(name)
    assert sound.shape[0] == MEANT[name].channels
    assert sound.shape[1] / 48_000 == pytest.approx(MEANT[name].length_s, abs=0.01)
    assert np.all(np.isfinite(sound))
    assert 0.02 < np.max(np.abs(sound)) <= 1.0
    loud = np.sqrt(np.mean(sound**2, axis=1))
    assert np.all(loud > 0.003)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(name for name, meant in MEANT.items() if meant.semitones is not None))
def test_what_follows_the_whistle_is_in_tune_with_it(name: str, render) -> None:
    semitones = MEANT[name].semitones
    assert semitones is not None
    whistle, _ = read_sound(WHISTLE)
    asked, asked_sure = pitch(whistle)
    for row in render(name):
        given, given_sure = pitch(row[None])
        count = min(len(asked), len(given))
        # What comes through filters and rooms is later by a moment: in tune within 40 ms is in tune.
        errors = [
            np.abs(given[15:count] - semitones - asked[15 - lag : count - lag]) for lag in range(0, 15, 3)
        ]
        sure = asked_sure[:count][15:] & asked_sure[: count - 15] & given_sure[15:count]
        assert np.count_nonzero(sure) > 150
        assert np.mean(np.min(errors, axis=0)[sure] < 0.5) > 0.7


@pytest.mark.parametrize("name", sorted(name for name, meant in MEANT.items() if meant.notes))
def test_notes_of_the_score_sound_at_their_time(name: str, render) -> None:
    found, sure = pitch(render(name)[:1])
    for moment, note in MEANT[name].notes:
        around = slice(round((moment - 0.06) * 375), round((moment + 0.06) * 375))
        assert np.count_nonzero(sure[around]) > 10, moment
        assert np.median(found[around][sure[around]]) == pytest.approx(note, abs=0.6), moment


def strength(sound: NDArray[np.float32], hertz: float) -> float:
    """Give the level in dB of the strongest line within 2 % of a frequency, against the strongest of all."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    near = np.abs(np.fft.rfftfreq(len(sound), 1 / 48_000) / hertz - 1) < 0.02
    return float(20 * np.log10(spectrum[near].max() / spectrum.max()))


def test_polyphony_sounds_all_notes_at_once(render) -> None:
    sound = render("polyphony")[0, round(1.65 * 48_000) : round(2.3 * 48_000)]
    for note in (48, 55, 64, 76):
        assert strength(sound, 440 * 2 ** ((note - 69) / 12)) > -40, note
    assert strength(sound, 440 * 2 ** ((50 - 69) / 12)) < strength(sound, 440 * 2 ** ((48 - 69) / 12)) - 6


@pytest.mark.slow
def test_harmoniser_sounds_the_third_and_the_octave(render) -> None:
    # The long second note of the tune.
    start = round((0.25 + 0.58 * 1.8) * 48_000)
    sound = render("harmoniser")[0, start : start + 24_000]
    hertz = 440 * 2 ** ((TUNE[2].midi - 69) / 12)
    for semitones in (0, 4, -12):
        assert strength(sound, hertz * 2 ** (semitones / 12)) > -40, semitones


def test_dry_and_wet_begins_dry_and_in_step(render) -> None:
    whistle = read_sound(WHISTLE)[0][0]
    sound = render("dry_and_wet")[0]
    late = 64  # ksmps 64 and a hop of 128
    begun = slice(14_000, 40_000)
    assert np.max(np.abs(sound[late:][begun] - whistle[begun])) < 0.01
    assert np.max(np.abs(sound[late:][110_000:130_000] - whistle[110_000:130_000])) > 0.05


def test_the_channels_of_the_stereo_chain_are_independent(render) -> None:
    left, right = render("stereo_chain")
    assert np.max(np.abs(left - right)) > 0.01


def test_readme_names_every_orchestra_and_udo() -> None:
    text = (CSD / "README.md").read_text()
    paths = (*CSD.glob("*.csd"), *CSD.glob("grains/*.csd"), *CSD.glob("udo/*.udo"))
    assert len(paths) > 10
    for path in paths:
        assert f"`{path.relative_to(CSD)}`" in text
