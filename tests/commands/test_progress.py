"""What is said while a command works and nobody watches it."""

import pytest

from plugin_host.commands.messages import printable
from plugin_host.commands.progress import lines_now_and_then, progress_bar


def test_a_short_command_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("0 of 3") as show:
        for done in range(3):
            show(f"{done} of 3", done, 3)
    assert capsys.readouterr() == ("", "")


def test_a_long_one_says_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    show = lines_now_and_then(lambda: now)
    lines_by_hour = []
    for second in range(5 * 3600):
        now = float(second)
        show(f"{second} of 36000", second, 36_000)
        if second % 3600 == 3599:
            lines_by_hour.append(capsys.readouterr().err.splitlines())
    assert lines_by_hour[0][:2] == ["brainsynth: 10 of 36000 (0%)", "brainsynth: 20 of 36000 (0%)"]
    assert 30 < len(lines_by_hour[0]) < 60
    assert 5 <= len(lines_by_hour[4]) <= 7


def test_a_line_of_what_has_no_end_is_one_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 11.0])
    lines_now_and_then(lambda: next(times))("listening", 3, 0)
    assert capsys.readouterr().err == "brainsynth: listening\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bögen für 弓.wav", "Bögen für 弓.wav"),
        ("a\nb\tc  d.wav", r"a\nb\tc  d.wav"),
        ("\x1b[31mred\x07.wav", r"\x1b[31mred\x07.wav"),
        ("caf\udce9.wav", r"caf\udce9.wav"),
        ("\u202egnp.wav", r"\u202egnp.wav"),
    ],
)
def test_names_are_printed_without_what_a_terminal_obeys(text: str, shown: str) -> None:
    assert printable(text) == shown
    shown.encode()
