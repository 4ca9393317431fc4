"""Build a small VST3 instrument, with what Debian's package dpf-source holds of the DISTRHO Plugin Framework."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

DPF = Path("/usr/share/dpf/distrho")
SOURCE = Path(__file__).parent / "vst"
CRASHES, HANGS, KEEPS_STATE, HAS_HUNDREDS = 1, 2, 3, 4
"""What an instrument does wrong; see vst/plain.cpp."""


def build_plugin(folder: Path, evil: int = 0, outputs: int = 2, is_synth: bool = True) -> Path:
    """Compile the instrument into Plain.vst3 in a folder, or skip."""
    if not DPF.is_dir():
        pytest.skip(f"there is no {DPF}: apt-get install dpf-source")
    if shutil.which("g++") is None:
        pytest.skip("there is no g++: apt-get install g++")
    plugin = folder / "Plain.vst3"
    binary = plugin / "Contents" / f"{platform.machine()}-linux" / "Plain.so"
    binary.parent.mkdir(parents=True)
    command = [
        *("g++", "-O1", "-std=gnu++14", "-shared", "-fPIC", "-fvisibility=hidden", "-w"),
        *("-DDISTRHO_PLUGIN_TARGET_VST3", f"-DEVIL={evil}", f"-DDISTRHO_PLUGIN_NUM_OUTPUTS={outputs}"),
        f"-DDISTRHO_PLUGIN_IS_SYNTH={int(is_synth)}",
        *(f"-I{SOURCE}", f"-I{DPF}", f"-I{DPF / 'src'}"),
        *(str(DPF / "DistrhoPluginMain.cpp"), str(SOURCE / "plain.cpp"), "-o", str(binary)),
    ]
    subprocess.run(command, check=True)
    return plugin
