"""Sounds that Csound makes of an orchestra and a score."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile


def render_score(orchestra: Path, score: str) -> tuple[np.ndarray, int]:
    """Play a score.

    Parameters
    ----------
    orchestra : Path
        A ``.orc`` file.
    score : str
        In Csound's words.

    Returns
    -------
    audio : ndarray
        (T, C) float64, as loud as Csound plays it.
    sample_rate : int
        Hz.

    Raises
    ------
    SystemExit
        If Csound 6 is not installed, or cannot play it.
    """
    with tempfile.TemporaryDirectory() as folder:
        score_path, sound = Path(folder, "score.sco"), Path(folder, "sound.wav")
        score_path.write_text(score)
        command = ["csound", "-d", "-m0", "-W", "-f", "-o", str(sound), str(orchestra), str(score_path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise SystemExit(
                "the program csound was not found; install Csound 6, such as by sudo apt-get install csound"
            ) from error
        if done.returncode or not sound.exists():
            raise SystemExit(f"Csound could not play a score on {orchestra.name}: {done.stderr[-2000:]}")
        return soundfile.read(sound, always_2d=True)
