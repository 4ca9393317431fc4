"""Lay out the notes of a bowed instrument of the Philharmonia Orchestra's samples by register, for a model of grains.

python -m benchmarks.grains.registers CELLO OUT

CELLO holds files such as cello_A2_05_forte_arco-normal.mp3. Taken are those that are bowed as usual, for half a second
to a second and a half, at one dynamic. The octave that begins with C2 is ``low``, then ``middle``, ``high`` and ``highest``.
"""

import argparse
import re
import shutil
from pathlib import Path

REGISTERS = {"2": "low", "3": "middle", "4": "high", "5": "highest", "6": "highest"}
NOTE = re.compile(r"[a-z-]+_[A-G]s?(\d)_(?:05|1|15)_(?!cresc)[a-z-]+_arco-normal")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notes", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    count = 0
    for path in sorted(arguments.notes.iterdir()):
        found = NOTE.fullmatch(path.stem)
        if found and found[1] in REGISTERS:
            folder = arguments.out / REGISTERS[found[1]]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
            count += 1
    print(f"{count} notes in {arguments.out}")


if __name__ == "__main__":
    main()
