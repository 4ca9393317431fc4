"""Read the section ``<Cabbage>`` of a .csd: which widgets it has, and what is said of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import SynthError, shorten
from .csd_text import section, without_comments

_DEFINE = re.compile(r"#define[ \t]+(\w+)[ \t]*([^\n]*)")
_MACRO = re.compile(r"\$(\w+)\.?")
_CONTINUED = re.compile(r"\\[ \t]*(?=\n)")
# A word before a parenthesis says something of the widget, any other begins the next one. Colours may be numbered: colour:0.
_WORD = re.compile(r"([A-Za-z_][\w:]*)[ \t]*(\(?)")
_PASSED_OVER = re.compile(r"[\s,{}\\]+|[^\s,{}\\A-Za-z_]+")
_ARGUMENT = re.compile(r"""[ \t]*((?:"[^"\n]*"|\((?:[^()"\n]|"[^"\n]*")*\)|[^,()"\n])*)""")
_STRING = re.compile(r'"[^"\n]*"')


@dataclass(frozen=True)
class Widget:
    """A widget of Cabbage.

    Parameters
    ----------
    kind : str
        ``rslider``, ``checkbox`` and so on, in lower case.
    line : int
        Where it stands in the file, from 1.
    said : dict of str to list of str
        The arguments by the identifier, in lower case: ``range`` to ``["0", "1", "0.5"]``; strings without quotes.
        Of an identifier that stands twice, the last.
    """

    kind: str
    line: int
    said: dict[str, list[str]] = field(default_factory=dict)


def read_widgets(text: str, file: str) -> list[Widget]:
    """Read the widgets of a .csd, none where it has no section ``<Cabbage>``.

    Parameters
    ----------
    text : str
        All of the .csd.
    file : str
        Its name, for messages.

    Raises
    ------
    SynthError
        If an identifier is not closed, or the section is of Cabbage 3, which writes JSON, and nothing else declares
        parameters.
    """
    found, first = section(text, "Cabbage")
    if found.lstrip()[:1] in ("[", "{"):
        if "chn_k" in without_comments(section(text, "CsInstruments")[0]):
            return []
        raise SynthError(
            f"{file}, line {first}: the section <Cabbage> is JSON, as of Cabbage 3, which is not read; declare the"
            " parameters with chn_k"
        )
    widgets: list[Widget] = []
    written = _expand(without_comments(found))
    position = 0
    while position < len(written):
        word = _WORD.match(written, position)
        if word is None:
            passed = _STRING.match(written, position) or _PASSED_OVER.match(written, position)
            position = passed.end() if passed else position + 1
            continue
        line = first + written.count("\n", 0, position)
        if word[2]:
            arguments, position = _read_arguments(written, word.end(), f"{file}, line {line}: {word[1]}(")
            if widgets:
                widgets[-1].said[word[1].lower()] = arguments
        else:
            widgets.append(Widget(word[1].lower(), line))
            position = word.end()
    return widgets


def _expand(written: str) -> str:
    """Put what ``#define NAME ...`` defines in the place of ``$NAME``, on the same lines."""
    defined: dict[str, str] = {}

    def define(found: re.Match[str]) -> str:
        defined[found[1]] = found[2].strip().strip("#")
        return ""

    rest = _DEFINE.sub(define, _CONTINUED.sub("", written))
    return _MACRO.sub(lambda found: defined.get(found[1], ""), rest)


def _read_arguments(written: str, position: int, where: str) -> tuple[list[str], int]:
    """Read arguments from behind the opening parenthesis on, and give where it goes on behind the closing one."""
    arguments: list[str] = []
    while True:
        found = _ARGUMENT.match(written, position)
        assert found is not None  # it matches nothing, too
        text = found[1].strip()
        arguments.append(text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text)
        position = found.end()
        if written[position : position + 1] == ",":
            position += 1
            continue
        if written[position : position + 1] == ")":
            return ([] if arguments == [""] else arguments), position + 1
        raise SynthError(
            f"{where} is not closed; it needs a ) (and each string a second quote): {shorten(text)}"
        )
