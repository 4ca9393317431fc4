"""Make the names of parameters of the names of channels, which may be anything."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator

from ..model_file.names import NEVER_FREE

_LONGEST, _LONGEST_MADE = 64, 50
"""Of a control's name; of one that is made, after which _amount and _2 may follow."""


def name_parameters(channels: Iterable[str]) -> dict[str, str]:
    """Give each channel's parameter a name of its own: lower case, digits and underscores, a letter first.

    A channel whose name is such a name keeps it. Else ``Filter.Cut Off`` becomes ``filter_cut_off``, and the second that
    would have this name ``filter_cut_off_2``, in the order of the channels' names. A name that belongs to Python or to
    every host gets ``_amount``.

    Parameters
    ----------
    channels : iterable of str
        The channels' names, all different.

    Returns
    -------
    dict of str to str
        The parameter's name by the channel's.
    """
    ordered = sorted(channels)
    names = {channel: channel for channel in ordered if _is_free(channel)}
    taken = set(names)
    for channel in ordered:
        if channel in names:
            continue
        base = name = _simplify(channel)
        count = 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        names[channel] = name
        taken.add(name)
    return names


def different_words(texts: Iterable[str], taken: Iterable[str] = ()) -> Iterator[str]:
    """Give words that can be typed, all different and none of those that are taken, of any texts."""
    given = set(taken)
    for number, text in enumerate(texts, 1):
        word = "".join(letter for letter in text if letter.isprintable()).strip()[:50] or f"item {number}"
        word = word if word not in given else f"{word} ({number})"
        given.add(word)
        yield word


def _is_free(name: str) -> bool:
    plain = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and len(name) <= _LONGEST
    return plain and not _is_taken(name)


def _is_taken(name: str) -> bool:
    return name in NEVER_FREE or keyword.iskeyword(name)


def _simplify(channel: str) -> str:
    plain = unicodedata.normalize("NFKD", channel).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_MADE].rstrip("_")
    if not name[:1].isalpha():
        name = f"p_{name}".rstrip("_")
    return f"{name}_amount" if _is_taken(name) else name
