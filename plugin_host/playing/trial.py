"""Try a stranger's model file in a process of its own first, with limits on time and memory.

What a graph needs is known only when it runs: a constant of a few bytes can be expanded to any size. Whatever the
graph does to the process that tries it, this one goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import onnxruntime

from ..errors import HostError, ModelFileError
from ..model_file.onnx_bytes import read_model_bytes

LIMIT_S = 60.0
LIMIT_BYTES = 4 * 2**30
_WELL, _REFUSED = 0, 3


def try_once(path: Path) -> None:
    """Try a file unless these bytes have come through before, which an empty file in the user's cache remembers.

    Raises
    ------
    ModelFileError
        As `try_model` does.
    """
    digest = hashlib.sha256(read_model_bytes(path)).hexdigest()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    mark = caches / "brainsynth" / "tried_models" / f"{digest}.onnxruntime-{onnxruntime.__version__}"
    # Where the cache cannot be read or written, the file is tried each time.
    if os.path.exists(mark):
        return
    try_model(path)
    with contextlib.suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def try_model(path: Path, limit_s: float = LIMIT_S) -> None:
    """Load a model in a child, with one frame and two, and see that it comes through.

    Parameters
    ----------
    path : Path
        Of the file.
    limit_s : float
        How long it may take, in seconds.

    Raises
    ------
    ModelFileError
        If the file is refused, takes longer than `limit_s` or more than 4 GiB, or ends the child.
    """
    command = [sys.executable, "-m", __name__, str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=limit_s,
            check=False,
        )
    except OSError:
        # Where no process can be started, there is no trial. A file has no influence on that.
        return
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(
            f"{path}: loading it takes more than {limit_s:g} s, which no model needs; use another file"
        ) from error
    if done.returncode == _REFUSED:
        raise ModelFileError(done.stdout.decode("utf-8", "replace"))
    if done.returncode != _WELL:
        raise ModelFileError(
            f"{path}: loading it ended the process that tried it (code {done.returncode}), for want of memory beyond"
            f" {LIMIT_BYTES / 2**30:g} GiB or by a fault that the graph provokes; use another file"
        )


def limit_memory() -> None:
    """Let this process take 4 GiB more than it has, where the system can limit it."""
    try:
        import resource
    except ImportError:
        return
    statistics = Path("/proc/self/statm")
    taken = int(statistics.read_text().split()[0]) * resource.getpagesize() if statistics.exists() else 0
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = taken + LIMIT_BYTES
    # Some systems know the limit and refuse to set it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if soft == resource.RLIM_INFINITY or limit < soft:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _try_here(path: str) -> int:
    from .model import Model

    limit_memory()
    try:
        Model(path)
    except HostError as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "backslashreplace"))
        return _REFUSED
    return _WELL


if __name__ == "__main__":
    sys.exit(_try_here(sys.argv[1]))
