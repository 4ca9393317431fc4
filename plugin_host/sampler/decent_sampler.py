"""Instruments as DecentSampler presets, by its developers' guide."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from .instrument import Instrument, Pad, Voice
from .sfz import RELEASE_S


def dspreset_text(instrument: Instrument, samples: str) -> str:
    """Write an instrument whose files lie in the folder ``samples`` beside it."""
    root = Xml.Element("DecentSampler", minVersion="1.0.0")
    # Two hyphens would end a comment.
    root.append(Xml.Comment(f" {instrument.name}\n{instrument.licence}\n".replace("--", "- -")))
    groups = Xml.SubElement(root, "groups")
    for pad in instrument.pads.values():
        for low, high, voices in pad.velocities():
            group = Xml.SubElement(groups, "group", _group(instrument, pad, voices))
            for position, voice in enumerate(voices, 1):
                sample = {"path": f"{samples}/{voice.file}", "rootNote": str(pad.key), "loNote": str(pad.low)}
                sample |= {"hiNote": str(pad.high), "loVel": str(low), "hiVel": str(high)}
                if len(voices) > 1:
                    sample["seqPosition"] = str(position)
                if voice.loop is not None:
                    loop = {"loopStart": str(voice.loop.start), "loopEnd": str(voice.loop.end - 1)}
                    sample |= {"loopEnabled": "true"} | loop
                Xml.SubElement(group, "sample", sample)
    Xml.indent(root, "  ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _group(instrument: Instrument, pad: Pad, voices: list[Voice]) -> dict[str, str]:
    # A drum rings on after its key is released.
    release = RELEASE_S if pad.pitched else max(voice.seconds for voice in voices)
    found = {"name": pad.label or instrument.name, "ampVelTrack": "0" if instrument.is_layered else "1"}
    found |= {"attack": "0", "release": f"{release:.3f}"}
    if len(voices) > 1:
        found |= {"seqMode": "round_robin", "seqLength": str(len(voices))}
    if pad.is_choked:
        found |= {"tags": "hats", "silencedByTags": "hats", "silencingMode": "fast"}
    return found
