"""`brainsynth live`: play through an effect."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .messages import say

if TYPE_CHECKING:
    from rich.table import Table

    from ..effects.neural_effect import NeuralEffect
    from ..live.audio_loop import Device, Reading

_DRAWINGS_PER_SECOND = 8


def live(
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="A bundled model or a model file. The default takes voices best."),
    ] = "saxophone",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a control; may be repeated.")
    ] = None,
    mix: Annotated[
        float, typer.Option("--mix", help="From 0, the input alone, to 1, the model alone.")
    ] = 1.0,
    calibrate: Annotated[
        float,
        typer.Option("--calibrate", metavar="SECONDS", help="Listen first; suit octave, loudness, gate."),
    ] = 0.0,
    block: Annotated[int, typer.Option("--block", min=16, max=8192, help="Samples at a time.")] = 128,
    rate: Annotated[float | None, typer.Option("--rate", help="Hz.", show_default=False)] = None,
    input_device: Annotated[
        str | None, typer.Option("--input-device", help="Its name, or a part of it.", show_default=False)
    ] = None,
    input_channel: Annotated[int, typer.Option("--input-channel", min=1, help="Which of its channels.")] = 1,
    output_device: Annotated[
        str | None, typer.Option("--output-device", help="Its name, or a part of it.", show_default=False)
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Stop by itself after a while; 0: never.", min=0)
    ] = 0.0,
    background: Annotated[
        bool,
        typer.Option(
            "--background", help="Compute in a thread of its own, a block later; what is late is played dry."
        ),
    ] = False,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="List inputs and outputs, and end.")
    ] = False,
) -> None:
    """Play through an effect until Ctrl-C. A microphone beside a loudspeaker howls: use headphones."""
    from ..effects.neural_effect import NeuralEffect
    from ..live.sound_card import SoundCard
    from .named_model import open_model
    from .settings import parse_settings

    if list_devices:
        _list_devices()
        return
    loaded = open_model(model)
    effect = NeuralEffect(loaded, mix=mix, block_size=block, **parse_settings(settings or [], loaded))
    card = SoundCard(input_device, output_device, block, rate, input_channel)
    say(f"from {card.input_name} to {card.output_name}, {card.sample_rate:g} Hz")
    play(card, effect, calibrate, seconds or math.inf, background)


def play(
    device: Device,
    effect: NeuralEffect,
    calibrate_s: float,
    duration_s: float,
    background: bool = False,
) -> Reading:
    """Play an effect on a device and draw a meter, until the time is over or Ctrl-C.

    Parameters
    ----------
    device : Device
        What to play on.
    effect : NeuralEffect
        With the settings it starts with.
    calibrate_s : float
        How many seconds to listen first, to set octave, loudness and noise gate; 0 for not at all.
    duration_s : float
        How many seconds to play.
    background : bool
        Compute each block in a worker thread while the last one plays, a block later. Where the worker is
        late, the input itself is played.

    Returns
    -------
    Reading
        The meter's last.
    """
    import numpy as np
    from rich.live import Live

    from ..effects.calibration import calibrate
    from ..live.audio_loop import LiveLoop, record
    from .tables import open_console

    if calibrate_s > 0:
        typer.echo(f"calibrating: play or sing for {calibrate_s:g} s")
        found = calibrate(effect.model, record(device, calibrate_s), device.sample_rate)
        for name, value in found.items():
            setattr(effect, name, value)
        say(", ".join(f"{name} {value:g}" for name, value in found.items()))
    block = device.block_size
    player = effect.player(device.sample_rate, 1, block, background)
    # What is made at the first block is made now, before it could be missed.
    player.process(np.zeros((1, block), np.float32))
    loop = LiveLoop(device, player.process, lambda: player.counters.late_blocks)
    console = open_console()
    try:
        with loop.running(), Live(console=console, auto_refresh=False, transient=True) as screen:
            end = time.monotonic() + duration_s
            while (left := end - time.monotonic()) > 0 and loop.wait(min(1 / _DRAWINGS_PER_SECOND, left)):
                if console.is_terminal:
                    screen.update(draw_meter(loop.reading), refresh=True)
    except KeyboardInterrupt:
        # The way in which playing usually ends; what failed before it is raised all the same.
        pass
    reading = loop.reading
    delay_ms = 1000 * player.latency_samples / device.sample_rate
    late = f"{reading.late} late and dry, " if background else ""
    typer.echo(
        f"{counted(reading.blocks, 'block')} of {block}, {reading.missed} missed, {late}"
        f"{counted(reading.dropouts, 'dropout')}, load at most {reading.load_peak:.0%}, the model's delay {delay_ms:.1f} ms"
    )
    return reading


def draw_meter(reading: Reading) -> Table:
    """Give levels, load and losses as a table with bars."""
    from .tables import add_row, make_table

    table = make_table(("", "", ""), right=())
    add_row(table, "input", _bar((reading.input_db + 60) / 60), _level(reading.input_db))
    add_row(table, "output", _bar((reading.output_db + 60) / 60), _level(reading.output_db))
    add_row(table, "load", _bar(reading.load), f"{reading.load:4.0%}, at most {reading.load_peak:.0%}")
    lost = f"{reading.missed} of {counted(reading.blocks, 'block')}, {counted(reading.dropouts, 'dropout')}"
    add_row(table, "missed", "", lost)
    if reading.late:
        add_row(table, "late", "", f"{counted(reading.late, 'block')}, played without the effect")
    return table


def _bar(part: float) -> str:
    width = 30
    filled = round(width * min(max(part, 0.0), 1.0))
    return "█" * filled + "·" * (width - filled)


def _level(level_db: float) -> str:
    return f"{level_db:6.1f} dB" if level_db > -200 else "silent"


def _list_devices() -> None:
    from ..live.sound_card import device_names

    for what, names in zip(("inputs", "outputs"), device_names(), strict=True):
        typer.echo(f"{what}:")
        for name in names or ["none"]:
            say(f"  {name}")
