"""Confidence intervals of means."""

import numpy as np
import scipy.stats

RESAMPLES = 2000


def interval(values: np.ndarray) -> dict[str, float]:
    """Give the mean of values (N,) and its 95 % interval by bootstrap over them (percentiles of 2,000 resamples).

    Returns
    -------
    dict
        ``mean``, ``low`` and ``high``.
    """
    return interval_of_groups(values, np.ones(len(values)))


def interval_of_groups(sums: np.ndarray, counts: np.ndarray) -> dict[str, float]:
    """Give the mean of values that come in groups, and its interval; groups are resampled, as their values are correlated.

    Parameters
    ----------
    sums, counts : ndarray
        (G,) each: of the values of a group, and how many they are.

    Returns
    -------
    dict
        As for `interval`.
    """
    mean = float(_mean(sums, counts))
    if len(sums) == 1:
        return {"mean": mean, "low": mean, "high": mean}
    found = scipy.stats.bootstrap(
        (sums, counts),
        _mean,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = found.confidence_interval
    return {"mean": mean, "low": float(low), "high": float(high)}


def _mean(sums: np.ndarray, counts: np.ndarray, axis: int = -1) -> np.ndarray:
    return sums.sum(axis) / np.maximum(counts.sum(axis), 1)
