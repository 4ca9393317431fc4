"""Reach the sound card through PortAudio: one stream that records and plays, whose own thread asks for blocks."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, MissingPackageError, counted
from ..streaming.input_checks import check_sample_rate
from .audio_loop import Play

_OUTPUTS = 2

# 80 dB above full scale. What a device gives beyond is memory that nobody filled.
_LOUDEST = 1e4


def device_names() -> tuple[list[str], list[str]]:
    """List all inputs and all outputs, each as its name and the system's interface to it: ``"pulse, ALSA"``.

    Raises
    ------
    MissingPackageError
        If sounddevice or PortAudio is not installed.
    """
    portaudio = _load_portaudio()
    return list(_find_devices(portaudio, "input")), list(_find_devices(portaudio, "output"))


class SoundCard:
    """An input and an output that keep one time.

    Parameters
    ----------
    input_name, output_name : str or None
        As `device_names` lists them, or a part that only one has; None for the system's own choice.
    block_size : int
        Samples that the card hands over at a time, at least 1.
    sample_rate : float or None
        Hz, 1000 to 768000; None for the input's own.
    input_channel : int
        Which of the input's channels to take, from 1.

    Attributes
    ----------
    input_name, output_name : str
        What was chosen.
    dropouts : int
        How often input was lost or output had a gap since this was made.

    Raises
    ------
    DeviceError
        If there is no such device, or it cannot be used so.
    StreamError
        For a sample rate out of range.
    MissingPackageError
        If sounddevice or PortAudio is not installed.
    """

    def __init__(
        self,
        input_name: str | None = None,
        output_name: str | None = None,
        block_size: int = 128,
        sample_rate: float | None = None,
        input_channel: int = 1,
    ) -> None:
        self._portaudio = _load_portaudio()
        self.input_name, source = _choose(self._portaudio, "input", input_name)
        self.output_name, sink = _choose(self._portaudio, "output", output_name)
        if not 1 <= input_channel <= source["max_input_channels"]:
            raise DeviceError(
                f"{self.input_name} has {counted(source['max_input_channels'], 'channel')}, and number {input_channel} was"
                " asked for"
            )
        if block_size < 1:
            raise DeviceError(f"blocks of {block_size} samples cannot be played; use 64 or more")
        self.name = self.input_name
        rate = source["default_samplerate"] if sample_rate is None else sample_rate
        self.sample_rate = float(check_sample_rate(rate, self.input_name))
        self.block_size = block_size
        self.dropouts = 0
        self._channel = input_channel - 1
        self._devices = source["index"], sink["index"]
        self._channels = input_channel, min(_OUTPUTS, sink["max_output_channels"])
        self._stream: Any = None

    @property
    def is_active(self) -> bool:
        """Whether blocks come; a card that was unplugged, or that got hopelessly behind, ends by itself."""
        return self._stream is not None and self._stream.active

    @contextlib.contextmanager
    def running(self, play: Play) -> Iterator[None]:
        """Call `play` with each block, (1, `block_size`), in PortAudio's thread, while the context lasts.

        Samples more than 80 dB above full scale become NaN, which streams replace by silence and count.

        Raises
        ------
        DeviceError
            If the card cannot be opened.
        """
        abort = self._portaudio.CallbackAbort

        def call(taken: NDArray[np.float32], given: NDArray[np.float32], *about: Any) -> None:
            status = about[-1]
            if status.input_overflow or status.output_underflow:
                self.dropouts += 1
            try:
                channel = taken.T[self._channel : self._channel + 1]
                given[...] = play(np.where(np.abs(channel) > _LOUDEST, np.float32(np.nan), channel)).T
            except Exception as error:  # which play has kept for its own thread
                given.fill(0.0)
                raise abort from error

        stream = self._stream = self._start(call)
        try:
            yield
        finally:
            # Aborted, not stopped: a device that is gone never ends what it was still to play.
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
            self._stream = None

    def _start(self, call: Callable[..., None]) -> Any:
        stream: Any = None
        try:
            with _no_chatter():
                stream = self._portaudio.Stream(
                    samplerate=self.sample_rate,
                    blocksize=self.block_size,
                    device=self._devices,
                    channels=self._channels,
                    dtype="float32",
                    latency="low",
                    callback=call,
                )
                stream.start()
        except BaseException as error:  # an interrupt too: a device that is slow to start is when one comes
            if stream is not None:
                stream.close(ignore_errors=True)
            if not isinstance(error, self._portaudio.PortAudioError | ValueError):
                raise
            raise DeviceError(
                f"{self.input_name} and {self.output_name} cannot be opened together at {self.sample_rate:g} Hz"
                f" ({error}); try another device, rate or block"
            ) from error
        return stream


def _load_portaudio() -> Any:
    try:
        with _no_chatter():
            import sounddevice
    except ImportError as error:
        raise MissingPackageError("playing live needs sounddevice: pip install sounddevice") from error
    except OSError as error:
        raise MissingPackageError(
            "playing live needs the PortAudio library: apt-get install libportaudio2, or what your system calls it"
        ) from error
    return sounddevice


def _find_devices(portaudio: Any, way: str) -> dict[str, Any]:
    """Give the devices that have channels one way, ``"input"`` or ``"output"``, by name and interface."""
    interfaces = portaudio.query_hostapis()
    return {
        f"{device['name']}, {interfaces[device['hostapi']]['name']}": device
        for device in portaudio.query_devices()
        if device[f"max_{way}_channels"] > 0
    }


def _choose(portaudio: Any, way: str, wanted: str | None) -> tuple[str, Any]:
    """Give the name and the description of the device that is meant."""
    devices = _find_devices(portaudio, way)
    if not devices:
        raise DeviceError(
            f"there is no sound {way} on this machine; connect one, or check the audio permissions"
        )
    if wanted is None:
        default = portaudio.default.device[way]
        return next(
            ((name, device) for name, device in devices.items() if device["index"] == default),
            next(iter(devices.items())),
        )
    matches = [name for name in devices if wanted.casefold() in name.casefold()]
    exact = [name for name in devices if wanted in (name, name.rpartition(", ")[0])]
    for found in (exact, matches):
        if len(found) == 1:
            return found[0], devices[found[0]]
    count = f"{len(matches)} match" if matches else "none matches"
    raise DeviceError(f"no one sound {way} is named {wanted!r} ({count}); there are: {'; '.join(devices)}")


@contextlib.contextmanager
def _no_chatter() -> Iterator[None]:
    """Keep from the terminal what the system's sound libraries print about devices that nobody asked for."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
