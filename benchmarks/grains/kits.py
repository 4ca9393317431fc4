"""Lay a drum kit of the program Hydrogen out by class, as `brainsynth train grains` takes it.

python -m benchmarks.grains.kits DRUMKIT_FOLDER... OUT

Kits lie in /usr/share/hydrogen/data/drumkits after sudo apt-get install hydrogen-data hydrogen-drumkits. Instruments whose
names say none of the nine classes of a drum kit are left out.
"""

import argparse
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import soundfile
import soxr

SAMPLE_RATE = 44100
CLASSES = (
    ("cowbell|clap|shaker|tambourine", ""),
    ("side|stick", "sidestick"),
    ("rim", "rimshot"),
    ("snare", "snare"),
    ("tom", "tom"),
    ("kick|bass", "kick"),
    ("open", "open-hat"),
    ("hat|hh|pedal", "closed-hat"),
    ("crash|splash", "crash"),
    ("ride|bell", "ride"),
)
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def class_of(name: str) -> str:
    """Give the class that an instrument's name says, empty if it says none."""
    return next((label for words, label in CLASSES if re.search(words, name.lower())), "")


def sounds_of(kit: Path) -> Iterator[tuple[str, Path]]:
    """Give each sound of a kit with the name of its instrument."""
    root = ElementTree.parse(kit / "drumkit.xml").getroot()
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for instrument in root.iter("instrument"):
        for file in instrument.iter("filename"):
            yield instrument.findtext("name", ""), kit / (file.text or "")


def lay_out(kit: Path, out: Path) -> Counter[str]:
    """Write the sounds of a kit as FLAC, mono at 44.1 kHz; give how many of each class.

    A name is the kit's, the instrument's with its numbers as words, since they tell instruments apart, and the file's.
    """
    counts: Counter[str] = Counter()
    for name, path in sounds_of(kit):
        label = class_of(name)
        if not label or not path.is_file():
            continue
        samples, rate = soundfile.read(path, always_2d=True)
        words = re.sub(
            r"\d", lambda digit: NUMBERS[int(digit[0])], re.sub(r"^[a-g]#?\d - ", "", name.lower())
        )
        counts[label] += 1
        target = (
            out
            / label
            / f"{kit.name.split('_')[0].lower()}-{re.sub(r'[^a-z]+', '-', words)}-{counts[label]}.flac"
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(
            target, soxr.resample(samples.mean(1), rate, SAMPLE_RATE), SAMPLE_RATE, subtype="PCM_24"
        )
    return counts


def main() -> None:
    """Lay out the kits that are named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kits", nargs="+", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    for kit in arguments.kits:
        print(kit.name, dict(sorted(lay_out(kit, arguments.out).items())))


if __name__ == "__main__":
    main()
