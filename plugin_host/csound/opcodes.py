"""Register the opcodes in a Csound, and turn its calls into Python's, and errors into Csound's."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CsoundError, HostError
from .csound_abi import FUNCTION, OK, OPCODE_SIZE, Engine
from .load_csound import load_csound
from .opcode_signatures import SIGNATURES, OpcodeSignature
from .orchestra import Orchestra

if TYPE_CHECKING:
    import ctcsound

_INIT, _INIT_AND_PERF = 1, 3
"""Csound's numbers for the passes that an opcode takes part in."""

# By the address of the CSOUND structure.
_orchestras: dict[int, Orchestra] = {}


def register_opcodes(csound: ctcsound.Csound, folder: str | PathLike[str] | None = None) -> Orchestra:
    """Give a Csound the opcodes nnfx, nngen, nnana and nnlatency.

    Parameters
    ----------
    csound : ctcsound.Csound
        Before it compiles what uses them. After ``csound.reset()``, which forgets them, register them again.
    folder : str or path, optional
        Where relative paths of models begin: as a rule that of the .csd. What is not found there is looked
        for in the current folder.

    Returns
    -------
    Orchestra
        What the opcodes share; its `interrupted` is true once Ctrl-C has ended the performance.

    Raises
    ------
    MissingPackageError
        If Csound is not installed, or is not one that the opcodes are made for.
    CsoundError
        If Csound refuses an opcode.

    Notes
    -----
    The opcodes run in the thread in which Csound performs, and take turns there with all other threads of
    Python: while one of those is busy, each block may wait for `sys.getswitchinterval` seconds.

    Examples
    --------
    >>> csound = ctcsound.Csound()  # doctest: +SKIP
    >>> register_opcodes(csound, "my_music")  # doctest: +SKIP
    >>> csound.compileCsd("my_music/piece.csd")  # doctest: +SKIP
    """
    library: Any = load_csound().libcsound
    address = ctypes.cast(csound.csound(), ctypes.c_void_p).value or 0
    models_folder = Path() if folder is None else Path(folder)
    known = _orchestras.get(address)
    if known is not None:
        known.pool.folder = models_folder
        return known
    orchestra = Orchestra(Engine(library, address), models_folder)
    append = library.csoundAppendOpcode
    append.argtypes = [ctypes.c_void_p, ctypes.c_char_p, *[ctypes.c_int] * 3, *[ctypes.c_char_p] * 2]
    append.argtypes += [ctypes.c_void_p] * 3
    for signature, (name, outputs, inputs), at_init, at_perf in _REGISTERED:
        passes = _INIT if at_perf is None else _INIT_AND_PERF
        if append(address, name, OPCODE_SIZE, 0, passes, outputs, inputs, at_init, at_perf, None) != OK:
            raise CsoundError(
                f"Csound refuses the opcode {signature.name}: register it before anything is compiled"
            )
    orchestra.engine.call_at_reset(_AT_RESET)
    _orchestras[address] = orchestra
    return orchestra


def _init(signature: OpcodeSignature, csound: int, opcode: int) -> int:
    orchestra = _orchestras[csound]
    try:
        orchestra.begin(signature, opcode, _AT_DEINIT)
    except BaseException as error:  # what leaves a callback is printed, and taken for success
        orchestra.fail(opcode)
        return _report(orchestra, orchestra.label(signature, opcode), error, orchestra.engine.init_error)
    return OK


def _perform(signature: OpcodeSignature, csound: int, opcode: int) -> int:
    orchestra = _orchestras[csound]
    try:
        orchestra.players[opcode].perform()
    except BaseException as error:  # as above
        if not orchestra.may_abort(opcode):
            orchestra.refuse(opcode, error)
            return OK
        report = partial(orchestra.engine.perf_error, opcode)
        return _report(orchestra, orchestra.label(signature, opcode), error, report)
    return OK


def _deinit(csound: int, opcode: int) -> int:
    orchestra = _orchestras.get(csound)
    if orchestra is not None:
        orchestra.finish(opcode)
    return OK


def _reset(csound: int, _: int | None) -> int:
    _orchestras.pop(csound, None)
    return OK


def _report(orchestra: Orchestra, label: str, error: BaseException, report: Callable[[str], int]) -> int:
    """Turn an exception into an error of Csound's; Ctrl-C into the end of the performance."""
    if isinstance(error, KeyboardInterrupt):
        orchestra.interrupted = True
        orchestra.engine.stop()
        return OK
    sentence = " ".join(str(error).split())
    if not isinstance(error, HostError):
        sentence = f"fault in this program ({type(error).__name__}: {sentence})"
    return report(f"{label}: {sentence}")


# Csound keeps pointers to all of these, for as long as any Csound lives: so they live as long as the process.
_AT_DEINIT, _AT_RESET = FUNCTION(_deinit), FUNCTION(_reset)
_REGISTERED = [
    (
        signature,
        (signature.name.encode(), signature.outputs.encode(), signature.inputs.encode()),
        FUNCTION(partial(_init, signature)),
        None if signature.role is None else FUNCTION(partial(_perform, signature)),
    )
    for signature in SIGNATURES
]
