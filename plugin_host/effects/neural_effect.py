"""Use an effect model as if it were one of pedalboard's plugins."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, Self, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, StreamError
from ..model_file.document import Role
from ..playing.model import Model
from ..streaming.control_values import ControlValue, check_name
from ..streaming.counters import Counters
from ..streaming.input_checks import as_rows, check_channels, check_sample_rate, is_whole_number
from ..streaming.latency import Latency
from .control_properties import class_with_controls, show_value
from .effect_pass import EffectPass
from .effect_settings import ControlValues, EffectSettings

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
    a stream of its own. An effect is for one thread at a time; its settings may be changed from another.

    Examples
    --------
    >>> effect = NeuralEffect("cello", pitch_shift=12, mix=0.8)  # doctest: +SKIP
    >>> output = effect(audio, 44100)  # doctest: +SKIP
    >>> effect.mix = 0.5  # doctest: +SKIP
    """

    model: Model
    _settings: EffectSettings
    _block_size: int | None
    _pass: EffectPass | None

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
        **controls: ControlValue,
    ) -> None:
        known = self.model.controls
        owner = f"effect {self.model.name!r}"
        vars(self).update(
            _settings=EffectSettings(known, owner), _block_size=block_size, _pass=None, _owner=owner
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
        return _restore, (base, self.model, self._block_size, self.mix, dict(self._settings.values))

    def __copy__(self) -> Self:
        """Make another effect with the same model and settings, which from now on are its own."""
        make, arguments = self.__reduce__()
        return make(*arguments)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Do as `__copy__` does: the model, which nothing changes, is shared."""
        return self.__copy__()

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
        is_number = isinstance(value, SupportsFloat) and not isinstance(value, bool)
        if not is_number or not 0.0 <= float(value) <= 1.0:
            raise ControlError(f"mix is {value!r}, needed is a number from 0 (input) to 1 (effect)")
        self._settings.set_mix(float(value))

    @property
    def latency(self) -> Latency:
        """By how much blocks with ``reset=False`` lag, at the rate now played, else at the model's own."""
        if self._pass is not None:
            return self._pass.latency
        return self.model.stream(block_size=self._block_size).latency

    @property
    def latency_samples(self) -> int:
        """The total of `latency`, in samples."""
        return self.latency.total

    @property
    def counters(self) -> Counters:
        """What has happened since blocks with ``reset=False`` began to be played at this rate."""
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
            would ring on after its end is left out. False: the next block of a stream.

        Returns
        -------
        array
            float32, of the shape of `input_array`. With ``reset=False`` it lags by `latency_samples`.

        Raises
        ------
        StreamError
            For audio, a rate or a size that cannot be taken, or a rate or number of channels other than that
            of the stream so far.
        """
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
        if not is_whole_number(buffer_size) or buffer_size < 1:
            raise StreamError(f"{self._owner} takes a buffer_size of at least 1, and {buffer_size!r} arrived")
        rows = as_rows(input_array, self._owner)
        channels = check_channels(len(rows), self.model.document.channels, self._owner)
        if reset:
            self.reset()
            output = self.player(rate, channels, None).render(rows, buffer_size)
        else:
            running = self._prepare(rate, channels)
            output = running.process(rows)
            running.shape = rows.shape
        return output.reshape(np.shape(input_array))

    def reset(self) -> None:
        """End the stream: the next block may have another rate or number of channels."""
        self._pass = None

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
            stream = self.model.stream(sample_rate, channels, block_size, background=True)
        else:
            stream = self.model.stream(sample_rate, channels, block_size)
        return EffectPass(stream, self._settings)

    def _prepare(self, sample_rate: float, channels: int) -> EffectPass:
        running = self._pass
        if running is None:
            running = self._pass = self.player(sample_rate, channels, self._block_size)
        elif (running.sample_rate, running.channels) != (sample_rate, channels):
            raise StreamError(
                f"{self._owner} is playing {running.channels} channels at {running.sample_rate} Hz, and "
                f"{channels} channels at {sample_rate} Hz arrived: call reset() before another stream"
            )
        return running


def _restore(
    base: type[NeuralEffect], model: Model, block_size: int | None, mix: float, values: dict[str, Any]
) -> NeuralEffect:
    """Make an effect with settings that have been checked."""
    effect = base(model, mix=mix, block_size=block_size)
    effect.controls.update(values)
    return effect
