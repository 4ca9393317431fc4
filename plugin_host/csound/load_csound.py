"""Find Csound, and refuse one that the opcodes cannot be built for."""

from __future__ import annotations

from types import ModuleType

from ..errors import MissingPackageError

PACKAGES = "csound libcsound64-dev libcsnd-dev"
"""Debian's names of the program and of the two libraries that ctcsound loads."""

MAJOR_VERSION = 6

# No signal handlers and nothing at exit: Ctrl-C stays with Python.
_NO_SIGNAL_HANDLERS_NOR_ATEXIT = 3


def load_csound() -> ModuleType:
    """Give the module ctcsound, its library loaded and ready.

    Raises
    ------
    MissingPackageError
        If ctcsound or one of Csound's libraries is not installed, or Csound is not version 6.
    """
    try:
        import ctcsound
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"Csound's Python package {error.name} is not installed: pip install 'ctcsound>=6.17,<7'"
        ) from error
    except (ImportError, OSError, AttributeError, SystemExit) as error:
        # ctcsound looks for the libraries, and for what is in them, when it is imported.
        raise MissingPackageError(
            f"Csound cannot be loaded ({' '.join(str(error).split())}): version 6 is needed, "
            f"sudo apt-get install {PACKAGES}"
        ) from error
    check_version(ctcsound.libcsound.csoundGetVersion())
    ctcsound.csoundInitialize(_NO_SIGNAL_HANDLERS_NOR_ATEXIT)
    return ctcsound


def check_version(version: int) -> None:
    """Refuse a version of Csound, times 1000, that is not 6; raises MissingPackageError."""
    if version // 1000 != MAJOR_VERSION:
        raise MissingPackageError(
            f"Csound {version // 1000}.{version % 1000 // 10} was found, and the opcodes are made for Csound "
            f"{MAJOR_VERSION}: sudo apt-get install {PACKAGES}"
        )
