"""Speak a few texts by espeak-ng: sounds that glide, hiss and stop, as no note does."""

import shutil
import subprocess
from pathlib import Path

PROGRAM = "espeak-ng"

VOICES = (("en-gb", 45), ("en-us+f3", 60), ("de+m3", 30), ("fr+f2", 70), ("en+whisper", 50))
"""Names of voices, and how high each speaks, 0 to 99."""

TEXTS = ("Ah", "Yeah, yeah, yeah", "Look out, here it comes", "Shh, listen to the bass")
WORDS_A_MINUTE = 150


def speak(folder: Path) -> list[Path]:
    """Speak every text by every voice into a folder.

    One version of espeak-ng always speaks the same samples.

    Parameters
    ----------
    folder : Path
        Gets the files, .wav.

    Returns
    -------
    list of Path
        20 files, by voice and text.

    Raises
    ------
    SystemExit
        If espeak-ng is not installed, or does not speak.
    """
    if shutil.which(PROGRAM) is None:
        raise SystemExit(
            f"--speech needs {PROGRAM}, which is not installed: apt-get install {PROGRAM}, or leave --speech out"
        )
    spoken = []
    for speaker, (voice, pitch) in enumerate(VOICES):
        for number, text in enumerate(TEXTS):
            # Not by the voice's name: "f3" would be taken for a note.
            path = folder / f"spoken-{speaker}-{number}.wav"
            _run("-v", voice, "-p", str(pitch), "-s", str(WORDS_A_MINUTE), "-w", str(path), text)
            spoken.append(path)
    return spoken


def version() -> str:
    """Give the line in which espeak-ng says its version, without where its data are."""
    return _run("--version").split("  Data at")[0].strip()


def _run(*arguments: str) -> str:
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{PROGRAM} {' '.join(arguments)} failed: {done.stderr.strip() or done.returncode}")
    return done.stdout
