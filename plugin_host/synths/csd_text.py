"""Read the text of a .csd: its sections, and what in them is no comment."""

from __future__ import annotations

import re

# A quoted string is taken whole, so that what looks like a comment within it stays.
_QUOTED_OR_COMMENT = re.compile(
    r"""("(?:\\.|[^"\\\n])*")|/\*.*?(?:\*/|\Z)|(?:;|//)[^\n]*""",
    re.DOTALL,
)
_QUOTED = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def decode(csd: bytes) -> str:
    """Decode a .csd in UTF-8, or else in Latin-1, which takes any bytes."""
    try:
        return csd.decode("utf-8")
    except UnicodeDecodeError:
        return csd.decode("latin-1")


def section(text: str, tag: str) -> tuple[str, int]:
    """Give what stands between ``<tag>`` and ``</tag>``, and the line on which it begins, from 1; ("", 0) without one.

    A section that is not closed goes on to the end. The tag stands first on its line, as Csound wants it.
    """
    found = re.search(rf"^[ \t]*<{tag}>(.*?)(?:</{tag}>|\Z)", text, re.DOTALL | re.MULTILINE)
    return (found[1], text.count("\n", 0, found.start(1)) + 1) if found else ("", 0)


def without_comments(text: str) -> str:
    """Take out comments, ``;``, ``//`` and ``/* */``, with every line at its number."""
    return _QUOTED_OR_COMMENT.sub(lambda found: found[1] or "\n" * found[0].count("\n"), text)


def quoted_strings(text: str) -> list[str]:
    """Give all strings in double quotes that are no part of a comment, in order."""
    return _QUOTED.findall(without_comments(text))
