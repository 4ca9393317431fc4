"""Which classes of a model with notes follow the note, as stabs do, and which do not, as drums."""

from __future__ import annotations

import numpy as np

from .finishing import finished
from .likeness import Known, picture, training_sounds
from .source import OneShots, middle_note

HEARD = 7
"""Sounds of each class that are played."""

OCTAVE = 12
APART = 2.0
"""Typical distances of training sounds: a sound that follows is at least as far from itself an octave higher."""

MOST = 0.75
"""Of the sounds of a class that follow."""


def without_note(source: OneShots) -> frozenset[str]:
    """Give the classes whose sounds stay the same, or most of them, when the note goes up by an octave.

    None for a model without notes, where all do, or without classes.
    """
    note = middle_note(source)
    if note is None:
        return frozenset()
    trained, rate = training_sounds(source), source.sample_rate
    least, labels = APART * trained.typical(), [point.label.split("/")[0] for point in source.points]
    found = set()
    for label in source.classes:
        own = [index for index, other in enumerate(labels) if other == label]
        chosen = [own[step] for step in np.linspace(0, len(own) - 1, min(HEARD, len(own))).astype(int)]
        apart = []
        for index in chosen:
            place = np.array(source.points[index].value, np.float32)
            higher = picture(finished(source.play(place, note=note + OCTAVE), rate), rate)
            apart.append(Known(trained.pictures[index : index + 1]).nearest(higher))
        if apart and np.quantile(apart, 1 - MOST) < least:
            found.add(label)
    return frozenset(found)
