"""Whether a disk that is soon full, or one that cannot be written, can be had here."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


def can_mount(folder: Path) -> bool:
    """Tell whether the system lets us mount a file system of our own over a folder; it stays as it is."""
    command = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0"', str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def run_read_only(folder: Path, command: Sequence[object]) -> subprocess.CompletedProcess[str]:
    """Run a program for which nothing below a folder can be written, not even by root; see `can_mount`."""
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    words = ["unshare", "--mount", "sh", "-c", mount, *map(str, [folder, *command])]
    return subprocess.run(words, capture_output=True, text=True, check=False)
