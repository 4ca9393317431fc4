"""Run what was asked for, turn every failure into one sentence, and leave with an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import typer

from .exit_codes import ExitCode, exit_code
from .messages import warn
from .standard_streams import open_closed_streams

DEBUG_VARIABLE = "BRAINSYNTH_DEBUG"


def leave_with(run: Callable[[], int | None]) -> NoReturn:
    """Run something and end the program with the exit code that it gives, or that its exception stands for."""
    open_closed_streams()
    try:
        code = run()
        sys.stdout.flush()
    except typer.TyperException as error:
        code = _fail(error.format_message(), ExitCode(error.exit_code))
    except typer.Abort:
        code = _fail("interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever reads has had enough; nothing may be flushed to them on the way out either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.WELL
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
            traceback.print_exc()
        code = _fail(_sentence(error), exit_code(error))
    if code is ExitCode.INTERRUPTED:
        # An interrupt that came within a string of code, as imports run them, would make Python end by the signal itself.
        # It forgets that when it runs another.
        exec("")
    sys.exit(int(code or 0))


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(error).split())
    if exit_code(error) is ExitCode.FAULT:
        return f"fault in this program ({type(error).__name__}: {text}); brainsynth --debug shows where"
    return text or type(error).__name__


def _fail(sentence: str, code: ExitCode) -> ExitCode:
    warn(sentence)
    return code
