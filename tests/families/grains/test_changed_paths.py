"""Paths that other sounds might have."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.families.grains.changed_paths import changed_paths, stretched
from training.families.grains.paths import Paths


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_path_runs_slower_by_a_factor(factor: float) -> None:
    rows = torch.arange(40.0)[None, :, None]
    slow = stretched(rows, torch.tensor([[[factor]]]))
    expected = np.minimum(np.arange(40) / factor, 39)
    np.testing.assert_allclose(slow[0, :, 0], expected, rtol=1e-6)


def test_changed_paths_are_of_one_level_and_lie_between_two() -> None:
    random = np.random.default_rng(0)
    z = torch.stack([torch.zeros(50, 3), torch.ones(50, 3)]).expand(2, -1, -1, -1)
    loudness = (-12.0 - torch.arange(50.0))[None, None, :, None].expand(2, 2, -1, -1)
    onset = torch.zeros(2, 2, 50, 1)
    onset[:, :, 1] = 1.0
    paths = Paths(z, loudness, onset)
    (heard, heard_db, begins), (wanted, wanted_db, _) = changed_paths(
        paths, np.zeros(64, np.int64), np.ones(64, np.int64), random
    )
    torch.testing.assert_close(heard, wanted)
    torch.testing.assert_close(heard_db, wanted_db)
    places = wanted[:, 0, 0]
    assert 0.2 < (places > 0).float().mean() < 0.8
    assert places.max() > 0.8
    torch.testing.assert_close(wanted_db.amax((1, 2)), torch.full((64,), -12.0))
    # From half as long to twice as long.
    lasts = (wanted_db[..., 0] > -32).sum(1)
    assert lasts.min() < 16
    assert lasts.max() > 30
    assert set(begins.sum((1, 2)).tolist()) == {1.0}
