"""Judges of instruments: what they hear, how they learn, and how their answers are counted."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.common.recordings import Recording
from benchmarks.timbre import judges as module
from benchmarks.timbre.classifier import (
    CROP_FRAMES,
    FRAME_S,
    KEPT_DB,
    N_BANDS,
    Classifier,
    as_shown,
    crop,
    features,
)
from benchmarks.timbre.crops import _weights
from benchmarks.timbre.judges import trained_judges
from benchmarks.timbre.networks import NETWORKS, StatisticsNet
from benchmarks.timbre.players import CALIBRATE, FULL_STRENGTH, ModelPlayer
from benchmarks.timbre.soundfont_notes import SoundfontNote
from benchmarks.timbre.train_classifier import right_percent
from benchmarks.timbre.transfer_quality import quality_table, taken_table
from benchmarks.timbre.verdicts import Verdict, answers, shares, verdicts

RATE = 48000


def tone(seconds: float, hz: float = 440.0, partials: int = 6) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return 0.1 * np.sum([np.sin(2 * np.pi * hz * k * time_s) / k for k in range(1, partials + 1)], axis=0)


class ByTreble(torch.nn.Module):
    """Calls bright crops the second instrument, by the share of what is shown in the upper half of the bands."""

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        upper = crops[:, N_BANDS // 2 :].mean(dim=(1, 2)) / crops.mean(dim=(1, 2))
        return torch.stack((torch.full_like(upper, 0.6), upper), dim=1) * 20.0


JUDGES = {
    "one": Classifier(("dark", "bright"), ByTreble()),
    "other": Classifier(("dark", "bright"), ByTreble()),
}


class TwoKinds:
    """In place of crops of recordings: two instruments that differ in a few bands."""

    def __init__(
        self, recordings: list[Recording], instruments: tuple[str, ...], rng: np.random.Generator
    ) -> None:
        self.recordings, self._rng = recordings, rng

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = self._rng.integers(0, 2, size)
        level = self._rng.uniform(-40.0, -10.0, (size, N_BANDS, CROP_FRAMES))
        for place, label in enumerate(labels):
            level[place, 20 + 20 * label : 30 + 20 * label] = 0.0
        return torch.from_numpy(as_shown(level)), torch.from_numpy(labels)


def test_crops_are_scaled_each_for_itself() -> None:
    level_db = np.concatenate([np.full((N_BANDS, 60), -50.0), np.full((N_BANDS, 150), 0.0)], axis=1)
    loud, soft = (as_shown(crop(level_db, start)[None]) for start in (100, 180))
    assert loud.shape == soft.shape == (1, N_BANDS, CROP_FRAMES)
    assert loud.min() == 1.0
    assert soft[0, :, :30].min() == 1.0
    assert soft[0, :, 30:].max() == 0.0  # filled up with silence
    quiet = as_shown(crop(level_db[:, :60], 0)[None])
    assert quiet[0, :, :60].min() == 1.0


def test_features_keep_what_lies_deep_below_the_loudest() -> None:
    note = tone(0.5, partials=1) + 10.0 ** (-60.0 / 20.0) * tone(0.5, hz=3000.0, partials=1)
    level_db = features(note, RATE)
    assert level_db.max() == 0.0
    assert level_db.min() == -KEPT_DB
    deep = level_db[:, 10:-10].mean(axis=1)
    assert np.any((deep > -65.0) & (deep < -55.0))


@pytest.mark.parametrize("build", sorted(NETWORKS))
def test_networks_answer_crop_by_crop(build: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[build](7).eval()
    crops = torch.rand(3, N_BANDS, CROP_FRAMES)
    with torch.inference_mode():
        together = network(crops)
        alone = torch.cat([network(one[None]) for one in crops])
    assert together.shape == (3, 7)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    assert (together[0] - together[1]).abs().max() > 1e-4


def test_statistics_do_not_know_the_order_of_held_frames_but_the_attack() -> None:
    network = StatisticsNet(2)
    attack = (0.24 + 0.02 * torch.arange(10)).expand(N_BANDS, 10)  # the first eight are the attack
    held = 0.6 + 0.4 * torch.rand(N_BANDS, CROP_FRAMES - 10)
    held[0] = 1.0
    note = torch.cat((attack, held), dim=1)
    turned = torch.cat((attack, held.flip(1)), dim=1)
    late = torch.cat((held, attack.flip(1)), dim=1)
    own, other, without = network.statistics(torch.stack((note, turned, late)))
    torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-3)
    assert (own - without).abs().max() > 0.1


def library(folder: Path) -> list[Recording]:
    return [
        Recording(folder / f"{name}_A4_{number}_forte_normal.mp3", name, 69, str(number), "forte", "normal")
        for name in ("dark", "bright")
        for number in range(60)
    ]


def test_judges_are_trained_once_on_notes_that_nothing_else_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Recording] = []

    heard: list[SoundfontNote] = []

    def crops(
        recordings: list[Recording],
        instruments: tuple[str, ...],
        rng: np.random.Generator,
        makers: dict[str, list[SoundfontNote]],
    ) -> TwoKinds:
        seen.extend(recordings)
        heard.extend(note for notes in makers.values() for note in notes)
        return TwoKinds(recordings, instruments, rng)

    def notes(soundfont: Path) -> list[SoundfontNote]:
        return [SoundfontNote(name, 60, 80, np.zeros(9, np.float32)) for name in ("dark", "harp")]

    monkeypatch.setattr(module, "CACHE", tmp_path)
    monkeypatch.setattr(module, "BATCH_SIZE", 16)
    monkeypatch.setattr(module, "Crops", crops)
    monkeypatch.setattr(module, "soundfont_notes", notes)
    monkeypatch.setattr(module, "installed_soundfonts", lambda: {"other": Path("other.sf2")})
    recordings = library(tmp_path)
    monkeypatch.setattr(module, "LEARNED_MAKERS", ("missing",))
    with pytest.raises(FileNotFoundError, match="soundfont missing, which is missing: apt install"):
        trained_judges(recordings, steps=60)
    monkeypatch.setattr(module, "LEARNED_MAKERS", ("other",))
    judges = trained_judges(recordings, steps=60)
    assert any(note.is_held_out for note in recordings)
    assert any(note.is_for_choosing for note in recordings)
    assert {note.path for note in seen} == {
        note.path for note in recordings if not note.is_held_out and not note.is_for_choosing
    }
    assert [note.instrument for note in heard] == ["dark"]  # the library has no harp
    assert set(judges) == set(NETWORKS)
    shown, labels = TwoKinds([], (), np.random.default_rng(5)).batch(64)
    for judge in judges.values():
        assert judge.instruments == ("bright", "dark")
        with torch.inference_mode():
            assert (judge.network(shown).argmax(dim=1) == labels).float().mean() > 0.9

    monkeypatch.setattr(module, "Crops", None)  # would fail if it were needed again
    again = trained_judges(recordings, steps=60)
    with torch.inference_mode():
        for name, judge in judges.items():
            torch.testing.assert_close(again[name].network(shown), judge.network(shown), rtol=1e-4, atol=1e-4)


def test_sounds_are_heard_whole_and_without_their_beginnings() -> None:
    bright = tone(0.12, hz=3000.0, partials=3)
    note = np.concatenate([bright, 0.3 * tone(0.5, partials=1)])
    found = {(verdict.judge, verdict.heard): verdict for verdict in verdicts(JUDGES, note, "oboe")}
    assert set(found) == {(judge, heard) for judge in JUDGES for heard in ("whole", "after 150 ms")}
    assert {verdict.source for verdict in found.values()} == {"oboe"}
    assert found["one", "after 150 ms"].answer == "dark"
    only = {(verdict.judge, verdict.heard): verdict for verdict in verdicts(JUDGES, bright, "oboe")}
    assert only["one", "whole"].answer == "bright"


def test_too_short_a_rest_is_not_judged_and_silence_is_no_instrument() -> None:
    assert {verdict.heard for verdict in verdicts(JUDGES, tone(0.2), "oboe")} == {"whole"}
    assert {verdict.answer for verdict in verdicts(JUDGES, np.zeros(RATE), "oboe")} == {"silence"}


GIVEN = [
    Verdict("one", "whole", "oboe", "cello"),
    Verdict("one", "whole", "oboe", "oboe"),
    Verdict("one", "whole", "flute", "cello"),
    Verdict("one", "after 150 ms", "oboe", "cello"),
    Verdict("other", "whole", "oboe", "silence"),
]


def test_shares_are_counted_by_judge_part_and_source() -> None:
    found = shares(GIVEN, "cello")
    assert found["one"]["whole"] == {"all": pytest.approx(200 / 3), "flute": 100.0, "oboe": 50.0}
    assert found["one"]["after 150 ms"] == {"all": 100.0, "oboe": 100.0}
    assert found["other"] == {"whole": {"all": 0.0, "oboe": 0.0}}
    assert answers(GIVEN)["one"] == {"cello": pytest.approx(200 / 3), "oboe": pytest.approx(100 / 3)}
    assert answers(GIVEN)["other"] == {"silence": 100.0}


def test_the_mean_of_rightly_named_is_that_of_the_instruments() -> None:
    given = [Verdict("one", "whole", "oboe", "oboe")] * 3 + [Verdict("one", "whole", "flute", "oboe")]
    assert right_percent(given) == {"flute": 0.0, "oboe": 100.0, "mean": 50.0}


def test_tables_hold_every_player_setting_and_judge() -> None:
    moved = {
        "loudness_db": 1.0,
        "median_cents": 2.0,
        "within_50_percent": 99.0,
        "octave_or_more_percent": 0.5,
    }
    moved |= {"uncalibrated": 3, "taken_percent": shares(GIVEN, "cello")}
    own = {"mss": 4.0, "log_mel_db": 5.0, "loudness_db": 6.0, "taken_percent": shares(GIVEN, "cello")}
    player = {"resynthesis": own, "transfer": {CALIBRATE: moved, FULL_STRENGTH: moved}}
    figures = {"cello": {"real": {"taken_percent": shares(GIVEN, "cello")}, "model": player}}
    assert quality_table(figures).row_count == 2
    table = taken_table(figures, ["cello", "flute", "oboe"])
    assert table.row_count == 2 * 4
    columns = {str(column.header): list(column.cells) for column in table.columns}
    assert columns["sound"][::2] == ["real", "model, own notes", "model, calibrate", "model, full-strength"]
    assert columns["all"][:2] == ["67 / 100", "0"]
    assert columns["oboe"][4] == "50 / 100"
    assert set(columns["cello"]) == {""}


def test_a_note_is_suited_as_users_get_it_or_at_full_strength() -> None:
    player = ModelPlayer("cello")
    note = tone(1.0, hz=880.0, partials=2).astype(np.float32)
    assert player.transfer(note, CALIBRATE).octave == 0
    assert player.transfer(note, FULL_STRENGTH).octave == player.transfer(note).octave == -3
    assert player.transfer(0.0 * note, CALIBRATE).calibrated is False


def test_frames_are_ten_milliseconds_apart() -> None:
    assert pytest.approx(0.01) == FRAME_S
    assert features(tone(0.5), RATE).shape[1] == pytest.approx(50, abs=5)


def test_half_of_the_crops_are_of_other_makers_and_each_maker_has_as_many() -> None:
    """However many notes each has; and in each stretch of three semitones all instruments of one are equally likely."""
    strata = [("library", 20, "dark")] * 90 + [("library", 20, "bright")] * 10
    strata += [("few", 20, "dark")] * 2 + [("many", 20, "dark")] * 40
    weights = _weights(strata, ["few", "many"])
    parts = [weights[:90].sum(), weights[90:100].sum(), weights[100:102].sum(), weights[102:].sum()]
    np.testing.assert_allclose(parts, [0.25, 0.25, 0.25, 0.25])
    np.testing.assert_allclose(_weights(strata[:100], []).sum(), 1.0)
