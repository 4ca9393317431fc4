"""Write down what was measured, where and when."""

import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any

from rich.console import Console

RESULTS = Path(__file__).resolve().parent / "results"


def wide_console() -> Console:
    """Make a console on which the tables fit, also where output goes to a file.

    Returns
    -------
    Console
        At least 120 columns wide.
    """
    return Console(width=max(120, Console().width))


def machine() -> dict[str, Any]:
    """Describe the machine.

    Returns
    -------
    dict
        Processor, cores usable here, system and Python.
    """
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        processor = next((value.strip() for key, _, value in lines if key.strip() == "model name"), processor)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = platform.system()
    return {"processor": processor, "cores": cores, "system": system, "python": platform.python_version()}


def write_results(name: str, settings: dict[str, Any], figures: Any) -> Path:
    """Save figures as ``results/NAME.json``, replacing the last run's.

    Parameters
    ----------
    name : str
        File name without its suffix.
    settings : dict
        What tells this run from another.
    figures : object
        Anything JSON can hold; NaN becomes null.

    Returns
    -------
    Path
        The file written.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    content = {"date": date, "machine": machine(), "settings": settings, "figures": _plain(figures)}
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | str) or value is None:
        return value
    number = float(value)
    return round(number, 6) if number == number else None
