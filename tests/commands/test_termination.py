"""Signals wait while they would end the process in a library's words, and come after that."""

from __future__ import annotations

import signal

import pytest

from plugin_host.commands.termination import signals_held


def test_ctrl_c_waits_and_comes() -> None:
    reached = []

    def work() -> None:
        with signals_held():
            signal.raise_signal(signal.SIGINT)
            reached.append("inside")
        reached.append("outside")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["inside"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_sigterm_waits_for_the_handler_that_was_there() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with signals_held():
            signal.raise_signal(signal.SIGTERM)
            assert not heard
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_error_inside_is_told_where_no_signal_came() -> None:
    with pytest.raises(ImportError, match="torch"), signals_held():
        raise ImportError("torch")
