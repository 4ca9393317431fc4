"""Hydrogen, where Debian's packages hydrogen and hydrogen-data are installed: its schema, its checks and its player."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

SCHEMA = Path("/usr/share/hydrogen/data/xsd/drumkit.xsd")


def need_schema() -> Path:
    """Give Hydrogen's own schema of drum kits, or skip."""
    if not SCHEMA.is_file():
        pytest.skip(f"there is no {SCHEMA}: apt-get install hydrogen-data")
    return SCHEMA


def run_hydrogen(home: Path, *arguments: object) -> str:
    """Run Hydrogen without a window and give what it prints, or skip."""
    if shutil.which("h2cli") is None:
        pytest.skip("there is no h2cli: apt-get install hydrogen")
    command = ["h2cli", *map(str, arguments)]
    environment = os.environ | {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return ran.stdout + ran.stderr


def write_song(path: Path, kit: Path, notes: list[tuple[int, int, float]]) -> None:
    """Write a song of one bar of two seconds for a kit, of notes: instrument, tick (of 192), velocity."""
    song = Xml.Element("song")
    _add(song, version="1.2.0", bpm="120", volume="1", name="test", mode="song", loopEnabled="false")
    _add(song, humanize_time="0", humanize_velocity="0", swing_factor="0")
    namespace = "{http://www.hydrogen-music.org/drumkit}"
    for part in Xml.parse(kit / "drumkit.xml").getroot():
        part_name = part.tag.removeprefix(namespace)
        if part_name in ("componentList", "instrumentList"):
            for element in part.iter():
                element.tag = element.tag.removeprefix(namespace)
            song.append(part)
    # 1: among the user's own kits.
    for instrument in song.iter("instrument"):
        _add(instrument, drumkit=kit.name, drumkitLookup="1")
    pattern = Xml.SubElement(Xml.SubElement(song, "patternList"), "pattern")
    _add(pattern, name="bar", category="", size="192", denominator="4")
    held = Xml.SubElement(pattern, "noteList")
    for instrument, tick, velocity in notes:
        note = Xml.SubElement(held, "note")
        _add(
            note, position=str(tick), leadlag="0", velocity=str(velocity), pan="0", pitch="0", probability="1"
        )
        _add(note, key="C0", length="-1", instrument=str(instrument), note_off="false")
    _add(Xml.SubElement(Xml.SubElement(song, "patternSequence"), "group"), patternID="bar")
    Xml.ElementTree(song).write(path, encoding="UTF-8", xml_declaration=True)


def _add(element: Xml.Element, **texts: str) -> None:
    for name, text in texts.items():
        Xml.SubElement(element, name).text = text
