"""Use an effect model as if it were one of pedalboard's plugins."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, StreamError
from ..model_file.controls import Control, Scale
from ..model_file.document import Role
from ..playing.model import Model
from ..streaming.controls import check_name, check_value, describe_range
from ..streaming.input_checks import as_rows, check_channels, check_sample_rate, is_whole_number
from ..streaming.latency import Latency
from ..streaming.stream import Counters
from .effect_pass import EffectPlayer, EffectSettings


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
    Setting one, also while playing, moves there within 20 ms.

    Examples
    --------
    >>> effect = NeuralEffect("cello", pitch_shift=12, mix=0.8)  # doctest: +SKIP
    >>> output = effect(audio, 44100)  # doctest: +SKIP
    >>> effect.mix = 0.5  # doctest: +SKIP
    """

    model: Model
    _settings: EffectSettings
    _block_size: int | None
    _player: EffectPlayer | None

    def __init__(
        self,
        model: Model | str | PathLike[str],
        *,
        mix: float = 1.0,
        block_size: int | None = None,
        **controls: float | str,
    ) -> None:
        loaded = model if isinstance(model, Model) else Model(model)
        if loaded.document.role is not Role.EFFECT:
            raise StreamError(
                f"{loaded.name!r} is no effect but of role {loaded.document.role}: use Model.stream"
            )
        values = {name: control.defaults[0] for name, control in loaded.controls.items()}
        # The guard against misspelt attributes needs the model, so the first ones are set past it.
        vars(self).update(
            model=loaded, _settings=EffectSettings(values, 1.0), _block_size=block_size, _player=None
        )
        self.__class__ = _with_properties(type(self), loaded)  # pyright: ignore[reportAttributeAccessIssue]
        self.mix = mix
        for name, value in controls.items():
            check_name(name, loaded.controls, self._owner)
            setattr(self, name, value)

    if TYPE_CHECKING:
        # Each model brings its own properties; a type checker cannot know them.
        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name) and name not in vars(self):
            check_name(name, [*self.model.controls, "mix"], self._owner)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        shown = [f"mix={self.mix:g}"]
        for name, control in self.model.controls.items():
            value = getattr(self, name)
            shown.append(
                f"{name}={value!r}" if isinstance(value, str) else f"{name}={value:g} {control.unit}".rstrip()
            )
        return f"<NeuralEffect {self.model.name!r} {', '.join(shown)}>"

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
        if self._player is not None:
            return self._player.latency
        return self.model.stream(block_size=self._block_size).latency

    @property
    def latency_samples(self) -> int:
        """The total of `latency`, in samples."""
        return self.latency.total

    @property
    def counters(self) -> Counters:
        """What has happened since blocks with ``reset=False`` began to be played at this rate."""
        return self._player.counters if self._player is not None else Counters()

    def __call__(
        self,
        input_array: NDArray[np.floating],
        sample_rate: float,
        buffer_size: int = 8192,
        reset: bool = True,
    ) -> NDArray[np.float32]:
        """Run audio through the effect; the same as `process`."""
        return self.process(input_array, sample_rate, buffer_size, reset)

    def process(
        self,
        input_array: NDArray[np.floating],
        sample_rate: float,
        buffer_size: int = 8192,
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
        owner = self._owner
        rate = check_sample_rate(sample_rate, owner)
        if not is_whole_number(buffer_size) or buffer_size < 1:
            raise StreamError(f"{owner} takes a buffer_size of at least 1, and {buffer_size!r} arrived")
        rows = as_rows(input_array, owner)
        channels = check_channels(len(rows), self.model.document.channels, owner)
        if reset:
            self.reset()
            output = EffectPlayer(self.model, self._settings, rate, channels).render(rows, buffer_size)
        else:
            output = self._prepare(rate, channels).process(rows)
        return output.reshape(np.shape(input_array))

    def reset(self) -> None:
        """End the stream: the next block may have another rate or number of channels."""
        self._player = None

    def player(self, sample_rate: float, channels: int, block_size: int | None) -> EffectPlayer:
        """Make a separate running pass that follows this effect's settings, for hosts such as `Chain`."""
        return EffectPlayer(self.model, self._settings, sample_rate, channels, block_size)

    @property
    def _owner(self) -> str:
        return f"effect {self.model.name!r}"

    def _prepare(self, sample_rate: float, channels: int) -> EffectPlayer:
        player = self._player
        if player is None:
            player = self._player = self.player(sample_rate, channels, self._block_size)
        elif (player.sample_rate, player.channels) != (sample_rate, channels):
            raise StreamError(
                f"{self._owner} is playing {player.channels} channels at {player.sample_rate} Hz, and "
                f"{channels} channels at {sample_rate} Hz arrived: call reset() before another stream"
            )
        return player


def _with_properties(base: type[NeuralEffect], model: Model) -> type[NeuralEffect]:
    """Make a class with a property for each of a model's controls."""
    properties = {name: _property(control) for name, control in model.controls.items()}
    return type(
        base.__name__, (base,), {**properties, "__module__": base.__module__, "__doc__": base.__doc__}
    )


def _property(control: Control) -> property:
    def get(effect: NeuralEffect) -> float | str:
        value = effect._settings.controls[control.name]
        return control.choices[int(value)] if control.scale is Scale.CHOICE else value

    def set_(effect: NeuralEffect, value: float | str) -> None:
        effect._settings.set_control(control.name, check_value(control, value))

    default = (
        control.choices[int(control.defaults[0])] if control.scale is Scale.CHOICE else f"{control.default:g}"
    )
    note = f"{control.description} A number {describe_range(control)}; {default} unless set.".strip()
    return property(get, set_, doc=note)
