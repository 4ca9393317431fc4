"""Reach the sound card through pedalboard: one stream that records and one that plays.

An `AudioStream` with both an input and an output never hands its input to Python: `read` then waits for ever.
So there are two. Each holds no more than one of its own blocks, and its `read` keeps a core busy while it
waits, which is why `SoundCard.read` sleeps until the samples are there.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, MissingPackageError

_LONGEST_SILENCE_S = 2.0


def device_names() -> tuple[list[str], list[str]]:
    """List the names of all inputs and of all outputs.

    Raises
    ------
    MissingPackageError
        If pedalboard is not installed.
    """
    stream = _audio_stream()
    return list(stream.input_device_names), list(stream.output_device_names)


class SoundCard:
    """An input and an output, open and running while the context lasts.

    Parameters
    ----------
    input_name, output_name : str or None
        As `device_names` lists them; None for the system's own choice.
    block_size : int
        Samples that the card hands over at a time.
    sample_rate : float or None
        Hz; None for what pedalboard chooses.
    input_channel : int
        Which of the input's channels to take, from 1.

    Raises
    ------
    DeviceError
        If there is no such device, or it cannot be opened so, or the two have different rates.
    """

    def __init__(
        self,
        input_name: str | None = None,
        output_name: str | None = None,
        block_size: int = 128,
        sample_rate: float | None = None,
        input_channel: int = 1,
    ) -> None:
        stream = _audio_stream()
        source = _choose(
            "input", input_name, list(stream.input_device_names), stream.default_input_device_name
        )
        sink = _choose(
            "output", output_name, list(stream.output_device_names), stream.default_output_device_name
        )
        self.input_name, self.output_name = source, sink
        try:
            self._input = _open(stream, source, None, sample_rate, block_size, input_channel)
            rate = self._input.sample_rate
            self._output = _open(stream, None, sink, rate, block_size, 2)
        except (RuntimeError, ValueError) as error:
            raise DeviceError(
                f"the sound card cannot be opened: {error}; try another device, rate or block"
            ) from error
        if self._output.sample_rate != rate:
            raise DeviceError(
                f"{source} runs at {rate:g} Hz and {sink} at {self._output.sample_rate:g} Hz;"
                " set both to one rate, or give --rate"
            )
        if not 1 <= input_channel <= self._input.num_input_channels:
            raise DeviceError(
                f"{source} has {self._input.num_input_channels} channels, no number {input_channel}"
            )
        self._channel = slice(input_channel - 1, input_channel)
        self._input.ignore_dropped_input = True
        self.sample_rate: float = rate
        self.dropped_samples = 0

    def read(self, length: int) -> NDArray[np.float32]:
        """Wait for the next samples and give them, (1, `length`) float32.

        Raises
        ------
        DeviceError
            If none come, as from a device that was unplugged.
        """
        pause_s = min(0.001, 0.1 * length / self.sample_rate)
        given_up = time.monotonic() + _LONGEST_SILENCE_S
        while (self._input.buffered_input_sample_count or 0) < length:
            if time.monotonic() > given_up:
                raise DeviceError(
                    f"{self.input_name} has given no sound for {_LONGEST_SILENCE_S:g} s; was it unplugged?"
                )
            time.sleep(pause_s)
        self.dropped_samples += self._input.dropped_input_frame_count
        return self._input.read(length)[self._channel]

    def write(self, block: NDArray[np.float32]) -> None:
        """Hand over samples to play, (C, T); one channel goes to all outputs. Waits until there is room."""
        self._output.write(block, self.sample_rate)

    def __enter__(self) -> Self:
        self._input.__enter__()
        self._output.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._output.__exit__(kind, error, trace)
        self._input.__exit__(kind, error, trace)


def _audio_stream() -> Any:
    try:
        from pedalboard.io import AudioStream
    except ImportError as error:
        raise MissingPackageError("playing live needs pedalboard: pip install pedalboard") from error
    return AudioStream


def _open(
    stream: Any,
    source: str | None,
    sink: str | None,
    sample_rate: float | None,
    block_size: int,
    channels: int,
) -> Any:
    """Open one direction, with all the channels that the device insists on.

    A device may give more channels than were asked for, and pedalboard then writes behind the end of its
    memory and crashes: what is opened here is looked at first, and opened again with all that there are.
    """
    opened = stream(source, sink, None, sample_rate, block_size, False, channels, channels)
    found = opened.num_input_channels if source is not None else opened.num_output_channels
    if found > channels:
        opened.close()
        return stream(source, sink, None, sample_rate, block_size, False, found, found)
    return opened


def _choose(what: str, wanted: str | None, names: list[str], default: str | None) -> str:
    if not names:
        raise DeviceError(
            f"there is no sound {what} on this machine; connect one, or check the audio permissions"
        )
    if wanted is None:
        return default or names[0]
    matches = [name for name in names if wanted.casefold() in name.casefold()]
    if wanted in names or len(matches) == 1:
        return wanted if wanted in names else matches[0]
    found = f"{len(matches)} match" if matches else "none matches"
    raise DeviceError(f"no one sound {what} is named {wanted!r} ({found}); there are: {'; '.join(names)}")
