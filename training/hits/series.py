"""Takes of one sound: recordings of the same thing, of which all are learned from or none.

Sample libraries hold every hit several times, at several velocities. Where takes of one hit are on both sides of a split,
what is held out is known already, and a nearest neighbour looks as good as a model.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

_WORD = re.compile(r"[^\W\d_]+|\d+")
_NOTE = re.compile(r"(?<![A-Za-z0-9])[A-G](?:s|#|b)?-?\d(?![A-Za-z0-9])")
_VELOCITIES = (
    "ppp pp p mp mf f ff fff piano mezzopiano mezzoforte forte fortissimo pianissimo soft softer softest softly quiet light"
    " medium med mid normal hard harder hardest loud louder loudest full ghost vel velocity v rr take hit low high lo hi"
)


def series_of(path: PurePath) -> str:
    """Name what a recording is a take of: its name without numbers, and without words of velocity at its end.

    A word of velocity that something follows says which thing it is, as in ``medium-tom``. Behind the name of a note, such
    as ``Fs3``, come only ways to play it: a series ends with the note. A file that is named by numbers alone is a series of
    its own.
    """
    note = _NOTE.search(path.stem)
    if note:
        return path.stem[: note.end()].lower()
    words = [word.lower() for word in _WORD.findall(path.stem)]
    velocities = _VELOCITIES.split()
    named = [word for word in words if not word.isdigit()]
    while len(named) > 1 and named[-1] in velocities:
        named.pop()
    return "-".join(named) or path.stem


def hold_out_series(series: Sequence[tuple[str, str]], share: float) -> list[bool]:
    """Say which recordings are kept aside, whole series of them.

    In each class series are kept aside in the order of a hash of their names, until ``share`` of the class's recordings
    are; never one that is more than half of its class. Of a class that is one series, or nearly so, nothing is.

    Parameters
    ----------
    series : sequence of (str, str)
        Of each recording its class and its series.
    share : float
        Of each class's recordings.
    """
    counts = Counter(series)
    classes = Counter(label for label, _ in series)
    held: Counter[str] = Counter()
    apart: set[tuple[str, str]] = set()
    for label, name in sorted(counts, key=lambda one: hashlib.sha256("/".join(one).encode()).digest()):
        count, total = counts[label, name], classes[label]
        if held[label] < share * total and 2 * count <= total and held[label] + count < total:
            held[label] += count
            apart.add((label, name))
    return [one in apart for one in series]
