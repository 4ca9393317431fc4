"""Keep slow results on disk, outside what git tracks."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "benchmarks"


def cached_arrays(key: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Give the arrays kept under a key, or compute and keep them.

    Parameters
    ----------
    key : str
        Names everything that the result depends on; ``group/...``, the group becomes a folder.
    compute : callable
        Gives the arrays by name.

    Returns
    -------
    dict of str to ndarray
        As computed.
    """
    group, _, rest = key.partition("/")
    path = CACHE / group / f"{hashlib.sha256(rest.encode()).hexdigest()[:32]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return dict(stored)
    arrays = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written to a temporary file first: two runs may fill the same cache, and one may be stopped half way.
    partial = path.with_suffix(f".{hashlib.sha256(str(id(arrays)).encode()).hexdigest()[:8]}.npz")
    np.savez_compressed(partial, allow_pickle=False, **arrays)
    partial.replace(path)
    return arrays
