"""Load and play plugins for another process, which lives on if a plugin kills this one.

Each request has an answer, and ``{"error": ...}`` holds what pedalboard says. A plugin is loaded anew for each: resetting
it would give it its state back before it is played, and is as slow.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..child_messages import receive, send, take_pipes
from ..effects.pedalboard_group import import_pedalboard

try:
    import resource
except ImportError:  # Windows, which has no such limits
    resource = None

SETTLE_S = 0.1
"""For so long a plugin plays silence before the note, in seconds, so that settings which glide have arrived."""

MOST_STEPS = 64
"""Up to so many values, a parameter is a choice; with more it is as good as continuous."""

_WARM_UP_S = 3.0
"""What a plugin may take until a note with its own settings sounds: it may load tables in a thread of its own."""

_BLOCK_SIZE = 512
_EQUAL = 1e-6
_CHANNELS = (2, 1, 3, 4, 5, 6, 7, 8)

_LEFT_OUT = re.compile(r"MIDI (CC|Ch\.|Channel) |(Bypass|Program)$", re.IGNORECASE)
"""What stands for a controller, as in plugins by JUCE and DPF, switches the plugin off, or changes all other settings."""


def serve() -> None:
    """Answer requests until the other process closes its end, or is gone; end where one takes too long."""
    limit_s = float(sys.argv[1])
    requests, answers = take_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prepare_pedalboard()
    while True:
        try:
            words, _ = receive(requests)
        except EOFError:
            # Not as Python does it: what a plugin does as a process ends is of no use, and may take for ever.
            os._exit(0)
        _limit_time(limit_s)
        answer, sound = _answer(words)
        _limit_time(0.0)
        send(answers, answer, sound)


def _prepare_pedalboard() -> None:
    # It would make a Python object of each parameter, in half a minute where there are two thousand.
    import_pedalboard().VST3Plugin.__set_initial_parameter_values__ = lambda plugin, values: None


def _limit_time(seconds: float) -> None:
    """Let the system end this process after so long; 0 takes the limit away. A plugin may wait as well as work."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _answer(words: dict[str, Any]) -> tuple[dict[str, Any], NDArray[np.float32] | None]:
    try:
        plugin = _load(words["plugin"])
        match words:
            case {"describe": duration_s, "sample_rate": sample_rate}:
                listed = _list_parameters(plugin)
                return {
                    "parameters": listed,
                    "channels": _find_channels(plugin, duration_s, sample_rate),
                }, None
            case {"texts": settings}:
                listed = ((plugin._parameters[place], value) for place, value in settings)
                return {"texts": [(it.get_text_for_raw_value(value), it.label) for it, value in listed]}, None
            case _:
                return {}, _play(plugin, **words["play"])
    except (ImportError, ValueError, RuntimeError) as error:
        return {"error": str(error)}, None


def _load(path: str) -> Any:
    plugin = import_pedalboard().VST3Plugin(path, initialization_timeout=_WARM_UP_S)
    if not plugin.is_instrument:
        raise ValueError(f"{plugin.name} is an effect, and takes no notes")
    return plugin


def _list_parameters(plugin: Any) -> list[tuple[int, str, str, float, bool, list[str]]]:
    """Give place, name, unit, default and texts of what can be set: of each step, or of both ends."""
    listed = []
    for place, parameter in enumerate(plugin._parameters):
        if _LEFT_OUT.match(parameter.name) or not parameter.is_automatable or parameter.num_steps < 2:
            continue
        steps = parameter.num_steps if parameter.num_steps <= MOST_STEPS else 0
        texts = [parameter.get_text_for_raw_value(raw) for raw in np.linspace(0, 1, steps or 2).tolist()]
        listed.append(
            (place, parameter.name, parameter.label, parameter.default_raw_value, bool(steps), texts)
        )
    return listed


def _find_channels(plugin: Any, duration_s: float, sample_rate: float) -> int:
    refused = ""
    for channels in _CHANNELS:
        try:
            plugin.process([], duration_s, sample_rate, channels, _BLOCK_SIZE, reset=False)
        except ValueError as error:
            refused = refused or str(error)
        else:
            return channels
    raise ValueError(refused)


def _play(
    plugin: Any,
    settings: list[tuple[int, float]],
    key: int,
    velocity: int,
    held_s: float,
    frames: int,
    sample_rate: int,
    channels: int,
) -> NDArray[np.float32]:
    parameters = plugin._parameters
    for place, value in settings:
        if abs(parameters[place].raw_value - value) < _EQUAL:
            # It would not be passed on, and what is taken for the present value need not be the plugin's.
            parameters[place].raw_value = 1.0 if value < 0.5 else 0.0
        parameters[place].raw_value = value
    settle = round(SETTLE_S * sample_rate)
    note = [(bytes([0x90, key, velocity]), SETTLE_S), (bytes([0x80, key, 0]), SETTLE_S + held_s)]
    # A frame more, as the length in seconds is rounded down.
    seconds = (settle + frames + 1) / sample_rate
    sound = plugin.process(note, seconds, sample_rate, channels, _BLOCK_SIZE, reset=False)
    return np.ascontiguousarray(sound[:, settle : settle + frames], np.float32)
