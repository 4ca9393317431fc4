"""Confidence intervals of means."""

import numpy as np

RESAMPLES = 2000


def interval(values: np.ndarray) -> dict[str, float]:
    """Give the mean of values (N,) and its 95 % interval by bootstrap over them (percentiles of 2,000 resamples).

    Returns
    -------
    dict
        ``mean``, ``low`` and ``high``.
    """
    rows = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[rows].mean(axis=1), [2.5, 97.5])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}
