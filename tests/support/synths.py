"""Write small synths for tests."""

from __future__ import annotations

from pathlib import Path

HEADER = "sr = 8000\nksmps = 20\nnchnls = 1\n0dbfs = 1\n"

SINE = """
chn_k "f0_hz", 1, 3, 440, 100, 1000, 0, 0, 0, 0, "unit=Hz"
chn_k "level", 1, 2, 0.5, 0, 2
instr 1
  asine oscili chnget:k("level"), chnget:k("f0_hz")
  out asine
endin
"""


def write_synth(
    path: Path,
    orchestra: str = SINE,
    score: str = "i 1 0 0.1\ne 0.2",
    header: str = HEADER,
    options: str = "-odac",
) -> Path:
    """Write a .csd: one sine of 0.1 s within 0.2 s at 8 kHz, unless given otherwise."""
    path.write_text(
        f"<CsoundSynthesizer>\n<CsOptions>\n{options}\n</CsOptions>\n<CsInstruments>\n{header}{orchestra}"
        f"</CsInstruments>\n<CsScore>\n{score}\n</CsScore>\n</CsoundSynthesizer>\n"
    )
    return path
