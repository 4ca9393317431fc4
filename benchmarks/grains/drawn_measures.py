"""How drawn hits lie among real ones: as alike, as different, and no copies."""

import numpy as np
import scipy.spatial.distance

from benchmarks.grains.judge import RANGE_DB

ROUNDS = 200
COPY_PERCENTILE = 5.0
FEW = 5
"""Classes of fewer learned or kept-aside hits say nothing of nearest ones."""


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Give the unbiased squared maximum mean discrepancy of embeddings (N, D) and (M, D) (KID, Binkowski et al. 2018)."""
    width = one.shape[1]
    within = []
    for points in (one, other):
        kernel = (points @ points.T / width + 1) ** 3
        count = len(points)
        within.append((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
    return float(sum(within) - 2 * ((one @ other.T / width + 1) ** 3).mean())


def matched(labels: np.ndarray, counts: dict[str, int], random: np.random.Generator) -> np.ndarray:
    """Draw indices without repeats, so many of each class."""
    return np.concatenate(
        [
            random.choice(np.flatnonzero(labels == name), count, replace=False)
            for name, count in counts.items()
        ]
    )


def kernel_distances(
    real: np.ndarray, real_labels: np.ndarray, other: np.ndarray, labels: np.ndarray, counts: dict[str, int]
) -> dict[str, float]:
    """Give the mean of `kernel_distance` over random parts that hold so many of each class, and where 95 % of them lie."""
    random = np.random.default_rng(0)
    found = [
        kernel_distance(real[matched(real_labels, counts, random)], other[matched(labels, counts, random)])
        for _ in range(ROUNDS)
    ]
    low, high = np.percentile(found, (2.5, 97.5))
    return {"mean": float(np.mean(found)), "low": float(low), "high": float(high)}


def far_apart_db(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give mean absolute differences (N, M) in dB of what is seen of hits (N, 80, 128) and (M, 80, 128)."""
    size = one[0].size
    between = scipy.spatial.distance.cdist(one.reshape(-1, size), other.reshape(-1, size), "cityblock")
    return between * RANGE_DB / size


def spread_ratios(
    drawn: np.ndarray, drawn_labels: np.ndarray, real: np.ndarray, real_labels: np.ndarray
) -> dict[str, float]:
    """Give of each class how far apart its drawn hits are, over how far apart its real ones are."""

    def spread(shown: np.ndarray) -> float:
        return float(far_apart_db(shown, shown)[np.triu_indices(len(shown), 1)].mean())

    return {
        str(name): spread(drawn[drawn_labels == name]) / spread(real[real_labels == name])
        for name in np.unique(drawn_labels)
        if min((real_labels == name).sum(), (drawn_labels == name).sum()) >= 2
    }


def nearest_ratios(
    drawn: tuple[np.ndarray, np.ndarray],
    apart: tuple[np.ndarray, np.ndarray],
    known: tuple[np.ndarray, np.ndarray],
) -> dict[str, object]:
    """Compare how near drawn hits and kept-aside ones are to the nearest that was learned from, of their class.

    Each is what is seen of hits and their classes. A copy is nearer than learned hits are to each other but for 5 % of them.

    Returns
    -------
    dict
        ``ratio`` of the medians by class and their ``median``, the share of ``copies``, and the share that is
        ``nearer`` than all but 5 % of kept-aside hits, which are of other series.
    """
    ratios: dict[str, float] = {}
    copies: list[np.ndarray] = []
    nearer: list[np.ndarray] = []
    for name in np.unique(known[1]):
        ours, theirs, learned = (shown[labels == name] for shown, labels in (drawn, apart, known))
        if min(len(theirs), len(learned)) < FEW or not len(ours):
            continue
        new, real = (far_apart_db(shown, learned).min(1) for shown in (ours, theirs))
        ratios[str(name)] = float(np.median(new) / np.median(real))
        takes = far_apart_db(learned, learned)
        np.fill_diagonal(takes, np.inf)
        copies.append(new < np.percentile(takes.min(1), COPY_PERCENTILE))
        nearer.append(new < np.percentile(real, COPY_PERCENTILE))
    if not ratios:
        return {"ratio": {}, "median": None, "copies": None, "nearer": None}
    return {
        "ratio": ratios,
        "median": float(np.median(list(ratios.values()))),
        "copies": float(np.concatenate(copies).mean()),
        "nearer": float(np.concatenate(nearer).mean()),
    }
