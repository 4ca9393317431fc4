"""Check what the outside world hands over, once and at the border: blocks, sample rates, counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError

LOWEST_RATE = 1_000
HIGHEST_RATE = 768_000
MOST_CHANNELS = 64
LARGEST_BLOCK = 2**20

_FLOAT32 = np.dtype(np.float32)


def check_block(block: object, channels: int, owner: str) -> NDArray[np.float32]:
    """Give a block as float32 (C, T).

    Parameters
    ----------
    block : array
        (C, T), or (T,) for one channel, of floating-point numbers. Axes are never guessed.
    channels : int
        C.
    owner : str
        How messages name what the block is for.

    Returns
    -------
    array
        The block itself where it is as it should be, else a copy or view.

    Raises
    ------
    StreamError
        For another shape, or numbers that are not floating-point.
    """
    # Exactly what is expected, which is nearly always, costs one line.
    if type(block) is np.ndarray and block.dtype == _FLOAT32 and block.ndim == 2 and len(block) == channels:
        return block
    samples = as_samples(block, owner)
    if samples.ndim == 1 and channels == 1:
        return samples[None]
    if samples.ndim != 2 or len(samples) != channels:
        count = len(samples) if samples.ndim == 2 else 1
        advice = f"make a new one with channels={count} or pass other audio"
        if samples.ndim == 2 and samples.shape[1] == channels:
            advice = "if its rows are samples, pass block.T"
        raise StreamError(
            f"{owner} takes blocks of shape (channels, samples) = ({channels}, T), and a block of shape "
            f"{samples.shape} arrived: {advice}"
        )
    return samples


def as_rows(audio: object, owner: str) -> NDArray[np.float32]:
    """Give audio (C, T), or (T,) for one channel, as float32 (C, T); raises StreamError for anything else."""
    samples = as_samples(audio, owner)
    if samples.ndim == 1:
        return samples[None]
    if samples.ndim != 2:
        raise StreamError(
            f"{owner} takes audio of shape (channels, samples), and shape {samples.shape} arrived: reshape it"
        )
    return samples


def as_samples(block: object, owner: str) -> NDArray[np.float32]:
    """Give anything like an array of floating-point numbers as float32, or raise StreamError."""
    try:
        array = np.asarray(block)
    except ValueError as error:
        raise StreamError(
            f"{owner} takes an array of samples, and rows of different lengths arrived"
        ) from error
    if array.dtype.kind == "i":
        scale = 2 ** (8 * array.dtype.itemsize - 1)
        raise StreamError(
            f"{owner} takes floating-point samples from -1 to 1, and {array.dtype} arrived: "
            f"convert them with block.astype(numpy.float32) / {scale}"
        )
    if array.dtype.kind != "f":
        raise StreamError(
            f"{owner} takes an array of float32 samples from -1 to 1, and {array.dtype} arrived: convert it"
        )
    # What is too large for float32 becomes infinite, and is repaired and counted as such.
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def check_sample_rate(rate: float, owner: str) -> float:
    """Give a sample rate in Hz, from 1000 to 768000; raises StreamError for any other value."""
    if isinstance(rate, int | float | np.integer | np.floating) and not isinstance(rate, bool):
        hertz = float(rate)
        if LOWEST_RATE <= hertz <= HIGHEST_RATE:
            return int(hertz) if hertz.is_integer() else hertz
    raise StreamError(
        f"{owner} takes sample rates from {LOWEST_RATE} to {HIGHEST_RATE} Hz, and {rate!r} arrived: "
        "pass that of the sound, such as 48000"
    )


def check_channels(channels: int, model_channels: int, owner: str) -> int:
    """Give a number of channels that a model can run on; raises StreamError for any other.

    A model of one channel runs once per channel, up to 64; any other model takes exactly its own number.
    """
    if is_whole_number(channels) and (
        channels == model_channels or (model_channels == 1 and 1 <= channels <= MOST_CHANNELS)
    ):
        return int(channels)
    needed = (
        f"from 1 to {MOST_CHANNELS} channels" if model_channels == 1 else f"exactly {model_channels} channels"
    )
    raise StreamError(
        f"{owner} takes {needed}, and {channels!r} arrived: audio has the shape (channels, samples), so if its "
        "rows are samples, transpose it"
    )


def check_block_size(block_size: int | None, owner: str) -> int | None:
    """Give a block size from 1 to 2**20, or None for any sizes; raises StreamError for any other value."""
    if block_size is None:
        return None
    if is_whole_number(block_size) and 1 <= block_size <= LARGEST_BLOCK:
        return int(block_size)
    raise StreamError(
        f"{owner} takes a block_size from 1 to {LARGEST_BLOCK} samples, or None for blocks of any sizes, "
        f"and {block_size!r} arrived"
    )


def check_buffer_size(buffer_size: int, owner: str) -> int:
    """Give how many samples to work on at a time, at least 1; raises StreamError for any other value."""
    if is_whole_number(buffer_size) and buffer_size >= 1:
        return int(buffer_size)
    raise StreamError(f"{owner} takes a buffer_size of at least 1, and {buffer_size!r} arrived")


def is_whole_number(value: object) -> bool:
    """Tell whether a value is an integer of Python or numpy; a truth value is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
