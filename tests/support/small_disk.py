"""Whether a disk that is soon full can be had here."""

import subprocess
from pathlib import Path


def can_mount(folder: Path) -> bool:
    """Tell whether the system lets us mount a file system of our own over a folder; it stays as it is."""
    command = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0"', str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
