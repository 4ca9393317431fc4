"""Instruments as SFZ (version 1, with version 2's comments and default path), for sfizz, ARIA, sforzando and others."""

from __future__ import annotations

from .instrument import Instrument, Pad, Voice

HATS = 1
RELEASE_S = 0.2


def sfz_text(instrument: Instrument, samples: str) -> str:
    """Write an instrument whose files lie in the folder ``samples`` beside it."""
    lines = [f"// {line}" for line in (instrument.name, *instrument.licence.splitlines())]
    lines += ["", "<control>", f"default_path={samples}/", "", "<global>"]
    # Where the files are softer and harder themselves, velocity must not count twice.
    lines += [f"amp_veltrack={0 if instrument.is_layered else 100}"]
    for pad in instrument.pads.values():
        lines += ["", f"// {pad.label or instrument.name}", "<group>", *_group(pad)]
        for low, high, voices in pad.velocities():
            for position, voice in enumerate(voices, 1):
                turn = f" seq_length={len(voices)} seq_position={position}" if len(voices) > 1 else ""
                # What follows "sample=" goes up to the end of its line.
                lines += [
                    f"<region> lovel={low} hivel={high}{turn}{_loop(voice, pad)}",
                    f"sample={voice.file}",
                ]
    return "\n".join(lines) + "\n"


def _group(pad: Pad) -> list[str]:
    lines = [f"lokey={pad.low} hikey={pad.high} pitch_keycenter={pad.key}"]
    lines += [f"ampeg_release={RELEASE_S}" if pad.pitched else "loop_mode=one_shot"]
    return lines + ([f"group={HATS} off_by={HATS} off_mode=fast"] if pad.is_choked else [])


def _loop(voice: Voice, pad: Pad) -> str:
    if not pad.pitched:
        return ""
    if voice.loop is None:
        return " loop_mode=no_loop"
    return f" loop_mode=loop_continuous loop_start={voice.loop.start} loop_end={voice.loop.end - 1}"
