"""Have plugins loaded and played by a process of their own, which they may crash or block."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ..asked_child import AskedChild, ChildEndedError
from ..errors import SynthError
from ..idle_children import IdleChildren

LIMIT_S = 60.0
"""What a plugin may take to be loaded and to play a sound, in seconds."""

_WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY")


class PluginProcess(AskedChild):
    """A process that plays plugins, without a screen on which they could open a window; see `plugin_child`."""

    def __init__(self) -> None:
        shown = {name: value for name, value in os.environ.items() if name not in _WINDOWS}
        super().__init__("plugin_host.synths.plugin_child", LIMIT_S, environment=shown)

    def ask(self, path: Path, words: dict[str, Any]) -> tuple[dict[str, Any], bytearray]:
        """Ask for something about the plugin at a path, and give the answer.

        Raises
        ------
        SynthError
            If it cannot be done, or the process died of it.
        """
        try:
            # A plugin is known by its file's name within its folder, which a link need not have.
            answer, content = self.request({"plugin": str(path.resolve()), **words})
        except ChildEndedError as error:
            if error.was_ended_by("SIGALRM"):
                raise SynthError(
                    f"the plugin {path} did not answer within {LIMIT_S:g} s, and was ended; one that waits for a window or"
                    " a licence cannot be a synth"
                ) from error
            how = signal.strsignal(-error.code) if error.code < 0 else f"code {error.code}"
            raise SynthError(
                f"the plugin {path} crashed ({how}); try other settings, or another version of it"
            ) from error
        if "error" in answer:
            said = " ".join(answer["error"].split()).rstrip(".")
            raise SynthError(
                f"the plugin {path} cannot be played ({said}); needed is a VST3 instrument for this system"
            )
        return answer, content


_idle = IdleChildren(PluginProcess, 1)


def borrow_process() -> PluginProcess:
    """Give a process that waits, or a new one."""
    try:
        return _idle.borrow()
    except OSError as error:
        raise SynthError(f"no process that plays plugins can be started ({error})") from error


def return_process(process: PluginProcess) -> None:
    """Take back a process that nothing is asked of, for the next plugin."""
    _idle.give_back(process)
