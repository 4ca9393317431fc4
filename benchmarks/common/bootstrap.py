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
    if len(values) == 1:
        return {name: float(values[0]) for name in ("mean", "low", "high")}
    found = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    )
    low, high = found.confidence_interval
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}
