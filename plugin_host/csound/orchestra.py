"""One running Csound: begin and end what plays in its notes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from ..model_file.schema import Role
from .control_arguments import ControlInputs, Word
from .csound_abi import Array, Engine, argument, note_of, read_string
from .k_cycles import cycles_per_block, latency_samples
from .note_players import AnalyzerPlayer, Core, EffectPlayer, FailedPlayer, GeneratorPlayer, Inlet, Player
from .opcode_signatures import Form
from .stream_pool import Kind, Shelf


class Orchestra:
    """One running Csound, and what plays in it.

    Parameters
    ----------
    engine : Engine
        Its functions.
    folder : Path
        Where models named by relative paths are looked for first.

    Attributes
    ----------
    players : dict of int to Player
        What plays, by the address of its opcode.
    interrupted : bool
        Whether Ctrl-C came while an opcode was at work. Csound has then been told to stop.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.shelf = Shelf(folder)
        self.players: dict[int, Player] = {}
        self.interrupted = False
        self._expected: set[int] = set()

    def begin(self, form: Form, address: int, at_deinit: Any) -> None:
        """Prepare an opcode for its note; that of a tied note goes on with what it has.

        Parameters
        ----------
        form : Form
            As which it was registered.
        address : int
            Of the opcode.
        at_deinit : engine.FUNCTION
            What Csound is to call when the note ends.

        Raises
        ------
        HostError
            For a model, or a control, that cannot be used so.
        """
        engine, note = self.engine, note_of(address, self.engine.address)
        inputs, outputs = self._words(address)
        written = self._model_name(form, address)
        model, rate, ksmps = self.shelf.model(written), engine.sample_rate, int(note.ksmps)
        if form.role is None:
            ctypes.c_double.from_address(outputs[0]).value = latency_samples(model, rate, ksmps)
            return
        form.check(model, written, len(outputs))
        controls = ControlInputs(inputs[form.audio_inputs + 1 :], model.document)
        cycles = cycles_per_block(model.document, rate, ksmps)
        kind = Kind(model, rate, form.channels, cycles * ksmps if form.audio_inputs else None)
        player = self.players.get(address)
        if player is not None and player.core is not None and note.is_tied and player.core.kind == kind:
            player.core.controls = controls
            player.core.stream.set(**controls.constants)
            return
        self.end(address)
        stream = self.shelf.take(kind)
        stream.set(**controls.constants)
        label = self.label(form, address)
        core = Core(kind, stream, controls, note, engine.full_scale, label, engine.warn)
        if form.role is Role.GENERATOR:
            player = GeneratorPlayer(core, outputs)
        else:
            inlet = Inlet(core, [word.address for word in inputs[: form.audio_inputs]], cycles)
            if form.role is Role.EFFECT:
                player = EffectPlayer(core, inlet, outputs)
            else:
                player = AnalyzerPlayer(core, inlet, self._cells(form, outputs, len(model.document.outputs)))
        self.players[address] = player
        if address not in self._expected:
            self._expected.add(address)
            engine.call_at_deinit(address, at_deinit)

    def finish(self, address: int) -> None:
        """Let go of an opcode whose note has ended."""
        self._expected.discard(address)
        self.end(address)

    def end(self, address: int) -> None:
        """Let go of what an opcode plays with, if anything."""
        player = self.players.pop(address, None)
        if player is not None and player.core is not None:
            self.shelf.give_back(player.core.kind, player.core.stream)

    def fail(self, form: Form, address: int) -> None:
        """Let go of an opcode that could not begin. One that has played must not go on as if nothing were."""
        self.end(address)
        if address in self._expected:
            self.players[address] = FailedPlayer(self.label(form, address))

    def label(self, form: Form, address: int) -> str:
        """Name an opcode and its model as messages do: ``nnfx "cello"``."""
        return f'{form.name} "{self._model_name(form, address)}"'

    def _model_name(self, form: Form, address: int) -> str:
        return read_string(argument(address, self.engine.output_count(address) + form.audio_inputs))

    def _words(self, address: int) -> tuple[list[Word], list[int]]:
        """Give an opcode's inputs and the addresses of its outputs."""
        names, outputs = self.engine.input_names(address), self.engine.output_count(address)
        inputs = [Word(name, argument(address, outputs + place)) for place, name in enumerate(names)]
        return inputs, [argument(address, place) for place in range(outputs)]

    def _cells(self, form: Form, outputs: list[int], count: int) -> list[ctypes.c_double]:
        """Give Csound's own memory of an analyzer's results."""
        if form.outputs != "k[]":
            return [ctypes.c_double.from_address(address) for address in outputs]
        start = self.engine.size_array(Array.from_address(outputs[0]), count)
        return [ctypes.c_double.from_address(start + 8 * place) for place in range(count)]
