"""Lay Sonic Pi's samples and drum kits of Hydrogen out by class, for a model of one-shots to learn from.

python -m benchmarks.oneshots.drum_sounds OUT --sonic-pi SAMPLES [--kit DRUMKIT_FOLDER ...]

Sonic Pi's samples are CC0 (Debian's sonic-pi-samples: /usr/share/sonic-pi/samples), and so is Hydrogen's kit Audiophob
(hydrogen-drumkits). What is a loop, or none of the classes, is left out.
"""

import argparse
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.grains.kits import lay_out

CLASSES = (
    ("bd_|heavy_kick|drum_bass|(hollow|soft)_kick", "kick"),
    ("sn_|snare", "snare"),
    ("hat_|cymbal_(closed|pedal)", "hat"),
    ("cymbal|splash|ride_", "cymbal"),
    ("drum_tom", "tom"),
    ("bass_", "bass"),
    ("elec_(blip|blup|plip|flip|twip|ping|pop|tick)", "blip"),
    ("elec_(bell|chime|triangle|bong)|perc_bell", "bell"),
    ("elec_|perc_|tabla_|cowbell|glitch_perc", "perc"),
)
"""What Sonic Pi's names begin with or hold, and the class that it says; the first that fits counts."""

OF_KITS = {
    "closed-hat": "hat",
    "open-hat": "hat",
    "crash": "cymbal",
    "ride": "cymbal",
    "sidestick": "perc",
    "rimshot": "perc",
}
"""Classes of a drum kit that are called something else here."""


def class_of(name: str) -> str:
    """Give the class that a name says, empty if it says none."""
    return next((label for words, label in CLASSES if re.search(words, name)), "")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--sonic-pi", type=Path, required=True)
    parser.add_argument("--kit", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()

    def put(path: Path, label: str) -> None:
        target = arguments.out / label / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        counts[label] += 1

    for path in sorted(arguments.sonic_pi.rglob("*.flac")):
        if label := class_of(path.stem):
            put(path, label)
    with tempfile.TemporaryDirectory() as folder:
        for kit in arguments.kit:
            lay_out(kit, Path(folder))
        for path in sorted(Path(folder).rglob("*.flac")):
            put(path, OF_KITS.get(path.parent.name, path.parent.name))
    print(dict(sorted(counts.items())))


if __name__ == "__main__":
    main()
