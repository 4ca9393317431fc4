"""Instruments as drum kits of Hydrogen 1.x: a folder with drumkit.xml and the files."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from .instrument import Instrument, Pad

MOST_LAYERS = 16
"""An instrument of a kit has no more."""

NAMESPACE = "http://www.hydrogen-music.org/drumkit"
_FIXED_BEFORE = {"volume": "1", "isMuted": "false", "isSoloed": "false", "pan": "0", "pitchOffset": "0"}
_FIXED_SOUND = {
    "filterActive": "false",
    "filterCutoff": "1",
    "filterResonance": "0",
    "Attack": "0",
    "Decay": "0",
}
_FIXED_LAST = {"isHihat": "-1", "lower_cc": "0", "higher_cc": "127"}
_RELEASE_SAMPLES = "1000"


def drumkit_text(instrument: Instrument) -> str:
    """Write a kit whose files lie beside it. Each pad is an instrument; its order is that of Hydrogen's schema."""
    root = Xml.Element("drumkit_info", xmlns=NAMESPACE)
    terms = instrument.licence.splitlines()
    licence = next((line.removeprefix("model: ") for line in terms if line.startswith("model: ")), "unknown")
    told = {"name": instrument.name, "author": "Brainsynth", "info": instrument.licence, "license": licence}
    _add(root, told | {"image": "", "imageLicense": ""})
    _add(
        Xml.SubElement(Xml.SubElement(root, "componentList"), "drumkitComponent"),
        {"id": "0", "name": "Main", "volume": "1"},
    )
    pads = Xml.SubElement(root, "instrumentList")
    for number, pad in enumerate(instrument.pads.values()):
        _add_pad(Xml.SubElement(pads, "instrument"), number, pad, instrument)
    Xml.indent(root, "  ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _add_pad(element: Xml.Element, number: int, pad: Pad, instrument: Instrument) -> None:
    _add(element, {"id": str(number), "name": pad.label or f"{instrument.name} {pad.key}"} | _FIXED_BEFORE)
    _add(element, {"randomPitchFactor": "0", "gain": "1"})
    _add(element, {"applyVelocity": "false" if instrument.is_layered else "true"} | _FIXED_SOUND)
    _add(element, {"Sustain": "1", "Release": _RELEASE_SAMPLES, "muteGroup": "1" if pad.is_choked else "-1"})
    _add(element, {"midiOutChannel": "-1", "midiOutNote": str(pad.key), "isStopNote": "false"})
    _add(element, {"sampleSelectionAlgo": "ROUND_ROBIN"} | _FIXED_LAST)
    component = Xml.SubElement(element, "instrumentComponent")
    _add(component, {"component_id": "0", "gain": "1"})
    for low, high, voices in pad.velocities():
        for voice in voices:
            bounds = {"min": f"{(low - 1) / 127:.6f}", "max": f"{high / 127:.6f}"}
            _add(
                Xml.SubElement(component, "layer"),
                {"filename": voice.file} | bounds | {"gain": "1", "pitch": "0"},
            )


def _add(element: Xml.Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        Xml.SubElement(element, name).text = text
