"""Take the options out of a .csd: where a synth's sound goes, and how it is computed, is for who renders it."""

from __future__ import annotations

import re

_OPTIONS = re.compile(rb"^[ \t]*<CsOptions>(.*?)</CsOptions>", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"[;#].*")

# Of all other options, what they change is not the sound.
_CHANGING_THE_SOUND = re.compile(
    r"(?:^|\s)(-[rkt]\s*[\d.]+|--(?:sample-rate|control-rate|ksmps|nchnls|nchnls_i|0dbfs|omacro:|smacro:|sample-accurate|tempo"
    r"|env:|strset\d+|use-system-sr|midifile)\S*)"
)


def remove_options(csd: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Remove the options, ``<CsOptions>``, from a .csd.

    Parameters
    ----------
    csd : bytes
        The file, in any encoding that holds ASCII.

    Returns
    -------
    csd : bytes
        The rest, with every line at its number.
    missed : tuple of str
        The removed options without which the sound may be another, such as ``-r 22050``.
    """
    missed: list[str] = []
    for found in _OPTIONS.finditer(csd):
        text = "\n".join(_COMMENT.sub("", line) for line in found[1].decode("latin-1").splitlines())
        missed.extend(_CHANGING_THE_SOUND.findall(text))
    return _OPTIONS.sub(lambda found: b"\n" * found[0].count(b"\n"), csd), tuple(missed)
