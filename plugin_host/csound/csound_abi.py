"""Reach what Csound offers to opcodes: its notes, arguments, memory and error messages.

Csound gives plug-ins two structures whose layout is part of its interface for plug-ins: CSOUND, a table of
functions, and INSDS, the instance of an instrument that an opcode is part of. The layout here is that of
Csound 6.18 (csdl.h, csoundCore.h). Before anything is read from them it is compared with the functions that
the library exports, and with an instance's pointer to its Csound, so that another layout ends in a message
and not in a crash.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from ..errors import MissingPackageError
from .load_csound import PACKAGES

FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
"""What Csound calls: ``int f(CSOUND *, void *opcode)``."""

OK = 0
MOST_ARGUMENTS = 1999
"""The most that Csound's compiler lets through; an opcode's memory has room for all of them."""

_POINTER = ctypes.sizeof(ctypes.c_void_p)
_ARRAY = "["

# Offsets in CSOUND, counted in pointers.
_MESSAGE, _INPUT_NAME, _CALLOC = 17, 43, 51
_INIT_ERROR, _PERF_ERROR, _WARNING, _REGISTER_DEINIT, _REGISTER_RESET = 96, 97, 98, 187, 188
_EXPORTED = {
    0: "csoundGetSr",
    _MESSAGE: "csoundMessage",
    66: "csoundCreateGlobalVariable",
    76: "csoundCfgErrorCodeToString",
    103: "csoundGetRandomSeedFromTime",
    186: "csoundRegisterSenseEventCallback",
    190: "csoundAppendOpcode",
}


class InstrumentInstance(ctypes.Structure):
    """INSDS, an instance of an instrument: a note that plays. The fields up to the last one that is needed here."""

    _fields_ = (
        ("links", ctypes.c_void_p * 9),
        ("xtratim", ctypes.c_int),
        ("midi_channel", ctypes.c_void_p),
        ("midi_overlap", ctypes.c_void_p),
        ("number", ctypes.c_int16),
        ("definition", ctypes.c_void_p),
        ("sustain", ctypes.c_int16),
        ("midi_bytes", ctypes.c_ubyte * 4),
        ("off_beat", ctypes.c_double),
        ("off_time", ctypes.c_double),
        ("python", ctypes.c_void_p),
        ("csound", ctypes.c_void_p),
        ("kcounter", ctypes.c_uint64),
        ("ksmps", ctypes.c_uint),
        ("rates", ctypes.c_double * 4),
        ("position", ctypes.c_void_p),
        ("scratch", ctypes.c_double * 4),
        ("buffers", ctypes.c_void_p * 4),
        ("offset", ctypes.c_uint32),
        ("samples_unplayed", ctypes.c_uint32),
        ("early", ctypes.c_uint32),
        ("spin", ctypes.c_void_p),
        ("spout", ctypes.c_void_p),
        ("is_initialised", ctypes.c_int),
        ("is_tied", ctypes.c_int),
        ("is_reinit", ctypes.c_int),
    )


class OpcodeHead(ctypes.Structure):
    """OPDS, with which every opcode's memory begins; pointers to its arguments follow."""

    _fields_ = (
        ("next_init", ctypes.c_void_p),
        ("next_perf", ctypes.c_void_p),
        ("init", ctypes.c_void_p),
        ("perf", ctypes.c_void_p),
        ("text", ctypes.c_void_p),
        ("instance", ctypes.POINTER(InstrumentInstance)),
    )


class String(ctypes.Structure):
    """STRINGDAT, a variable that holds a string."""

    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_int))


class Array(ctypes.Structure):
    """ARRAYDAT, a variable that holds an array."""

    _fields_ = (
        ("dimensions", ctypes.c_int),
        ("sizes", ctypes.POINTER(ctypes.c_int32)),
        ("member_size", ctypes.c_int),
        ("member_type", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("allocated", ctypes.c_size_t),
    )


OPCODE_SIZE = ctypes.sizeof(OpcodeHead) + _POINTER * (MOST_ARGUMENTS + 1)


class Engine:
    """The functions of one Csound instance that opcodes use.

    Parameters
    ----------
    library : ctypes.CDLL
        libcsound64.
    address : int
        Of the CSOUND structure.

    Raises
    ------
    MissingPackageError
        If this Csound's table of functions is not laid out as that of 6.18.
    """

    def __init__(self, library: ctypes.CDLL, address: int) -> None:
        for index, name in _EXPORTED.items():
            if _read_pointer(address, index) != ctypes.cast(library[name], ctypes.c_void_p).value:
                raise MissingPackageError(
                    f"Csound {library.csoundGetVersion() / 1000:g} was found, which offers opcodes its "
                    f"functions in another order than 6.18 does: sudo apt-get install {PACKAGES}"
                )
        self.address = address
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        self._init_error = self._function(_INIT_ERROR, number, pointer, text)
        self._perf_error = self._function(_PERF_ERROR, number, pointer, pointer, text)
        self._warning = self._function(_WARNING, None, pointer, text)
        self._register_deinit = self._function(_REGISTER_DEINIT, number, pointer, pointer, FUNCTION)
        self._register_reset = self._function(_REGISTER_RESET, number, pointer, pointer, FUNCTION)
        self._calloc = self._function(_CALLOC, pointer, pointer, ctypes.c_size_t)
        # Of an opcode, not of a Csound.
        self._count_inputs = self._function(_INPUT_NAME - 1, number, pointer)
        self._input_name = self._function(_INPUT_NAME, text, pointer, number)
        self._count_outputs = self._function(_INPUT_NAME + 1, number, pointer)
        self.stop = lambda: library.csoundStop(pointer(address))
        library.csoundGetSr.restype = library.csoundGet0dBFS.restype = ctypes.c_double
        library.csoundGetKsmps.restype = ctypes.c_uint32
        self._library = library

    @property
    def sample_rate(self) -> float:
        """Of the orchestra, in Hz."""
        return self._library.csoundGetSr(ctypes.c_void_p(self.address))

    @property
    def ksmps(self) -> int:
        """Of the orchestra."""
        return self._library.csoundGetKsmps(ctypes.c_void_p(self.address))

    @property
    def full_scale(self) -> float:
        """The orchestra's 0dbfs."""
        return self._library.csoundGet0dBFS(ctypes.c_void_p(self.address))

    def init_error(self, message: str) -> int:
        """Report an error of the init pass, with which Csound deletes the note; give the code to return."""
        return self._init_error(self.address, _as_format(message))

    def perf_error(self, opcode: int, message: str) -> int:
        """Report an error of a performance pass, with which Csound ends the note; give the code to return."""
        return self._perf_error(self.address, opcode, _as_format(message))

    def warn(self, message: str) -> None:
        """Report what does not end the note."""
        self._warning(self.address, _as_format(message))

    def call_at_deinit(self, opcode: int, function: Any) -> int:
        """Let Csound call a FUNCTION when the note of an opcode ends, once for each time it is asked for."""
        return self._register_deinit(self.address, opcode, function)

    def call_at_reset(self, function: Any) -> int:
        """Let Csound call a FUNCTION when it is reset or destroyed."""
        return self._register_reset(self.address, None, function)

    def input_names(self, opcode: int) -> list[str]:
        """Give the words that stand in the orchestra as an opcode's inputs."""
        return [
            self._input_name(opcode, index).decode(errors="replace")
            for index in range(self._count_inputs(opcode))
        ]

    def output_count(self, opcode: int) -> int:
        """Give how many outputs an opcode has."""
        return self._count_outputs(opcode)

    def size_array(self, array: Array, length: int) -> int:
        """Give an array of numbers one dimension of this length, and the address of the first number."""
        size = ctypes.sizeof(ctypes.c_double)
        if array.dimensions != 1:
            sizes = self._calloc(self.address, ctypes.sizeof(ctypes.c_int32))
            array.sizes = ctypes.cast(sizes, ctypes.POINTER(ctypes.c_int32))
            array.dimensions = 1
        if not array.data or array.allocated < size * length:
            # What it had before is Csound's to free, with all else, when it is reset.
            array.data = self._calloc(self.address, size * length)
            array.allocated = size * length
            array.member_size = size
        array.sizes[0] = length
        return array.data

    def _function(self, index: int, result: Any, *arguments: Any) -> Callable[..., Any]:
        return ctypes.CFUNCTYPE(result, *arguments)(_read_pointer(self.address, index))


def argument_address(opcode: int, index: int) -> int:
    """Give the address of an opcode's argument, outputs first."""
    return _read_pointer(opcode + ctypes.sizeof(OpcodeHead), index)


def instance_of(opcode: int, csound: int) -> InstrumentInstance:
    """Give the instance of an instrument that an opcode is part of.

    Raises
    ------
    MissingPackageError
        If its layout is not that of Csound 6.18.
    """
    instance = OpcodeHead.from_address(opcode).instance.contents
    if instance.csound != csound:
        raise MissingPackageError(
            f"this Csound's notes are laid out otherwise than those of 6.18: sudo apt-get install {PACKAGES}"
        )
    return instance


def read_string(address: int) -> str:
    """Give the text of a string variable or constant."""
    data = String.from_address(address).data
    return (data or b"").decode(errors="surrogateescape")


def variable_type(address: int) -> tuple[str, bool]:
    """Give Csound's letter for a variable's type and whether it is an array, of whose elements the letter then is.

    Only variables have a type, in the word before their value: not p-fields, nor what is written as a number or
    text. The letter is ``r`` for what the orchestra's header sets, such as ``sr`` and ``A4``.
    """
    letter = _type_letter(_read_pointer(address - _POINTER, 0))
    if letter != _ARRAY:
        return letter, False
    return _type_letter(Array.from_address(address).member_type or 0), True


def _type_letter(kind: int) -> str:
    return ctypes.string_at(_read_pointer(kind, 0)).decode() if kind else ""


def read_array(address: int) -> list[float]:
    """Give the numbers of an array variable of one dimension; none of one that has not got its size yet."""
    array = Array.from_address(address)
    if array.dimensions != 1 or not array.data:
        return []
    return (ctypes.c_double * array.sizes[0]).from_address(array.data)[:]


def _read_pointer(address: int, index: int) -> int:
    return ctypes.c_void_p.from_address(address + index * _POINTER).value or 0


def _as_format(message: str) -> bytes:
    """Make a message what printf prints as it is."""
    return message.encode(errors="replace").replace(b"%", b"%%")
