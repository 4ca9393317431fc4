"""One running Csound: begin and end what plays in its notes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from ..errors import CsoundError
from ..model_file.document import Role
from .control_arguments import ControlInputs, OpcodeArgument
from .csound_abi import Array, Engine, argument_address, instance_of, read_string
from .k_cycles import cycles_per_block, latency_samples
from .note_context import InputCollector, NoteContext
from .note_players import (
    AnalyzerNotePlayer,
    EffectNotePlayer,
    GeneratorNotePlayer,
    NotePlayers,
    SilentNotePlayer,
)
from .opcode_signatures import OpcodeSignature
from .stream_pool import StreamKind, StreamPool


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
    players : NotePlayers
        By the address of the opcode.
    interrupted : bool
        Whether Ctrl-C came while an opcode was at work. Csound has then been asked to stop.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.pool = StreamPool(folder)
        self.players = NotePlayers()
        self.interrupted = False
        self._expected: set[int] = set()

    def begin(self, signature: OpcodeSignature, address: int, at_deinit: Any) -> None:
        """Prepare an opcode for its note; that of a tied note goes on with what it has.

        Parameters
        ----------
        signature : OpcodeSignature
            Under which it was registered.
        address : int
            Of the opcode.
        at_deinit : csound_abi.FUNCTION
            What Csound is to call when the note ends.

        Raises
        ------
        HostError
            For a model, or a control, that cannot be used so.
        """
        engine, instance = self.engine, instance_of(address, self.engine.address)
        inputs, outputs = self._arguments(address)
        written = self._model_name(signature, address)
        model, rate, ksmps = self.pool.model(written), engine.sample_rate, int(instance.ksmps)
        if signature.role is None:
            ctypes.c_double.from_address(outputs[0]).value = latency_samples(model, rate, ksmps)
            return
        signature.check(model, written, len(outputs))
        controls = ControlInputs(inputs[signature.audio_inputs + 1 :], model.document)
        cycles = cycles_per_block(model.document, rate, ksmps)
        kind = StreamKind(model, rate, signature.channels, cycles * ksmps if signature.audio_inputs else None)
        player = self.players.get(address)
        if (
            player is not None
            and player.context is not None
            and instance.is_tied
            and player.context.kind == kind
        ):
            player.context.controls = controls
            player.context.stream.set(**controls.constants)
            return
        self.end(address)
        stream = self.pool.take(kind)
        stream.set(**controls.constants)
        label = self.label(signature, address)
        context = NoteContext(kind, stream, controls, instance, engine.full_scale, label, engine.warn)
        if signature.role is Role.GENERATOR:
            player = GeneratorNotePlayer(context, outputs)
        else:
            collector = InputCollector(
                context, [argument.address for argument in inputs[: signature.audio_inputs]], cycles
            )
            if signature.role is Role.EFFECT:
                player = EffectNotePlayer(context, collector, outputs)
            else:
                player = AnalyzerNotePlayer(
                    context, collector, self._cells(signature, outputs, signature.results_of(model))
                )
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
        if player is not None and player.context is not None:
            self.pool.give_back(player.context.kind, player.context.stream)

    def fail(self, address: int) -> None:
        """Let go of an opcode that could not begin. One that has played must not go on as if nothing were."""
        if address in self._expected:
            self.refuse(
                address, CsoundError("it cannot play, because its last init pass failed: see the error above")
            )

    def refuse(self, address: int, error: BaseException) -> None:
        """Let an opcode raise this error from now on, in place of playing."""
        self.end(address)
        self.players[address] = SilentNotePlayer(error)

    def may_abort(self, address: int) -> bool:
        """Say whether Csound survives the end of an opcode's note in this k-cycle.

        It does not within the k-cycle of the note where a UDO has shorter ones (``setksmps``): it would go on with
        a UDO that is gone, as it does for its own opcodes.
        """
        instance = instance_of(address, self.engine.address)
        cycles = max(1, self.engine.ksmps // int(instance.ksmps))
        return instance.kcounter % cycles == 0

    def label(self, signature: OpcodeSignature, address: int) -> str:
        """Name an opcode and its model as messages do: ``nnfx "cello"``."""
        return f'{signature.name} "{self._model_name(signature, address)}"'

    def _model_name(self, signature: OpcodeSignature, address: int) -> str:
        return read_string(
            argument_address(address, self.engine.output_count(address) + signature.audio_inputs)
        )

    def _arguments(self, address: int) -> tuple[list[OpcodeArgument], list[int]]:
        """Give an opcode's inputs and the addresses of its outputs."""
        names, outputs = self.engine.input_names(address), self.engine.output_count(address)
        inputs = [
            OpcodeArgument(name, argument_address(address, outputs + index))
            for index, name in enumerate(names)
        ]
        return inputs, [argument_address(address, index) for index in range(outputs)]

    def _cells(self, signature: OpcodeSignature, outputs: list[int], count: int) -> list[ctypes.c_double]:
        """Give Csound's own memory of an analyzer's results."""
        if signature.outputs != "k[]":
            return [ctypes.c_double.from_address(address) for address in outputs]
        start = self.engine.size_array(Array.from_address(outputs[0]), count)
        return [ctypes.c_double.from_address(start + 8 * index) for index in range(count)]
