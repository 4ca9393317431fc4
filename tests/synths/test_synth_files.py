"""What a .csd includes or plays is a part of it, and of its hash; what it does not name is not."""

import hashlib
from pathlib import Path

import pytest

from brainsynth import Renderer, Synth, bundled_synths, generate
from plugin_host.datasets.dataset_info import DataSetInfo
from plugin_host.errors import DataSetError, SynthError
from plugin_host.synths.kinds import hash_synth
from plugin_host.synths.synth_files import find_files
from tests.support.synths import SINE, write_synth

INCLUDING = """
#include "osc.inc"
; #include "comment.inc"
/* "comment.wav" */
gitable ftgen 1, 0, 8, -23, "tables/steps.txt"
chn_k "level", 1, 2, 0.5, 0, 1 ; "level" is a file, too
instr 1
  Sname = "no such file; and /* no comment"
  out sine_of(chnget:k("level"), 200*tab_i(0, 1))
endin
"""


@pytest.fixture
def including(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "steps.txt").write_text("1 2 3 4\n")
    for name in ("comment.inc", "comment.wav", "beside.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "osc.inc").write_text('#include "deeper.inc"\n')
    (tmp_path / "deeper.inc").write_text(
        "opcode sine_of, a, ki\n klevel, if0 xin\n xout oscili(klevel, if0)\nendop\n"
    )
    return write_synth(tmp_path / "mine.csd", INCLUDING)


def test_bundled_synths_have_the_hash_of_their_file() -> None:
    """Models and data sets hold these hashes."""
    for name in bundled_synths():
        synth = Synth(name)
        assert (synth.files, synth.sha256) == ({}, hashlib.sha256(synth.path.read_bytes()).hexdigest()), name


def test_named_files_that_are_there_count(including: Path) -> None:
    assert list(find_files(including)) == ["deeper.inc", "osc.inc", "tables/steps.txt"]
    assert hash_synth(including) == Synth(including).sha256
    own = hashlib.sha256(including.read_bytes()).hexdigest()
    seen = {hash_synth(including), own}
    for name in ("deeper.inc", "osc.inc", "tables/steps.txt"):
        path = including.parent / name
        path.write_text(path.read_text() + "\n")
        seen.add(hash_synth(including))
    assert len(seen) == 5
    (including.parent / "beside.txt").write_text("changed")
    (including.parent / "comment.inc").write_text("changed")
    assert hash_synth(including) in seen


def test_a_file_that_changes_is_named(including: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    generate(including, data, 2, workers=1)
    info = DataSetInfo.read(data)
    assert info.files == find_files(including)
    with Renderer(Synth(including)) as renderer:
        assert abs(renderer.render()).max() > 0.1
    synth = Synth(including)
    (tmp_path / "tables" / "steps.txt").write_text("2 2 3 4\n")
    with pytest.raises(SynthError, match="has changed since it was read"):
        Renderer(synth)
    with pytest.raises(
        DataSetError, match=r"mine\.csd uses tables/steps\.txt, which changed since the sounds in"
    ):
        generate(including, data, 3, workers=1)
    including.write_text(including.read_text() + "\n")
    (tmp_path / "tables" / "steps.txt").write_text("1 2 3 4\n")
    with pytest.raises(DataSetError, match="another version of it"):
        generate(including, data, 3, workers=1)


def test_data_sets_of_earlier_versions_go_on(tmp_path: Path) -> None:
    synth = write_synth(tmp_path / "sine.csd", SINE)
    data = tmp_path / "data"
    generate(synth, data, 1, workers=1)
    info = DataSetInfo.read(data).model_dump(mode="json")
    assert info["synth_sha256"] == hashlib.sha256(synth.read_bytes()).hexdigest()
    del info["files"]
    for parameter in info["parameters"]:
        for later in ("channel", "first", "skew"):
            del parameter[later]
    (data / "synth.json").write_text(DataSetInfo.model_validate(info).model_dump_json())
    assert generate(synth, data, 2, workers=1).made == 1
