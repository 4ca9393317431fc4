"""Write results: what was measured, where and when."""

import datetime
import json
import math
import os
import platform
from pathlib import Path
from typing import Any

from rich.console import Console

RESULTS = Path(__file__).resolve().parents[1] / "results"


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


def write_results(name: str, settings: dict[str, Any], figures: dict[str, Any]) -> Path:
    """Save figures in ``results/NAME.json``, each with machine and date.

    Figures of an earlier run under other names stay if its settings were the same: ours can be measured again
    without measuring all that it is compared with.

    Parameters
    ----------
    name : str
        File name without its suffix.
    settings : dict
        What this kind of run depends on; other settings start a new file.
    figures : dict of str to object
        By what was measured; anything JSON can hold, NaN and infinity become null.

    Returns
    -------
    Path
        The file written.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    settings = plain(settings)
    before = json.loads(path.read_text()) if path.exists() else {}
    kept = before["measured"] if before.get("settings") == settings else {}
    origin = {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "machine": machine()}
    new = {key: {**origin, "figures": plain(value)} for key, value in figures.items()}
    path.write_text(json.dumps({"settings": settings, "measured": {**kept, **new}}, indent=1) + "\n")
    return path


def plain(value: Any) -> Any:
    """Make a value of what JSON can hold: numbers rounded to 6 places, NaN and infinity as None.

    Parameters
    ----------
    value : object
        Dictionaries, lists and tuples of numbers, strings and None.

    Returns
    -------
    object
        The same without NumPy's types.
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int | str) or value is None:
        return value
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None
