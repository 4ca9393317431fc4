"""Write what Cabbage adds to Csound's language as Csound knows it, as far as there is such a way."""

from __future__ import annotations

import re

_GET = re.compile(rb"\bcabbageGetValue\b")
_SET_VALUE = re.compile(
    rb"^([ \t]*)cabbageSetValue[ \t]+([^,\n;]+),[ \t]*([^,\n;]+?)[ \t]*(?=;|//|\r?$)", re.MULTILINE
)
_SET = re.compile(rb"^[ \t]*cabbageSet[ \t][^\n]*", re.MULTILINE)


def in_csounds_words(csd: bytes) -> bytes:
    """Give a .csd with ``cabbageGetValue`` as ``chnget``, ``cabbageSetValue`` as ``chnset``, and without ``cabbageSet``.

    The last changes what is seen alone. Lines stay at their numbers. What has no such equal stays, and does not compile:
    values that are set by a trigger, ``cabbageGet``, ``cabbageChanged``, and more than one result.
    """
    if b"cabbage" not in csd:
        return csd
    csd = _SET_VALUE.sub(rb"\1chnset \3, \2", _GET.sub(b"chnget", csd))
    return _SET.sub(b"", csd)
