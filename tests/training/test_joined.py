"""Arrays end to end: the rows of one long array, read from where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data.joined import JoinedArrays


def written(folder: Path, name: str, array: np.ndarray) -> np.ndarray:
    """Write an array and map it."""
    np.save(folder / f"{name}.npy", array)
    return np.load(folder / f"{name}.npy", mmap_mode="r")


@pytest.mark.parametrize("lengths", [(7,), (3, 1, 5), (1, 0, 4, 2)])
def test_rows_are_those_of_the_arrays_laid_end_to_end(lengths: tuple[int, ...], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = [random.normal(size=(n, 2, 3)).astype(np.float16) for n in lengths]
    whole = np.concatenate(arrays)
    mapped = [written(tmp_path, str(n), a) if len(a) else a for n, a in enumerate(arrays)]
    for parts in (arrays, mapped, [JoinedArrays(mapped[:1]), *mapped[1:]]):
        joined = JoinedArrays(parts)
        assert (joined.shape, joined.dtype, len(joined)) == (whole.shape, whole.dtype, len(whole))
        rows = random.integers(0, len(whole), (4, 5))
        np.testing.assert_array_equal(joined[rows], whole[rows])
        assert joined[rows[:0]].shape == (0, 5, 2, 3)


def test_a_view_of_a_file_is_read_where_it_begins(tmp_path: Path) -> None:
    mapped = written(tmp_path, "x", np.arange(24.0))
    assert JoinedArrays([mapped[4:].reshape(-1, 5)])[np.array([1, 3])].tolist() == [
        [9.0, 10.0, 11.0, 12.0, 13.0],
        [19.0, 20.0, 21.0, 22.0, 23.0],
    ]
    np.testing.assert_array_equal(JoinedArrays([mapped[::3]])[np.arange(8)], np.arange(0.0, 24.0, 3.0))


def test_the_files_are_read_and_not_a_copy_of_them(tmp_path: Path) -> None:
    joined = JoinedArrays([written(tmp_path, name, np.zeros(4)) for name in "ab"])
    np.load(tmp_path / "b.npy", mmap_mode="r+")[:] = 7.0
    assert joined[np.array([3, 4])].tolist() == [0.0, 7.0]


def test_there_may_be_more_files_than_a_process_may_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (160, before[1]))
    try:
        parts = [JoinedArrays([written(tmp_path, str(n), np.full(2, n))]) for n in range(200)]
        joined = JoinedArrays(parts)
        np.testing.assert_array_equal(joined[np.arange(400)], np.arange(400) // 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("row", [-1, 5])
def test_rows_that_are_not_there_are_refused(row: int) -> None:
    with pytest.raises(IndexError, match="there are 5"):
        JoinedArrays([np.zeros(3), np.zeros(2)])[np.array([0, row])]


def test_arrays_of_different_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="2 kinds"):
        JoinedArrays([np.zeros(3), np.zeros((2, 2))])
