"""Open ONNX Runtime sessions for real-time use: one thread, no spinning, no denormals, one a file."""

from __future__ import annotations

import hashlib
import weakref

import onnxruntime as ort

from ..errors import DeviceError, ModelFileError

CPU = ("CPUExecutionProvider",)

# ONNX Runtime's levels of logging; the second is its default.
_SILENT, _WARNING = 4, 2

_sessions: weakref.WeakValueDictionary[tuple[bytes, tuple[str, ...]], ort.InferenceSession] = (
    weakref.WeakValueDictionary()
)


def open_session(data: bytes, providers: tuple[str, ...], source: str) -> ort.InferenceSession:
    """Give the session of a model file's bytes, shared by all who ask for the same file.

    Parameters
    ----------
    data : bytes
        The whole file.
    providers : tuple of str
        Execution providers in order of preference, at least one.
    source : str
        How messages name the file.

    Raises
    ------
    ModelFileError
        If ONNX Runtime cannot load the graph.
    DeviceError
        If the first provider cannot be used on this machine.
    """
    if not providers:
        raise DeviceError(f"{source}: no execution provider was given; {CPU[0]} is always there")
    key = (hashlib.sha256(data).digest(), providers)
    session = _sessions.get(key)
    if session is not None:
        return session
    known = ort.get_available_providers()
    for provider in providers:
        if provider not in known:
            raise DeviceError(
                f"there is no execution provider {provider!r}; this ONNX Runtime has {', '.join(known)}"
            )
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # All errors are raised; none needs to be printed as well.
    options.log_severity_level = _SILENT
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    # An accelerator that fails to start is reported to the process's log, whatever the session's level is.
    ort.set_default_logger_severity(_SILENT)
    try:
        # With the fallback, ONNX Runtime prints about damaged graphs on the standard output, and tries them again.
        session = ort.InferenceSession(data, options, providers=list(providers), enable_fallback=0)
    except Exception as error:  # ONNX Runtime's exceptions have no common base of their own
        reason = str(error).strip().split("\n", 1)[0][:300]
        raise ModelFileError(
            f"{source}: ONNX Runtime cannot load the graph ({reason}); export it again"
        ) from error
    finally:
        ort.set_default_logger_severity(_WARNING)
    if session.get_providers()[0] != providers[0]:
        raise DeviceError(
            f"{providers[0]} was asked for and cannot be used here; {session.get_providers()[0]} can"
        )
    _sessions[key] = session
    return session
