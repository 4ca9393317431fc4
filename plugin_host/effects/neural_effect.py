"""Use an effect model as if it were one of pedalboard's plugins."""

from __future__ import annotations

import copy
import threading
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, StreamError, counted, shorten
from ..model_file.document import Role
from ..playing.model import Model
from ..streaming.control_values import ControlValue, check_name, is_number
from ..streaming.counters import Counters
from ..streaming.input_checks import (
    as_rows,
    check_block_size,
    check_buffer_size,
    check_channels,
    check_sample_rate,
)
from ..streaming.latency import Latency, plan_stream
from .control_properties import class_with_controls, show_value
from .effect_pass import EffectPass
from .effect_settings import ControlValues, EffectSettings
from .linked_channels import LinkedStream
from .low_cut import LowCutStream, check_low_cut
from .wrapped_stream import WetStream

BUFFER_SIZE = 8192

_FLOAT32 = np.dtype(np.float32)


class NeuralEffect:
    """An effect model with its controls as Python properties, called like a pedalboard plugin.

    Parameters
    ----------
    model : Model, str or path
        A loaded effect, a bundled model's name, or the path of a ``.onnx`` file.
    mix : float
        Share of the processed signal, 0 to 1.
    block_size : int or None
        For blocks with ``reset=False``: their size where it is always the same (less latency), None for any
        sizes.
    channels : "separate" or "linked"
        How a model of one channel plays several. "separate": a copy for each channel, which hears that alone.
        "linked": one copy, which hears them together and whose sound is placed as they are; see `LinkedStream`.
    low_cut_hz : float
        Below which frequency to cut what the model plays, 10 Hz or more, such as rumble below an instrument's
        lowest note; 0 for none. The input's share of a `mix` is left alone.
    **controls
        Values of the model's controls; the others have their defaults.

    Raises
    ------
    ModelFileError, UnknownModelError
        As `Model` does.
    StreamError
        If the model is no effect.
    ControlError
        For an unknown control or a value out of range.

    Notes
    -----
    Every control of the model is a property of the same name, whose range and unit its docstring gives.
    Setting one, also while playing, moves there within 20 ms. `controls` has them all by name, also those
    whose name is already something else here.

    A copy, and what comes back from a pickle, has the same model file, settings and `block_size`, and begins
    a stream of its own. Calls from several threads wait for each other, so that blocks of one stream should
    come from one of them; settings may be changed from any.

    Examples
    --------
    >>> effect = NeuralEffect("cello", pitch_shift=12, mix=0.8)  # doctest: +SKIP
    >>> output = effect(audio, 44100)  # doctest: +SKIP
    >>> effect.mix = 0.5  # doctest: +SKIP
    """

    model: Model
    _settings: EffectSettings
    _block_size: int | None
    _is_linked: bool
    _low_cut_hz: float
    _pass: EffectPass | None
    _rate: float
    _lock: threading.Lock

    def __new__(cls, model: Model | str | PathLike[str], **options: Any) -> Self:
        """Make an object of the class that has the model's controls as properties."""
        loaded = model if isinstance(model, Model) else Model(model)
        if loaded.document.role is not Role.EFFECT:
            raise StreamError(
                f"{loaded.name!r} is no effect but of role {loaded.document.role}: play it with Model.stream, or over "
                "files with brainsynth process"
            )
        effect = super().__new__(class_with_controls(cls, loaded.document.controls))
        # The guard against misspelt attributes needs the model, so this is set past it.
        vars(effect)["model"] = loaded
        if not isinstance(effect, cls):
            # Made from the class of another model's effect; Python leaves it at that.
            effect.__init__(loaded, **options)
        return effect

    def __init__(
        self,
        model: Model | str | PathLike[str],
        *,
        mix: float = 1.0,
        block_size: int | None = None,
        channels: str = "separate",
        low_cut_hz: float = 0.0,
        **controls: ControlValue,
    ) -> None:
        known = self.model.controls
        owner = f"effect {self.model.name!r}"
        vars(self).update(
            _settings=EffectSettings(known, owner),
            _block_size=check_block_size(block_size, owner),
            _is_linked=self._check_channels_option(channels, owner),
            _low_cut_hz=check_low_cut(low_cut_hz, owner),
            _pass=None,
            _rate=self.model.document.sample_rate,
            _lock=threading.Lock(),
            _owner=owner,
        )
        self.mix = mix
        for name, value in controls.items():
            self._settings.set(name, value)

    if TYPE_CHECKING:
        # Each model brings its own properties; a type checker cannot know them.
        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: Any) -> None:
        is_own = hasattr(type(self), name) or name in vars(self)
        if is_own and name in self.model.controls and not isinstance(vars(type(self)).get(name), property):
            raise ControlError(
                f"{name} means something else on {self._owner}: set effect.controls[{name!r}] instead"
            )
        if not is_own:
            check_name(name, [*self.model.controls, "mix"], self._owner)
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle an effect as its model file and its settings."""
        base = type(self).__bases__[0]
        options = {
            "mix": self.mix,
            "block_size": self._block_size,
            "channels": "linked" if self._is_linked else "separate",
            "low_cut_hz": self._low_cut_hz,
        }
        return _restore, (base, self.model, options, dict(self._settings.values))

    def __copy__(self) -> Self:
        """Make another effect with the same model and settings, which from now on are its own."""
        make, arguments = self.__reduce__()
        return make(*arguments)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Do as `__copy__` does: the model, which nothing changes, is shared."""
        return self.__copy__()

    def clone(self) -> Self:
        """Make a copy: `copy.copy`."""
        return copy.copy(self)

    def __repr__(self) -> str:
        shown = [f"mix={self.mix:g}"]
        for name, control in self.model.controls.items():
            shown.append(f"{name}={show_value(control, self.controls[name])}")
        return f"<NeuralEffect {self.model.name!r} {', '.join(shown)}>"

    @property
    def controls(self) -> ControlValues:
        """All controls by name, for reading and setting: ``effect.controls["pitch_shift"] = 12``."""
        return ControlValues(self._settings)

    @property
    def mix(self) -> float:
        """Share of the processed signal, 0 to 1; the rest is the input, delayed by the same latency."""
        return self._settings.mix

    @mix.setter
    def mix(self, value: float) -> None:
        if not is_number(value) or not 0.0 <= float(value) <= 1.0:
            raise ControlError(f"mix is {shorten(value)}, needed is a number from 0 (input) to 1 (effect)")
        self._settings.set_mix(float(value))

    @property
    def latency(self) -> Latency:
        """By how much blocks with ``reset=False`` lag, at the rate last played or prepared, else the model's own."""
        running = self._pass
        if running is not None:
            return running.latency
        return plan_stream(self.model.document, self._rate, self._block_size).latency

    @property
    def latency_samples(self) -> int:
        """The total of `latency`, in samples."""
        return self.latency.total

    @property
    def counters(self) -> Counters:
        """What has happened since the stream began: with the last ``reset=True``, or with the first block."""
        return self._pass.counters if self._pass is not None else Counters()

    def __call__(
        self,
        input_array: NDArray[np.floating],
        sample_rate: float,
        buffer_size: int = BUFFER_SIZE,
        reset: bool = True,
    ) -> NDArray[np.float32]:
        """Run audio through the effect; the same as `process`."""
        return self.process(input_array, sample_rate, buffer_size, reset)

    def process(
        self,
        input_array: NDArray[np.floating],
        sample_rate: float,
        buffer_size: int = BUFFER_SIZE,
        reset: bool = True,
    ) -> NDArray[np.float32]:
        """Run audio through the effect.

        Parameters
        ----------
        input_array : array
            (C, T), or (T,) for one channel: floating-point samples from -1 to 1.
        sample_rate : float
            In Hz, 1000 to 768000.
        buffer_size : int
            How many samples to work on at a time, at least 1; the result is the same.
        reset : bool
            True: a whole recording, from zero state; the output is on the time line of the input, and what
            would ring on after its end is left out. False: the next block of a stream, also of one that
            began with ``reset=True``; see the notes.

        Returns
        -------
        array
            float32, of the shape of `input_array`. With ``reset=False`` it lags by `latency_samples`.

        Raises
        ------
        StreamError
            For audio, a rate or a size that cannot be taken, or a rate or number of channels other than that
            of the stream so far.

        Notes
        -----
        After ``reset=True`` the stream goes on as that of a pedalboard plugin does. Where the first block is
        whole hops at the model's own rate, and so nothing has to wait, there is no latency: the blocks together
        are the whole recording. A block that is no multiple of the hop is then the last. In all other cases
        there is a latency, and the silence that brought out the first block's end is a part of the stream.
        """
        with self._lock:
            running = self._pass
            if (
                not reset
                and running is not None
                and type(input_array) is np.ndarray
                and input_array.shape == running.shape
                and input_array.dtype is _FLOAT32
                and sample_rate == running.sample_rate
                and buffer_size == BUFFER_SIZE
            ):
                # A block like the last one: all of it has been checked.
                return running.process(input_array)
            rate = check_sample_rate(sample_rate, self._owner)
            piece = check_buffer_size(buffer_size, self._owner)
            rows = as_rows(input_array, self._owner)
            channels = check_channels(len(rows), self.model.document.channels, self._owner)
            if reset:
                running = self._begin(rate, channels, rows.shape[1])
                output = running.render(rows, piece)
            else:
                output = self._continue(rate, channels).play(rows)
            return output.reshape(np.shape(input_array))

    def prepare(self, sample_rate: float, channels: int) -> None:
        """Begin a stream of blocks with ``reset=False``, so that the first is no slower than the others.

        Raises
        ------
        StreamError
            For a rate or a number of channels that the model cannot take.
        """
        rate = check_sample_rate(sample_rate, self._owner)
        channels = check_channels(channels, self.model.document.channels, self._owner)
        with self._lock:
            self._pass = None
            self._continue(rate, channels)

    def reset(self) -> None:
        """End the stream: the next block may have another rate or number of channels."""
        with self._lock:
            self._pass = None

    def is_direct(self, sample_rate: float, block_size: int) -> bool:
        """Tell whether blocks of a size, and multiples of it, come out of the effect without any latency."""
        return plan_stream(self.model.document, sample_rate, block_size).latency.total == 0

    def player(
        self, sample_rate: float, channels: int, block_size: int | None, background: bool = False
    ) -> EffectPass:
        """Make a separate running pass with this effect's settings, as they are and as they change.

        Parameters
        ----------
        sample_rate, channels, block_size
            As for `Stream`.
        background : bool
            Compute each block in a worker thread while the last one plays, a block later; see
            `BackgroundStream`. It needs a `block_size`.
        """
        if background:
            stream = self.model.stream(sample_rate, self._copies(channels), block_size, background=True)
            return EffectPass(self._around(stream, channels), self._settings)
        return self._player(sample_rate, channels, block_size)

    def _player(
        self, sample_rate: float, channels: int, block_size: int | None, completes: bool = False
    ) -> EffectPass:
        stream = self.model.stream(sample_rate, self._copies(channels), block_size)
        return EffectPass(self._around(stream, channels), self._settings, stream.step, completes)

    def _copies(self, channels: int) -> int:
        return 1 if self._is_linked else channels

    def _around(self, stream: WetStream, channels: int) -> WetStream:
        """Put around a model's stream what was asked for."""
        if channels != stream.channels:
            stream = LinkedStream(stream, channels)
        if self._low_cut_hz:
            stream = LowCutStream(stream, min(self._low_cut_hz, stream.sample_rate / 4))
        return stream

    def _check_channels_option(self, channels: str, owner: str) -> bool:
        if channels == "separate":
            return False
        count = self.model.document.channels
        if channels != "linked" or count != 1:
            raise StreamError(
                f"{owner} takes channels='separate' or, where a model has one channel, 'linked', and {channels!r} "
                f"arrived for a model of {count}"
            )
        return True

    def _begin(self, sample_rate: float, channels: int, length: int) -> EffectPass:
        """Begin a stream with a recording of a length; nothing waits in it where no block need."""
        hop = self.model.document.hop_length
        fits = self._block_size is None and length > 0 and length % hop == 0
        is_direct = fits and self.is_direct(sample_rate, hop)
        self._rate = sample_rate
        self._pass = self._player(sample_rate, channels, hop if is_direct else self._block_size, is_direct)
        return self._pass

    def _continue(self, sample_rate: float, channels: int) -> EffectPass:
        """Give the stream that is being played, or begin one."""
        running = self._pass
        if running is None:
            self._rate = sample_rate
            running = self._pass = self._player(sample_rate, channels, self._block_size)
        elif (running.sample_rate, running.channels) != (sample_rate, channels):
            raise StreamError(
                f"{self._owner} is playing {counted(running.channels, 'channel')} at {running.sample_rate} Hz, and "
                f"{counted(channels, 'channel')} at {sample_rate} Hz arrived: call reset() before another stream"
            )
        return running


def _restore(
    base: type[NeuralEffect], model: Model, options: dict[str, Any], values: dict[str, Any]
) -> NeuralEffect:
    """Make an effect with settings that have been checked."""
    effect = base(model, **options)
    effect.controls.update(values)
    return effect
