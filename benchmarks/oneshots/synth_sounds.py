"""Render drums, stabs, basses, plucks, bells and blips with the bundled synths, for a model of one-shots to learn from.

python -m benchmarks.oneshots.synth_sounds OUT [--patches 30] [--seed 0]

OUT gets a folder for each class. A patch is a preset with every parameter moved a little; it plays three notes, which are
told in the names, and its sounds are one series. Of drums there are three patches for each of these, of one sound each.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.progress import track

from brainsynth import Renderer
from plugin_host.datasets.sampling import MusicalSampler
from plugin_host.synths.parameters import name_values
from plugin_host.synths.preset import find_presets
from plugin_host.synths.synth import Synth

NOTES_A_PATCH = 3
REACH = 5
"""Semitones from a patch's middle note to its others, at most."""


@dataclass(frozen=True)
class Recipe:
    """What sounds of a class are made of.

    Attributes
    ----------
    label : str
        The class.
    synth, presets : str, tuple of str
        A bundled synth, and those of its presets that patches lie near to.
    notes : (int, int), optional
        Lowest and highest, MIDI note numbers; None for drums, which play no notes.
    fall_s : (float, float)
        Shortest and longest time in which a sound is made to fall by 60 dB.
    """

    label: str
    synth: str
    presets: tuple[str, ...]
    notes: tuple[int, int] | None
    fall_s: tuple[float, float]


RECIPES = (
    Recipe("kick", "drum", ("deep kick", "punchy kick"), None, (0.3, 3.0)),
    Recipe("snare", "drum", ("snare", "dry snare", "noise snare"), None, (0.3, 3.0)),
    Recipe("tom", "drum", ("low tom", "high tom"), None, (0.3, 3.0)),
    Recipe("hat", "drum", ("closed hat", "open hat"), None, (0.2, 3.0)),
    Recipe("cymbal", "drum", ("cymbal",), None, (1.0, 4.0)),
    Recipe("perc", "drum", ("cowbell", "block"), None, (0.3, 3.0)),
    Recipe("bass", "subtractive", ("round bass", "squelch", "octave organ"), (36, 52), (0.4, 3.0)),
    Recipe("bass", "fm", ("bass",), (34, 52), (0.4, 3.0)),
    Recipe("stab", "subtractive", ("brass section", "fifths", "lead"), (43, 64), (0.2, 1.5)),
    Recipe("stab", "large", ("dub stab", "synth brass", "fifth lead"), (43, 64), (0.2, 1.5)),
    Recipe("stab", "fm", ("brass", "harpsichord"), (43, 67), (0.2, 1.5)),
    Recipe("pluck", "string", ("nylon guitar", "koto", "muted", "pizzicato", "harp"), (45, 69), (0.4, 3.0)),
    Recipe("pluck", "subtractive", ("pluck",), (45, 69), (0.3, 2.0)),
    Recipe("bell", "fm", ("bell", "glass", "electric piano", "tine"), (57, 79), (0.5, 3.0)),
    Recipe("bell", "additive", ("vibraphone", "chime", "kalimba"), (52, 74), (0.5, 3.0)),
    Recipe("blip", "fm", ("wood drum", "tine", "clarinet"), (57, 79), (0.06, 0.3)),
    Recipe("blip", "additive", ("marimba", "kalimba", "organ"), (52, 74), (0.06, 0.3)),
)


def patches(recipe: Recipe, renderer: Renderer, count: int, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Play so many patches of a recipe: each sound's name and samples (T,)."""
    synth = renderer.synth
    presets = [preset for preset in find_presets(synth) if preset.name in recipe.presets]
    sampler = MusicalSampler(synth, presets, seed)
    for number in range(count if recipe.notes else count * NOTES_A_PATCH):
        random = np.random.default_rng([seed, RECIPES.index(recipe), number])
        settings = name_values(synth.parameters, sampler.draw(number))
        fall_s = np.exp(random.uniform(*np.log(recipe.fall_s)))
        for ending, moved in _played(recipe.notes, synth, settings, random):
            sound = renderer.render({**settings, **moved})[0]
            falling = 10 ** (-3 * np.arange(len(sound)) / (fall_s * synth.sample_rate))
            yield f"{recipe.synth}-{_word(number)}{ending}", sound * falling


def _played(
    notes: tuple[int, int] | None, synth: Synth, settings: dict[str, float | str], random: np.random.Generator
) -> Iterator[tuple[str, dict[str, float]]]:
    """How names end, and the pitches that go with it."""
    if notes is None:
        yield "", {}
        return
    pitches = {name: float(value) for name, value in settings.items() if name.endswith("f0_hz")}
    first = next(iter(pitches.values()))
    limits = {p.name: (p.minimum, p.maximum) for p in synth.parameters}
    middle = random.integers(notes[0] + REACH, notes[1] - REACH + 1)
    steps = random.choice(np.arange(1, REACH + 1), 2)
    for note in (middle, middle - steps[0], middle + steps[1]):
        ratio = 440 * 2 ** ((note - 69) / 12) / first
        yield (
            f"-midi{note}",
            {name: float(np.clip(f_hz * ratio, *limits[name])) for name, f_hz in pitches.items()},
        )


def _word(number: int) -> str:
    """A number in letters, since numbers do not tell one series from another."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03d}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--patches", type=int, default=30, help="of each recipe")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for recipe in track(RECIPES, "recipes"):
        folder = arguments.out / recipe.label
        folder.mkdir(parents=True, exist_ok=True)
        with Renderer(recipe.synth) as renderer:
            for name, sound in patches(recipe, renderer, arguments.patches, arguments.seed):
                soundfile.write(folder / f"{name}.flac", sound, renderer.synth.sample_rate, subtype="PCM_24")


if __name__ == "__main__":
    main()
