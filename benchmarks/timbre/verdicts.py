"""What judges take sounds for: whole, and without their beginnings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.timbre.classifier import FRAME_S, Classifier, features

HEARD = {"whole": 0.0, "after 150 ms": 0.15}
"""Seconds from the onset on that are not heard: a beginning may tell an instrument by itself."""
SHORTEST_S = 0.1
SILENCE = "silence"


@dataclass(frozen=True)
class Verdict:
    """What one judge took a sound for.

    Attributes
    ----------
    judge : str
        Its name.
    heard : str
        One of :data:`HEARD`.
    source : str
        The instrument that played the sound, or whose note it was made from.
    answer : str
        An instrument, or ``silence``.
    """

    judge: str
    heard: str
    source: str
    answer: str


def verdicts(judges: Mapping[str, Classifier], audio: np.ndarray, source: str) -> list[Verdict]:
    """Let every judge hear a sound, whole and without its beginning.

    Parameters
    ----------
    judges : mapping of str to Classifier
        By name.
    audio : ndarray
        (T,) at 48 kHz.
    source : str
        Whose note it is.

    Returns
    -------
    list of Verdict
        Where less than 0.1 s of sound would be left without the beginning, only of the whole.
    """
    silent = np.abs(audio).max(initial=0.0) <= 1e-6
    level_db = np.zeros((0, 0)) if silent else features(audio, SAMPLE_RATE)
    found = []
    for heard, after_s in HEARD.items():
        rest = level_db[:, round(after_s / FRAME_S) :]
        if not silent and after_s and rest.shape[1] * FRAME_S < SHORTEST_S:
            continue
        for name, judge in judges.items():
            found.append(Verdict(name, heard, source, SILENCE if silent else judge.instrument(rest)))
    return found


def shares(given: Sequence[Verdict], instrument: str) -> dict[str, dict[str, dict[str, float]]]:
    """Count how often sounds are taken for an instrument.

    Parameters
    ----------
    given : sequence of Verdict
        Of all judges on the same sounds.
    instrument : str
        The one that they should be taken for.

    Returns
    -------
    dict of str to dict
        By judge, then by what was heard: percent of ``all`` sounds, and of those of each source.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for judge, heard in dict.fromkeys((verdict.judge, verdict.heard) for verdict in given):
        own = [verdict for verdict in given if (verdict.judge, verdict.heard) == (judge, heard)]
        sources = {"all": own}
        for verdict in sorted(own, key=lambda verdict: verdict.source):
            sources.setdefault(verdict.source, []).append(verdict)
        found.setdefault(judge, {})[heard] = {
            source: 100.0 * sum(verdict.answer == instrument for verdict in some) / len(some)
            for source, some in sources.items()
        }
    return found


def answers(given: Sequence[Verdict]) -> dict[str, dict[str, float]]:
    """Count what whole sounds are taken for.

    Parameters
    ----------
    given : sequence of Verdict
        Of all judges.

    Returns
    -------
    dict of str to dict
        By judge: percent of each answer.
    """
    found = {}
    for judge in dict.fromkeys(verdict.judge for verdict in given):
        own = [verdict.answer for verdict in given if verdict.judge == judge and verdict.heard == "whole"]
        found[judge] = {name: 100.0 * own.count(name) / len(own) for name in sorted(set(own))}
    return found
