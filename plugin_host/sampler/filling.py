"""Fill a sampler: as many new sounds as are asked for, none too near another or one that the model has learned from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .character import Characters
from .finishing import fault_of, finished
from .likeness import Known, known_of, picture, training_sounds
from .places import NEAR, check_label, drawn
from .recipe import Recipe, written_place
from .shot import MOST, Shot, Versions
from .source import OneShots, Sound, Vector, middle_note

TRIES = 40
"""Draws in a row that are not taken, after which a class has no more to give."""

LARGEST_SPREAD = 2.0
LARGEST_UNIQUE = 10.0


@dataclass(frozen=True)
class Like:
    """What the sounds are to be near.

    Attributes
    ----------
    place : (P,)
    label : str
        Its class.
    """

    place: Vector
    label: str

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """Near the sound of a recipe."""
        return cls(np.array(recipe.place, np.float32), recipe.label)


@dataclass
class Filling:
    """Sounds to come, one after another; what was drawn again is counted on the way. `fill` makes it.

    Attributes
    ----------
    too_near, faulty : int
        How many were drawn again: too near others, or silent, or else no sound for a sampler.
    found : int
        How many different sounds there were. Fewer than were asked for if there is no more room between them.
    least_db : float
        The distance that each has at least from the others and from the training sounds.
    """

    source: OneShots
    count: int
    labels: list[str]
    like: Like | None
    spread: float
    unique: float
    versions: Versions
    velocity: float
    stretch: float
    seed: int
    prefix: str
    without_note: frozenset[str] = frozenset()
    too_near: int = 0
    faulty: int = 0
    found: int = 0
    least_db: float = 0.0
    _trained: Known = field(default_factory=lambda: known_of([], 44100))
    _made: Known = field(default_factory=lambda: known_of([], 44100))

    def __iter__(self) -> Iterator[Shot]:
        self._trained, self._made = training_sounds(self.source), known_of([], 44100)
        if self.unique > 0:
            self.least_db = self.unique * self._share * self._trained.typical()
        characters = Characters(self.source, self._trained)
        numbers = dict.fromkeys(self.labels, 0)
        digits = max(3, len(str(self.count)))
        labels = list(self.labels)
        turn = 0
        while labels and self.found < self.count:
            label = labels[turn % len(labels)]
            taken = self._next(label, numbers[label])
            if taken is None:
                labels.remove(label)
                continue
            turn = (labels.index(label) + 1) % len(labels)
            recipe, sound, seen = taken
            self.found += 1
            numbers[label] += 1
            words = [self.prefix or label or self.source.name, f"{numbers[label]:0{digits}d}"]
            words += [word] if (word := characters.word(recipe.label, seen)) else []
            yield from self.versions_of(label).of(self.source, "-".join(words), numbers[label], recipe, sound)

    def versions_of(self, label: str) -> Versions:
        """In how many ways the sounds of a class are played."""
        return replace(self.versions, notes=()) if label in self.without_note else self.versions

    @property
    def files(self) -> int:
        """How many files there will be, if every class has room for its share."""
        labels = [self.labels[number % len(self.labels)] for number in range(self.count)]
        return sum(self.versions_of(label).count for label in labels)

    @property
    def _share(self) -> float:
        """What is near a sound is as different as a part of its class."""
        return NEAR if self.like else 1.0

    def drawn(self, label: str, number: int, attempt: int = 0) -> Recipe:
        """Draw a sound of one of the classes, whatever becomes of it."""
        random = np.random.default_rng([self.seed, self.labels.index(label), number, attempt])
        middle = self.like.place if self.like else None
        place = drawn(self.source, label, middle, self.spread * self._share, random)
        notes = self.versions_of(label).notes
        return Recipe(
            model=self.source.name,
            sha256=self.source.sha256,
            label=label,
            place=written_place(place),
            velocity=self.velocity,
            stretch=self.stretch,
            seed=int(random.integers(2**24)),
            note=notes[len(notes) // 2] if notes else None,
        )

    def _next(self, label: str, number: int) -> tuple[Recipe, Sound, NDArray[np.float32]] | None:
        """Draw the next sound of a class that may be taken, and give it with its picture at the note of the comparison.

        None if none comes.
        """
        rate, middle = self.source.sample_rate, middle_note(self.source)
        for attempt in range(TRIES):
            recipe = self.drawn(label, number, attempt)
            sound = finished(recipe.play(self.source), rate)
            if fault_of(sound, rate):
                self.faulty += 1
                continue
            compared = sound
            if recipe.note != middle:
                # At two notes the same sound is another.
                compared = finished(recipe.model_copy(update={"note": middle}).play(self.source), rate)
            seen = picture(compared, rate)
            if self.unique > 0:
                if min(known.nearest(seen) for known in (self._trained, self._made)) < self.least_db:
                    self.too_near += 1
                    continue
                self._made.add(seen)
            return recipe, sound, seen
        return None


def fill(
    source: OneShots,
    count: int = 200,
    *,
    label: str = "",
    like: Like | None = None,
    spread: float = 1.0,
    unique: float = 0.5,
    versions: Versions | None = None,
    velocity: float = 0.8,
    stretch: float = 1.0,
    seed: int = 0,
    prefix: str = "",
    without_note: frozenset[str] = frozenset(),
) -> Filling:
    """Draw new sounds.

    Parameters
    ----------
    source : OneShots
        See `open_one_shots`.
    count : int
        How many different ones.
    label : str
        Their class; every class in turn if it is empty and there is nothing to be like.
    like : Like, optional
        Near which place.
    spread : float
        How different they are: 1 is as different as a class's sounds are, and a quarter of that near a place.
    unique : float
        How far each is from every other and from every training sound, at least: 1 is as far as a training sound
        typically (in the median) is from the nearest other one, and a quarter of that near a place. 0 takes all.
    versions : Versions, optional
        Velocities, takes and notes of each; one of each if not given.
    velocity, stretch : float
        See the model's controls.
    seed : int
        Other seeds, other sounds.
    prefix : str
        What they are called, instead of their class.
    without_note : set of str
        Classes that are played at no note, whatever the versions say; see `following.without_note`.

    Raises
    ------
    UsageError
        For an unknown class, or numbers that cannot be.
    """
    if not 1 <= count <= MOST:
        raise UsageError(f"the count is {count}; needed is a whole number from 1 to {MOST}")
    if not 0 <= spread <= LARGEST_SPREAD:
        raise UsageError(
            f"the spread is {spread:g}; needed is a number from 0, all alike, to {LARGEST_SPREAD:g}"
        )
    if not 0 <= unique <= LARGEST_UNIQUE:
        raise UsageError(
            f"unique is {unique:g}; needed is a number from 0, which takes all, to {LARGEST_UNIQUE:g}"
        )
    if not 0 <= seed < 2**63:
        raise UsageError(f"the seed is {seed}; needed is a whole number from 0 to {2**63 - 1}")
    check_label(source, label)
    chosen = label or (like.label if like else "")
    labels = [chosen] if chosen or not source.classes or like else list(source.classes)
    return Filling(
        source, count, labels, like, spread, unique, versions or Versions(), velocity, stretch, seed, prefix,
        without_note,
    )  # fmt: skip


def vary(
    source: OneShots,
    recipe: Recipe,
    count: int = 20,
    *,
    spread: float = 1.0,
    unique: float = 0.0,
    versions: Versions | None = None,
    seed: int = 0,
    prefix: str = "",
) -> Filling:
    """Draw the neighbours of a sound, with its velocity, stretch and note; see `fill`.

    Raises
    ------
    UsageError
        For numbers that cannot be.
    """
    versions = versions or Versions()
    if recipe.note is not None and not versions.notes:
        versions = replace(versions, notes=(recipe.note,))
    return fill(
        source,
        count,
        like=Like.of(recipe),
        spread=spread,
        unique=unique,
        versions=versions,
        velocity=recipe.velocity,
        stretch=recipe.stretch,
        seed=seed,
        prefix=prefix or f"{recipe.label or source.name}-near",
    )
