"""A trainer with two stages that train different modules, and a step that trains two against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from training.data.cache import RowFile, cached_arrays
from training.errors import RunError
from training.loop.schedule import set_rate, warm_cosine
from training.loop.trainer import Learner, Stage, Trainer


class TwoStages(Trainer):
    """First a coder learns, then a prior and a critic, each with an optimiser of its own."""

    def __init__(self) -> None:
        torch.manual_seed(3)
        self.parts = {name: nn.Linear(4, 4) for name in ("coder", "prior", "critic")}
        optimisers = {"coder": torch.optim.Adam, "prior": torch.optim.AdamW, "critic": torch.optim.SGD}
        learners = [
            Learner(name, module, optimisers[name](module.parameters(), lr=0.01))
            for name, module in self.parts.items()
        ]
        super().__init__(5, [Stage("coding", 3), Stage("playing", 4)], learners)

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        x = torch.from_numpy(random.normal(size=(8, 4)).astype(np.float32))
        coder, prior, critic = self.parts.values()
        if self.stage == "coding":
            loss = (coder(x) - x).square().mean()
            self.learn(loss, "coder")
        else:
            code = coder(x).detach()
            self.learn(critic(prior(code)).mean(), "critic")
            loss = (prior(code) - x).square().mean()
            self.learn(loss, "prior")
        return {"loss": float(loss.detach())}


def weights(trainer: TwoStages, name: str) -> Tensor:
    return trainer.parts[name].weight.detach().clone()


def test_each_stage_trains_its_own_modules() -> None:
    trainer = TwoStages()
    at_first = {name: weights(trainer, name) for name in trainer.parts}
    for _ in range(3):
        assert trainer.stage == "coding"
        trainer.step()
    assert not torch.equal(weights(trainer, "coder"), at_first["coder"])
    assert torch.equal(weights(trainer, "prior"), at_first["prior"])
    assert (trainer.stage, trainer.done, trainer.done_in_stage) == ("playing", 3, 0)
    coded = weights(trainer, "coder")
    for _ in range(4):
        trainer.step()
    assert torch.equal(weights(trainer, "coder"), coded)
    assert not torch.equal(weights(trainer, "prior"), at_first["prior"])
    assert not torch.equal(weights(trainer, "critic"), at_first["critic"])
    assert trainer.done == trainer.steps == 7
    assert trainer.stage == "playing"


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_trainer_of_several_modules_goes_on_to_the_same_bits(stop: int) -> None:
    whole = TwoStages()
    for _ in range(7):
        whole.step()
    first, second = TwoStages(), TwoStages()
    for _ in range(stop):
        first.step()
    second.restore(first.tensors(), {"step": first.done} | first.metadata())
    for _ in range(7 - stop):
        second.step()
    assert second.metadata() == whole.metadata() == {"learned": {"coder": 3, "prior": 4, "critic": 4}}
    wanted, found = whole.tensors(), second.tensors()
    assert wanted.keys() == found.keys()
    assert {"average.coder.weight", "optimiser.prior.weight.exp_avg", "critic.bias"} <= wanted.keys()
    for name, value in wanted.items():
        assert torch.equal(value, found[name]), name


def test_an_average_begins_fast_when_its_module_begins() -> None:
    trainer = TwoStages()
    for _ in range(4):
        trainer.step()
    learner = trainer.learners["prior"]
    kept = 1 / 11  # of its first step, whatever the trainer's number is
    now, began = weights(trainer, "prior"), weights(TwoStages(), "prior")
    behind = float((learner.average.state_dict()["weight"] - now).abs().max())
    assert learner.steps == 1
    assert behind == pytest.approx(kept * float((began - now).abs().max()), rel=1e-4)


def test_an_average_follows_as_it_did_before_a_library_kept_it() -> None:
    trainer = TwoStages()
    learner = trainer.learners["coder"]
    slow = [p.detach().clone() for p in learner.module.parameters()]
    for step in (1, 2, 3):
        trainer.step()
        keep = min(learner.slowness, step / (step + 10))
        for mine, fast in zip(slow, learner.module.parameters(), strict=True):
            mine.lerp_(fast.detach(), 1 - keep)
    for mine, its in zip(slow, learner.average.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_rate_warms_up_and_falls_along_a_cosine() -> None:
    assert warm_cosine(2.0, 0.0, 0.25) == 0.5
    assert warm_cosine(2.0, 0.5, 1.0, 0.1) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert warm_cosine(2.0, 3.0, 9.0, 0.1) == pytest.approx(0.2)
    one, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimiser = torch.optim.SGD([{"params": [one]}, {"params": [other], "share": 0.5}], lr=1.0)
    set_rate(optimiser, 0.4)
    assert [group["lr"] for group in optimiser.param_groups] == [0.4, 0.2]


def test_arrays_are_computed_once_and_mapped(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path))
    calls: list[int] = []

    def compute() -> dict[str, np.ndarray]:
        calls.append(1)
        return {"x": np.arange(6.0), "y": np.zeros((2, 3), np.float16)}

    first, second = (cached_arrays("key", ("x", "y"), compute) for _ in range(2))
    assert len(calls) == 1
    assert isinstance(second["x"], np.memmap)
    assert second["y"].dtype == np.float16
    np.testing.assert_array_equal(first["x"], np.arange(6.0))
    cached_arrays("other key", ("x", "y"), compute)
    assert len(calls) == 2
    (tmp_path / "features" / "key" / "y.npy").unlink()  # as what sweeps old files away does
    again = cached_arrays("key", ("x", "y"), compute)
    assert again.keys() == {"x", "y"}
    assert len(calls) == 3


def test_arrays_that_cannot_be_kept_are_an_error_that_says_why(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(path: object, array: object) -> None:
        raise OSError("6 requested and 0 written")  # numpy's own words, without a number

    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path / "cache"))
    with monkeypatch.context() as patched:
        patched.setattr(np, "save", fill_the_disk)
        with pytest.raises(RunError, match=r"cannot be written \(6 requested and 0 written\)"):
            cached_arrays("key", ["x"], lambda: {"x": np.ones(6)})
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path / "file"))
    with pytest.raises(RunError, match="set BRAINSYNTH_CACHE to another folder"):
        cached_arrays("key", ["x"], lambda: {"x": np.ones(6)})


def test_what_fails_while_it_is_computed_is_not_kept(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path))

    def fail() -> dict[str, np.ndarray]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached_arrays("key", ["x"], fail)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert list(cached_arrays("key", ["x"], lambda: {"x": np.ones(1)})) == ["x"]


def test_rows_are_reported_as_they_come(tmp_path) -> None:
    said: list[tuple[int, int]] = []

    def fill(rows: np.ndarray, first: int) -> None:
        rows["n"] = np.arange(first, first + len(rows))

    kind = np.dtype([("n", np.int64)])

    def wanted(rows: np.ndarray) -> np.ndarray:
        return rows["n"] == np.arange(len(rows))

    for path in (None, tmp_path / "rows"):
        said.clear()
        file = RowFile(path, kind, 10, fill, wanted, lambda *done: said.append(done), at_once=4)
        assert said == [(4, 10), (8, 10), (10, 10)]
        assert file[np.array([9, 0, 9])]["n"].tolist() == [9, 0, 9]
