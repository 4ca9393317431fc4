"""Signals wait while they would end the process in a library's words, and come after that."""

from __future__ import annotations

import signal

import pytest

from plugin_host.synths.deferred_signals import deferred_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_handler_that_was_there(number: signal.Signals) -> None:
    heard: list[int] = []

    def handler(arrived: int, _: object) -> None:
        heard.append(arrived)

    before = signal.signal(number, handler)
    try:
        with deferred_signals():
            signal.raise_signal(number)
            assert not heard
        assert heard == [number]
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


def test_an_error_inside_is_told_where_no_signal_came() -> None:
    with pytest.raises(ImportError, match="torch"), deferred_signals():
        raise ImportError("torch")
