"""Where a model that was trained comes from, as its file says it."""

from __future__ import annotations

from typing import Any


def origin_of(config: dict[str, Any], facts: dict[str, Any], data: str) -> dict[str, str]:
    """Give the provenance of a run's models as far as the run knows it.

    Parameters
    ----------
    config, facts : as `training.loop.run.open_run` gives them.
    data : what was trained on.
    """
    return {
        "data": data,
        "training": f"{facts['step']} of {config['settings']['steps']} steps, seed {config['settings']['seed']}",
        "author": "unknown",
        "licence": "unknown",
    }
